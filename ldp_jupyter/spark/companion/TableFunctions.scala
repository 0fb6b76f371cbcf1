package org.apache.spark.sql.ldp

import org.apache.spark.sql.{classic, Row, SparkSession}
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.catalyst.expressions._
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.catalyst.util.CaseInsensitiveMap
import org.apache.spark.sql.types.StructType

/**
 * Replaces `read_files`, `cloud_files`, `read_kafka`, `event_log` and `cloud_files_state`, and the source `cloudFiles`, by
 * what Spark itself reads; and Kafka by its columns where its connector is not there.
 */
case class ExpandTableFunctions(session: SparkSession) extends Rule[LogicalPlan] {
  override def apply(plan: LogicalPlan): LogicalPlan = if (plan.resolved) plan else Unresolved.rewrite(plan) {
    case call @ UnresolvedTableValuedFunction(Seq(name), arguments, streaming) => Warehouse.key(name) match {
      case "read_files" => readFiles(arguments, streaming)
      case "cloud_files" => cloudFiles(arguments)
      case "cloud_files_state" => FilesOfStreams.relation(session, arguments, streaming)
      case "event_log" => EventLogs.relation(session, arguments, streaming)
      case "read_kafka" => readKafka(arguments, streaming)
      case _ => call
    }
    // What wraps a streaming function has found its streaming relation already.
    case NamedStreamingRelation(inner, _) if inner.exists(_.isInstanceOf[NamedStreamingRelation]) => inner
    case NamedStreamingRelation(absent: AbsentSource, _) => absent
    case source: UnresolvedDataSource if source.format.equalsIgnoreCase(Kafka.Format) && Kafka.isAbsent(session) =>
      Kafka.absent(source.options, source.isStreaming)
    case source: UnresolvedDataSource if source.format.equalsIgnoreCase(AutoLoader.Format) =>
      if (!source.isStreaming) AutoLoader.refuseBatch()
      if (!source.options.contains("cloudFiles.format")) {
        Problem.raise("Auto Loader needs the option cloudFiles.format: json, csv, parquet, avro, orc, text, xml, binaryFile")
      }
      val paths = source.paths ++ source.options.get("path")
      AutoLoader.source(session, source.options.originalMap, source.userSpecifiedSchema, paths, streaming = true)
  }

  private def readFiles(arguments: Seq[Expression], streaming: Boolean): LogicalPlan = {
    val call = Arguments("read_files", arguments)
    val defaults = Map("inferColumnTypes" -> "true")
    files(call.path, defaults ++ call.others, call.named.get("schema"), streaming)
  }

  private def cloudFiles(arguments: Seq[Expression]): LogicalPlan = {
    val call = Arguments("cloud_files", arguments)
    val format = call.text(1).orElse(call.named.get("format"))
      .getOrElse(Problem.raise("cloud_files needs a path and a format"))
    val options = call.map(2) ++ call.others + ("format" -> format)
    val (schema, others) = options.partition(_._1.equalsIgnoreCase("schema"))
    files(call.path, others, schema.values.headOption.orElse(call.named.get("schema")), streaming = true)
  }

  private def readKafka(arguments: Seq[Expression], streaming: Boolean): LogicalPlan = {
    val relation = Kafka.function(session, Arguments("read_kafka", arguments), streaming)
    if (streaming) NamedStreamingRelation.withUserProvidedName(relation, None) else relation
  }

  private def files(path: String, options: Map[String, String], schema: Option[String],
      streaming: Boolean): LogicalPlan = {
    val columns = schema.map(StructType.fromDDL)
    val relation = AutoLoader.source(session, options, columns, Seq(LocalPaths.of(session, path)), streaming)
    if (streaming) NamedStreamingRelation.withUserProvidedName(relation, None) else relation
  }
}

/** Arguments of a table function, evaluated. */
case class Arguments(function: String, expressions: Seq[Expression]) {
  private val positional = expressions.filterNot(_.isInstanceOf[NamedArgumentExpression])

  val named: CaseInsensitiveMap[String] = CaseInsensitiveMap(expressions.collect {
    case NamedArgumentExpression(key, value) => key -> evaluate(value)
  }.toMap)

  /** Named arguments that are options of the reader, in their letter case. */
  def others: Map[String, String] =
    named.originalMap.filterNot { case (key, _) => Set("path", "schema")(Warehouse.key(key)) }

  def path: String = text(0).orElse(named.get("path")).getOrElse(Problem.raise(s"$function needs a path"))

  def text(position: Int): Option[String] = positional.lift(position).map(evaluate)

  /** A literal `map('key', 'value', ...)`. */
  def map(position: Int): Map[String, String] = positional.lift(position) match {
    case None => Map.empty
    case Some(call: UnresolvedFunction) if call.nameParts.lastOption.exists(_.equalsIgnoreCase("map")) =>
      call.arguments.map(evaluate).grouped(2).collect { case Seq(key, value) => key -> value }.toMap
    case Some(other) => Problem.raise(s"$function takes its options as map('key', 'value', ...), not ${other.sql}")
  }

  private def evaluate(expression: Expression): String = expression match {
    case call: UnresolvedFunction if call.nameParts.lastOption.exists(_.equalsIgnoreCase("concat")) =>
      call.arguments.map(evaluate).mkString
    case _ if expression.resolved && expression.foldable =>
      val value = Cast(expression, org.apache.spark.sql.types.StringType, Some("UTC")).eval()
      if (value == null) "" else value.toString
    case _ => Problem.raise(s"an argument of $function must be a constant, not ${expression.sql}")
  }
}

/** A table that is named as `TABLE(name)`. */
case class TableArgument(function: String, argument: LogicalPlan) {
  private val parts = argument.collectFirst { case relation: UnresolvedRelation => relation.multipartIdentifier }
    .getOrElse(Problem.raise(s"$function(TABLE(...)) needs the name of a table"))

  def name: String = parts.mkString(".")

  /** What its Delta log says; nothing for what is no Delta table. */
  def properties(session: SparkSession): Map[String, String] = Aside.run(session, function) {
    import org.apache.spark.sql.connector.catalog.CatalogV2Implicits._
    val plan = session.table(parts.quoted).asInstanceOf[classic.Dataset[Row]].queryExecution.analyzed
    plan.collectFirst(DeltaLeaf.of).map(_.snapshot.metadata.configuration).getOrElse(Map.empty)
  }
}
