package org.apache.spark.sql.ldp

import org.apache.spark.sql.catalyst.TimeTravel
import org.apache.spark.sql.catalyst.analysis.{NamedRelation, RelationTimeTravel}
import org.apache.spark.sql.catalyst.expressions.SubqueryExpression
import org.apache.spark.sql.catalyst.plans.logical.{InsertIntoStatement, LogicalPlan, V2WriteCommand}
import org.apache.spark.sql.catalyst.trees.CurrentOrigin
import org.apache.spark.sql.catalyst.trees.TreePattern.PLAN_EXPRESSION

/**
 * Rewrites those parts of a plan that are not resolved yet; subqueries, targets of writes and tables under a time
 * travel as well.
 */
object Unresolved {
  def rewrite(plan: LogicalPlan)(rule: PartialFunction[LogicalPlan, LogicalPlan]): LogicalPlan =
    if (plan.resolved) plan
    else {
      val inside = inExpressions(plan.mapChildren(rewrite(_)(rule)))(rewrite(_)(rule))
      val targeted = inside match {
        case insert: InsertIntoStatement => insert.copy(table = rewrite(insert.table)(rule))
        case write: V2WriteCommand => rewrite(write.table)(rule) match {
          case table: NamedRelation if table ne write.table => write.withNewTable(table)
          case _ => write
        }
        case travel: RelationTimeTravel => travel.copy(relation = rewrite(travel.relation)(rule))
        case travel: TimeTravel => travel.copy(relation = rewrite(travel.relation)(rule))
        case other => other
      }
      val result = CurrentOrigin.withOrigin(plan.origin)(rule.applyOrElse(targeted, identity[LogicalPlan]))
      if (result ne plan) result.copyTagsFrom(plan)
      result
    }

  /** The plans of subquery expressions of this one node. */
  def inExpressions(plan: LogicalPlan)(change: LogicalPlan => LogicalPlan): LogicalPlan =
    plan.transformExpressionsWithPruning(_.containsPattern(PLAN_EXPRESSION)) {
      case subquery: SubqueryExpression => subquery.withNewPlan(change(subquery.plan))
    }
}
