package org.apache.spark.sql.ldp

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis.ResolvedTable
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.connector.catalog.Table
import org.apache.spark.sql.delta.DeltaFullTable
import org.apache.spark.sql.delta.actions.Metadata
import org.apache.spark.sql.delta.catalog.DeltaTableV2
import org.apache.spark.sql.delta.commands.TruncateDeltaTableCommand
import org.apache.spark.sql.execution.datasources.v2.DataSourceV2Relation

/**
 * Materialized views take no rows by hand: INSERT, UPDATE, DELETE, MERGE and TRUNCATE are refused, as on the platform.
 * Streaming tables take them. The engine itself commits without statements.
 *
 * A rule, since Delta has turned these statements into commands of its own when Spark's checks run.
 */
case class RefuseWrites(session: SparkSession) extends Rule[LogicalPlan] {
  override def apply(plan: LogicalPlan): LogicalPlan = {
    if (isGuarded) plan match {
      case write: V2WriteCommand => check("INSERT", write.table)
      case delete: DeltaDelete => check("DELETE", delete.child)
      case update: DeltaUpdateTable => check("UPDATE", update.child)
      case merge: DeltaMergeInto => check("MERGE", merge.target)
      case truncate: TruncateDeltaTableCommand => check("TRUNCATE", truncate.child)
      case _ =>
    }
    plan
  }

  private def isGuarded: Boolean = session.conf.getOption(TableGuard.PropertySetting).exists(_.nonEmpty)

  private def check(what: String, target: LogicalPlan): Unit = target.foreach {
    case relation: DataSourceV2Relation => check(what, relation.table)
    case resolved: ResolvedTable => check(what, resolved.table)
    case DeltaFullTable(relation, index) =>
      check(what, index.getSnapshot.metadata, relation.catalogTable.map(_.identifier.unquotedString))
    case _ =>
  }

  private def check(what: String, table: Table): Unit = table match {
    case delta: DeltaTableV2 => check(what, delta.initialSnapshot.metadata, Some(delta.name()))
    case _ =>
  }

  private def check(what: String, metadata: Metadata, name: Option[String]): Unit =
    if (metadata.configuration.get(DeltaTables.KindProperty).contains("MATERIALIZED_VIEW")) {
      TableGuard.refuse(what, name.getOrElse(metadata.name))
    }
}
