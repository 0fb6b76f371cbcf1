package org.apache.spark.sql.ldp

import java.util

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis._
import org.apache.spark.sql.connector.catalog._
import org.apache.spark.sql.connector.catalog.functions.UnboundFunction
import org.apache.spark.sql.connector.expressions.Transform
import org.apache.spark.sql.delta.catalog.DeltaCatalog
import org.apache.spark.sql.util.CaseInsensitiveStringMap

/**
 * One catalog: a folder of schemas of Delta tables, without a metastore.
 *
 * Delta would register what it creates in Spark's session catalog. It does not do so for a table that is named by its
 * path: so creating and replacing hand it the path, and loading keeps the real name.
 */
class LdpCatalog extends DeltaCatalog with RelationCatalog {
  private var session: SparkSession = _
  private var store: TableStore = _
  private var views: ViewFiles = _

  override def initialize(name: String, options: CaseInsensitiveStringMap): Unit = {
    session = Warehouse.sessionInCharge
    store = new TableStore(Warehouse.key(name), session)
    views = new ViewFiles(session)
    setDelegateCatalog(store)
    super.initialize(name, options)
  }

  override def name(): String = store.name()

  override def defaultNamespace(): Array[String] = Array(Warehouse.DefaultSchema)

  private[ldp] def tables: TableStore = store

  // ---- functions: calls of stored ones never come here (ResolveStoredFunctions); an unknown one is Spark's own error

  override def functionExists(function: Identifier): Boolean = false

  override def loadFunction(function: Identifier): UnboundFunction = throw new NoSuchFunctionException(function)

  override def listFunctions(namespace: Array[String]): Array[Identifier] =
    if (isInformation(namespace)) Array.empty
    else new StoredFunctions(session).names(store.folder(namespace)).map(Identifier.of(namespace, _)).toArray

  // ---- creating and replacing, by path

  private def byPath(table: Identifier): Identifier =
    if (isPathIdentifier(table)) table else Identifier.of(Array("delta"), store.folder(table).toString)

  private def checked(table: Identifier, properties: util.Map[String, String]): util.Map[String, String] = {
    if (!isPathIdentifier(table)) {
      if (isInformation(table.namespace())) Problem.raise(s"${Warehouse.InformationSchema} is read-only")
      if (!store.namespaceExists(table.namespace())) throw new NoSuchNamespaceException(name() +: table.namespace())
      if (viewExists(table)) throw new TableAlreadyExistsException(table)
      Option(properties.get(TableCatalog.PROP_PROVIDER)).filterNot(_.equalsIgnoreCase("delta")).foreach { format =>
        Problem.raise(s"catalog ${name()} holds Delta tables only: ${table.name()} cannot be $format")
      }
      if (properties.containsKey(TableCatalog.PROP_LOCATION)) {
        Problem.raise(s"LOCATION cannot be given in catalog ${name()}: a table lies in the folder of its name")
      }
    }
    val complete = new util.HashMap[String, String](properties)
    complete.putIfAbsent(TableCatalog.PROP_PROVIDER, "delta")
    complete
  }

  override def createTable(table: Identifier, columns: Array[Column], partitions: Array[Transform],
      properties: util.Map[String, String]): Table = {
    super.createTable(byPath(table), columns, partitions, checked(table, properties))
    loadTable(table)
  }

  override def stageCreate(table: Identifier, columns: Array[Column], partitions: Array[Transform],
      properties: util.Map[String, String]): StagedTable =
    super.stageCreate(byPath(table), columns, partitions, checked(table, properties))

  override def stageReplace(table: Identifier, columns: Array[Column], partitions: Array[Transform],
      properties: util.Map[String, String]): StagedTable = {
    TableGuard.check(session, store, table, "REPLACE")
    super.stageReplace(byPath(table), columns, partitions, checked(table, properties))
  }

  /** Delta's own branch for an existing table named by path refuses another schema without a query. */
  override def stageCreateOrReplace(table: Identifier, columns: Array[Column], partitions: Array[Transform],
      properties: util.Map[String, String]): StagedTable =
    if (!isPathIdentifier(table) && store.isTable(table)) stageReplace(table, columns, partitions, properties)
    else super.stageCreateOrReplace(byPath(table), columns, partitions, checked(table, properties))

