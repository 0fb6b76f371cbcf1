package org.apache.spark.sql.ldp

import java.util.{List => JList}

import scala.jdk.CollectionConverters._
import scala.util.Try

import org.apache.spark.sql.{functions, AnalysisException, Column, Row}
import org.apache.spark.sql.catalyst.expressions._
import org.apache.spark.sql.catalyst.plans.logical.{Filter, LogicalPlan, Project}
import org.apache.spark.sql.classic.Dataset

/**
 * Conditions over the rows of a query as hidden whole numbers: bit `i % Width` of number `i / Width` is set where
 * condition `i` is false or NULL.
 *
 * A condition may name what the query's output lacks, if a filter over the query could: Spark itself resolves such a
 * filter and carries the missing columns up; here its condition becomes a column and the filter goes.
 */
object Conditions {
  val Prefix = "__ldp_rules_"
  /** Conditions of one number: its sign is left alone. */
  val Width = 63

  def add(frame: Dataset[Row], conditions: JList[Column]): Dataset[Row] = {
    val session = frame.sparkSession
    val wanted = conditions.asScala.map(Queries.expression(session, _)).toSeq
    if (wanted.isEmpty) frame
    else {
      val plan = frame.queryExecution.analyzed
      val (resolved, child) = resolve(frame, plan, wanted)
      val masks = resolved.grouped(Width).zipWithIndex.map { case (group, index) =>
        val bits: Seq[Expression] = group.zipWithIndex.map { case (condition, bit) =>
          If(condition, Literal(0L), Literal(1L << bit))
        }
        Alias(bits.reduceLeft(BitwiseOr(_, _)), s"$Prefix$index")()
      }
      Queries.dataFrame(session, Project(plan.output ++ masks, child))
    }
  }

  def ofTexts(frame: Dataset[Row], texts: Seq[String]): Dataset[Row] = add(frame, texts.map(column).asJava)

  def column(text: String): Column = functions.expr(text)

  /** For Python: the schema that expressions over a frame have, as JSON; texts are a JSON list. */
  def types(frame: Dataset[Row], texts: String): String = {
    val list = Json.strings(Json.parse(texts)).zipWithIndex
    frame.select(list.map { case (text, index) => column(text).as(s"c$index") }: _*).schema.json
  }

  /** For Python: the place of the first condition that cannot be resolved, with Spark's reason; -1 for none. */
  def firstUnresolved(frame: Dataset[Row], conditions: JList[Column]): String =
    unresolved(conditions.asScala.iterator.zipWithIndex.flatMap { case (condition, index) =>
      Try(add(frame, JList.of(condition))).failed.toOption.map(problem => (index, problem))
    })

  /** The same for texts, a JSON list; tried together first. */
  def firstUnresolvedText(frame: Dataset[Row], texts: String): String = {
    val session = frame.sparkSession
    val plan = frame.queryExecution.analyzed
    val list = Json.strings(Json.parse(texts))
    def failure(some: Seq[String]) =
      Try(resolve(frame, plan, some.map(text => Queries.expression(session, column(text))))).failed.toOption
    unresolved(
      if (list.isEmpty || failure(list).isEmpty) Iterator.empty
      else list.iterator.zipWithIndex.flatMap { case (text, index) => failure(Seq(text)).map(problem => (index, problem)) })
  }

  private def unresolved(failures: Iterator[(Int, Throwable)]): String = {
    val (index, problem) = failures.nextOption().getOrElse((-1, Problem("")))
    val message = problem match {
      case analysis: AnalysisException => analysis.getSimpleMessage
      case other => other.getMessage
    }
    Json.write(Map("index" -> index, "message" -> message))
  }

  /** One filter for all of them: they come back as the left spine of its AND. */
  private def resolve(frame: Dataset[Row], plan: LogicalPlan,
      wanted: Seq[Expression]): (Seq[Expression], LogicalPlan) = {
    val filter = Filter(wanted.reduceLeft(And(_, _)), plan)
    Queries.dataFrame(frame.sparkSession, filter).queryExecution.analyzed match {
      case Filter(condition, child) => (spine(condition, wanted.size), child)
      case Project(_, Filter(condition, child)) => (spine(condition, wanted.size), child)
      case other => Problem.raise(s"a condition over ${other.nodeName} cannot be made a column")
    }
  }

  private def spine(condition: Expression, count: Int): Seq[Expression] =
    if (count == 1) Seq(condition)
    else condition match {
      case And(left, last) => spine(left, count - 1) :+ last
      case other => Problem.raise(s"$count conditions became ${other.sql}")
    }
}
