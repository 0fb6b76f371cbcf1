package org.apache.spark.sql.ldp

import java.util.Locale

import scala.collection.mutable

import org.apache.hadoop.fs.{FileStatus, Path}

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, UnresolvedDataSource}
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.catalyst.util.CaseInsensitiveMap
import org.apache.spark.sql.types.StructType

/** Columns of files, found by reading them once: the answer is kept as long as the list of files is the same. */
object FileSchemas {
  private val Sample = 1000
  private val Kept = 500

  private case class Question(format: String, path: String, options: Map[String, String], files: Int)

  private val answers = new mutable.LinkedHashMap[Question, StructType]

  def infer(session: SparkSession, format: String, path: String, options: Map[String, String]): StructType = {
    val files = dataFiles(session, path)
    val listing = files.map(file => (file.getPath.toString, file.getLen, file.getModificationTime)).hashCode()
    val question = Question(format.toLowerCase(Locale.ROOT), path, options, listing)
    answers.synchronized(answers.get(question)).getOrElse {
      val newest = files.sortBy(-_.getModificationTime).take(Sample).map(_.getPath.toString)
      val schema = if (files.size <= Sample) read(session, format, path, options)
      else read(session, format, newest, options + ("basePath" -> path))
      remember(question, schema)
      schema
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