  // ---- tables

  override def loadTable(table: Identifier): Table =
    if (isInformation(table.namespace())) InformationSchema.table(session, name(), table.name())
    else {
      if (store.isTable(table)) Journal.flushIfMarked(session, store.folder(table))
      super[DeltaCatalog].loadTable(table)
    }

  override def tableExists(table: Identifier): Boolean =
    if (isInformation(table.namespace())) InformationSchema.exists(table.name())
    else super[DeltaCatalog].tableExists(table)

  override def listTables(namespace: Array[String]): Array[Identifier] =
    if (isInformation(namespace)) InformationSchema.names.map(Identifier.of(namespace, _)).toArray
    else super.listTables(namespace)

  override def listTableSummaries(namespace: Array[String]): Array[TableSummary] =
    listTables(namespace).map(TableSummary.of(_, TableSummary.MANAGED_TABLE_TYPE))

  override def alterTable(table: Identifier, changes: TableChange*): Table = {
    TableGuard.check(session, store, table, "ALTER")
    super.alterTable(table, changes: _*)
  }

  override def dropTable(table: Identifier): Boolean = {
    TableGuard.check(session, store, table, "DROP")
    super.dropTable(table)
  }

  override def purgeTable(table: Identifier): Boolean = dropTable(table)

  override def renameTable(from: Identifier, to: Identifier): Unit = {
    TableGuard.check(session, store, from, "RENAME")
    super.renameTable(from, to)
  }

  override def loadRelation(name: Identifier): Relation = if (viewExists(name)) loadView(name) else loadTable(name)

  // ---- schemas

  private def isInformation(namespace: Array[String]): Boolean =
    namespace.length == 1 && Warehouse.key(namespace(0)) == Warehouse.InformationSchema

  override def namespaceExists(namespace: Array[String]): Boolean =
    isInformation(namespace) || super.namespaceExists(namespace)

  override def listNamespaces(): Array[Array[String]] =
    if (name() == Warehouse.System) Array(Array(Warehouse.InformationSchema))
    else super.listNamespaces() :+ Array(Warehouse.InformationSchema)

  override def loadNamespaceMetadata(namespace: Array[String]): util.Map[String, String] =
    if (isInformation(namespace)) util.Map.of() else super.loadNamespaceMetadata(namespace)

  // ---- views

  override def viewExists(view: Identifier): Boolean =
    view.namespace().length == 1 && !isInformation(view.namespace()) && !isPathIdentifier(view) &&
      views.exists(schemaOf(view), view.name())

  override def listViews(namespace: Array[String]): Array[Identifier] =
    if (isInformation(namespace)) Array.empty
    else views.names(store.folder(namespace)).map(Identifier.of(namespace, _)).toArray

  override def loadView(view: Identifier): View = {
    if (!viewExists(view)) throw new NoSuchViewException(view)
    views.read(schemaOf(view), view.name())
  }

  override def createView(view: Identifier, definition: View): View = {
    if (viewExists(view) || tableExists(view)) throw new ViewAlreadyExistsException(view)
    put(view, definition)
  }

  override def replaceView(view: Identifier, definition: View): View = {
    if (!viewExists(view)) throw new NoSuchViewException(view)
    put(view, definition)
  }

  private def put(view: Identifier, definition: View): View = {
    if (!store.namespaceExists(view.namespace())) throw new NoSuchNamespaceException(name() +: view.namespace())
    views.write(schemaOf(view), view.name(), definition)
    definition
  }

  override def dropView(view: Identifier): Boolean = viewExists(view) && views.drop(schemaOf(view), view.name())

  override def renameView(from: Identifier, to: Identifier): Unit = {
    if (!viewExists(from)) throw new NoSuchViewException(from)
    val target = store.within(to)
    if (viewExists(target) || tableExists(target)) throw new ViewAlreadyExistsException(target)
    views.rename(schemaOf(from), from.name(), schemaOf(target), target.name())
  }

  private def schemaOf(view: Identifier) = store.folder(view.namespace())
}
