package org.apache.spark.sql.ldp

import java.util

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException
import org.apache.spark.sql.connector.catalog._
import org.apache.spark.sql.connector.read.{LocalScan, ScanBuilder}
import org.apache.spark.sql.types._
import org.apache.spark.sql.util.CaseInsensitiveStringMap
import org.apache.spark.unsafe.types.UTF8String

/** `information_schema` of a catalog; that of the catalog `system` tells of all catalogs. */
object InformationSchema {
  private val columns: Map[String, Seq[(String, DataType)]] = Map(
    "catalogs" -> text("catalog_name", "comment"),
    "schemata" -> text("catalog_name", "schema_name", "comment"),
    "tables" -> text("table_catalog", "table_schema", "table_name", "table_type", "is_insertable_into", "comment",
      "data_source_format", "storage_path"),
    "views" -> text("table_catalog", "table_schema", "table_name", "view_definition", "check_option", "is_updatable",
      "is_insertable_into"),
    "columns" -> (text("table_catalog", "table_schema", "table_name", "column_name") ++
      Seq("ordinal_position" -> IntegerType) ++ text("column_default", "is_nullable", "full_data_type", "data_type") ++
      Seq("partition_ordinal_position" -> IntegerType) ++ text("comment")))

  val names: Seq[String] = columns.keys.toSeq.sorted

  def exists(name: String): Boolean = columns.contains(Warehouse.key(name))

  def table(session: SparkSession, catalog: String, name: String): Table =
    columns.get(Warehouse.key(name)) match {
      case Some(fields) => new InformationTable(session, catalog, Warehouse.key(name), fields)
      case None => throw new NoSuchTableException(Seq(catalog, Warehouse.InformationSchema, name))
    }

  private def text(names: String*): Seq[(String, DataType)] = names.map(_ -> StringType)
}

private class InformationTable(session: SparkSession, catalog: String, table: String, fields: Seq[(String, DataType)])
  extends Table with SupportsRead {

  override def name(): String = s"$catalog.${Warehouse.InformationSchema}.$table"

  override def columns(): Array[Column] = CatalogV2Util.structTypeToV2Columns(schemaOfRows)

  override def capabilities(): util.Set[TableCapability] = util.EnumSet.of(TableCapability.BATCH_READ)

  private def schemaOfRows = StructType(fields.map { case (name, dataType) => StructField(name, dataType) })

  override def newScanBuilder(options: CaseInsensitiveStringMap): ScanBuilder = () => new LocalScan {
    override def readSchema(): StructType = schemaOfRows

    override def rows(): Array[InternalRow] = content.map { row =>
      InternalRow.fromSeq(row.map {
        case text: String => UTF8String.fromString(text)
        case other => other
      })
    }.toArray
  }

  private def content: Seq[Seq[Any]] = {
    val catalogs = if (catalog == Warehouse.System) Warehouse.catalogs(session) else Seq(catalog)
    table match {
      case "catalogs" => catalogs.map(Seq(_, null))
      case "schemata" => inSchemas(catalogs)((in, schema) =>
        Seq(Seq(in.name(), schema, commentOf(in, schema)))) ++
        catalogs.map(Seq(_, Warehouse.InformationSchema, null))
      case "tables" => inSchemas(catalogs)((in, schema) => tableRows(in, schema) ++ viewNames(in, schema).map(view =>
        Seq(in.name(), schema, view, "VIEW", "NO", null, null, null)))
      case "views" => inSchemas(catalogs)((in, schema) => viewNames(in, schema).map { view =>
        val query = in.loadView(Identifier.of(Array(schema), view)).queryText()
        Seq(in.name(), schema, view, query, "NONE", "NO", "NO")
      })
      case "columns" => inSchemas(catalogs)((in, schema) => columnRows(in, schema))
    }
  }

  private def inSchemas(catalogs: Seq[String])(rows: (LdpCatalog, String) => Seq[Seq[Any]]): Seq[Seq[Any]] =
    catalogs.flatMap { name =>
      Warehouse.register(session, name)
      Warehouse.manager(session).catalog(name) match {
        case in: LdpCatalog => in.tables.listNamespaces().toSeq.flatMap(schema => rows(in, schema(0)))
        case _ => Nil
      }
    }

  private def commentOf(in: LdpCatalog, schema: String): String =
    in.tables.schemaProperties(Array(schema)).getOrElse("comment", null)

  private def viewNames(in: LdpCatalog, schema: String): Seq[String] = in.listViews(Array(schema)).toSeq.map(_.name())

  private def tableRows(in: LdpCatalog, schema: String): Seq[Seq[Any]] =
    in.tables.listTables(Array(schema)).toSeq.map { id =>
      val path = in.tables.folder(id)
      val metadata = DeltaTables.snapshot(session, path).map(_.metadata)
      val kind = metadata.flatMap(_.configuration.get(DeltaTables.KindProperty)).getOrElse("MANAGED")
      val insertable = if (kind == "MATERIALIZED_VIEW") "NO" else "YES"
      Seq(in.name(), schema, id.name(), kind, insertable, metadata.map(_.description).orNull, "DELTA", path.toString)
    }

  private def columnRows(in: LdpCatalog, schema: String): Seq[Seq[Any]] = {
    val ofTables = in.tables.listTables(Array(schema)).toSeq.flatMap { id =>
      DeltaTables.snapshot(session, in.tables.folder(id)).toSeq.flatMap(snapshot =>
        rowsOf(in.name(), schema, id.name(), snapshot.schema, snapshot.metadata.partitionColumns))
    }
    val ofViews = viewNames(in, schema).flatMap(view =>
      rowsOf(in.name(), schema, view, in.loadView(Identifier.of(Array(schema), view)).schema(), Nil))
    ofTables ++ ofViews
  }

  private def rowsOf(in: String, schema: String, table: String, fields: StructType,
      partitions: Seq[String]): Seq[Seq[Any]] =
    fields.zipWithIndex.map { case (field, index) =>
      val partition = partitions.indexWhere(_.equalsIgnoreCase(field.name))
      Seq(in, schema, table, field.name, index, field.getCurrentDefaultValue().orNull,
        if (field.nullable) "YES" else "NO", Warehouse.key(field.dataType.sql), shortName(field.dataType),
        if (partition < 0) null else partition, field.getComment().orNull)
    }

  private def shortName(dataType: DataType): String = dataType match {
    case _: DecimalType => "DECIMAL"
    case _: StructType => "STRUCT"
    case _: ArrayType => "ARRAY"
    case _: MapType => "MAP"
    case ByteType => "BYTE"
    case ShortType => "SHORT"
    case LongType => "LONG"
    case other => other.sql
  }
}
