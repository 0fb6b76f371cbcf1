package org.apache.spark.sql.ldp

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
  def source(session: SparkSession, options: Map[String, String], schema: Option[StructType], paths: Seq[String],
      streaming: Boolean): LogicalPlan = {
    val asked = CaseInsensitiveMap(options.map { case (key, value) => withoutPrefix(key) -> value })
    if (paths.isEmpty) Problem.raise("cloudFiles needs a path: load(path)")
    val path = paths.head
    val format = asked.get("format").map(known).getOrElse(FileSchemas.guessFormat(session, path))
    // Where columns are inferred, the first line of a CSV file is taken for their names unless it is said otherwise.
    val named = Warehouse.key(format) == "csv" && schema.isEmpty && !asked.contains("header")
    val given = if (named) asked + ("header" -> "true") else asked
    val reading = readerOptions(session, CaseInsensitiveMap(given), path, streaming)
    val columns = schema.getOrElse(inferred(session, format, asked, path, reading))
    val rescued = rescuedColumn(format, asked, schema.isEmpty)
    val all = rescued.fold(columns)(name => StructType(columns.filterNot(_.name == name)).add(name, StringType))
    val rescuing = rescued.filter(_ => asText(format)).map("columnNameOfCorruptRecord" -> _)
    UnresolvedDataSource(format, Some(all), CaseInsensitiveMap(reading ++ rescuing), streaming, Seq(path))
  }

  /** Formats whose values are text in the files: any of them may not fit its column. */
  private def asText(format: String) = Set("json", "csv", "xml")(Warehouse.key(format))

  /** The column that takes records with a value that does not fit; there when columns are inferred, or asked for. */
  private def rescuedColumn(format: String, asked: CaseInsensitiveMap[String], inferred: Boolean): Option[String] = {
    val fixed = Set("text", "binaryfile")(Warehouse.key(format))
    val never = asked.get("schemaEvolutionMode").exists(_.equalsIgnoreCase("none"))
    val default = if (inferred && !fixed && !never) Some("_rescued_data") else None
    asked.get("rescuedDataColumn").filter(_.nonEmpty).orElse(default)
  }

  /** Columns found in the files: names and nesting, with leaves as text unless types are asked for, then the hints. */
  private def inferred(session: SparkSession, format: String, asked: CaseInsensitiveMap[String], path: String,
      reading: Map[String, String]): StructType = {
    val typed = asked.get("inferColumnTypes").exists(_.equalsIgnoreCase("true"))
    val untyped = !typed && asText(format)
    val inference = Warehouse.key(format) match {
      case "json" if untyped => Map("primitivesAsString" -> "true")
      case "csv" | "xml" => Map("inferSchema" -> typed.toString)
      case _ => Map.empty[String, String]
    }
    val columns = FileSchemas.infer(session, format, path, reading -- streamOptions(asked).keys ++ inference)
    val found = if (untyped) StructType(columns.map(atomicAsText)) else columns
    asked.get("schemaHints").fold(found)(hints => SchemaHints(hints).applyTo(found))
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
    size ++ age ++ passed ++ cleaning(asked)
  }

  private def cleaning(asked: CaseInsensitiveMap[String]): Map[String, String] =
    asked.get("cleanSource").map(_.toUpperCase(java.util.Locale.ROOT)) match {
      case Some("DELETE") => Map("cleanSource" -> "delete")
      case Some("MOVE") =>
        val destination = asked.getOrElse("cleanSource.moveDestination",
          Problem.raise("cleanSource MOVE needs cleanSource.moveDestination"))
        Map("cleanSource" -> "archive", "sourceArchiveDir" -> destination)
      case _ => Map.empty
    }

  private def withoutPrefix(key: String): String =
    if (Warehouse.key(key).startsWith(Prefix)) key.substring(Prefix.length) else key

  private def known(format: String): String = if (format.equalsIgnoreCase("binaryFile")) "binaryFile" else format
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
