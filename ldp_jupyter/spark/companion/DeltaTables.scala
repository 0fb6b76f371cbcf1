package org.apache.spark.sql.ldp

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.delta.{DeltaLog, Snapshot}
import org.apache.spark.sql.delta.actions.AddFile
import org.apache.spark.sql.delta.skipping.clustering.ClusteringColumnInfo

/** What is known of Delta tables from their logs, many tables in one call. */
object DeltaTables {
  /** The table property that says what a table is to its pipeline. */
  val KindProperty = "ldp.kind"

  /** The newest state of the table in a folder, if there is a table. */
  def snapshot(session: SparkSession, path: Path): Option[Snapshot] =
    if (!new Folders(session).isFolder(new Path(path, "_delta_log"))) None
    else Some(DeltaLog.forTable(session, path).update()).filter(_.version >= 0)

  /** For Python: versions as a JSON list, null where there is no table. */
  def versions(session: SparkSession, paths: String): String = session.withActive {
    Json.write(Json.strings(Json.parse(paths)).map(path => snapshot(session, new Path(path)).map(_.version)))
  }

  /** For Python: a JSON list of objects, null where there is no table. */
  def info(session: SparkSession, paths: String): String = session.withActive {
    Json.write(Json.strings(Json.parse(paths)).map(path => snapshot(session, new Path(path)).map(describe)))
  }

  /** For Python: what needs no list of files, a JSON list of objects, null where there is no table. */
  def heads(session: SparkSession, paths: String): String = session.withActive {
    Json.write(Json.strings(Json.parse(paths)).map(path => snapshot(session, new Path(path)).map(head)))
  }

  private def head(snapshot: Snapshot): Map[String, Any] = Map(
    "id" -> snapshot.metadata.id,
    "version" -> snapshot.version,
    "schema" -> snapshot.schema.json,
    "description" -> Option(snapshot.metadata.description),
    "properties" -> snapshot.metadata.configuration,
    "partition_columns" -> snapshot.metadata.partitionColumns)

  private def describe(snapshot: Snapshot): Map[String, Any] = {
    val files = filesOf(snapshot)
    val records = files.map(_.numLogicalRecords)
    Map(
      "id" -> snapshot.metadata.id,
      "version" -> snapshot.version,
      "timestamp" -> snapshot.timestamp,
      "schema" -> snapshot.schema.json,
      "description" -> Option(snapshot.metadata.description),
      "properties" -> snapshot.metadata.configuration,
      "partition_columns" -> snapshot.metadata.partitionColumns,
      "clustering_columns" -> ClusteringColumnInfo.extractLogicalNames(snapshot),
      "num_files" -> files.size,
      "size_in_bytes" -> files.map(_.size).sum,
      "num_records" -> (if (records.forall(_.isDefined)) Some(records.flatten.sum) else None))
  }

  /** Small tables keep their list of files in the checksum file; only for others the log must be replayed by a job. */
  def filesOf(snapshot: Snapshot): Seq[AddFile] =
    snapshot.checksumOpt.flatMap(_.allFiles).getOrElse(snapshot.allFiles.collect().toSeq)
}
