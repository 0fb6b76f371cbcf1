package org.apache.spark.sql.ldp

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis.AnalysisContext
import org.apache.spark.sql.connector.catalog.SupportsNamespaces

/** What the parts of a name mean; registers the catalog that they name. */
object QualifiedNames {
  /** Parts of a table's name, with the catalog in its registered letter case, and in front of `schema.table`. */
  def ofTable(session: SparkSession, parts: Seq[String]): Seq[String] =
    if (parts.size < 2 || isPath(parts) || !Warehouse.isCatalog(session, parts.head)) parts
    else {
      Warehouse.register(session, parts.head)
      val catalog = Warehouse.key(parts.head)
      if (parts.size == 2 && parts.head != Warehouse.System) Warehouse.currentCatalog(session) +: parts
      else catalog +: parts.tail
    }

  /**
   * Parts of a schema's name.
   *
   * Parameters:
   *   alone: one part may be a catalog's name, unless the current catalog has a schema of that name.
   */
  def ofSchema(session: SparkSession, parts: Seq[String], alone: Boolean): Seq[String] =
    if (parts.isEmpty || !Warehouse.isCatalog(session, parts.head)) parts
    else {
      Warehouse.register(session, parts.head)
      if (parts.size == 1 && (!alone || currentHas(session, parts.head))) Warehouse.currentCatalog(session) +: parts
      else Warehouse.key(parts.head) +: parts.tail
    }

  /** For names that Spark resolves outside of a plan: only a clash needs the catalog in front. */
  def ofEither(session: SparkSession, parts: Seq[String]): Seq[String] =
    if (parts.size < 2 || isPath(parts) || !Warehouse.isCatalog(session, parts.head)) parts
    else {
      Warehouse.register(session, parts.head)
      val clash = parts.size == 2 && currentHas(session, parts.head) && !has(session, parts.head, parts(1))
      if (clash) Warehouse.currentCatalog(session) +: parts else Warehouse.key(parts.head) +: parts.tail
    }

  /** Catalog, schema and name of an object, where a catalog of folders is meant. */
  def inFolders(session: SparkSession, parts: Seq[String]): Option[Seq[String]] = {
    // within a view or a function, where that was made
    val here = Some(AnalysisContext.get.catalogAndNamespace).filter(_.nonEmpty).getOrElse(
      Warehouse.currentCatalog(session) +: session.withActive(Warehouse.manager(session).currentNamespace.toSeq))
    val full = parts match {
      case Seq(name) if here.size == 2 => here :+ name
      case Seq(schema, name) if !isPath(parts) => Seq(here.head, schema, name)
      case Seq(_, _, _) => parts
      case _ => Nil
    }
    Some(full.map(Warehouse.key)).filter(_.size == 3)
      .filter(name => name.head != Warehouse.System && Warehouse.isCatalog(session, name.head) && isFolders(session, name.head))
  }

  private def isFolders(session: SparkSession, catalog: String): Boolean = {
    Warehouse.register(session, catalog)
    session.withActive(Warehouse.manager(session).catalog(catalog)).isInstanceOf[LdpCatalog]
  }

  /** `delta`.`/a/b` names a folder. */
  private def isPath(parts: Seq[String]): Boolean = parts.size == 2 && parts(1).contains("/")

  private def currentHas(session: SparkSession, schema: String): Boolean =
    has(session, Warehouse.currentCatalog(session), schema)

  private def has(session: SparkSession, catalog: String, schema: String): Boolean =
    session.withActive(Warehouse.manager(session).catalog(catalog)) match {
      case in: SupportsNamespaces => in.namespaceExists(Array(schema))
      case _ => false
    }
}
