package org.apache.spark.sql.ldp

import scala.util.control.NonFatal

import org.apache.spark.sql.{SQLContext, SparkSession}
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, UnresolvedDataSource}
import org.apache.spark.sql.catalyst.util.CaseInsensitiveMap
import org.apache.spark.sql.execution.streaming.Source
import org.apache.spark.sql.sources.{DataSourceRegister, StreamSourceProvider}
import org.apache.spark.sql.types._

/**
 * The streaming source `cloudFiles` and the function `read_files`, as Spark's own file source: its checkpoint is an
 * ordinary one, and `_metadata` works.
 */
object AutoLoader {
  val Format = "cloudFiles"
  private val Prefix = "cloudfiles."

  def refuseBatch(): Nothing =
    Problem.raise("cloudFiles can be read as a stream only: spark.readStream.format(\"cloudFiles\")")

  /** A relation that Spark resolves by itself; the schema is inferred here where none is asked. */
  def source(session: SparkSession, written: Map[String, String], schema: Option[StructType], paths: Seq[String],
      streaming: Boolean): LogicalPlan = {
    val asked = CaseInsensitiveMap(written.map { case (key, value) => withoutPrefix(key) -> value })
    if (paths.isEmpty) Problem.raise("cloudFiles needs a path: load(path)")
    val path = paths.head
    val form = asked.get("format").getOrElse(FileSchemas.guessFormat(session, path))
    val format = known(form)
    val mode = evolution(asked, schema)
    // Where columns are inferred, the first line of a CSV file is taken for their names unless it is said otherwise.
    val named = Warehouse.key(format) == "csv" && schema.isEmpty && !asked.contains("header")
    val options = if (named) CaseInsensitiveMap(asked + ("header" -> "true")) else asked
    val reading = readerOptions(session, options, path, streaming)
    val source = sourceKey(format, path, asked, reading)
    val columns = schema.getOrElse(inferred(session, format, asked, path, reading, source, streaming, mode))
    val onNew = if (streaming && stopping(mode)) Some(mode) else None
    val column = rescuedColumn(format, asked, schema.isEmpty, mode)
    // Text is rescued as it is met; of what has types it must be known before.
    val more =
      if (column.isEmpty || onNew.isDefined || !withTypes(form)) new StructType()
      else unknown(session, path, reading, StructType(columns :+ StructField(column.get, StringType)))(
        inferring(session, format, asked, path, reading))
    val rescue = Rescue(column, source, onNew, more)
    val all = rescue.column.fold(columns)(name => StructType(columns.filterNot(_.name == name)).add(name, StringType))
    val rescues = (rescue.column.isDefined || rescue.onNew.isDefined) &&
      (Warehouse.key(form) != "xml" || RescuingXml.takes(reading))
    val reader =
      if (streaming && again(asked)) Some(ReadAgain.reader(form, rescues))
      else if (rescues) readers(more.nonEmpty).get(Warehouse.key(form))
      else None
    val rescuing = Warehouse.key(form) match {
      case "xml" if !rescues => rescue.column.map("columnNameOfCorruptRecord" -> _).toMap
      case _ if reader.isDefined => rescue.options
      case _ => Map.empty
    }
    UnresolvedDataSource(reader.getOrElse(format), Some(all), CaseInsensitiveMap(reading ++ rescuing), streaming, Seq(path))
  }

  /** Readers that keep, or do not pass over, what has no place in the columns. */
  private def readers(more: Boolean): Map[String, String] = Map("json" -> classOf[RescuingJson],
    "csv" -> classOf[RescuingCsv], "xml" -> classOf[RescuingXml], "avro" -> classOf[WatchedAvro],
    "parquet" -> (if (more) classOf[RescuingParquet] else classOf[WatchedParquet]),
    "orc" -> (if (more) classOf[RescuingOrc] else classOf[WatchedOrc]))
    .map { case (format, reader) => format -> reader.getName }

  private val withTypes = (format: String) => Set("parquet", "orc", "avro")(Warehouse.key(format))

  private val modes = Seq("addNewColumns", "addNewColumnsWithTypeWidening", "rescue", "failOnNewColumns", "none")

