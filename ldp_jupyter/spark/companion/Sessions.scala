package org.apache.spark.sql.ldp

import org.apache.spark.sql.{classic, SparkSession}
import org.apache.spark.sql.execution.datasources.DataSourceManager

/** Sessions made from others. */
object Sessions {
  /** A session of its own warehouse, catalog and schema; every catalog that is there is known in it at once. */
  def prepare(session: SparkSession, warehouse: String, catalog: String, schema: String): Unit = {
    session.conf.set(Warehouse.Setting, warehouse)
    Warehouse.registerAll(session)
    Option(catalog).foreach { name =>
      Warehouse.register(session, name)
      session.conf.set("spark.sql.defaultCatalog", Warehouse.key(name))
      session.withActive(Warehouse.manager(session).setCurrentCatalog(Warehouse.key(name)))
    }
    Option(schema).foreach(name => session.conf.set(Warehouse.SchemaSetting, Warehouse.key(name)))
    Option(schema).foreach(name => session.withActive(Warehouse.manager(session).setCurrentNamespace(Array(name))))
  }

  /** Goes to a catalog and schema, unless the session stands there. */
  def goTo(session: SparkSession, catalog: String, schema: String): Unit = {
    val manager = Warehouse.manager(session)
    val here = session.withActive((manager.currentCatalog.name(), manager.currentNamespace.toSeq))
    if (here != ((catalog, Seq(schema)))) prepare(session, session.conf.get(Warehouse.Setting), catalog, schema)
  }

  /** Tells Spark that no package brings a data source in Python: else it starts Python to look for one of any name. */
  def withoutPythonSources(): Unit =
    if (DataSourceManager.dataSourceBuilders.isEmpty) DataSourceManager.dataSourceBuilders = Some(Map.empty)

  /** Makes a session that of the calling thread. */
  def activate(session: SparkSession): Unit =
    classic.SparkSession.setActiveSession(session.asInstanceOf[classic.SparkSession])

  /** A clone that also stands in the catalog and schema of its original. */
  def copy(session: SparkSession): SparkSession = {
    val original = session.asInstanceOf[classic.SparkSession]
    val clone = original.cloneSession()
    if (Warehouse.root(session).isDefined) {
      Warehouse.registerAll(clone)
      val (from, to) = (Warehouse.manager(original), Warehouse.manager(clone))
      val catalog = original.withActive(from.currentCatalog.name())
      val namespace = original.withActive(from.currentNamespace)
      clone.withActive {
        if (to.currentCatalog.name() != catalog) to.setCurrentCatalog(catalog)
        if (!to.currentNamespace.sameElements(namespace)) to.setCurrentNamespace(namespace)
      }
    }
    clone
  }

  /**
   * A session with these extensions from one that was started without them.
   *
   * Sessions share their extensions with those they come from, and build their parser and analyser when first used:
   * so the extensions are put in, and a session that has not built anything is made.
   */
  def attach(session: SparkSession): SparkSession = {
    val original = session.asInstanceOf[classic.SparkSession]
    if (original.sessionState.sqlParser.isInstanceOf[LdpParser]) original
    else {
      original.extensions.synchronized {
        if (!attached.containsKey(original.extensions)) {
          new LdpExtensions().apply(original.extensions)
          attached.put(original.extensions, true)
        }
      }
      original.cloneSession()
    }
  }

  private val attached = new java.util.IdentityHashMap[AnyRef, Boolean]
}
