package org.apache.spark.sql.ldp

import io.delta.sql.parser.DeltaSqlParser

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.{FunctionIdentifier, TableIdentifier}
import org.apache.spark.sql.catalyst.expressions.Expression
import org.apache.spark.sql.catalyst.parser._
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.types.{DataType, StructType}

/**
 * Adds statements on catalogs, functions, volumes and tables to Spark's parser, and names with a version (`t@v1`). It mends two
 * things: parameters of `spark.sql(text, args)` which Delta's parser drops, and names that Spark resolves outside of a plan.
 */
class LdpParser(session: SparkSession, inner: ParserInterface) extends ParserInterface {
  override def parsePlan(text: String): LogicalPlan =
    own(text).getOrElse(VersionedNames.parse(text)(inner.parsePlan))

  override def parsePlanWithParameters(text: String, parameters: ParameterContext): LogicalPlan =
    own(text).getOrElse(VersionedNames.parse(text)(marked => inner match {
      case delta: DeltaSqlParser if hasAny(parameters) => delta.delegate.parsePlanWithParameters(marked, parameters)
      case other => other.parsePlanWithParameters(marked, parameters)
    }))

  /** Queries are told by their first word, so that they cost nothing here. */
  private def own(text: String): Option[LogicalPlan] = FirstWord.findPrefixMatchOf(text).map(word => Warehouse.key(word.group(1))) match {
    case Some("select" | "with" | "from" | "values" | "insert" | "merge" | "update" | "delete") | None => None
    case _ => CatalogStatements.parse(text, inner)
      .orElse(FunctionStatements.parse(text, session)).orElse(VolumeStatements.parse(text, session))
      .orElse(TableStatements.parse(text, session, inner)).orElse(WorkspaceStatements.parse(text, session))
  }

  private val FirstWord = (CatalogStatements.Lead + """(\w+)""").r

  private def hasAny(parameters: ParameterContext): Boolean = parameters match {
    case NamedParameterContext(values) => values.nonEmpty
    case PositionalParameterContext(values) => values.nonEmpty
    case _ => true
  }

  /** `saveAsTable`, `writeTo` and others look for the catalog right after this, without any analysis. */
  override def parseMultipartIdentifier(text: String): Seq[String] = {
    val parts = inner.parseMultipartIdentifier(text)
    if (Warehouse.root(session).isEmpty) parts
    else {
      Warehouse.registerFirst(session)
      QualifiedNames.ofEither(session, parts)
    }
  }

  override def parseExpression(text: String): Expression = inner.parseExpression(text)
  override def parseTableIdentifier(text: String): TableIdentifier = inner.parseTableIdentifier(text)
  override def parseFunctionIdentifier(text: String): FunctionIdentifier = inner.parseFunctionIdentifier(text)
  override def parseQuery(text: String): LogicalPlan = inner.parseQuery(text)
  override def parseRoutineParam(text: String): StructType = inner.parseRoutineParam(text)
  override def parseTableSchema(text: String): StructType = inner.parseTableSchema(text)
  override def parseDataType(text: String): DataType = inner.parseDataType(text)
}
