package org.apache.spark.sql.ldp

import scala.collection.mutable
import scala.jdk.CollectionConverters._

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.catalyst.expressions.{Alias, Expression}
import org.apache.spark.sql.catalyst.parser.CatalystSqlParser
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.catalyst.trees.CurrentOrigin

/** The tables that a query names. */
object References {
  /** One place of the query where a table is named, in the order of the text. */
  case class Reference(parts: Seq[String], streaming: Boolean, options: Map[String, String], span: NameSpan)

  /** All of them, as objects for Python; `temporary` says that a temporary view of the session has the name. */
  def of(session: SparkSession, query: LogicalPlan, text: String): Seq[Map[String, Any]] = {
    val found = mutable.TreeMap.empty[Int, Reference]
    visit(session, query) { (relation, options) =>
      val span = NameSpan.of(relation, text)
      found.getOrElseUpdate(key(relation),
        Reference(relation.multipartIdentifier, relation.isStreaming, options ++ relation.options.asScala, span))
      None
    }
    found.values.toSeq.map { r =>
      Map("parts" -> r.parts, "streaming" -> r.streaming, "options" -> r.options,
        "start" -> r.span.start, "stop" -> r.span.stop,
        "temporary" -> (r.parts.size == 1 && Queries.isTemporaryView(session, r.parts.head)))
    }
  }

  /** Positions in the text tell references apart: the parser may use one piece of text for several nodes. */
  def key(relation: UnresolvedRelation): Int = relation.origin.startIndex.getOrElse(-1)

  /**
   * Goes through all references of a parsed query, inside subqueries and WITH as well, and puts in their place
   * what `change` gives. A name that a WITH in scope defines is no reference.
   */
  def visit(session: SparkSession, query: LogicalPlan)(
      change: (UnresolvedRelation, Map[String, String]) => Option[LogicalPlan]): LogicalPlan =
    new Walk(session, change).apply(query, Set.empty)

  private class Walk(session: SparkSession, change: (UnresolvedRelation, Map[String, String]) => Option[LogicalPlan]) {
    def apply(plan: LogicalPlan, defined: Set[String]): LogicalPlan = plan match {
      case relation: UnresolvedRelation => table(relation, defined)
      case travel: RelationTimeTravel => timeTravel(travel, defined)
      case named: PlanWithUnresolvedIdentifier => identifierClause(named).map(apply(_, defined)).getOrElse(named)
      case definitions: UnresolvedWith => nested(definitions, defined)
      case call: UnresolvedTableValuedFunction if EventLogs.isCall(call) => call
      case stream: NamedStreamingRelation =>
        apply(stream.child, defined) match {
          case same if same eq stream.child => stream
          case relation @ (_: UnresolvedRelation | _: UnresolvedTableValuedFunction) => stream.copy(child = relation)
          case replaced => replaced
        }
      case other => Unresolved.inExpressions(other.mapChildren(apply(_, defined)))(apply(_, defined))
    }

    private def table(relation: UnresolvedRelation, defined: Set[String], options: Map[String, String] = Map.empty) =
      relation.multipartIdentifier match {
        case Seq(name) if defined(Warehouse.key(name)) => relation
        case _ => change(relation, options).getOrElse(relation)
      }

    private def nested(definitions: UnresolvedWith, outside: Set[String]): UnresolvedWith = {
      var defined = outside
      val relations = definitions.cteRelations.map { case (name, body, depth) =>
        val within = if (definitions.allowRecursion) defined + Warehouse.key(name) else defined
        val changed = apply(body, within).asInstanceOf[SubqueryAlias]
        defined += Warehouse.key(name)
        (name, changed, depth)
      }
      definitions.copy(child = apply(definitions.child, defined), cteRelations = relations)
    }

    private def timeTravel(travel: RelationTimeTravel, defined: Set[String]): LogicalPlan = travel.relation match {
      case relation: UnresolvedRelation =>
        val options = travel.version.map("versionAsOf" -> _) ++ travel.timestamp.map("timestampAsOf" -> _.sql)
        table(relation, defined, options.toMap) match {
          case same if same eq relation => travel
          case _ => Problem.raise(s"${relation.tableName} cannot be read AS OF an earlier version here")
        }
      case _ => travel
    }

    /** IDENTIFIER('a.b'), also over a constant expression. */
    private def identifierClause(named: PlanWithUnresolvedIdentifier): Option[LogicalPlan] =
      constant(named.identifierExpr).map { name =>
        val plan = named.planBuilder(CatalystSqlParser.parseMultipartIdentifier(name), named.children)
        plan.transform { case relation: UnresolvedRelation if relation.origin.startIndex.isEmpty =>
          CurrentOrigin.withOrigin(named.origin)(relation.copy())
        }
      }

    private def constant(expression: Expression): Option[String] =
      scala.util.Try {
        val row = Queries.dataFrame(session, Project(Seq(Alias(expression, "name")()), OneRowRelation()))
        val plan = row.queryExecution.optimizedPlan
        plan.expressions.headOption.map(_.eval())
          .orElse(plan.collectFirst { case local: LocalRelation => local.data.head.getUTF8String(0) })
      }.toOption.flatten.filter(_ != null).map(_.toString)
  }
}
