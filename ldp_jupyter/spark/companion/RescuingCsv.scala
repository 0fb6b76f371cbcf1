package org.apache.spark.sql.ldp

import scala.util.control.NonFatal

import com.fasterxml.jackson.databind.node.ObjectNode
import com.univocity.parsers.common.TextParsingException
import com.univocity.parsers.csv.CsvParser
import org.apache.hadoop.conf.Configuration

import org.apache.spark.TaskContext
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.csv.{CSVExprUtils, CSVOptions, UnivocityParser}
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow
import org.apache.spark.sql.execution.datasources._
import org.apache.spark.sql.execution.datasources.csv.{CSVFileFormat, CSVUtils}
import org.apache.spark.sql.sources.Filter
import org.apache.spark.sql.types._
import org.apache.spark.util.SerializableConfiguration

/**
 * Spark's CSV files, with what has no place in the columns kept.
 *
 * Where files have a header, their columns are found by it: files of one source may have them in another order, or
 * more and less of them.
 */
class RescuingCsv extends RescuingFormat {
  override protected def plain: CSVFileFormat = new CSVFileFormat

  override def supportReadDataType(dataType: DataType): Boolean = plain.supportReadDataType(dataType)

  override def buildReader(session: SparkSession, dataSchema: StructType, partitionSchema: StructType,
      requiredSchema: StructType, filters: Seq[Filter], options: Map[String, String],
      hadoopConf: Configuration): PartitionedFile => Iterator[InternalRow] = {
    val settings = getSqlConf(session)
    val parsed = new CSVOptions(options, false, settings.sessionLocalTimeZone, settings.columnNameOfCorruptRecord)
    val rescue = Rescue.of(options)
    val caseSensitive = settings.caseSensitiveAnalysis
    val conf = session.sparkContext.broadcast(new SerializableConfiguration(hadoopConf))
    file => new CsvRecords(file, dataSchema, requiredSchema, parsed, rescue, conf.value.value, caseSensitive).rows
  }

  override def toString: String = "CSV"
}

/** The records of one file. */
private class CsvRecords(file: PartitionedFile, dataSchema: StructType, required: StructType, options: CSVOptions,
    rescue: Rescue, conf: Configuration, caseSensitive: Boolean) {
  private val corrupt = options.columnNameOfCorruptRecord
  private val data = RescuedRows.data(dataSchema, rescue, corrupt)
  private val made = new RescuedRows(data, required, rescue, corrupt, options.parseMode, file.toPath)
  private val tokenizer = new CsvParser(options.asParserSettings)
  private val converters = {
    val types = new UnivocityParser(data, data, options)
    data.fields.map(field => types.makeConverter(field.name, field.dataType, true))
  }
  private val asked = data.fields.map(field => required.fieldNames.contains(field.name) || rescue.matters(required))

  def rows: Iterator[InternalRow] = if (options.multiLine) documents else lines

  private def lines: Iterator[InternalRow] = {
    val reader = new HadoopFileLinesReader(file, options.lineSeparatorInRead, conf)
    Option(TaskContext.get()).foreach(_.addTaskCompletionListener[Unit](_ => reader.close()))
    val texts = reader.map(line => new String(line.getBytes, 0, line.getLength, options.charset))
    val first =
      if (!options.headerFlag) None
      else if (file.start == 0) CSVExprUtils.extractHeader(texts, options)
      else CSVUtils.readHeaderLine(file.toPath, options, conf)
    val header = first.flatMap(line => Option(tokenizer.parseLine(line.stripPrefix("\uFEFF")))).map(named)
    val places = new Places(header)
    CSVExprUtils.filterCommentAndEmpty(texts, options).flatMap { line =>
      try {
        val tokens = tokenizer.parseLine(line)
        if (tokens == null) made.broken(line, new IllegalArgumentException("a record cannot be parsed"))
        else Iterator.single(places.row(tokens))
      } catch {
        case failed: TextParsingException => made.broken(line, failed)
      }
    }
  }

  private def documents: Iterator[InternalRow] = {
    val stream = CodecStreams.createInputStreamWithCloseResource(conf, file.toPath)
    val records = UnivocityParser.tokenizeStream(stream, false, tokenizer, options.charset)
    val header = if (options.headerFlag && records.hasNext) Some(named(records.next())) else None
    val places = new Places(header)
    records.map(places.row)
  }

  private def named(header: Array[String]): Array[String] = CSVUtils.makeSafeHeader(header, caseSensitive, options)

  /** Which column each token of a record belongs to. */
  private class Places(header: Option[Array[String]]) {
    private val names: Array[String] = header.getOrElse(data.fieldNames)
    private val columns: Array[Int] = names.map(name => data.fields.indexWhere(_.name == name))

    if (header.isDefined) {
      rescue.found(file.toPath, names.toSeq.zip(columns).collect {
        case (name, -1) if RescuedRows.isNew(name, data) => name
      })
    }

    def row(tokens: Array[String]): InternalRow = {
      val values = new GenericInternalRow(data.length)
      var left: ObjectNode = null
      var at = 0
      while (at < tokens.length) {
        val column = if (at < columns.length) columns(at) else -1
        val token = tokens(at)
        val fits = if (column >= 0) !asked(column) || put(values, column, token) else token == null
        if (!fits) {
          if (left == null) left = made.emptyObject
          left.put(if (at < names.length) names(at) else s"_c$at", token)
        }
        at += 1
      }
      if (header.isEmpty && tokens.length > names.length) {
        rescue.found(file.toPath, names.length.until(tokens.length).map(at => s"_c$at"))
      }
      made.row(values, left)
    }

    private def put(values: GenericInternalRow, column: Int, token: String): Boolean =
      try {
        values.update(column, converters(column)(token))
        true
      } catch { case NonFatal(_) => false }
  }
}
