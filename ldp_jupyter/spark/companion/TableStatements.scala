package org.apache.spark.sql.ldp

import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.catalyst.expressions.Attribute
import org.apache.spark.sql.catalyst.parser.ParserInterface
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.execution.command.LeafRunnableCommand
import org.apache.spark.sql.types.StringType

/**
 * Statements on tables of a catalog of folders that Spark or Delta refuse: SHOW CREATE TABLE, DESCRIBE ... AS JSON, ANALYZE
 * TABLE, CLONE, LIKE and COPY INTO. Names of anything else stay with Spark.
 */
object TableStatements {
  import CatalogStatements.{AnyNames, End, Lead, Names, parts}

  private val ShowCreate = (Lead + """SHOW\s+CREATE\s+TABLE\s+""" + Names + End).r
  private val AsJson = (Lead + """DESC(?:RIBE)?\s+(?:TABLE\s+)?(?:EXTENDED|FORMATTED)\s+""" + Names + """\s+AS\s+JSON""" + End).r
  private val Analyze = (Lead + """ANALYZE\s+TABLE\s+""" + Names + """\s.*\bSTATISTICS\b.*""").r
  private val Create = Lead + """CREATE\s+(OR\s+REPLACE\s+)?TABLE\s+(IF\s+NOT\s+EXISTS\s+)?"""
  private val Version = """(?:@\w+)?(?:\s+(?:FOR\s+)?(?:(?:SYSTEM_)?(?:VERSION|TIME)|TIMESTAMP)\s+AS\s+OF\s+(?:'[^']*'|"[^"]*"|\d+))?"""
  private val Shallow = (Create + Names + """\s+SHALLOW\s+CLONE\s.*""").r
  private val Clone = (Create + Names + """\s+(?:DEEP\s+)?CLONE\s+(""" + AnyNames + Version + ")" + End).r
  private val OtherClone = (Create + Names + """\s+(?:DEEP\s+)?CLONE\s.*""").r
  private val Like = (Create + Names + """\s+LIKE\s+""" + Names + End).r
  private val Copy = (Lead + """COPY\s+INTO\s+""" + Names + """\b(.*)""").r

  def parse(text: String, session: SparkSession, inner: ParserInterface): Option[LogicalPlan] =
    if (Warehouse.root(session).isEmpty) None
    else text match {
      case ShowCreate(name) =>
        CatalogObject.of(session, parts(name)).filter(found => found.isTable || found.isView).map(ShowCreateStatement(_))
      case AsJson(name) =>
        CatalogObject.of(session, parts(name)).filter(found => found.isTable || found.isView).map(DescribeAsJson(_))
      case Analyze(name) => CatalogObject.table(session, parts(name)).map(_ => NoEffect())
      case Shallow(replace, ifMissing, name) => CatalogObject.of(session, parts(name)).map(
        ShallowClone(_, inner.parsePlan(text), replace != null, ifMissing != null))
      case Clone(replace, ifMissing, name, source) => CatalogObject.of(session, parts(name)).map(
        CloneTable(_, source, withRows = true, replace != null, ifMissing != null))
      case OtherClone(_, _, name) => CatalogObject.of(session, parts(name)).map(_ =>
        Refused("a clone has a source and its version, nothing else here: no LOCATION, no TBLPROPERTIES"))
      case Like(replace, ifMissing, name, source) =>
        for (target <- CatalogObject.of(session, parts(name)); _ <- CatalogObject.table(session, parts(source))) yield
          CloneTable(target, source, withRows = false, replace != null, ifMissing != null)
      case Copy(name, rest) => CatalogObject.of(session, parts(name)).map(CopyInto(_, rest))
      case _ => None
    }
}

/** A statement that is accepted and does nothing here; where that is not plain, a row says so. */
case class NoEffect(note: Option[String] = None) extends LeafRunnableCommand {
  override val output: Seq[Attribute] = note.toSeq.flatMap(_ => Columns("note" -> StringType))

  override def run(session: SparkSession): Seq[Row] = note.map(Row(_)).toSeq
}

/** A statement that is refused when it is run: whoever only looks at it sees that it is no query. */
case class Refused(message: String) extends LeafRunnableCommand {
  override def run(session: SparkSession): Seq[Row] = Problem.raise(message)
}