  private def evolution(asked: CaseInsensitiveMap[String], schema: Option[StructType]): String = {
    val wanted = asked.get("schemaEvolutionMode").filter(_.nonEmpty).map(text => modes.find(_.equalsIgnoreCase(text))
      .getOrElse(Problem.raise(s"schemaEvolutionMode is one of ${modes.mkString(", ")}, not $text")))
    if (schema.isDefined && wanted.exists(_.startsWith("addNewColumns"))) {
      Problem.raise(s"schemaEvolutionMode ${wanted.get} is not allowed with a schema: give it as schemaHints")
    }
    wanted.getOrElse(if (schema.isDefined) "none" else modes.head)
  }

  private def stopping(mode: String) = mode.startsWith("addNewColumns") || mode == "failOnNewColumns"

  /** Names what is read, and how, as far as its columns depend on it. */
  private def sourceKey(format: String, path: String, asked: CaseInsensitiveMap[String],
      reading: Map[String, String]): String = {
    val how = (reading -- streamOptions(asked).keys).map { case (key, value) => Warehouse.key(key) -> value }
    val facts = Seq(Warehouse.key(format), path, asked.getOrElse("inferColumnTypes", "false")) ++ how.toSeq.sorted
    java.util.UUID.nameUUIDFromBytes(facts.mkString("\n").getBytes(java.nio.charset.StandardCharsets.UTF_8)).toString
  }

  /** Formats whose values are text in the files: any of them may not fit its column. */
  private def asText(format: String) = Set("json", "csv", "xml")(Warehouse.key(format))

  /** The column that takes what has no place; there when columns are inferred, or asked for. */
  private def rescuedColumn(format: String, asked: CaseInsensitiveMap[String], inferred: Boolean,
      mode: String): Option[String] = {
    val default = if (inferred && !fixed(format) && mode != "none") Some("_rescued_data") else None
    asked.get("rescuedDataColumn").filter(_.nonEmpty).orElse(default)
  }

  private def fixed(format: String) = Set("text", "binaryfile")(Warehouse.key(format))

  /** Columns of the files: names and nesting, with leaves as text unless types are asked for, then the hints. */
  private def inferred(session: SparkSession, format: String, asked: CaseInsensitiveMap[String], path: String,
      reading: Map[String, String], source: String, streaming: Boolean, mode: String): StructType = {
    val infer = inferring(session, format, asked, path, reading)
    lazy val listing = FileSchemas.listing(session, path, reading)
    val found =
      if (!streaming || fixed(format)) infer(listing)
      else new KnownColumns(session, source).of(listing, mode.startsWith("addNewColumns"))(infer)
    val hinted = asked.get("schemaHints").fold(found)(hints => SchemaHints(hints).applyTo(found))
    if (mode.startsWith("addNewColumns")) NewColumnsOf.join(hinted, found) else hinted // a hinted struct may grow, too
  }

  /** Columns of the files that others do not have. */
  private def unknown(session: SparkSession, path: String, reading: Map[String, String], known: StructType)(
      infer: Listing => StructType): StructType = {
    val listing = FileSchemas.listing(session, path, reading)
    try if (listing.files.isEmpty) new StructType() else StructType(infer(listing).filter(field => RescuedRows.isNew(field.name, known)))
    catch { case NonFatal(_) => new StructType() } // the reading says what is wrong with a file
  }

  /** How the columns of some files are found. */
  private def inferring(session: SparkSession, format: String, asked: CaseInsensitiveMap[String], path: String,
      reading: Map[String, String]): Listing => StructType = {
    val typed = asked.get("inferColumnTypes").exists(_.equalsIgnoreCase("true"))
    val untyped = !typed && asText(format)
    val inference = Warehouse.key(format) match {
      case "json" if untyped => Map("primitivesAsString" -> "true")
      case "csv" | "xml" => Map("inferSchema" -> typed.toString)
      case "parquet" | "orc" if !asked.contains("mergeSchema") => Map("mergeSchema" -> "true")
      case _ => Map.empty[String, String]
    }
    val options = reading -- streamOptions(asked).keys ++ inference
    listing => {
      val columns = FileSchemas.infer(session, format, path, listing, options, byHeader = true)
      NewColumnsOf.distinct(if (untyped) StructType(columns.map(atomicAsText)) else columns)
    }
  }

  /** Types of `column=value` folders are found by Spark in any case. */
  private def atomicAsText(field: StructField): StructField = field.dataType match {
    case _: StructType | _: ArrayType | _: MapType => field
    case _ => field.copy(dataType = StringType)
  }

