package org.apache.spark.sql.ldp

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.{Row => Record}
import org.apache.spark.sql.catalyst.expressions.Attribute
import org.apache.spark.sql.execution.command.LeafRunnableCommand
import org.apache.spark.sql.types.StringType

/**
 * Statements on what only a workspace of the platform has (users and rights, tags, connections, ...) and on what only a
 * pipeline does: those that lose nothing here are accepted with a note, the others refused in plain words.
 */
object WorkspaceStatements {
  import CatalogStatements.{AnyNames, End, Lead, Names}

  private val Grant = (Lead + """(?:GRANT|REVOKE|DENY)\s.*""").r
  private val ShowGrants = (Lead + """SHOW\s+GRANTS?\b.*""").r
  private val Alter = Lead + """ALTER\s+(?:\w+\s+){1,2}""" + AnyNames + """\s+"""
  private val Column = """(?:ALTER\s+COLUMN\s+""" + AnyNames + """\s+)?"""
  private val Owner = (Alter + """(?:SET\s+)?OWNER\s+TO\s.*""").r
  private val Tags = (Alter + Column + """(?:SET|UNSET)\s+TAGS\s*\(.*""").r
  private val Tag = (Lead + """(?:SET|UNSET)\s+TAG\s+ON\s.*""").r
  private val Filter = (Alter + Column + """(?:SET|DROP)\s+(?:ROW\s+FILTER|MASK)\b.*""").r
  private val Refresh = (Lead + """REFRESH\s+(MATERIALIZED\s+VIEW|STREAMING\s+TABLE)\s+""" + Names + """(?:\s.*)?""").r
  private val Drop = (Lead + """DROP\s+(?:MATERIALIZED\s+VIEW|STREAMING\s+TABLE)\s+(?:IF\s+EXISTS\s+)?""" + Names + End).r
  private val Declare = (Lead +
    """CREATE\s+(?:OR\s+(?:REFRESH|REPLACE)\s+)?(?:PRIVATE\s+)?(MATERIALIZED\s+VIEW|STREAMING\s+TABLE|STREAMING\s+LIVE\s+TABLE)\s.*""").r
  private val Workspace = (Lead + """((?:CREATE|ALTER|DROP|SHOW)\s+(?:OR\s+REPLACE\s+)?(?:EXTERNAL\s+LOCATIONS?|""" +
    """STORAGE\s+CREDENTIALS?|CREDENTIALS?|CONNECTIONS?|SHARES?|RECIPIENTS?|PROVIDERS?|FOREIGN\s+CATALOG|POLICY|POLICIES)|UNDROP|SYNC)\b.*""").r

  def parse(text: String, session: SparkSession): Option[LogicalPlan] =
    if (Warehouse.root(session).isEmpty) None
    else text match {
      case Grant() | Owner() => Some(NoEffect(Some("no effect: there are no users and no rights here")))
      case ShowGrants() => Some(ShowNoGrants())
      case Tags() | Tag() => Some(NoEffect(Some("no effect: tags are not kept here")))
      case Filter() => Some(NoEffect(Some("no effect: row filters and masks are not applied here")))
      case Refresh(what, name) => Some(Refused(
        s"REFRESH ${words(what)} $name: its pipeline refreshes it, `ldp run --refresh $name`"))
      case Drop(name) => Some(Refused(TableGuard.refusal("DROP", name)))
      case Declare(what) => Some(Refused(s"a ${words(what).toLowerCase(java.util.Locale.ROOT)} is declared in a " +
        "pipeline's source: put the statement into one of its files, or into a cell with %%ldp_sql"))
      case Workspace(what) => Some(Refused(s"${words(what)}: only a workspace of the platform has that, nothing here does"))
      case _ => None
    }

  private def words(text: String): String = text.trim.split("\\s+").mkString(" ").toUpperCase(java.util.Locale.ROOT)
}

/** SHOW GRANTS: none. */
case class ShowNoGrants() extends LeafRunnableCommand {
  override val output: Seq[Attribute] =
    Columns(Seq("Principal", "ActionType", "ObjectType", "ObjectKey").map(_ -> StringType): _*)

  override def run(session: SparkSession): Seq[Record] = Nil
}
