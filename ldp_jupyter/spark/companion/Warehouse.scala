package org.apache.spark.sql.ldp

import java.util.{Collections, Locale, WeakHashMap}
import java.util.concurrent.ConcurrentHashMap

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{classic, SparkSession}
import org.apache.spark.sql.connector.catalog.CatalogManager

/**
 * Where catalogs are: `<warehouse>/<catalog>/<schema>/<table>`, the warehouse being a setting of each session.
 *
 * Any folder of the warehouse is a catalog. Spark knows a catalog once it is registered in the session's settings and
 * loaded by its catalog manager; both are done here, early and with the session at hand, because Spark itself would
 * load it with the settings of whatever session is active on the thread.
 */
object Warehouse {
  val Setting = "spark.ldp.warehouse"
  /** The schema that a session works in: it is there before it has a folder, so that looking makes none. */
  val SchemaSetting = "spark.ldp.schema"
  val System = "system"
  val InformationSchema = "information_schema"
  val DefaultSchema = "default"

  private type Names = ConcurrentHashMap.KeySetView[String, java.lang.Boolean]

  private val loaded = Collections.synchronizedMap(new WeakHashMap[SparkSession, Names])
  private val loading = new ThreadLocal[SparkSession]

  def root(session: SparkSession): Option[Path] = session.conf.getOption(Setting).filter(_.nonEmpty).map(new Path(_))

  def requireRoot(session: SparkSession): Path =
    root(session).getOrElse(Problem.raise(s"no warehouse: set $Setting in this session"))

  def key(name: String): String = name.toLowerCase(Locale.ROOT)

  /** The session for which a catalog is being loaded on this thread. */
  def sessionInCharge: SparkSession = Option(loading.get).getOrElse(SparkSession.active)

  /** All catalogs of the warehouse, by a listing of its folder. */
  def catalogs(session: SparkSession): Seq[String] = root(session).toSeq.flatMap { path =>
    new Folders(session).children(path).filter(_.isDirectory).map(_.getPath.getName)
      .filter(name => !name.startsWith(".") && !name.startsWith("_") && name == key(name))
  }

  def isCatalog(session: SparkSession, name: String): Boolean = {
    val wanted = key(name)
    isLoaded(session, wanted) || wanted == System || wanted == defaultCatalog(session) || isFolder(session, wanted)
  }

  def createCatalog(session: SparkSession, name: String): Unit = {
    new Folders(session).create(new Path(requireRoot(session), key(name)))
    register(session, name)
  }

  /** Makes a catalog known to Spark in this session; cheap when it is already. */
  def register(session: SparkSession, name: String): Unit = {
    val catalog = key(name)
    if (loadedIn(session).add(catalog)) {
      val setting = s"spark.sql.catalog.$catalog"
      if (session.conf.getOption(setting).isEmpty) session.conf.set(setting, classOf[LdpCatalog].getName)
      loading.set(session)
      try session.withActive(manager(session).catalog(catalog))
      catch {
        case problem: Throwable =>
          loadedIn(session).remove(catalog)
          throw problem
      } finally loading.remove()
    }
  }

  /** Registers what the warehouse holds now, the default catalog and `system`. */
  def registerAll(session: SparkSession): Unit =
    (catalogs(session) ++ Seq(defaultCatalog(session), System).filter(_ != CatalogManager.SESSION_CATALOG_NAME))
      .foreach(register(session, _))

  /** Once per session: everything that is there when it is first used. */
  def registerFirst(session: SparkSession): Unit =
    if (!isLoaded(session, System) && root(session).isDefined) registerAll(session)

  def currentCatalog(session: SparkSession): String = session.withActive(manager(session).currentCatalog.name())

  def manager(session: SparkSession): CatalogManager =
    session.asInstanceOf[classic.SparkSession].sessionState.catalogManager

  private def defaultCatalog(session: SparkSession): String =
    key(session.conf.get("spark.sql.defaultCatalog", CatalogManager.SESSION_CATALOG_NAME))

  private def isFolder(session: SparkSession, catalog: String): Boolean =
    !catalog.startsWith(".") && !catalog.startsWith("_") && !catalog.exists("/:\\".contains(_)) && catalog.nonEmpty &&
      root(session).exists(path => new Folders(session).isFolder(new Path(path, catalog)))

  private def isLoaded(session: SparkSession, catalog: String): Boolean = loadedIn(session).contains(catalog)

  private def loadedIn(session: SparkSession): Names =
    loaded.computeIfAbsent(session, _ => ConcurrentHashMap.newKeySet[String]())
}
