package org.apache.spark.sql.ldp

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{Dataset, Row, SaveMode, SparkSession}
import org.apache.spark.sql.classic
import org.apache.spark.sql.catalyst.plans.logical.{ColumnDefinition, CreateTable}
import org.apache.spark.sql.delta.{DeltaLog, DeltaOperations, OptimisticTransaction, Snapshot}
import org.apache.spark.sql.connector.expressions.FieldReference
import org.apache.spark.sql.delta.actions.{Action, Metadata, SetTransaction}
import org.apache.spark.sql.delta.skipping.clustering.ClusteredTableUtils
import org.apache.spark.sql.delta.skipping.clustering.temp.ClusterBySpec
import org.apache.spark.sql.types.{DataType, StructType}

/**
 * Tables made, emptied, changed and replaced by one Delta commit each, without the several jobs that statements start.
 *
 * The commit is Delta's own transaction: protocol, features of properties, statistics and conflicts are its business.
 */
object TableCommits {
  /** For Python: creates a table, or replaces what is there by an empty one; JSON with id and version. */
  def create(session: SparkSession, path: String, schema: String, partitions: String, clusters: String, properties: String,
      comment: String): String =
    commit(session, path, schema, partitions, clusters, properties, comment) { (_, _) => Nil }

  /**
   * For Python: replaces rows, schema and properties of a table (or creates it) by the rows of a frame.
   *
   * @param required columns that take no NULL
   */
  def replace(frame: Dataset[Row], path: String, partitions: String, clusters: String, properties: String,
      comment: String, required: String): String = {
    val dataset = frame.asInstanceOf[classic.Dataset[Row]]
    val names = Json.strings(Json.parse(required))
    val schema = StructType(nullable(dataset.schema).map(field => field.copy(nullable = !names.contains(field.name))))
    commit(dataset.sparkSession, path, schema.json, partitions, clusters, properties, comment) { (transaction, _) =>
      transaction.writeFiles(dataset)
    }
  }

  /**
   * For Python: appends rows that have the table's columns, marked as write `version` of `appId`.
   *
   * The caller knows that the table lacks this write, which Delta's writer would find out by a job.
   */
  def append(frame: Dataset[Row], path: String, appId: String, version: Long): Unit = {
    val dataset = frame.asInstanceOf[classic.Dataset[Row]]
    dataset.sparkSession.withActive {
      val transaction = DeltaLog.forTable(dataset.sparkSession, new Path(path)).startTransaction()
      val added = transaction.writeFiles(dataset)
      val stamp = SetTransaction(appId, version, Some(System.currentTimeMillis()))
      transaction.commit(stamp +: added, DeltaOperations.Write(SaveMode.Append))
    }
  }

  /** For Python: new columns, properties and a comment for a table; columns that it has take the comments given here. */
  def alter(session: SparkSession, path: String, columns: String, properties: String, comment: String): Unit = session.withActive {
    val transaction = DeltaLog.forTable(session, new Path(path)).startTransaction()
    val before = transaction.metadata
    val declared = DataType.fromJson(columns).asInstanceOf[StructType]
    def of(in: StructType, name: String) = in.find(_.name.equalsIgnoreCase(name))
    val kept = before.schema.map(field => of(declared, field.name).flatMap(_.getComment()).fold(field)(field.withComment))
    val added = StructType(declared.filter(field => of(before.schema, field.name).isEmpty))
    transaction.updateMetadata(before.copy(
      schemaString = StructType(kept ++ nullable(added)).json,
      configuration = before.configuration ++ Json.stringMap(properties),
      description = Option(comment).getOrElse(before.description)))
    transaction.commit(Nil, DeltaOperations.ManualUpdate)
  }

  /** For Python: JSON of the schema that the column list of a CREATE TABLE means. */
  def parseColumns(session: SparkSession, columns: String): String = {
    val parser = session.asInstanceOf[classic.SparkSession].sessionState.sqlParser
    parser.parsePlan(s"CREATE TABLE t ($columns) USING delta") match {
      case create: CreateTable => StructType(create.columns.map { case c: ColumnDefinition => c.toV1Column }).json
      case other => Problem.raise(s"not a column list: ${other.nodeName}")
    }
  }

  /** A clustering column may be a field within a column: `a.b`. */
  private def fieldPath(schema: String, name: String): Seq[String] = {
    val columns = DataType.fromJson(schema).asInstanceOf[StructType].fieldNames
    if (columns.exists(_.equalsIgnoreCase(name))) Seq(name) else name.split('.').toSeq
  }

  private[ldp] def commit(session: SparkSession, path: String, schema: String, partitions: String, clusters: String,
      properties: String, comment: String)(
      write: (OptimisticTransaction, Snapshot) => Seq[Action]): String = session.withActive {
    val log = DeltaLog.forTable(session, new Path(path))
    val transaction = log.startTransaction()
    val before = transaction.snapshot
    val exists = before.version >= 0
    val clustering = Json.strings(Json.parse(clusters)) match {
      case Nil => None
      case names => Some(ClusterBySpec(names.map(name => FieldReference(fieldPath(schema, name)))))
    }
    val wanted = Json.stringMap(properties)
    val metadata = Metadata(
      id = if (exists) before.metadata.id else java.util.UUID.randomUUID().toString,
      description = comment,
      schemaString = DataType.fromJson(schema).asInstanceOf[StructType].json,
      partitionColumns = Json.strings(Json.parse(partitions)),
      configuration = wanted ++ clustering.toSeq.flatMap(_ => ClusteredTableUtils.getTableFeatureProperties(wanted)),
      createdTime = before.metadata.createdTime.filter(_ => exists).orElse(Some(System.currentTimeMillis())))
    if (exists) transaction.updateMetadataForNewTableInReplace(metadata) else transaction.updateMetadataForNewTable(metadata)
    val added = write(transaction, before)
    val removed = if (exists) { transaction.readWholeTable(); DeltaTables.filesOf(before).map(_.remove) } else Nil
    // Clustering columns are metadata of their own; a table that loses them gets an empty list.
    val domains = ClusteredTableUtils.getDomainMetadataFromTransaction(clustering, transaction)
    val operation = if (exists) {
      DeltaOperations.ReplaceTable(transaction.metadata, isManaged = false, orCreate = true, asSelect = added.nonEmpty,
        clusterBy = None)
    } else DeltaOperations.CreateTable(transaction.metadata, isManaged = false, asSelect = added.nonEmpty)
    val version = transaction.commit(added ++ removed ++ domains, operation)
    Json.write(Map("id" -> transaction.metadata.id, "version" -> version))
  }

  private def nullable(schema: StructType): StructType = schema.asNullable
}