  /** Options for Spark's file source; what only steers the platform's own discovery of files is left out. */
  private def readerOptions(session: SparkSession, asked: CaseInsensitiveMap[String], path: String,
      streaming: Boolean): Map[String, String] = {
    val passed = asked.originalMap.filterNot { case (key, _) => platformOnly(Warehouse.key(key)) }
    val glob = asked.get("fileNamePattern").map("pathGlobFilter" -> _).toMap
    val folders =
      if (asked.contains("recursiveFileLookup") || FileSchemas.hasPartitions(session, path, asked)) {
        Map.empty[String, String]
      } else Map("recursiveFileLookup" -> "true")
    val stream = if (streaming) streamOptions(asked) else Map.empty[String, String]
    (passed ++ glob ++ folders ++ stream).toMap
  }

  private val streamOnly = Set("maxfilespertrigger", "maxbytespertrigger", "maxfileage", "cleansource",
    "cleansource.movedestination", "cleansource.retentionduration", "latestfirst", "filenameonly")

  private val platformOnly = streamOnly ++ Set("format", "path", "schemalocation", "schemahints", "schemaevolutionmode",
    "infercolumntypes", "inferschema", "rescueddatacolumn", "partitioncolumns", "filenamepattern",
    "includeexistingfiles", "allowoverwrites", "backfillinterval", "usenotifications", "usemanagedfileevents",
    "useincrementallisting",
    "usestrictglobber", "validateoptions", "fetchparallelism", "resourcetag", "region", "queueurl")

  private def streamOptions(asked: CaseInsensitiveMap[String]): Map[String, String] = {
    val size = asked.get("maxBytesPerTrigger") match {
      case Some(bytes) if !asked.contains("maxFilesPerTrigger") =>
        Map("maxBytesPerTrigger" -> SizeText.bytes(bytes).toString)
      case _ => Map("maxFilesPerTrigger" -> asked.getOrElse("maxFilesPerTrigger", "1000"))
    }
    // Spark forgets files older than a week; there every file counts, whatever its age.
    val age = Map("maxFileAge" -> asked.getOrElse("maxFileAge", "36500d"))
    val passed = Seq("latestFirst", "fileNameOnly").flatMap(key => asked.get(key).map(key -> _)).toMap
    // Read by the engine before a stream begins.
    val existing = asked.get("includeExistingFiles").filter(_.equalsIgnoreCase("false"))
      .map(_ => "ldp.includeExistingFiles" -> "false").toMap
    val changed = if (again(asked)) Map("ldp.allowOverwrites" -> "true") else Map.empty[String, String]
    size ++ age ++ passed ++ existing ++ changed ++ cleaning(asked)
  }

  private def again(asked: CaseInsensitiveMap[String]) = asked.get("allowOverwrites").exists(_.equalsIgnoreCase("true"))

  /** Processed files are kept for 30 days unless it is said otherwise; only those that are kept for no time go here. */
  private def cleaning(asked: CaseInsensitiveMap[String]): Map[String, String] =
    asked.get("cleanSource").map(_.toUpperCase(java.util.Locale.ROOT)) match {
      case Some("MOVE") if asked.get("cleanSource.retentionDuration").exists(_.trim.matches("(?i)(interval\\s+)?'?0\\b.*")) =>
        val destination = asked.getOrElse("cleanSource.moveDestination",
          Problem.raise("cleanSource MOVE needs cleanSource.moveDestination"))
        Map("cleanSource" -> "archive", "sourceArchiveDir" -> destination)
      case _ => Map.empty
    }

  private def withoutPrefix(key: String): String =
    if (Warehouse.key(key).startsWith(Prefix)) key.substring(Prefix.length) else key

  private def known(format: String): String = Warehouse.key(format) match {
    case "binaryfile" => "binaryFile"
    case "avro" => classOf[org.apache.spark.sql.avro.AvroFileFormat].getName // Spark has it, and no short name for it
    case _ => format
  }
}

/** Sizes such as `10g`, and plain numbers. */
object SizeText {
  def bytes(text: String): Long = org.apache.spark.network.util.JavaUtils.byteStringAsBytes(text.trim)
}

/** Gives the source its short name; the plan never gets so far as to ask it for data. */
class AutoLoaderSource extends StreamSourceProvider with DataSourceRegister {
  override def shortName(): String = AutoLoader.Format

  override def sourceSchema(context: SQLContext, schema: Option[StructType], provider: String,
      parameters: Map[String, String]): (String, StructType) = refuse

  override def createSource(context: SQLContext, checkpoint: String, schema: Option[StructType], provider: String,
      parameters: Map[String, String]): Source = refuse

  private def refuse: Nothing = AutoLoader.refuseBatch()
}
