package org.apache.spark.sql.ldp

import java.util

import scala.jdk.CollectionConverters._

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.TableIdentifier
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.catalyst.catalog.{CatalogStorageFormat, CatalogTable, CatalogTableType}
import org.apache.spark.sql.connector.catalog._
import org.apache.spark.sql.connector.expressions.Transform
import org.apache.spark.sql.delta.DeltaLog
import org.apache.spark.sql.types.StructType
import org.apache.spark.sql.util.CaseInsensitiveStringMap

/**
 * Schemas and tables of one catalog as folders. Delta's catalog sits on top of it: this one only says where a table
 * lies, makes and removes folders, and never writes a table.
 */
class TableStore(catalog: String, session: SparkSession) extends TableCatalog with SupportsNamespaces {
  private val folders = new Folders(session)
  private val SchemaFile = "_schema.json"

  override def initialize(name: String, options: CaseInsensitiveStringMap): Unit = ()

  override def name(): String = catalog

  @volatile private var qualified: (Path, Path) = _

  /** Asked for with every name; the warehouse may be set anew at any time. */
  def root: Path = {
    val warehouse = Warehouse.requireRoot(session)
    val known = qualified
    if (known != null && known._1 == warehouse) known._2
    else {
      val path = new Path(folders.qualified(warehouse), catalog)
      qualified = (warehouse, path)
      path
    }
  }

  def folder(namespace: Array[String]): Path = {
    if (namespace.length != 1) throw new NoSuchNamespaceException(catalog +: namespace)
    new Path(root, part(namespace(0)))
  }

  def folder(table: Identifier): Path = new Path(folder(table.namespace()), part(table.name()))

  /** A name is one folder: it must not climb out of its parent. */
  private def part(name: String): String = {
    if (name.isEmpty || name == "." || name == ".." || name.contains("/") || name.contains("\\")) {
      Problem.raise(s"`$name` cannot be the name of a schema or table")
    }
    Warehouse.key(name)
  }

  // ---- tables

  /** Delta asks for tables by path as well: these are none of a catalog. */
  def isTable(table: Identifier): Boolean =
    table.namespace().length == 1 && !table.name().contains("/") && isTable(folder(table))

  private def isTable(folder: Path): Boolean =
    folders.isFolder(new Path(folder, "_delta_log")) || folders.exists(new Path(folder, Journal.Marker))

  override def tableExists(table: Identifier): Boolean = isTable(table)

  override def listTables(namespace: Array[String]): Array[Identifier] = {
    if (!namespaceExists(namespace)) throw new NoSuchNamespaceException(catalog +: namespace)
    folders.children(folder(namespace)).filter(child => child.isDirectory && isTable(child.getPath))
      .map(child => Identifier.of(namespace, child.getPath.getName)).toArray
  }

  override def loadTable(table: Identifier): Table = {
    if (!isTable(table)) throw new NoSuchTableException((catalog +: table.namespace() :+ table.name()).toSeq)
    V1Table(CatalogTable(
      TableIdentifier(Warehouse.key(table.name()), Some(Warehouse.key(table.namespace()(0))), Some(catalog)),
      CatalogTableType.MANAGED,
      CatalogStorageFormat.empty.copy(locationUri = Some(folder(table).toUri)),
      new StructType(),
      provider = Some("delta")))
  }

  // Delta writes the table by its path; what it then asks of its delegate is to load it.
  override def createTable(table: Identifier, columns: Array[Column], partitions: Array[Transform],
      properties: util.Map[String, String]): Table = loadTable(table)

  override def alterTable(table: Identifier, changes: TableChange*): Table = loadTable(table)

  override def dropTable(table: Identifier): Boolean = isTable(table) && {
    val path = folder(table)
    DeltaLog.invalidateCache(session, path)
    Journal.forget(path)
    folders.delete(path)
  }

