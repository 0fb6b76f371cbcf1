package org.apache.spark.sql.ldp

import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.catalyst.catalog.{CatalogStorageFormat, CatalogTable, CatalogTableType}
import org.apache.spark.sql.catalyst.TableIdentifier
import org.apache.spark.sql.catalyst.analysis.ResolvedTable
import org.apache.spark.sql.catalyst.expressions.Attribute
import org.apache.spark.sql.catalyst.util.{escapeSingleQuotedString, quoteIfNeeded}
import org.apache.spark.sql.connector.catalog.V1Table
import org.apache.spark.sql.delta.Snapshot
import org.apache.spark.sql.delta.skipping.clustering.ClusteringColumnInfo
import org.apache.spark.sql.delta.sources.DeltaSourceUtils
import org.apache.spark.sql.execution.command.{DescribeRelationJsonCommand, LeafRunnableCommand}
import org.apache.spark.sql.types.{StringType, StructField, StructType}

/**
 * SHOW CREATE TABLE: the statement that makes a table or view like this one. The query of a pipeline's table stands in the
 * pipeline's source, not here.
 */
case class ShowCreateStatement(what: CatalogObject) extends LeafRunnableCommand {
  override val output: Seq[Attribute] = Columns("createtab_stmt" -> StringType)

  override def run(session: SparkSession): Seq[Row] =
    Seq(Row(if (what.isView) ofView() else ofTable(session, what.snapshot(session))))

  private def name = (what.catalog.name() +: what.id.namespace() :+ what.id.name()).map(quoteIfNeeded).mkString(".")

  private def ofView(): String = {
    val view = what.catalog.loadView(what.id)
    val columns = view.schema().map(field => quoteIfNeeded(field.name) + commented(field)).mkString("(\n  ", ",\n  ", ")")
    val comment = Option(view.properties().get("comment")).map(text => s"COMMENT ${quoted(text)}")
    (Seq(s"CREATE VIEW $name $columns") ++ comment :+ s"AS ${view.queryText()}").mkString("\n")
  }

  private def ofTable(session: SparkSession, snapshot: Snapshot): String = {
    val metadata = snapshot.metadata
    val kind = metadata.configuration.get(DeltaTables.KindProperty).map(_.replace('_', ' ')).getOrElse("TABLE")
    val columns = snapshot.schema.map(column).mkString("(\n  ", ",\n  ", ")")
    val clustering = ClusteringColumnInfo.extractLogicalNames(snapshot)
    val properties = ShowCreateStatement.properties(snapshot)
    (Seq(s"CREATE $kind $name $columns", "USING delta") ++
      names("PARTITIONED BY", metadata.partitionColumns.map(quoteIfNeeded)) ++
      names("CLUSTER BY", clustering) ++
      Option(metadata.description).map(text => s"COMMENT ${quoted(text)}") ++
      Option.when(properties.nonEmpty)(properties.map { case (key, value) => s"${quoted(key)} = ${quoted(value)}" }
        .mkString("TBLPROPERTIES (\n  ", ",\n  ", ")"))).mkString("\n")
  }

  private def names(clause: String, columns: Seq[String]): Option[String] =
    Option.when(columns.nonEmpty)(s"$clause ${columns.mkString("(", ", ", ")")}")

  private def column(field: StructField): String = {
    val known = field.metadata
    val computed =
      if (known.contains(DeltaSourceUtils.GENERATION_EXPRESSION_METADATA_KEY)) {
        s" GENERATED ALWAYS AS (${known.getString(DeltaSourceUtils.GENERATION_EXPRESSION_METADATA_KEY)})"
      } else if (known.contains(DeltaSourceUtils.IDENTITY_INFO_START)) {
        val by = if (known.getBoolean(DeltaSourceUtils.IDENTITY_INFO_ALLOW_EXPLICIT_INSERT)) "BY DEFAULT" else "ALWAYS"
        s" GENERATED $by AS IDENTITY (START WITH ${known.getLong(DeltaSourceUtils.IDENTITY_INFO_START)} " +
          s"INCREMENT BY ${known.getLong(DeltaSourceUtils.IDENTITY_INFO_STEP)})"
      } else field.getCurrentDefaultValue().fold("")(value => s" DEFAULT $value")
    val required = if (field.nullable) "" else " NOT NULL"
    s"${quoteIfNeeded(field.name)} ${field.dataType.sql}$required$computed${commented(field)}"
  }

  private def commented(field: StructField): String = field.getComment().fold("")(text => s" COMMENT ${quoted(text)}")

  private def quoted(text: String): String = s"'${escapeSingleQuotedString(text)}'"
}

object ShowCreateStatement {
  /** Properties of a table that a user gives: not those that Delta counts with, nor those by which a pipeline knows it. */
  private[ldp] def properties(snapshot: Snapshot): Seq[(String, String)] = {
    val given = snapshot.metadata.configuration.filterNot { case (key, _) => Hidden.exists(key.startsWith) }
    // Delta does not find this feature out from the columns.
    val feature = Option.when(snapshot.schema.exists(_.getCurrentDefaultValue().isDefined))(
      "delta.feature.allowColumnDefaults" -> "supported")
    (given ++ feature).toSeq.sorted
  }

  private val Hidden = "delta.columnMapping.maxColumnId" +: "delta.rowTracking.materialized" +: CloneTable.OfOwner
}

/** DESCRIBE EXTENDED ... AS JSON: Spark writes it, for tables of its own catalog; so it is handed such a one. */
case class DescribeAsJson(what: CatalogObject) extends LeafRunnableCommand {
  override val output: Seq[Attribute] = Columns("json_metadata" -> StringType)

  override def run(session: SparkSession): Seq[Row] = {
    val described = if (what.isView) ofView() else ofTable(what.snapshot(session))
    DescribeRelationJsonCommand(
      ResolvedTable.create(what.catalog, what.id, V1Table(described)), Map.empty, isExtended = true).run(session)
  }

  private def table(kind: CatalogTableType, schema: StructType, location: Option[java.net.URI]) = CatalogTable(
    TableIdentifier(what.id.name(), Some(what.id.namespace().head), Some(what.catalog.name())), kind,
    CatalogStorageFormat.empty.copy(locationUri = location), schema)

  private def ofView(): CatalogTable = {
    val view = what.catalog.loadView(what.id)
    table(CatalogTableType.VIEW, view.schema(), None).copy(viewText = Some(view.queryText()))
  }

  private def ofTable(snapshot: Snapshot): CatalogTable = {
    val metadata = snapshot.metadata
    table(CatalogTableType.MANAGED, snapshot.schema, Some(what.path.toUri)).copy(
      provider = Some("delta"),
      partitionColumnNames = metadata.partitionColumns,
      createTime = metadata.createdTime.getOrElse(-1L),
      comment = Option(metadata.description),
      properties = ShowCreateStatement.properties(snapshot).toMap)
  }
}
