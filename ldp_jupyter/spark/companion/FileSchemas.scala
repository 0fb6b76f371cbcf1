package org.apache.spark.sql.ldp

import java.util.Locale

import scala.collection.mutable

import org.apache.hadoop.fs.{FileStatus, GlobFilter, Path}

import org.apache.spark.SparkThrowable
import org.apache.spark.sql.{classic, SparkSession}
import org.apache.spark.sql.catalyst.analysis.TypeCoercion
import org.apache.spark.sql.catalyst.csv.CSVOptions
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, UnresolvedDataSource}
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.catalyst.util.CaseInsensitiveMap
import org.apache.spark.sql.execution.datasources.csv.CSVUtils
import org.apache.spark.sql.types.{ArrayType, DataType, StringType, StructType}

/** Columns of files, found by reading them once: the answer is kept as long as the list of files is the same. */
object FileSchemas {
  private val Sample = 1000
  private val SampleBytes = "50g"
  private val SampleSettings = "spark.databricks.cloudFiles.schemaInference.sampleSize."
  private val Kept = 500

  private case class Question(format: String, path: String, options: Map[String, String], files: Long,
    sample: Int, byHeader: Boolean)

  private val answers = new mutable.LinkedHashMap[Question, StructType]

  /** The columns of all files below a path that a reader with these options takes. */
  def infer(session: SparkSession, format: String, path: String, options: Map[String, String]): StructType =
    infer(session, format, path, listing(session, path, options), options)

  /**
   * The columns of some files: of the newest thousand, up to 50 GB, or as many as the platform's settings say.
   *
   * @param byHeader whether CSV files may have different columns
   */
  def infer(session: SparkSession, format: String, path: String, listing: Listing, options: Map[String, String],
      byHeader: Boolean = false): StructType = {
    def setting(name: String, usual: String) = session.conf.getOption(SampleSettings + name).getOrElse(usual)
    val sample = listing.newest(setting("numFiles", Sample.toString).toInt, SizeText.bytes(setting("numBytes", SampleBytes)))
    val question =
      Question(format.toLowerCase(Locale.ROOT), path, options, listing.fingerprint, sample.files.size, byHeader)
    answers.synchronized(answers.get(question)).getOrElse {
      val whole = sample.files.size == listing.files.size && listing.whole
      val paths = if (whole) Seq(path) else sample.files.map(file => literally(file.getPath))
      val placed = if (whole) options else options + ("basePath" -> path)
      val schema = (if (byHeader) headers(session, format, sample, options) else Nil) match {
        case groups if groups.size > 1 =>
          groups.map(group => read(session, format, group, options + ("basePath" -> path))).reduce(Widened.join)
        case _ => merged(session, format, paths, placed, sample)
      }
      remember(question, schema)
      schema
    }
  }

  /** Files whose types do not go together have the widest one; names may differ in their letter case alone. */
  private def merged(session: SparkSession, format: String, paths: Seq[String], options: Map[String, String],
      sample: Listing): StructType =
    try {
      val single = read(session, format, paths, options)
      if (format.endsWith("AvroFileFormat")) each(session, format, sample, single) else single // it looks at one file only
    } catch {
      case failed: SparkThrowable if failed.getCondition.startsWith("CANNOT_MERGE_SCHEMA") =>
        each(session, format, sample, read(session, format, paths, options + ("mergeSchema" -> "false")))
      case failed: SparkThrowable if failed.getCondition == "COLUMN_ALREADY_EXISTS" =>
        val exact = session.asInstanceOf[classic.SparkSession].cloneSession()
        exact.conf.set("spark.sql.caseSensitive", "true")
        read(exact, format, paths, options)
    }

  private def each(session: SparkSession, format: String, sample: Listing, first: StructType): StructType =
    sample.files.map(file => literally(file.getPath)).take(Sample)
      .map(file => read(session, format, Seq(file), Map.empty)).foldLeft(first)(Widened.join)

  /**
   * A file that is there, for a reader: a `[` in its name begins no pattern. Spark's option that turns patterns off reads
   * such files, and those beside them, more than once.
   */
  private[ldp] def literally(file: Path): String =
    file.toString.flatMap(letter => if ("{}[]*?\\".contains(letter)) s"\\$letter" else letter.toString)

  /** Files of a CSV source by their first lines, those with the oldest file first; Spark would take one for all. */
  private def headers(session: SparkSession, format: String, sample: Listing,
      options: Map[String, String]): Seq[Seq[String]] = {
    val asked = CaseInsensitiveMap(options)
    if (Warehouse.key(format) != "csv" || !asked.get("header").exists(_.equalsIgnoreCase("true"))) Nil
    else {
      val parsed = new CSVOptions(options, false, session.sessionState.conf.sessionLocalTimeZone)
      val conf = session.sessionState.newHadoopConf()
      val first = sample.files.sortBy(_.getModificationTime).map(_.getPath)
        .flatMap(file => CSVUtils.readHeaderLine(file, parsed, conf).map(_ -> literally(file)))
      first.map(_._1).distinct.map(line => first.collect { case (`line`, file) => file })
    }
  }

  def read(session: SparkSession, format: String, path: String, options: Map[String, String]): StructType =
    read(session, format, Seq(path), options)

  private def read(session: SparkSession, format: String, paths: Seq[String],
      options: Map[String, String]): StructType =
    Aside.run(session, "schema") {
      reading.set(true)
      try session.read.format(format).options(options).load(paths: _*).schema
      finally reading.remove()
    }

