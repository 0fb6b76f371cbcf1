package org.apache.spark.sql.ldp

import java.util.{Map => JMap}

import scala.util.{Failure, Success, Try}

import org.apache.spark.sql.{Column, Row, SparkSession}
import org.apache.spark.sql.catalyst.parser.ParseException
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.classic.Dataset

/** A statement that is parsed once, for all that is asked of it. */
class ParsedQuery(session: SparkSession, text: String, parsed: Try[LogicalPlan]) {
  /** For Python: a JSON object with `kind` and `references`; or `error`, what is wrong with the text and where. */
  def describe(): String = Queries.answer {
    val plan = parsed.get
    Map("kind" -> Queries.kind(plan), "references" -> References.of(session, plan, text))
  }

  /** See Binding. */
  def bind(frames: JMap[Integer, Dataset[Row]], names: String): Dataset[Row] =
    Binding.bind(session, parsed.get, frames, names)
}

object ParsedQuery {
  /** Parameters as of Queries.parse. */
  def of(session: SparkSession, text: String, arguments: JMap[String, Column]): ParsedQuery =
    new ParsedQuery(session, text, parse(session, text, arguments))

  private def parse(session: SparkSession, text: String, arguments: JMap[String, Column]): Try[LogicalPlan] =
    try Success(Queries.parse(session, text, arguments))
    catch { case problem: ParseException => Failure(problem) }
}
