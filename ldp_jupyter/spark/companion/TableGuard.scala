package org.apache.spark.sql.ldp

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.connector.catalog.Identifier

/**
 * Decides whether a table may be changed by a statement: every DROP, ALTER, RENAME and REPLACE of the catalog passes
 * here. A session names the property that protects a table (`spark.ldp.guard.property`) and the value that it may
 * itself change (`spark.ldp.guard.value`); without the first setting nothing is protected.
 */
object TableGuard {
  val PropertySetting = "spark.ldp.guard.property"
  val ValueSetting = "spark.ldp.guard.value"

  def check(session: SparkSession, store: TableStore, table: Identifier, what: String): Unit =
    session.conf.getOption(PropertySetting).filter(_.nonEmpty).filter(_ => store.isTable(table)).foreach { property =>
      DeltaTables.snapshot(session, store.folder(table)).flatMap(_.metadata.configuration.get(property))
        .filterNot(owner => session.conf.getOption(ValueSetting).contains(owner))
        .foreach(_ => refuse(what, s"${store.name()}.${table.namespace().mkString(".")}.${table.name()}"))
    }

  private[ldp] def refuse(what: String, table: String): Nothing = Problem.raise(refusal(what, table))

  private[ldp] def refusal(what: String, table: String): String =
    s"$what of $table is refused: a pipeline manages this table. Change or remove it in the pipeline's source; " +
      "`ldp clean` deletes what the source has no more"
}
