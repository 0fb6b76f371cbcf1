package org.apache.spark.sql.ldp

import java.util

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.analysis.NoSuchTableException
import org.apache.spark.sql.connector.catalog._
import org.apache.spark.sql.connector.read._
import org.apache.spark.sql.delta.Snapshot
import org.apache.spark.sql.sources.{EqualNullSafe, EqualTo, Filter, In}
import org.apache.spark.sql.types._
import org.apache.spark.sql.util.CaseInsensitiveStringMap
import org.apache.spark.unsafe.types.UTF8String
import org.apache.spark.util.ThreadUtils

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

  override def columns(): Array[Column] = CatalogV2Util.structTypeToV2Columns(whole)

  override def capabilities(): util.Set[TableCapability] = util.EnumSet.of(TableCapability.BATCH_READ)

  private def whole = StructType(fields.map { case (name, dataType) => StructField(name, dataType) })

  override def newScanBuilder(options: CaseInsensitiveStringMap): ScanBuilder = new InformationScan(whole,
    (columns, wanted) => new InformationRows(session, catalog, columns, wanted).of(table))
}

/** Only what a query asks for: of catalogs, schemas and tables that it names, and of columns that it reads. */
private class InformationScan(whole: StructType, content: (Set[String], Wanted) => Seq[Map[String, Any]])
  extends ScanBuilder with SupportsPushDownFilters with SupportsPushDownRequiredColumns {

  private var asked = whole
  private var wanted = Wanted(Nil)

  override def pruneColumns(required: StructType): Unit = asked = required

  /** All of them are applied again to the rows. */
  override def pushFilters(filters: Array[Filter]): Array[Filter] = {
    wanted = Wanted(filters.toSeq)
    filters
  }

  override def pushedFilters(): Array[Filter] = Array.empty

  override def build(): Scan = new LocalScan {
    override def readSchema(): StructType = asked

    override def rows(): Array[InternalRow] = content(asked.fieldNames.toSet, wanted).map { row =>
      InternalRow.fromSeq(asked.fieldNames.toSeq.map(row.getOrElse(_, null)).map {
        case text: String => UTF8String.fromString(text)
        case other => other
      })
    }.toArray
  }
}

/** Conditions on names that must hold for any row of the answer. */
private case class Wanted(filters: Seq[Filter]) {
  def apply(column: String, value: String): Boolean = filters.forall {
    case EqualTo(`column`, name) => name == value
    case EqualNullSafe(`column`, name) => name == value
    case In(`column`, names) => names.contains(value)
    case _ => true
  }
}

private class InformationRows(session: SparkSession, catalog: String, columns: Set[String], wanted: Wanted) {
  private type Rows = Seq[Map[String, Any]]

  def of(table: String): Rows = table match {
    case "catalogs" => catalogs("catalog_name").map(name => Map("catalog_name" -> name))
    case "schemata" =>
      inSchemas("catalog_name", "schema_name")((in, schema) => Seq(Map("catalog_name" -> in.name(), "schema_name" -> schema,
        "comment" -> in.tables.schemaProperties(Array(schema)).getOrElse("comment", null)))) ++
        catalogs("catalog_name").map(name => Map("catalog_name" -> name, "schema_name" -> Warehouse.InformationSchema))
    case "tables" => inSchemas("table_catalog", "table_schema")((in, schema) => tables(in, schema) ++
      views(in, schema).map(view => named(in, schema, view) ++ Map("table_type" -> "VIEW", "is_insertable_into" -> "NO",
        "comment" -> (if (columns("comment")) loaded(in, schema, view).properties().get("comment") else null))))
    case "views" => inSchemas("table_catalog", "table_schema")((in, schema) => views(in, schema).map(view =>
      named(in, schema, view) ++ Map("check_option" -> "NONE", "is_updatable" -> "NO", "is_insertable_into" -> "NO",
        "view_definition" -> loaded(in, schema, view).queryText())))
    case "columns" => inSchemas("table_catalog", "table_schema")(columnsOf)
  }

