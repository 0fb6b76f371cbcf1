package org.apache.spark.sql.ldp

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.execution.command.{SetCatalogCommand, ShowCatalogsCommand, ShowNamespacesCommand}

/**
 * Registers the catalogs that a statement names, before Spark looks for them.
 *
 * Letter case of a catalog does not count. Two parts are schema and table even when a catalog has the schema's name,
 * as on the platform; Spark alone would take the first part for the catalog.
 */
case class ResolveCatalogs(session: SparkSession) extends Rule[LogicalPlan] {
  override def apply(plan: LogicalPlan): LogicalPlan =
    if (Warehouse.root(session).isEmpty) plan
    else plan match {
      case set: SetCatalogCommand =>
        register(set)
        plan
      case _: ShowCatalogsCommand =>
        Warehouse.registerAll(session)
        plan
      case _ if plan.resolved => plan
      case _ =>
        Warehouse.registerFirst(session)
        Unresolved.rewrite(plan)(names)
    }

  private def names: PartialFunction[LogicalPlan, LogicalPlan] = {
    case r: UnresolvedRelation => renamed(r.multipartIdentifier, r)(n => r.copy(multipartIdentifier = n))
    case t: UnresolvedTable => renamed(t.multipartIdentifier, t)(n => t.copy(multipartIdentifier = n))
    case v: UnresolvedView => renamed(v.multipartIdentifier, v)(n => v.copy(multipartIdentifier = n))
    case t: UnresolvedTableOrView => renamed(t.multipartIdentifier, t)(n => t.copy(multipartIdentifier = n))
    case i: UnresolvedIdentifier => renamed(i.nameParts, i)(n => i.copy(nameParts = n))
    case show: ShowNamespacesCommand => show.mapChildren(namespace(_, alone = true))
    case use: SetCatalogAndNamespace => use.mapChildren(namespace(_, alone = true))
    case command: Command if command.children.exists(_.isInstanceOf[UnresolvedNamespace]) =>
      command.mapChildren(namespace(_, alone = false))
  }

  private def renamed(parts: Seq[String], node: LogicalPlan)(copy: Seq[String] => LogicalPlan): LogicalPlan = {
    val full = QualifiedNames.ofTable(session, parts)
    if (full == parts) node else copy(full)
  }

  private def namespace(node: LogicalPlan, alone: Boolean): LogicalPlan = node match {
    case n: UnresolvedNamespace if n.multipartIdentifier.nonEmpty =>
      val full = QualifiedNames.ofSchema(session, n.multipartIdentifier, alone)
      if (full == n.multipartIdentifier) n else n.copy(multipartIdentifier = full)
    case other => other
  }

  private def register(set: SetCatalogCommand): Unit = {
    val name = set.catalogNameExpr match {
      case attribute: UnresolvedAttribute => attribute.nameParts
      case expression if expression.foldable && expression.resolved => Seq(String.valueOf(expression.eval()))
      case _ => Nil
    }
    name.filter(Warehouse.isCatalog(session, _)).foreach(Warehouse.register(session, _))
  }
}
