package org.apache.spark.sql.ldp

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.connector.catalog.Identifier
import org.apache.spark.sql.delta.Snapshot

/** A table or view in a catalog of folders, as a statement names it. */
case class CatalogObject(catalog: LdpCatalog, id: Identifier) {
  def name: String = (catalog.name() +: id.namespace() :+ id.name()).mkString(".")
  def path: Path = catalog.tables.folder(id)
  def isTable: Boolean = catalog.tables.isTable(id)
  def isView: Boolean = catalog.viewExists(id)

  /** The newest state of the table; a journal's lines are in it. */
  def snapshot(session: SparkSession): Snapshot = {
    Journal.flushIfMarked(session, path)
    DeltaTables.snapshot(session, path).getOrElse(Problem.raise(s"table $name does not exist"))
  }

  /** What the table is to its pipeline: STREAMING_TABLE or MATERIALIZED_VIEW. */
  def kind(session: SparkSession): Option[String] =
    snapshot(session).metadata.configuration.get(DeltaTables.KindProperty)
}

object CatalogObject {
  /** Where the name means one of a catalog of folders, whether it exists or not; a temporary view comes first. */
  def of(session: SparkSession, parts: Seq[String]): Option[CatalogObject] =
    if (parts.size == 1 && Queries.isTemporaryView(session, parts.head)) None
    else QualifiedNames.inFolders(session, parts).filter(_(1) != Warehouse.InformationSchema).map { name =>
      val catalog = session.withActive(Warehouse.manager(session).catalog(name.head)).asInstanceOf[LdpCatalog]
      CatalogObject(catalog, Identifier.of(Array(name(1)), name.last))
    }

  def table(session: SparkSession, parts: Seq[String]): Option[CatalogObject] = of(session, parts).filter(_.isTable)
}
