package org.apache.spark.sql.ldp

import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.delta.{DeltaLog, SnapshotDescriptor}
import org.apache.spark.sql.delta.catalog.DeltaTableV2
import org.apache.spark.sql.delta.files.TahoeLogFileIndex
import org.apache.spark.sql.execution.datasources.{HadoopFsRelation, LogicalRelation}
import org.apache.spark.sql.execution.datasources.v2.DataSourceV2Relation

/**
 * A Delta table at the bottom of a batch plan.
 *
 * Parameters:
 *   pinned: the version that the query itself asks for (VERSION AS OF, TIMESTAMP AS OF).
 */
case class DeltaLeaf(log: DeltaLog, snapshot: SnapshotDescriptor, pinned: Option[Long]) {
  def path: String = log.dataPath.toString
  def id: String = snapshot.metadata.id
}

object DeltaLeaf {
  val of: PartialFunction[LogicalPlan, DeltaLeaf] = Function.unlift(find)

  def find(plan: LogicalPlan): Option[DeltaLeaf] = plan match {
    case relation: LogicalRelation => relation.relation match {
      case HadoopFsRelation(index: TahoeLogFileIndex, _, _, _, _, _) =>
        Some(DeltaLeaf(index.deltaLog, index.snapshotAtAnalysis, index.versionToUse))
      case _ => None
    }
    case relation: DataSourceV2Relation => relation.table match {
      case table: DeltaTableV2 =>
        val snapshot = table.initialSnapshot
        Some(DeltaLeaf(table.deltaLog, snapshot, table.timeTravelOpt.map(_ => snapshot.version)))
      case _ => None
    }
    case _ => None
  }
}