  override def renameTable(from: Identifier, to: Identifier): Unit = {
    val target = within(to)
    if (!isTable(from)) throw new NoSuchTableException((catalog +: from.namespace() :+ from.name()).toSeq)
    if (isTable(target)) throw new TableAlreadyExistsException(target)
    DeltaLog.invalidateCache(session, folder(from))
    folders.rename(folder(from), folder(target))
  }

  /** RENAME TO hands over the catalog as first part of the namespace. */
  def within(name: Identifier): Identifier = name.namespace() match {
    case Array(first, schema) if Warehouse.key(first) == catalog => Identifier.of(Array(schema), name.name())
    case Array() => Identifier.of(Array(Warehouse.DefaultSchema), name.name())
    case _ => name
  }

  // ---- schemas

  override def listNamespaces(): Array[Array[String]] = {
    val found = folders.children(root).filter(_.isDirectory).map(_.getPath.getName)
      .filterNot(name => name.startsWith(".") || name.startsWith("_"))
    (found :+ Warehouse.DefaultSchema).distinct.sorted.map(Array(_)).toArray
  }

  override def listNamespaces(namespace: Array[String]): Array[Array[String]] =
    if (namespace.isEmpty) listNamespaces() else Array.empty

  /** The default schema and the one that the session was prepared for are there, with or without a folder. */
  override def namespaceExists(namespace: Array[String]): Boolean =
    namespace.length == 1 && (isImplicit(namespace(0)) || folders.isFolder(folder(namespace)))

  private def isImplicit(schema: String): Boolean = Warehouse.key(schema) == Warehouse.DefaultSchema ||
    session.conf.getOption(Warehouse.SchemaSetting).contains(Warehouse.key(schema))

  override def loadNamespaceMetadata(namespace: Array[String]): util.Map[String, String] = {
    if (!namespaceExists(namespace)) throw new NoSuchNamespaceException(catalog +: namespace)
    (schemaProperties(namespace) + ("location" -> folder(namespace).toString)).asJava
  }

  def schemaProperties(namespace: Array[String]): Map[String, String] = {
    val file = new Path(folder(namespace), SchemaFile)
    if (folders.exists(file)) Json.stringMap(folders.read(file)) else Map.empty
  }

  override def createNamespace(namespace: Array[String], properties: util.Map[String, String]): Unit = {
    val onlyImplicit = namespace.length == 1 && isImplicit(namespace(0)) && !folders.isFolder(folder(namespace))
    if (namespaceExists(namespace) && !onlyImplicit) throw new NamespaceAlreadyExistsException(namespace)
    folders.create(folder(namespace))
    val kept = properties.asScala.toMap.filter { case (key, value) => value != null && key != "owner" }
    if (kept.nonEmpty) writeProperties(namespace, kept)
  }

  override def alterNamespace(namespace: Array[String], changes: NamespaceChange*): Unit = {
    if (!namespaceExists(namespace)) throw new NoSuchNamespaceException(catalog +: namespace)
    writeProperties(namespace, changes.foldLeft(schemaProperties(namespace)) {
      case (known, set: NamespaceChange.SetProperty) => known + (set.property() -> set.value())
      case (known, gone: NamespaceChange.RemoveProperty) => known - gone.property()
      case (known, _) => known
    })
  }

  private def writeProperties(namespace: Array[String], properties: Map[String, String]): Unit =
    folders.write(new Path(folder(namespace), SchemaFile), Json.write(properties))

  override def dropNamespace(namespace: Array[String], cascade: Boolean): Boolean = namespaceExists(namespace) && {
    val path = folder(namespace)
    val inside = folders.children(path).map(_.getPath.getName).filterNot(_.startsWith(".")).filterNot(_ == SchemaFile)
    if (!cascade && inside.nonEmpty) throw new NonEmptyNamespaceException(namespace)
    listTables(namespace).foreach(dropTable)
    folders.delete(path)
    true
  }
}
