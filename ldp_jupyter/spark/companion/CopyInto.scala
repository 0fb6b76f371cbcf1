package org.apache.spark.sql.ldp

import java.net.URI

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{classic, Row, SaveMode, SparkSession}
import org.apache.spark.sql.catalyst.analysis.UnresolvedRelation
import org.apache.spark.sql.catalyst.expressions.Attribute
import org.apache.spark.sql.catalyst.util.SparkParserUtils
import org.apache.spark.sql.delta.{DeltaLog, DeltaOperations, DeltaOptions, OptimisticTransaction}
import org.apache.spark.sql.delta.actions.{AddFile, SetTransaction}
import org.apache.spark.sql.delta.commands.WriteIntoDelta
import org.apache.spark.sql.execution.command.LeafRunnableCommand
import org.apache.spark.sql.types.LongType

/**
 * What a COPY INTO says behind its table.
 *
 * Parameters:
 *   select: what stands before and after the path in `(SELECT ... FROM 'path' ...)`.
 */
case class CopyStatement(path: String, select: Option[(String, String)], format: String, files: Seq[String],
    pattern: Option[String], formatOptions: Map[String, String], copyOptions: Map[String, String])

object CopyStatement {
  private val Text = """('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
  private val Within = """\(((?:[^'"()]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")*)\)"""
  private val Whole = ("""(?is)\s*FROM\s*(?:""" + Text + """|\(\s*(SELECT\s.*?\sFROM\s+)""" + Text + """(.*?)\))\s*FILEFORMAT\s*=\s*(\w+)""" +
    """(?:\s+FILES\s*=\s*""" + Within + """)?(?:\s+PATTERN\s*=\s*""" + Text + """)?(?:\s+FORMAT_OPTIONS\s*""" + Within +
    """)?(?:\s+COPY_OPTIONS\s*""" + Within + """)?\s*;?\s*""").r
  private val Option_ = ("""['"]?([\w.]+)['"]?\s*=\s*(?:""" + Text + """|([\w.+-]+))""").r
  private val CopyOptions = Set("force", "mergeschema")

  def of(text: String): CopyStatement = text match {
    case Whole(path, before, inner, after, format, files, pattern, formatOptions, copyOptions) =>
      val statement = CopyStatement(plain(Option(path).getOrElse(inner)), Option(before).map(_ -> after), format,
        Option(files).toSeq.flatMap(Text.r.findAllIn(_)).map(plain), Option(pattern).map(plain),
        options(formatOptions), options(copyOptions).map { case (key, value) => Warehouse.key(key) -> value })
      statement.copyOptions.keys.find(!CopyOptions(_)).foreach(key =>
        Problem.raise(s"COPY INTO has no option $key: COPY_OPTIONS are force and mergeSchema"))
      statement
    case _ => Problem.raise("COPY INTO cannot be read: it is COPY INTO table FROM 'path' FILEFORMAT = format [FILES = (...)] " +
      "[PATTERN = '...'] [FORMAT_OPTIONS (...)] [COPY_OPTIONS (...)]; lists of columns, BY POSITION, VALIDATE and credentials " +
      "are not supported here")
  }

  private def plain(text: String): String = SparkParserUtils.unescapeSQLString(text)

  private def options(text: String): Map[String, String] = Option(text).toSeq.flatMap(Option_.findAllMatchIn(_))
    .map(found => found.group(1) -> Option(found.group(2)).map(plain).getOrElse(found.group(3))).toMap
}

/**
 * COPY INTO: appends the rows of files, each file once. Which files a table has is said by its own commits, a transaction
 * of Delta for each file, so that rows and the note of their file come together or not at all.
 *
 * Parameters:
 *   text: what stands behind the table's name.
 */
case class CopyInto(target: CatalogObject, text: String) extends LeafRunnableCommand {
  private lazy val statement = CopyStatement.of(text)

  override val output: Seq[Attribute] =
    Columns(Seq("num_affected_rows", "num_inserted_rows", "num_skipped_corrupt_files").map(_ -> LongType): _*)

  override def run(session: SparkSession): Seq[Row] = {
    if (!target.isTable) Problem.raise(s"table ${target.name} does not exist: COPY INTO loads into a table that is there")
    if (target.kind(session).contains("MATERIALIZED_VIEW")) TableGuard.refuse("COPY INTO", target.name)
    val transaction = DeltaLog.forTable(session, target.path).startTransaction()
    val found = files(session.asInstanceOf[classic.SparkSession])
    val fresh = if (isSet("force")) found else found.filter(file => transaction.txnVersion(id(file)) < 0)
    val count = if (fresh.isEmpty) 0L else append(session.asInstanceOf[classic.SparkSession], transaction, fresh)
    Seq(Row(count, count, 0L))
  }

  private def isSet(option: String): Boolean = statement.copyOptions.get(option).exists(_.equalsIgnoreCase("true"))

  private def id(file: String): String = s"copy-into:$file"

  /** By Spark's own listing, in a format that looks at no contents. */
  private def files(session: classic.SparkSession): Seq[String] = {
    val root = LocalPaths.of(session, statement.path).stripSuffix("/")
    val places = (statement.files ++ statement.pattern) match {
      case Nil => Seq(root)
      case some => some.map(name => s"$root/$name")
    }
    val listing = statement.formatOptions.filter { case (key, _) =>
      Seq("recursiveFileLookup", "pathGlobFilter", "modifiedAfter", "modifiedBefore").exists(_.equalsIgnoreCase(key))
    }
    session.read.format("binaryFile").options(listing).load(places: _*).inputFiles.toSeq.sorted
      .map(file => new Path(new URI(file)).toString)
  }

  private def append(session: classic.SparkSession, transaction: OptimisticTransaction, fresh: Seq[String]): Long = {
    val read = session.read.format(statement.format).options(statement.formatOptions).load(fresh: _*)
    val rows = statement.select match {
      case None => read
      case Some((before, after)) =>
        val name = "ldp_copied_files"
        val query = session.sessionState.sqlParser.parsePlan(s"$before$name$after").transform {
          case relation: UnresolvedRelation if relation.multipartIdentifier == Seq(name) => read.queryExecution.analyzed
        }
        classic.Dataset.ofRows(session, query)
    }
    val options = new DeltaOptions(Map("mergeSchema" -> isSet("mergeschema").toString), session.sessionState.conf)
    val write = WriteIntoDelta(transaction.deltaLog, SaveMode.Append, options, Nil, Map.empty, rows)
    val actions = write.writeAndReturnCommitData(transaction, session).actions
    val noted = fresh.map(file => SetTransaction(id(file), 1L, Some(System.currentTimeMillis())))
    transaction.commit(actions ++ noted, DeltaOperations.Write(SaveMode.Append))
    actions.collect { case file: AddFile => file.numPhysicalRecords.getOrElse(0L) }.sum
  }
}
