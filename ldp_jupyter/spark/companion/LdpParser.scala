package org.apache.spark.sql.ldp

import io.delta.sql.parser.DeltaSqlParser

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.{FunctionIdentifier, TableIdentifier}
import org.apache.spark.sql.catalyst.expressions.Expression
import org.apache.spark.sql.catalyst.parser._
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.types.{DataType, StructType}

/**
 * Adds statements on catalogs, functions and volumes to Spark's parser, and mends two things: parameters of `spark.sql(text, args)` which Delta's
 * parser drops, and names that Spark resolves outside of a plan.
 */
class LdpParser(session: SparkSession, inner: ParserInterface) extends ParserInterface {
  override def parsePlan(text: String): LogicalPlan =
    own(text).getOrElse(inner.parsePlan(text))

  override def parsePlanWithParameters(text: String, parameters: ParameterContext): LogicalPlan =
    own(text).getOrElse(inner match {
      case delta: DeltaSqlParser if hasAny(parameters) => delta.delegate.parsePlanWithParameters(text, parameters)
      case other => other.parsePlanWithParameters(text, parameters)
    })

  private def own(text: String): Option[LogicalPlan] = CatalogStatements.parse(text, inner)
    .orElse(FunctionStatements.parse(text, session)).orElse(VolumeStatements.parse(text, session))

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
