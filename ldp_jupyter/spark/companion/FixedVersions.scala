package org.apache.spark.sql.ldp

import org.json4s.{JInt, JObject}

import org.apache.spark.sql.Row
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.classic.Dataset
import org.apache.spark.sql.delta.files.TahoeLogFileIndex
import org.apache.spark.sql.execution.datasources.{HadoopFsRelation, LogicalRelation}

/** A batch query at versions of its Delta tables that somebody else chose. */
object FixedVersions {
  /**
   * The frame with some of its tables at a version; those that the query itself asks at a version stay.
   *
   * Parameters:
   *   versions: by the table's path, as JSON.
   */
  def of(frame: Dataset[Row], versions: String): Dataset[Row] = {
    val wanted: Map[String, Long] = Json.parse(versions) match {
      case JObject(fields) => fields.collect { case (path, JInt(version)) => path -> version.toLong }.toMap
      case _ => Map.empty
    }
    Queries.dataFrame(frame.sparkSession, frame.queryExecution.analyzed.transformDownWithSubqueries(at(wanted)))
  }

  private def at(wanted: Map[String, Long]): PartialFunction[LogicalPlan, LogicalPlan] = Function.unlift {
    case relation: LogicalRelation => relation.relation match {
      case files @ HadoopFsRelation(index: TahoeLogFileIndex, _, _, _, _, _) if index.versionToUse.isEmpty =>
        wanted.get(index.deltaLog.dataPath.toString).map { version =>
          val snapshot = index.deltaLog.getSnapshotAt(version)
          val fixed = index.copy(snapshotAtAnalysis = snapshot, isTimeTravelQuery = true)
          relation.copy(relation = files.copy(location = fixed)(files.sparkSession))
        }
      case _ => None
    }
    case _ => None
  }
}
