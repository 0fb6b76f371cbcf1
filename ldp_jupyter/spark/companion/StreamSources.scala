package org.apache.spark.sql.ldp

import scala.jdk.CollectionConverters._

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.catalyst.plans.logical.{LocalRelation, LogicalPlan}
import org.apache.spark.sql.catalyst.streaming.StreamingRelationV2
import org.apache.spark.sql.classic.Dataset
import org.apache.spark.sql.delta.catalog.DeltaTableV2
import org.apache.spark.sql.execution.datasources.{DataSource, FileFormat}
import org.apache.spark.sql.execution.streaming.runtime.StreamingRelation

/** What a streaming plan reads. */
object StreamSources {
  /** For Python: a JSON list, in the order in which a checkpoint numbers the sources. */
  def of(frame: Dataset[Row]): String = Json.write(list(frame))

  /** The same as values. */
  def list(frame: Dataset[Row]): Seq[Map[String, Any]] =
    frame.queryExecution.analyzed.collect(source(frame.sparkSession))

  private def source(session: SparkSession): PartialFunction[LogicalPlan, Map[String, Any]] = {
    case relation: StreamingRelation => ofDataSource(session, relation.dataSource, relation.sourceName)
    case relation: StreamingRelationV2 => (relation.table, relation.v1Relation) match {
      case (table: DeltaTableV2, _) => delta(session, table.path, relation.extraOptions.asScala.toMap)
      case (_, Some(v1: StreamingRelation)) => ofDataSource(session, v1.dataSource, relation.sourceName)
      case _ => other(relation.sourceName, relation.extraOptions.asScala.toMap)
    }
    case leaf: LocalRelation if leaf.isStreaming => Shapes.dataset(leaf) match {
      case Some(name) => Map("kind" -> "dataset", "format" -> "dataset", "path" -> name, "options" -> Map.empty)
      case None => other("rows", Map.empty)
    }
  }

  private def ofDataSource(session: SparkSession, source: DataSource, name: String): Map[String, Any] = {
    val options = source.options
    val path = source.catalogTable.flatMap(_.storage.locationUri).map(new Path(_))
      .orElse(options.collectFirst { case (key, value) if key.equalsIgnoreCase("path") => new Path(value) })
    val isDelta = name.equalsIgnoreCase("delta") || source.className.equalsIgnoreCase("delta") ||
      source.className.startsWith("org.apache.spark.sql.delta")
    (path, source.providingInstance()) match {
      case (Some(table), _) if isDelta => delta(session, table, options)
      case (Some(files), _: FileFormat) => Map("kind" -> "files", "format" -> source.className,
        "path" -> files.toString, "options" -> options)
      case _ => other(source.className, options)
    }
  }

  private def delta(session: SparkSession, path: Path, options: Map[String, String]): Map[String, Any] = Map(
    "kind" -> "delta", "format" -> "delta", "path" -> new Folders(session).qualified(path).toString,
    "options" -> options, "table_id" -> DeltaTables.snapshot(session, path).map(_.metadata.id))

  private def other(format: String, options: Map[String, String]): Map[String, Any] =
    Map("kind" -> "other", "format" -> format, "path" -> None, "options" -> options)
}
