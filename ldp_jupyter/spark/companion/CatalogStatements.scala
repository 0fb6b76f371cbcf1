package org.apache.spark.sql.ldp

import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.catalyst.parser.ParserInterface
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.execution.command.LeafRunnableCommand

/** `USE CATALOG c` and `CREATE CATALOG [IF NOT EXISTS] c [COMMENT '...']`, which Spark's grammar lacks. */
object CatalogStatements {
  // Alternatives are repeated by `*+`, here and wherever text of any length is matched: by `*` Java needs some stack for each
  // time, and has none left after two thousand.
  private[ldp] val Lead = """(?is)\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*+"""
  private[ldp] val End = """\s*;?\s*"""
  private val One = """(?:`(?:[^`]|``)+`|\w+)"""
  private val Name = s"($One)"
  /** A name of up to three parts, not kept. */
  private[ldp] val AnyNames = s"(?:$One(?:\\s*\\.\\s*$One){0,2})"
  private[ldp] val Names = s"($AnyNames)"
  private val Use = (Lead + """USE\s+CATALOG\s+""" + Name + """\s*;?\s*""").r
  private val Create = (Lead + """CREATE\s+CATALOG\s+(IF\s+NOT\s+EXISTS\s+)?""" + Name +
    """(\s+COMMENT\s+.*)?\s*;?\s*""").r

  def parse(text: String, parser: ParserInterface): Option[LogicalPlan] = text match {
    case Use(name) => Some(parser.parsePlan(s"SET CATALOG $name"))
    case Create(ifMissing, name, _) => Some(CreateCatalogCommand(unquoted(name), ifMissing != null))
    case _ => None
  }

  /** Parts of a name that `Names` has found. */
  private[ldp] def parts(name: String): Seq[String] = One.r.findAllIn(name).map(unquoted).toSeq

  private def unquoted(name: String): String =
    if (name.startsWith("`")) name.substring(1, name.length - 1).replace("``", "`") else name
}

case class CreateCatalogCommand(catalog: String, ifMissing: Boolean) extends LeafRunnableCommand {
  override def run(session: SparkSession): Seq[Row] = {
    if (!ifMissing && Warehouse.catalogs(session).contains(Warehouse.key(catalog))) {
      Problem.raise(s"catalog $catalog already exists")
    }
    Warehouse.createCatalog(session, catalog)
    Nil
  }
}
