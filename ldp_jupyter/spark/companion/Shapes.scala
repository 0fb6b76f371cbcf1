package org.apache.spark.sql.ldp

import scala.util.Try

import org.apache.spark.sql.Row
import org.apache.spark.sql.catalyst.plans.logical.{LocalRelation, LogicalPlan}
import org.apache.spark.sql.catalyst.trees.TreeNodeTag
import org.apache.spark.sql.classic.Dataset

/** Queries over shapes: leaves without rows that stand for datasets whose tables may not be there yet. */
object Shapes {
  private val Name = TreeNodeTag[String]("ldp_dataset")

  def mark(leaf: LocalRelation, dataset: String): LocalRelation = {
    leaf.setTagValue(Name, dataset)
    leaf
  }

  /** The dataset that a leaf stands for. */
  def dataset(plan: LogicalPlan): Option[String] = plan match {
    case leaf: LocalRelation => leaf.getTagValue(Name)
    case _ => None
  }

  /**
   * For Python: what a dry run asks of a query, in one call.
   *
   * Parameters:
   *   reads: whether to tell what it reads, if that can be told.
   */
  def of(frame: Dataset[Row], reads: Boolean): String = {
    val plan = frame.queryExecution.analyzed
    val streaming = plan.isStreaming
    Json.write(Map(
      "streaming" -> streaming,
      "schema" -> frame.schema.json,
      "lenient" -> LenientCasts.in(plan),
      "sources" -> (if (reads && streaming) Try(StreamSources.list(frame)).toOption else None),
      "inputs" -> (if (reads && !streaming) Try(BatchInputs.facts(frame, Map.empty, shapes = true)).toOption else None)))
  }
}
