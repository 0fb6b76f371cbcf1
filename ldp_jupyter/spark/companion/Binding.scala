package org.apache.spark.sql.ldp

import java.util.{Map => JMap}

import scala.collection.mutable

import org.json4s.JObject

import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.catalyst.AliasIdentifier
import org.apache.spark.sql.catalyst.expressions.{Alias, ExprId}
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, Project, SubqueryAlias}
import org.apache.spark.sql.classic.Dataset

/** A query with some of its tables given as frames. */
object Binding {
  /**
   * Parameters:
   *   frames: by the place of the reference in what References gives.
   *   names: full names of references as JSON, as qualifiers of their columns; else the name is taken as written.
   */
  def bind(session: SparkSession, query: LogicalPlan, frames: JMap[Integer, Dataset[Row]],
      names: String): Dataset[Row] = {
    val starts = mutable.TreeSet.empty[Int]
    References.visit(session, query) { (relation, _) => starts += References.key(relation); None }
    val places = starts.toSeq.zipWithIndex.toMap
    val known = Json.parse(names) match {
      case JObject(fields) => fields.map { case (place, parts) => place -> Json.strings(parts) }.toMap
      case _ => Map.empty[String, Seq[String]]
    }
    val fresh = new FreshColumns
    val bound = References.visit(session, query) { (relation, _) =>
      val place = Integer.valueOf(places(References.key(relation)))
      Option(frames.get(place)).map { frame =>
        val name = known.getOrElse(place.toString, relation.multipartIdentifier)
        SubqueryAlias(AliasIdentifier(name.last, name.init), fresh(frame.queryExecution.analyzed))
      }
    }
    Queries.dataFrame(session, bound)
  }

  /** Columns of a plan used a second time get ids of their own: a subquery must not mistake them for outer ones. */
  private class FreshColumns {
    private val seen = mutable.Set.empty[ExprId]

    def apply(plan: LogicalPlan): LogicalPlan = {
      val ids = plan.output.map(_.exprId)
      if (ids.forall(seen.add)) plan
      else Project(plan.output.map(column => Alias(column, column.name)()), plan)
    }
  }
}
