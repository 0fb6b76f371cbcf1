package org.apache.spark.sql.ldp

import java.net.URI

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{classic, Row, SaveMode, SparkSession}
import org.apache.spark.sql.catalyst.analysis.UnresolvedRelation
import org.apache.spark.sql.catalyst.expressions.{Alias, Attribute, Cast, EvalMode}
import org.apache.spark.sql.catalyst.plans.logical.Project
import org.apache.spark.sql.catalyst.types.DataTypeUtils
import org.apache.spark.sql.catalyst.util.SparkParserUtils
import org.apache.spark.sql.delta.{DeltaLog, DeltaOperations, DeltaOptions, OptimisticTransaction}
import org.apache.spark.sql.delta.actions.{AddFile, SetTransaction}
import org.apache.spark.sql.delta.commands.WriteIntoDelta
import org.apache.spark.sql.execution.command.LeafRunnableCommand
import org.apache.spark.sql.types.{LongType, StructField, StructType}

/**
 * What a COPY INTO says behind its table.
 *
 * Parameters:
 *   columns: names that the files' columns have by their position; empty for all of the table's.
 *   select: what stands before and after the path in `(SELECT ... FROM 'path' ...)`.
 *   validate: rows to look at, with nothing written.
 */
case class CopyStatement(columns: Option[Seq[String]], path: String, select: Option[(String, String)], format: String,
    validate: Option[Int], files: Seq[String], pattern: Option[String], formatOptions: Map[String, String],
    copyOptions: Map[String, String])

object CopyStatement {
  private val Text = """('(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")"""
  private val Within = """\(((?:[^'"()]|'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")*+)\)"""
  private val Columns = """(?:BY\s+POSITION|\(\s*((?:`[^`]+`|\w+)(?:\s*,\s*(?:`[^`]+`|\w+))*)\s*\))"""
  private val Whole = ("""(?is)\s*(?:(""" + Columns + """)\s*)?FROM\s*(?:""" + Text + """|\(\s*(SELECT\s.*?\sFROM\s+)""" + Text + """(.*?)\))\s*FILEFORMAT\s*=\s*(\w+)""" +
    """(?:\s+(VALIDATE)(?:\s+ALL|\s+(\d+)\s+ROWS)?(?!\S))?(?:\s+FILES\s*=\s*""" + Within + """)?(?:\s+PATTERN\s*=\s*""" + Text + """)?(?:\s+FORMAT_OPTIONS\s*""" + Within +
    """)?(?:\s+COPY_OPTIONS\s*""" + Within + """)?\s*;?\s*""").r
  private val Option_ = ("""['"]?([\w.]+)['"]?\s*=\s*(?:""" + Text + """|([\w.+-]+))""").r
  private val CopyOptions = Set("force", "mergeschema")

