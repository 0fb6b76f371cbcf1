package org.apache.spark.sql.ldp

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{classic, Row, SparkSession}
import org.apache.spark.sql.catalyst.expressions.Attribute
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.delta.{DeltaColumnMapping, DeltaLog, DeltaOperations, OptimisticTransaction, Snapshot}
import org.apache.spark.sql.delta.actions.{Action, AddFile}
import org.apache.spark.sql.delta.skipping.clustering.ClusteringColumnInfo
import org.apache.spark.sql.execution.command.LeafRunnableCommand
import org.apache.spark.sql.types.LongType

/**
 * CREATE TABLE ... [DEEP] CLONE and LIKE, by one commit: columns, layout, properties and constraints of another table, and
 * its rows where they are wanted. A clone of a pipeline's table belongs to no pipeline.
 *
 * Parameters:
 *   source: the table's name with its version, as the statement has it.
 */
case class CloneTable(target: CatalogObject, source: String, withRows: Boolean, replace: Boolean, ifMissing: Boolean)
    extends LeafRunnableCommand {
  override val output: Seq[Attribute] = if (withRows) CloneTable.counts else Nil

  override def run(session: SparkSession): Seq[Row] =
    if (ifMissing && target.isTable) Nil
    else {
      CloneTable.check(session, target, replace)
      val rows = session.sql(s"SELECT * FROM $source").asInstanceOf[classic.Dataset[Row]]
      val leaf = rows.queryExecution.analyzed.collectFirst(DeltaLeaf.of)
        .getOrElse(Problem.raise(s"$source cannot be cloned: it is no Delta table"))
      val origin = leaf.log.getSnapshotAt(leaf.snapshot.version)
      val replaced = DeltaTables.snapshot(session, target.path).toSeq.flatMap(DeltaTables.filesOf)
      var added = Seq.empty[AddFile]
      CloneTable.make(session, target.path, origin) { transaction =>
        val written = if (withRows) transaction.writeFiles(rows) else Nil
        added = written.collect { case file: AddFile => file }
        written
      }
      if (withRows) Seq(Row(origin.sizeInBytes, origin.numOfFiles, replaced.size.toLong, added.size.toLong,
        replaced.map(_.size).sum, added.map(_.size).sum)) else Nil
    }
}

object CloneTable {
  /** Begin the names of properties by which a pipeline knows its tables. */
  private[ldp] val OfOwner = Seq("pipelines.pipelineId", "ldp.")

  /** Make a table like another one, with what is written to it. */
  private[ldp] def make(session: SparkSession, path: Path, origin: Snapshot)(
      write: OptimisticTransaction => Seq[Action] = _ => Nil): Unit =
    TableCommits.commit(session, path.toString, DeltaColumnMapping.dropColumnMappingMetadata(origin.schema).json,
      Json.write(origin.metadata.partitionColumns), Json.write(ClusteringColumnInfo.extractLogicalNames(origin)),
      Json.write(ShowCreateStatement.properties(origin).toMap), origin.metadata.description) {
      (transaction, _) => write(transaction)
    }

  private[ldp] def counts: Seq[Attribute] = Columns(Seq("source_table_size", "source_num_of_files", "num_removed_files",
    "num_copied_files", "removed_files_size", "copied_files_size").map(_ -> LongType): _*)

  private[ldp] def check(session: SparkSession, target: CatalogObject, replace: Boolean): Unit = {
    if (target.isView) Problem.raise(s"${target.name} is a view")
    if (target.isTable && !replace) Problem.raise(s"table ${target.name} already exists")
    if (!target.catalog.namespaceExists(target.id.namespace())) Problem.raise(s"schema of ${target.name} does not exist")
    TableGuard.check(session, target.catalog.tables, target.id, "REPLACE")
  }
}

/** CREATE TABLE ... SHALLOW CLONE by Delta itself; then the table is taken from the pipeline of its source. */
case class ShallowClone(target: CatalogObject, plan: LogicalPlan, replace: Boolean, ifMissing: Boolean)
    extends LeafRunnableCommand {
  override val output: Seq[Attribute] = CloneTable.counts

  override def run(session: SparkSession): Seq[Row] =
    if (ifMissing && target.isTable) Nil
    else {
      CloneTable.check(session, target, replace)
      val told = classic.Dataset.ofRows(session.asInstanceOf[classic.SparkSession], plan).collect().toSeq
      val transaction = DeltaLog.forTable(session, target.path).startTransaction()
      val before = transaction.metadata
      val kept = before.configuration.filterNot { case (key, _) => CloneTable.OfOwner.exists(key.startsWith) }
      if (kept != before.configuration) {
        transaction.updateMetadata(before.copy(configuration = kept))
        transaction.commit(Nil, DeltaOperations.ManualUpdate)
      }
      told
    }
}
