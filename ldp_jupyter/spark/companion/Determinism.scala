package org.apache.spark.sql.ldp

import org.apache.spark.sql.catalyst.expressions._
import org.apache.spark.sql.catalyst.expressions.aggregate._
import org.apache.spark.sql.catalyst.plans.logical._

/** Why a batch query might give other rows for the same inputs. */
object Determinism {
  def reasons(plan: LogicalPlan): Seq[String] =
    plan.collect { case node => ofNode(node) ++ node.expressions.flatMap(ofTree) }.flatten.distinct

  private def ofTree(expression: Expression): Seq[String] = expression.collect {
    case subquery: SubqueryExpression => reasons(subquery.plan)
    case part => ofExpression(part).toSeq
  }.flatten

  private def ofNode(node: LogicalPlan): Option[String] = node match {
    case GlobalLimit(_, LocalLimit(_, child)) => limit(child)
    case limited @ (_: GlobalLimit | _: LocalLimit | _: Offset | _: Tail | _: LimitAll) => limit(limited.children.head)
    case _: Sample => Some("TABLESAMPLE")
    case dedup: Deduplicate if dedup.keys.size < dedup.child.output.size => Some("dropDuplicates over some columns")
    case _: DeduplicateWithinWatermark => Some("dropDuplicatesWithinWatermark")
    case _: Project | _: Filter | _: Join | _: Aggregate | _: Union | _: Distinct | _: Deduplicate | _: Sort |
        _: Window | _: Generate | _: SubqueryAlias | _: View | _: Expand | _: Intersect | _: Except | _: LeafNode |
        _: LateralJoin |
        _: ResolvedHint | _: Repartition | _: RepartitionByExpression | _: RebalancePartitions | _: WithCTE |
        _: CTERelationDef | _: EventTimeWatermark | _: AsOfJoin | _: Pivot | _: Unpivot | _: CollectMetrics | _: Range |
        _: WithWindowDefinition => None
    case other => Some(s"operator ${other.nodeName}")
  }

  /** A limit is sure when its rows are sorted by every column. */
  private def limit(child: LogicalPlan): Option[String] = child match {
    case Sort(order, true, input, _)
      if input.output.forall(column => order.exists(_.child.semanticEquals(column))) => None
    case Project(columns, sort: Sort) if columns.forall(_.isInstanceOf[Attribute]) => limit(sort)
    case _: GlobalLimit | _: LocalLimit | _: Offset => None
    case _ => Some("LIMIT without an order of all columns")
  }

  private def ofExpression(expression: Expression): Option[String] = expression match {
    case _: PythonUDF | _: PythonUDAF | _: PythonUDTF => Some("udf")
    case _: ScalaUDF | _: org.apache.spark.sql.execution.aggregate.ScalaAggregator[_, _, _] => Some("udf")
    case _: CurrentTimestampLike | _: CurrentDate | _: LocalTimestamp | _: CurrentTime => Some(expression.prettyName)
    case _: CurrentUser | _: CurrentDatabase | _: CurrentCatalog => Some(expression.prettyName)
    case aggregate: AggregateExpression if orderDependent(aggregate.aggregateFunction) =>
      Some(aggregate.aggregateFunction.prettyName)
    case _: InputFileName | _: InputFileBlockStart | _: InputFileBlockLength => Some(expression.prettyName)
    case other if !other.foldable && !other.deterministic && other.children.forall(_.deterministic) =>
      Some(other.prettyName)
    case other if isRandom(other) => Some(other.prettyName)
    case _ => None
  }

  private def isRandom(expression: Expression): Boolean = expression match {
    case _: Nondeterministic => true
    case _ => false
  }

  private def orderDependent(function: AggregateFunction): Boolean = function match {
    case _: First | _: Last | _: AnyValue | _: Mode | _: CollectList | _: CollectSet | _: ListAgg => true
    case _: MaxBy | _: MinBy => true
    case _ => false
  }
}