  private def catalogs(column: String): Seq[String] =
    (if (catalog == Warehouse.System) Warehouse.catalogs(session) else Seq(catalog)).filter(wanted(column, _))

  private def inSchemas(ofCatalog: String, ofSchema: String)(rows: (LdpCatalog, String) => Rows): Rows =
    catalogs(ofCatalog).flatMap { name =>
      Warehouse.register(session, name)
      Warehouse.manager(session).catalog(name) match {
        case in: LdpCatalog => in.tables.listNamespaces().toSeq.map(_.head).filter(wanted(ofSchema, _)).flatMap(rows(in, _))
        case _ => Nil
      }
    }

  private def views(in: LdpCatalog, schema: String): Seq[String] =
    in.listViews(Array(schema)).toSeq.map(_.name()).filter(wanted("table_name", _))

  private def loaded(in: LdpCatalog, schema: String, view: String): View = in.loadView(Identifier.of(Array(schema), view))

  private def named(in: LdpCatalog, schema: String, name: String): Map[String, Any] =
    Map("table_catalog" -> in.name(), "table_schema" -> schema, "table_name" -> name)

  private def tablesIn(in: LdpCatalog, schema: String): Seq[Identifier] =
    in.tables.listTables(Array(schema)).toSeq.filter(id => wanted("table_name", id.name()))

  /** The newest states of tables: each is a few files to read, so several at once. */
  private def states(in: LdpCatalog, ids: Seq[Identifier]): Seq[(Identifier, Option[Snapshot])] =
    if (ids.isEmpty) Nil
    else ThreadUtils.parmap(ids, "ldp-tables", ids.size.min(8))(id =>
      id -> session.withActive(DeltaTables.snapshot(session, in.tables.folder(id))))

  private def tables(in: LdpCatalog, schema: String): Rows = {
    def row(id: Identifier) = named(in, schema, id.name()) ++
      Map("data_source_format" -> "DELTA", "storage_path" -> in.tables.folder(id).toString)
    val ids = tablesIn(in, schema)
    if (!Seq("table_type", "is_insertable_into", "comment").exists(columns)) ids.map(row)
    else states(in, ids).map { case (id, snapshot) =>
      val metadata = snapshot.map(_.metadata)
      val kind = metadata.flatMap(_.configuration.get(DeltaTables.KindProperty)).getOrElse("MANAGED")
      val insertable = if (kind == "MATERIALIZED_VIEW") "NO" else "YES"
      row(id) ++ Map("table_type" -> kind, "is_insertable_into" -> insertable, "comment" -> metadata.map(_.description).orNull)
    }
  }

  private def columnsOf(in: LdpCatalog, schema: String): Rows = {
    val ofTables = states(in, tablesIn(in, schema)).flatMap { case (id, snapshot) => snapshot.toSeq.flatMap(state =>
      fieldsOf(named(in, schema, id.name()), state.schema, state.metadata.partitionColumns)) }
    val ofViews = views(in, schema).flatMap(view =>
      fieldsOf(named(in, schema, view), loaded(in, schema, view).schema(), Nil))
    ofTables ++ ofViews
  }

  private def fieldsOf(table: Map[String, Any], fields: StructType, partitions: Seq[String]): Rows =
    fields.zipWithIndex.map { case (field, index) =>
      val partition = partitions.indexWhere(_.equalsIgnoreCase(field.name))
      table ++ Map("column_name" -> field.name, "ordinal_position" -> index,
        "column_default" -> field.getCurrentDefaultValue().orNull, "is_nullable" -> (if (field.nullable) "YES" else "NO"),
        "full_data_type" -> Warehouse.key(field.dataType.sql), "data_type" -> shortName(field.dataType),
        "partition_ordinal_position" -> (if (partition < 0) null else partition), "comment" -> field.getComment().orNull)
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
