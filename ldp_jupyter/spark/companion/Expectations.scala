package org.apache.spark.sql.ldp

import java.util.{List => JList, Map => JMap}

import scala.collection.mutable

import org.apache.spark.sql.{classic, Column, Observation, Row}
import org.apache.spark.sql.catalyst.plans.logical.CollectMetrics
import org.apache.spark.sql.functions._

/**
 * The rules of a dataset on its rows, in the pass that writes them: every rule counts on every row, then one that fails
 * does so, then rows are dropped.
 */
object Expectations {
  /** What tells of a row, where `judge` is asked for it: whether it violates no rule that drops. */
  val Good = "__ldp_good"

  /**
   * For Python: a frame with its violations counted and failed on, and its bad rows dropped.
   *
   * Parameters:
   *   conditions: of the rules; null where they are the texts of `wanted`.
   *   wanted: JSON object: `metric`, the observation's name; `rules`, each with `name`, `action` and `text`; `failure`,
   *     what an error of a violated rule begins with; `samples`, texts of violating rows kept of each rule; `masked`,
   *     columns that such texts do not show; `judged`, null or the condition of rows that are judged: then no row is
   *     dropped, the others are counted by themselves, and the columns of Conditions and `Good` are there.
   *   observations: of a batch; null for a stream, whose progress has them.
   */
  def judge(frame: classic.Dataset[Row], conditions: JList[Column], wanted: String,
      observations: Observations): classic.Dataset[Row] = {
    val json = Json.parse(wanted)
    val rules = (json \ "rules").children.map(Json.stringMap).map(Rule(_))
    val metric = Json.string(json \ "metric")
    def observe(rows: classic.Dataset[Row], measures: Seq[Column]) =
      if (observations == null) rows.observe(metric, measures.head, measures.tail: _*)
      else observations.put(metric, rows, measures)
    if (rules.isEmpty) observe(frame, Seq(count(lit(1)).as("rows")))
    else {
      val samples = Json.string(json \ "samples").toInt
      val text = if (samples > 0) rowText(frame.columns.toIndexedSeq, Json.strings(json \ "masked").map(_.toLowerCase).toSet) else lit(null)
      val masks = Masks(rules.size)
      val marked = if (conditions == null) Conditions.ofTexts(frame, rules.map(_.text)) else Conditions.add(frame, conditions)
      val counts = RuleCounts.of(frame.sparkSession, masks.names.map(col), substring(text, 1, TextLength), rules.size,
        masks.bits(places(rules, "drop")), samples).as("rules")
      Option(Json.string(json \ "judged")).map(expr) match {
        case None =>
          val kept = failing(observe(marked, Seq(counts)), rules, masks, json, text)
          val dropping = places(rules, "drop")
          (if (dropping.isEmpty) kept else kept.filter(masks.none(dropping))).select(frame.columns.toIndexedSeq.map(quoted): _*)
        case Some(judged) =>
          val some = marked.withColumns(masks.names.map(name => name -> when(judged, col(name)).otherwise(lit(0L))).toMap)
          failing(observe(some, Seq(counts, count_if(not(judged)).as("others"))), rules, masks, json, text)
            .withColumn(Good, masks.none(places(rules, "drop")))
      }
    }
  }

  private val TextLength = 4000 // characters of a row that are kept

  private case class Rule(name: String, action: String, text: String)

  private object Rule {
    def apply(values: Map[String, String]): Rule = Rule(values("name"), values("action"), values.getOrElse("text", null))
  }

  private def places(rules: Seq[Rule], action: String) =
    rules.zipWithIndex.collect { case (rule, place) if rule.action == action => place }

  /** The hidden numbers of Conditions for so many rules. */
  private case class Masks(rules: Int) {
    val names: Seq[String] = (0 until (rules + Conditions.Width - 1) / Conditions.Width).map(Conditions.Prefix + _)

    /** Of each number the bits of some rules. */
    def bits(places: Seq[Int]): Seq[Long] = names.indices.map { index =>
      places.filter(_ / Conditions.Width == index).map(place => 1L << (place % Conditions.Width)).foldLeft(0L)(_ | _)
    }

    /** Whether a row violates none of some rules. */
    def none(places: Seq[Int]): Column =
      names.zip(bits(places)).collect { case (name, wanted) if wanted != 0 => col(name).bitwiseAND(lit(wanted)) === lit(0L) }
        .reduceLeftOption(_ && _).getOrElse(lit(true))
  }

  /** Fails the task with the violated rules and the row as JSON, where rows may be shown. */
  private def failing(rows: classic.Dataset[Row], rules: Seq[Rule], masks: Masks, json: org.json4s.JValue,
      text: Column): classic.Dataset[Row] = {
    val fatal = places(rules, "fail")
    if (fatal.isEmpty) rows
    else {
      val violated = concat_ws("\u0001", fatal.map(place => when(not(masks.none(Seq(place))), lit(rules(place).name))): _*)
      val shown = if (Json.string(json \ "samples").toInt > 0) text else lit("null")
      val message = concat(lit(Json.string(json \ "failure")), violated, lit("\u0002"), shown, lit("\u0003"))
      rows.filter(when(masks.none(fatal), lit(true)).otherwise(raise_error(message).cast("boolean")))
    }
  }

  private def rowText(columns: Seq[String], masked: Set[String]): Column = {
    val shown = columns.map(name => (if (masked(name.toLowerCase)) lit("(masked)") else quoted(name)).as(name))
    to_json(struct(shown: _*), JMap.of("ignoreNullFields", "false"))
  }

  private def quoted(name: String): Column = col("`" + name.replace("`", "``") + "`")
}

/** What batch queries observe while they run, by name. */
class Observations {
  private val made = mutable.LinkedHashMap.empty[String, Observation]

  def put(name: String, rows: classic.Dataset[Row], measures: Seq[Column]): classic.Dataset[Row] = {
    val observation = Observation(name)
    made(name) = observation
    rows.observe(observation, measures.head, measures.tail: _*)
  }

  /**
   * For Python: JSON of the values by name, of those that a query observes; waits until it has run.
   *
   * A frame may have been looked at and left out of the query: nobody may wait for what it observes.
   */
  def values(query: classic.Dataset[Row]): String = {
    val there = query.queryExecution.analyzed.collectWithSubqueries { case seen: CollectMetrics => seen.name }.toSet
    Json.write(made.collect { case (name, observation) if there(name) => name -> observation.get })
  }
}
