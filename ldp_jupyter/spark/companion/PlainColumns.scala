package org.apache.spark.sql.ldp

import org.apache.spark.sql.catalyst.expressions.Alias
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.catalyst.util.ResolveDefaultColumnsUtils
import org.apache.spark.sql.types.{Metadata, MetadataBuilder}

/**
 * A table made of a query has the query's columns, not the defaults of the tables that the query reads: Spark hands them on
 * with a column, and Delta then refuses to make the table.
 */
object PlainColumns extends Rule[LogicalPlan] {
  override def apply(plan: LogicalPlan): LogicalPlan = plan.resolveOperators {
    case made: CreateTableAsSelect if inherits(made.query) => made.copy(query = plain(made.query))
    case made: ReplaceTableAsSelect if inherits(made.query) => made.copy(query = plain(made.query))
  }

  private val keys = Seq(ResolveDefaultColumnsUtils.CURRENT_DEFAULT_COLUMN_METADATA_KEY,
    ResolveDefaultColumnsUtils.EXISTS_DEFAULT_COLUMN_METADATA_KEY)

  private def inherits(query: LogicalPlan): Boolean = query.resolved && query.output.exists(column => has(column.metadata))

  private def has(metadata: Metadata): Boolean = keys.exists(metadata.contains)

  private def plain(query: LogicalPlan): LogicalPlan = Project(query.output.map {
    case column if has(column.metadata) =>
      val left = keys.foldLeft(new MetadataBuilder().withMetadata(column.metadata))(_.remove(_)).build()
      Alias(column, column.name)(explicitMetadata = Some(left))
    case column => column
  }, query)
}