  private val reading = new ThreadLocal[Boolean]

  /** Whether this thread reads files to find their columns. */
  def isReading: Boolean = reading.get

  private def remember(question: Question, schema: StructType): Unit = answers.synchronized {
    answers.put(question, schema)
    if (answers.size > Kept) answers.remove(answers.head._1)
  }

  /** The format by the ending of the first file. */
  def guessFormat(session: SparkSession, path: String): String =
    dataFiles(session, path).iterator
      .map(_.getPath.getName.toLowerCase(Locale.ROOT).stripSuffix(".gz").stripSuffix(".bz2"))
      .flatMap(name => formats.get(name.substring(name.lastIndexOf('.') + 1)))
      .nextOption().getOrElse("json")

  private val formats = Seq("json", "csv", "parquet", "avro", "orc", "xml").map(name => name -> name).toMap ++
    Map("txt" -> "text", "jsonl" -> "json", "ndjson" -> "json")

  /**
   * Whether the folder is laid out as `column=value`. Spark finds such columns only when it does not descend
   * into folders of any name.
   */
  def hasPartitions(session: SparkSession, path: String, asked: CaseInsensitiveMap[String]): Boolean =
    asked.get("partitionColumns") match {
      case Some(columns) => columns.trim.nonEmpty
      case None if isPattern(path) => false
      case None => new Folders(session).children(new Path(path)).exists(child =>
        child.isDirectory && child.getPath.getName.indexOf('=') > 0)
    }

  private def isPattern(path: String) = path.exists("*?[{".contains(_))

  private def dataFiles(session: SparkSession, path: String): Seq[FileStatus] = {
    val folders = new Folders(session)
    val start = new Path(path)
    val roots =
      if (isPattern(path)) Option(folders.system(start).globStatus(start)).toSeq.flatten
      else folders.status(start).toSeq
    def hidden(status: FileStatus) = status.getPath.getName.startsWith("_") || status.getPath.getName.startsWith(".")
    def below(status: FileStatus): Seq[FileStatus] =
      if (status.isDirectory) folders.children(status.getPath).filterNot(hidden).flatMap(below) else Seq(status)
    roots.flatMap(below)
  }

  /** The files below a path that a reader with these options takes. */
  def listing(session: SparkSession, path: String, options: Map[String, String]): Listing = {
    val glob = CaseInsensitiveMap(options).get("pathGlobFilter").map(new GlobFilter(_))
    Listing(dataFiles(session, path).filter(file => glob.forall(_.accept(file.getPath))))
  }
}

/**
 * Files of a source.
 *
 * @param whole whether these are all that there are
 */
case class Listing(files: Seq[FileStatus], whole: Boolean = true) {
  lazy val fingerprint: Long =
    files.map(file => (file.getPath.toString, file.getLen, file.getModificationTime)).hashCode().toLong

  def newest: Long = files.iterator.map(_.getModificationTime).maxOption.getOrElse(0L)

  /** The newest ones up to a number and a size; one at least. */
  def newest(count: Int, bytes: Long): Listing =
    if (files.size <= count && files.iterator.map(_.getLen).sum <= bytes) this
    else {
      val sorted = files.sortBy(-_.getModificationTime).take(count)
      val sizes = sorted.map(_.getLen).scanLeft(0L)(_ + _).tail
      Listing(sorted.take(sizes.count(_ <= bytes).max(1)), whole = false)
    }

  /** Those that are as new as a moment, and some others by their paths. */
  def since(moment: Long, others: Set[String]): Listing = Listing(
    files.filter(file => file.getModificationTime >= moment || others(file.getPath.toString)), whole = false)
}

/** The columns of two schemas, each of a type that takes the values of both. */
object Widened {
  def join(left: StructType, right: StructType): StructType = StructType(
    left.fields.map(field => right.fields.find(_.name == field.name).fold(field) { other =>
      field.copy(dataType = join(field.dataType, other.dataType))
    }) ++ right.fields.filterNot(field => left.fieldNames.contains(field.name)))

  private def join(left: DataType, right: DataType): DataType = (left, right) match {
    case (one: StructType, other: StructType) => join(one, other)
    case (ArrayType(one, nulls), ArrayType(other, more)) => ArrayType(join(one, other), nulls || more)
    case _ => TypeCoercion.findWiderTypeForTwo(left, right).getOrElse(StringType)
  }
}

/** Readers of one path of text files without a schema take the columns that are known; a dry run starts no job again. */
case class RememberSchemas(session: SparkSession) extends Rule[LogicalPlan] {
  private val formats = Set("json", "csv", "xml")

  override def apply(plan: LogicalPlan): LogicalPlan =
    if (plan.resolved || FileSchemas.isReading) plan
    else Unresolved.rewrite(plan) {
      case source: UnresolvedDataSource if !source.isStreaming && source.userSpecifiedSchema.isEmpty &&
          formats(source.format.toLowerCase(Locale.ROOT)) =>
        (source.paths ++ source.options.get("path")).distinct match {
          case Seq(path) =>
            val options = source.options.originalMap.filterNot(_._1.equalsIgnoreCase("path"))
            val columns = FileSchemas.infer(session, source.format, path, options)
            source.copy(userSpecifiedSchema = Some(columns))
          case _ => source
        }
    }
}
