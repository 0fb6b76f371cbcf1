package org.apache.spark.sql.ldp

import java.util.{List => JList, Map => JMap}

import scala.jdk.CollectionConverters._

import org.apache.spark.sql.{classic, Column, Row, SparkSession}
import org.apache.spark.sql.catalyst.AliasIdentifier
import org.apache.spark.sql.catalyst.expressions.Expression
import org.apache.spark.sql.catalyst.parser.{NamedParameterContext, ParseException, PositionalParameterContext}
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.catalyst.types.DataTypeUtils
import org.apache.spark.sql.classic.Dataset
import org.apache.spark.sql.types.{DataType, StructType}

/** Text of queries: parsed by the session's own parser. */
object Queries {
  private def classicOf(session: SparkSession) = session.asInstanceOf[classic.SparkSession]

  /**
   * Parameters:
   *   arguments: values of named parameters; null for none. Values of unnamed ones have the names "0", "1", ...
   */
  def parse(session: SparkSession, text: String, arguments: JMap[String, Column]): LogicalPlan = session.withActive {
    val parser = classicOf(session).sessionState.sqlParser
    val values = Option(arguments).map(_.asScala.toMap).getOrElse(Map.empty[String, Column])
    if (values.isEmpty) parser.parsePlan(text)
    else if (values.keys.forall(_.forall(_.isDigit))) {
      val ordered = values.toSeq.sortBy(_._1.toInt).map { case (_, value) => expression(session, value) }
      parser.parsePlanWithParameters(text, PositionalParameterContext(ordered))
    } else {
      val byName = values.map { case (name, value) => name -> expression(session, value) }
      parser.parsePlanWithParameters(text, NamedParameterContext(byName))
    }
  }

  def expression(session: SparkSession, column: Column): Expression = classicOf(session).expression(column)

  def dataFrame(session: SparkSession, plan: LogicalPlan): Dataset[Row] = session.withActive {
    Dataset.ofRows(classicOf(session), plan)
  }

  def temporaryViews(session: SparkSession): Int = classicOf(session).sessionState.catalog.getTempViewNames().size

  def isTemporaryView(session: SparkSession, name: String): Boolean =
    classicOf(session).sessionState.catalog.isTempView(Seq(name))

  /**
   * A frame of these columns without a row.
   *
   * Parameters:
   *   dataset: what it stands for; null for nothing.
   */
  def empty(session: SparkSession, schema: String, streaming: Boolean, dataset: String): Dataset[Row] = {
    val columns = DataType.fromJson(schema).asInstanceOf[StructType]
    val leaf = LocalRelation(DataTypeUtils.toAttributes(columns), Nil, isStreaming = streaming)
    dataFrame(session, if (dataset == null) leaf else Shapes.mark(leaf, dataset))
  }

  /** For Python: the frame under a table's name. */
  def named(frame: Dataset[Row], parts: JList[String]): Dataset[Row] = {
    val name = parts.asScala.toSeq
    dataFrame(frame.sparkSession, SubqueryAlias(AliasIdentifier(name.last, name.init), frame.queryExecution.analyzed))
  }

  /** `query`, or the name of the statement's plan. */
  def kind(plan: LogicalPlan): String = statement(plan) match {
    case command: Command => command.getClass.getSimpleName
    case statement: ParsedStatement => statement.getClass.getSimpleName
    case compound: CompoundPlanStatement => compound.getClass.getSimpleName
    case _ => "query"
  }

  private def statement(plan: LogicalPlan): LogicalPlan = plan match {
    case nested: UnresolvedWith => statement(nested.child)
    case union: Union if union.children.exists(_.isInstanceOf[InsertIntoStatement]) => union.children.head
    case other => other
  }

  /** A JSON object for Python: the values, or under `error` the message and place of a syntax error. */
  def answer(values: => Map[String, Any]): String = Json.write {
    try values
    catch {
      case problem: ParseException => Map("error" -> Map(
        "message" -> message(problem),
        "line" -> problem.line.getOrElse(1),
        "column" -> (problem.startPosition.getOrElse(0) + 1)))
    }
  }

  /** Spark's sentence, without the text of the query under it. */
  private def message(problem: ParseException): String =
    problem.getMessage.split("\n").map(_.trim).find(_.nonEmpty).getOrElse("the text cannot be parsed")
      .replaceAll("""\s*SQLSTATE: \w+""", "").replaceAll("""\s*\(line \d+, pos \d+\)\s*$""", "")
}
