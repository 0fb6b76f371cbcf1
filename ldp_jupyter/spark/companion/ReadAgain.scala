package org.apache.spark.sql.ldp

import scala.collection.mutable

import org.apache.spark.paths.SparkPath
import org.apache.spark.sql.{classic, SQLContext}
import org.apache.spark.sql.catalyst.util.CaseInsensitiveMap
import org.apache.spark.sql.execution.datasources.{DataSource, FileFormat}
import org.apache.spark.sql.execution.datasources.binaryfile.BinaryFileFormat
import org.apache.spark.sql.execution.datasources.csv.CSVFileFormat
import org.apache.spark.sql.execution.datasources.json.JsonFileFormat
import org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat
import org.apache.spark.sql.execution.datasources.text.TextFileFormat
import org.apache.spark.sql.execution.datasources.xml.XmlFileFormat
import org.apache.spark.sql.execution.streaming.Source
import org.apache.spark.sql.execution.streaming.runtime.{FileStreamOptions, FileStreamSource}
import org.apache.spark.sql.sources.StreamSourceProvider
import org.apache.spark.sql.types.StructType

/**
 * A format of files that makes its stream itself: one that takes a file again when it was changed, as Auto Loader's
 * `allowOverwrites` asks for. Log and offsets are those of Spark's own file stream, so a stream may change from one to
 * the other.
 */
trait ReadAgain extends StreamSourceProvider { self: FileFormat =>
  override def sourceSchema(context: SQLContext, schema: Option[StructType], provider: String,
      parameters: Map[String, String]): (String, StructType) = {
    val info = plain(context, schema, parameters).sourceInfo
    (info.name, info.schema)
  }

  override def createSource(context: SQLContext, log: String, schema: Option[StructType], provider: String,
      parameters: Map[String, String]): Source = {
    val files = plain(context, schema, parameters)
    new ChangingFiles(session(context), provider, files.sourceInfo.schema, files.sourceInfo.partitionColumns, log,
      CaseInsensitiveMap(parameters))
  }

  /** The same files in any format: with its columns given, a format is not asked for them. */
  private def plain(context: SQLContext, schema: Option[StructType], parameters: Map[String, String]) =
    DataSource(session(context), classOf[ParquetFileFormat].getName, userSpecifiedSchema = schema, options = parameters)

  private def session(context: SQLContext) = context.sparkSession.asInstanceOf[classic.SparkSession]
}

// Its superclass asks for the files that were seen while it is made: they must be there before.
private class ChangingFiles(session: classic.SparkSession, format: String, columns: StructType, partitions: Seq[String],
    log: String, options: CaseInsensitiveMap[String]) extends {
  override val seenFiles: FileStreamSource.SeenFilesMap = new FilesAsSeen(new FileStreamOptions(options).maxFileAgeMs)
} with FileStreamSource(session, options("path"), format, columns, partitions, log, options)

/** A file that was changed since is a new one, whether its time is a later one or not. */
private class FilesAsSeen(age: Long) extends FileStreamSource.SeenFilesMap(age, false) {
  private val times = mutable.HashMap.empty[String, Long]

  override def add(path: SparkPath, timestamp: Long): Unit = {
    super.add(path, timestamp)
    times.put(path.urlEncoded, timestamp)
  }

  override def isNewFile(path: SparkPath, timestamp: Long): Boolean =
    times.get(path.urlEncoded).fold(super.isNewFile(path, timestamp))(_ != timestamp)
}

object ReadAgain {
  /** The name of the class that reads a format in this way. */
  def reader(format: String, rescuing: Boolean): String = (Warehouse.key(format) match {
    case "json" => if (rescuing) classOf[RescuingJsonAgain] else classOf[JsonAgain]
    case "csv" => if (rescuing) classOf[RescuingCsvAgain] else classOf[CsvAgain]
    case "parquet" => classOf[ParquetAgain]
    case "orc" => classOf[OrcAgain]
    case "avro" => classOf[AvroAgain]
    case "xml" => if (rescuing) classOf[RescuingXmlAgain] else classOf[XmlAgain]
    case "text" => classOf[TextAgain]
    case "binaryfile" => classOf[BinaryFilesAgain]
    case other => Problem.raise(s"allowOverwrites is not there for files of the format $other")
  }).getName
}

class JsonAgain extends JsonFileFormat with ReadAgain
class RescuingJsonAgain extends RescuingJson with ReadAgain
class CsvAgain extends CSVFileFormat with ReadAgain
class RescuingCsvAgain extends RescuingCsv with ReadAgain
class ParquetAgain extends RescuingParquet with ReadAgain
class OrcAgain extends RescuingOrc with ReadAgain
class AvroAgain extends WatchedAvro with ReadAgain
class XmlAgain extends XmlFileFormat with ReadAgain
class RescuingXmlAgain extends RescuingXml with ReadAgain
class TextAgain extends TextFileFormat with ReadAgain
class BinaryFilesAgain extends BinaryFileFormat with ReadAgain