  def of(text: String): CopyStatement = text match {
    case Whole(place, names, path, before, inner, after, format, validate, rows, files, pattern, formatOptions, copyOptions) =>
      val columns = Option(place).map(_ =>
        Option(names).toSeq.flatMap(_.split(",")).map(_.trim.stripPrefix("`").stripSuffix("`")))
      val statement = CopyStatement(columns, plain(Option(path).getOrElse(inner)), Option(before).map(_ -> after), format,
        Option(validate).map(_ => Option(rows).fold(Int.MaxValue)(_.toInt)),
        Option(files).toSeq.flatMap(Text.r.findAllIn(_)).map(plain), Option(pattern).map(plain),
        options(formatOptions), options(copyOptions).map { case (key, value) => Warehouse.key(key) -> value })
      val header = statement.formatOptions.exists { case (key, value) =>
        Warehouse.key(key) == "header" && value.equalsIgnoreCase("true")
      }
      if (columns.isDefined && (header || Warehouse.key(format) != "csv")) {
        Problem.raise("BY POSITION and a list of columns are for CSV files without a header")
      }
      statement.copyOptions.keys.find(!CopyOptions(_)).foreach(key =>
        Problem.raise(s"COPY INTO has no option $key: COPY_OPTIONS are force and mergeSchema"))
      statement
    case _ => Problem.raise("COPY INTO cannot be read: it is COPY INTO table [BY POSITION | (column, ...)] FROM 'path' " +
      "FILEFORMAT = format [VALIDATE [ALL | n ROWS]] [FILES = (...)] [PATTERN = '...'] [FORMAT_OPTIONS (...)] " +
      "[COPY_OPTIONS (...)]; credentials are not supported here")
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
  private def session = SparkSession.active.asInstanceOf[classic.SparkSession]
  private def delta = DeltaLog.forTable(session, target.path)

  override lazy val output: Seq[Attribute] =
    if (statement.validate.isDefined) DataTypeUtils.toAttributes(checked.schema)
    else Columns(Seq("num_affected_rows", "num_inserted_rows", "num_skipped_corrupt_files").map(_ -> LongType): _*)

  override def run(session: SparkSession): Seq[Row] =
    if (statement.validate.isDefined) checked.rows
    else {
      check()
      val transaction = delta.startTransaction()
      val fresh = files(session.asInstanceOf[classic.SparkSession]).filter(isFresh(transaction))
      val count = if (fresh.isEmpty) 0L else append(transaction, fresh, rows(transaction.snapshot.schema, fresh))
      Seq(Row(count, count, 0L))
    }

  private def check(): Unit = {
    if (!target.isTable) Problem.raise(s"table ${target.name} does not exist: COPY INTO loads into a table that is there")
    if (target.kind(session).contains("MATERIALIZED_VIEW")) TableGuard.refuse("COPY INTO", target.name)
  }

  private case class Checked(schema: StructType, rows: Seq[Row])

  /** The first rows as the table would have them, after they were written to an empty one like it, which goes again. */
  private lazy val checked: Checked = {
    check()
    val transaction = delta.startTransaction()
    val fresh = files(session).filter(isFresh(transaction))
    if (fresh.isEmpty) Checked(transaction.snapshot.schema, Nil)
    else {
      val folder = java.nio.file.Files.createTempDirectory("ldp-validate")
      try {
        val path = new Path(folder.resolve("t").toUri)
        CloneTable.make(session, path, transaction.snapshot)()
        val written = DeltaLog.forTable(session, path)
        append(written.startTransaction(), fresh, rows(transaction.snapshot.schema, fresh).limit(statement.validate.get))
        val found = session.read.format("delta").load(path.toString)
        Checked(found.schema, found.limit(CopyInto.Preview).collect().toSeq)
      } finally {
        DeltaLog.invalidateCache(session, new Path(folder.resolve("t").toUri))
        org.apache.spark.util.Utils.deleteRecursively(folder.toFile)
      }
    }
  }

  private def isFresh(transaction: OptimisticTransaction)(file: String): Boolean =
    isSet("force") || transaction.txnVersion(id(file)) < 0

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

  private def rows(table: StructType, fresh: Seq[String]): classic.DataFrame = {
    val read = session.read.format(statement.format).options(statement.formatOptions)
      .load(fresh.map(file => FileSchemas.literally(new Path(file))): _*)
    val found = statement.select match {
      case None => read
      case Some((before, after)) =>
        val name = "ldp_copied_files"
        val query = session.sessionState.sqlParser.parsePlan(s"$before$name$after").transform {
          case relation: UnresolvedRelation if relation.multipartIdentifier == Seq(name) => read.queryExecution.analyzed
        }
        classic.Dataset.ofRows(session, query)
    }
    statement.columns.fold(found)(byPosition(table, found, _))
  }

  /** The columns by their position, as the table's columns of these names; their values are cast, and must fit. */
  private def byPosition(table: StructType, found: classic.DataFrame, names: Seq[String]): classic.DataFrame = {
    def column(name: String) = table.find(_.name.equalsIgnoreCase(name))
      .getOrElse(Problem.raise(s"table ${target.name} has no column $name"))
    val columns =
      if (names.isEmpty) table.filterNot(CopyInto.isComputed)
      else names.map(column)
    columns.find(CopyInto.isComputed).foreach(one => Problem.raise(s"column ${one.name} is computed: it is not given"))
    columns.groupBy(_.name).find(_._2.size > 1).foreach(twice => Problem.raise(s"column ${twice._1} is named twice"))
    if (columns.size != found.columns.length) {
      Problem.raise(s"the files have ${found.columns.length} columns and not ${columns.size}")
    }
    val plan = found.queryExecution.analyzed
    classic.Dataset.ofRows(session, Project(columns.zip(plan.output).map { case (wanted, given) =>
      Alias(Cast(given, wanted.dataType, Some(session.sessionState.conf.sessionLocalTimeZone), EvalMode.ANSI), wanted.name)()
    }, plan))
  }

  private def append(transaction: OptimisticTransaction, fresh: Seq[String], rows: classic.DataFrame): Long = {
    val options = new DeltaOptions(Map("mergeSchema" -> isSet("mergeschema").toString), session.sessionState.conf)
    val write = WriteIntoDelta(transaction.deltaLog, SaveMode.Append, options, Nil, Map.empty, rows)
    val actions = write.writeAndReturnCommitData(transaction, session).actions
    val noted = fresh.map(file => SetTransaction(id(file), 1L, Some(System.currentTimeMillis())))
    transaction.commit(actions ++ noted, DeltaOperations.Write(SaveMode.Append))
    actions.collect { case file: AddFile => file.numPhysicalRecords.getOrElse(0L) }.sum
  }
}

object CopyInto {
  private val Preview = 50

  private def isComputed(field: StructField): Boolean =
    Seq("delta.generationExpression", "delta.identity.start").exists(field.metadata.contains)
}
