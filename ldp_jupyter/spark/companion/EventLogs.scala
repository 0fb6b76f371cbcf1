package org.apache.spark.sql.ldp

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.catalyst.expressions.{Expression, FunctionTableSubqueryArgumentExpression}
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, UnresolvedDataSource}
import org.apache.spark.sql.catalyst.util.CaseInsensitiveMap

/**
 * `event_log('name')` and `event_log(TABLE(x))`.
 *
 * Which folder holds which log is a setting of the session: `spark.ldp.eventlog.<name>` for a name or id,
 * `spark.ldp.eventlog` for all others. A table names its log by one of its properties.
 */
object EventLogs {
  val Setting = "spark.ldp.eventlog"
  private val TableProperties = Seq("pipelines.pipelineId", "ldp.eventlog")

  def isCall(call: UnresolvedTableValuedFunction): Boolean =
    call.name.lastOption.exists(_.equalsIgnoreCase("event_log"))

  def relation(session: SparkSession, arguments: Seq[Expression], streaming: Boolean): LogicalPlan = {
    val folder = arguments.headOption match {
      case Some(table: FunctionTableSubqueryArgumentExpression) => ofTable(session, table.plan)
      case Some(_) => named(session, Arguments("event_log", arguments).path)
      case None => Problem.raise("event_log needs the name or id of a pipeline, or TABLE(name)")
    }
    Journal.flushIfMarked(session, new Path(folder))
    if (!new Folders(session).exists(new Path(folder, "_delta_log"))) {
      Problem.raise("there is no event log yet: the pipeline's first update begins it")
    }
    val source = UnresolvedDataSource("delta", None, CaseInsensitiveMap(Map.empty), streaming, Seq(folder))
    if (streaming) NamedStreamingRelation.withUserProvidedName(source, None) else source
  }

  private def named(session: SparkSession, name: String): String = find(session, name)
    .getOrElse(Problem.raise(s"no event log is known for pipeline $name"))

  private def find(session: SparkSession, name: String): Option[String] = {
    val wanted = s"$Setting.$name"
    session.conf.getAll.collectFirst { case (key, folder) if key.equalsIgnoreCase(wanted) => folder }
      .orElse(session.conf.getOption(Setting))
  }

  private def ofTable(session: SparkSession, argument: LogicalPlan): String = {
    val table = TableArgument("event_log", argument)
    val properties = table.properties(session)
    TableProperties.flatMap(properties.get).headOption match {
      case Some(folder) if folder.contains("/") => folder
      case Some(id) => named(session, id)
      case None => session.conf.getOption(Setting)
        .getOrElse(Problem.raise(s"table ${table.name} names no event log"))
    }
  }
}
