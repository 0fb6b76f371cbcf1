package org.apache.spark.sql.ldp

import java.io.InputStream

import scala.collection.mutable
import scala.jdk.CollectionConverters._
import scala.util.control.NonFatal

import com.fasterxml.jackson.core.{JsonFactory, JsonParser, JsonProcessingException, JsonToken}
import com.fasterxml.jackson.core.util.JsonParserDelegate
import com.fasterxml.jackson.databind.{DeserializationFeature, JsonNode, ObjectMapper}
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature
import com.fasterxml.jackson.databind.json.JsonMapper
import com.fasterxml.jackson.databind.node.{JsonNodeFactory, ObjectNode}
import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.io.Text

import org.apache.spark.TaskContext
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.json.{CreateJacksonParser, JacksonParser, JSONOptions}
import org.apache.spark.sql.catalyst.util.BadRecordException
import org.apache.spark.sql.execution.datasources._
import org.apache.spark.sql.execution.datasources.json.JsonFileFormat
import org.apache.spark.sql.sources.Filter
import org.apache.spark.sql.types._
import org.apache.spark.unsafe.types.UTF8String
import org.apache.spark.util.SerializableConfiguration

/**
 * Spark's JSON files, with what has no place in the columns kept.
 *
 * Spark's own parser makes the rows; it is watched for fields that it skips. Only a record in which it skipped or failed
 * is looked at a second time, as a tree.
 */
class RescuingJson extends RescuingFormat {
  override protected def plain: JsonFileFormat = new JsonFileFormat

  override def buildReader(session: SparkSession, dataSchema: StructType, partitionSchema: StructType,
      requiredSchema: StructType, filters: Seq[Filter], options: Map[String, String],
      hadoopConf: Configuration): PartitionedFile => Iterator[InternalRow] = {
    val rescue = Rescue.of(options)
    if (!rescue.matters(requiredSchema)) {
      plain.buildReader(session, dataSchema, partitionSchema, requiredSchema, filters, options, hadoopConf)
    } else {
      val settings = getSqlConf(session)
      val parsed = new JSONOptions(options, settings.sessionLocalTimeZone, settings.columnNameOfCorruptRecord)
      val conf = session.sparkContext.broadcast(new SerializableConfiguration(hadoopConf))
      file => new JsonRecords(file, dataSchema, requiredSchema, parsed, rescue, conf.value.value).rows
    }
  }

  override def toString: String = "JSON"
}

/** The records of one file. */
private class JsonRecords(file: PartitionedFile, dataSchema: StructType, required: StructType, options: JSONOptions,
    rescue: Rescue, conf: Configuration) {
  private val corrupt = options.columnNameOfCorruptRecord
  private val data = RescuedRows.data(dataSchema, rescue, corrupt)
  private val made = new RescuedRows(data, required, rescue, corrupt, options.parseMode, file.toPath)
  private val parser = new JacksonParser(data, options, allowArrayAsStructs = true, Nil)
  private val remains = new JsonRemains(options)
  private val charset = options.encoding.getOrElse("UTF-8")
  private var odd = false

  def rows: Iterator[InternalRow] = if (options.multiLine) documents else lines

  private def lines: Iterator[InternalRow] = {
    val reader = new HadoopFileLinesReader(file, options.lineSeparatorInRead, conf)
    Option(TaskContext.get()).foreach(_.addTaskCompletionListener[Unit](_ => reader.close()))
    val open: (JsonFactory, Text) => JsonParser =
      options.encoding.map(encoding => CreateJacksonParser.text(encoding, _: JsonFactory, _: Text))
        .getOrElse(CreateJacksonParser.text(_: JsonFactory, _: Text))
    def text(line: Text) = UTF8String.fromBytes(line.getBytes, 0, line.getLength)
    reader.flatMap { line =>
      parse[Text](line, open, text) match {
        case Some(rows) => rows
        case None => again(new String(line.getBytes, 0, line.getLength, charset).stripPrefix("\uFEFF"))
      }
    }
  }

  /** One after the other, without holding the file: the elements of an array, or values side by side. */
  private def documents: Iterator[InternalRow] = {
    val stream = CodecStreams.createInputStreamWithCloseResource(conf, file.toPath)
    val open: (JsonFactory, InputStream) => JsonParser =
      options.encoding.map(encoding => CreateJacksonParser.inputStream(encoding, _: JsonFactory, _: InputStream))
        .getOrElse(CreateJacksonParser.inputStream(_: JsonFactory, _: InputStream))
    val tokens = open(remains.factory, stream)
    new Iterator[Iterator[InternalRow]] {
      private var ahead: Option[Iterator[InternalRow]] = None
      private var ended = false

      override def hasNext: Boolean = {
        if (ahead.isEmpty && !ended) ahead = advance()
        ahead.isDefined
      }

      override def next(): Iterator[InternalRow] = {
        if (!hasNext) throw new NoSuchElementException
        val result = ahead.get
        ahead = None
        result
      }

      private def advance(): Option[Iterator[InternalRow]] =
        try {
          tokens.nextToken() match {
            case null => ended = true; None
            case JsonToken.START_ARRAY | JsonToken.END_ARRAY => advance()
            case _ => Some(record(remains.mapper.readTree[JsonNode](tokens).toString))
          }
        } catch {
          case broken: JsonProcessingException =>
            ended = true
            Some(made.broken(whole(), broken))
        }
    }.flatten
  }

  private def whole(): String = {
    val stream = CodecStreams.createInputStreamWithCloseResource(conf, file.toPath)
    try new String(stream.readAllBytes(), charset) finally stream.close()
  }

  private def record(text: String): Iterator[InternalRow] =
    parse[String](text, CreateJacksonParser.string, UTF8String.fromString).getOrElse(again(text))

  /** Rows of a record all of which has its place; None for another one. */
  private def parse[T](record: T, open: (JsonFactory, T) => JsonParser,
      literal: T => UTF8String): Option[Iterator[InternalRow]] = {
    odd = false
    try {
      val found = parser.parse[T](record, (factory, input) => new Watching(open(factory, input)), literal)
      if (odd) None else Some(found.iterator.map(made.row(_, null)))
    } catch {
      case _: BadRecordException => None
    }
  }

  private def again(text: String): Iterator[InternalRow] = {
    val found = mutable.ArrayBuffer.empty[InternalRow]
    try {
      val trees = remains.trees(text)
      val single = trees.size == 1
      trees.flatMap(tree => if (tree.isArray) tree.elements.asScala.toSeq else Seq(tree)).foreach {
        case record: ObjectNode => found += rescued(record, if (single && trees.head.isObject) text else record.toString)
        case other if other.isNull =>
        case other => found ++= made.broken(other.toString, new IllegalArgumentException("not an object"))
      }
      found.iterator
    } catch {
      case broken: JsonProcessingException => made.broken(text, broken)
    }
  }

  private def rescued(record: ObjectNode, text: String): InternalRow = {
    val values =
      try parser.parse[String](text, CreateJacksonParser.string, UTF8String.fromString).headOption.orNull
      catch { case bad: BadRecordException => bad.partialResults().headOption.orNull }
    val unknown = mutable.ArrayBuffer.empty[String]
    val left = remains.of(record, data, "", unknown)
    rescue.found(file.toPath, unknown.toSeq)
    made.row(values, left)
  }

  /** Notices fields that are skipped, and text behind the record. */
  private class Watching(inner: JsonParser) extends JsonParserDelegate(inner) {
    override def skipChildren(): JsonParser = {
      if (delegate.currentToken != JsonToken.FIELD_NAME) odd = true
      delegate.skipChildren()
      this
    }

    override def close(): Unit = {
      try if (!odd && delegate.nextToken() != null) odd = true
      catch { case _: JsonProcessingException => odd = true }
      delegate.close()
    }
  }
}

/** What of a JSON object has no place in a struct. */
private class JsonRemains(options: JSONOptions) {
  val factory: JsonFactory = options.buildJsonFactory()
  val mapper: ObjectMapper = JsonMapper.builder(factory)
    .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
    .build()
  private val tests = mutable.HashMap.empty[DataType, JacksonParser]

  def trees(text: String): Seq[JsonNode] =
    try mapper.readerFor(classOf[JsonNode]).readValues[JsonNode](factory.createParser(text)).asScala.toList
    catch {
      case wrapped: RuntimeException => wrapped.getCause match {
        case broken: JsonProcessingException => throw broken
        case _ => throw wrapped
      }
    }

  /**
   * The fields that have no place, null where all have one.
   *
   * @param unknown takes the paths of columns that are not known
   */
  def of(record: ObjectNode, columns: StructType, path: String, unknown: mutable.Buffer[String]): ObjectNode = {
    val left = JsonNodeFactory.instance.objectNode()
    record.properties.asScala.foreach { field =>
      val name = field.getKey
      columns.fields.find(_.name == name) match {
        case Some(column) =>
          val part = of(field.getValue, column.dataType, s"$path$name.", unknown)
          if (part != null) left.set[JsonNode](name, part)
        case None =>
          if (RescuedRows.isNew(name, columns)) unknown += s"$path$name"
          left.set[JsonNode](name, field.getValue)
      }
    }
    if (left.isEmpty) null else left
  }

  private def of(value: JsonNode, dataType: DataType, path: String, unknown: mutable.Buffer[String]): JsonNode =
    (value, dataType) match {
      case (nothing, _) if nothing.isNull => null
      case (_, _: StringType | _: VariantType) => null
      case (record: ObjectNode, struct: StructType) => of(record, struct, path, unknown)
      case (list, ArrayType(struct: StructType, _)) if list.isArray =>
        val parts = list.elements.asScala.map(of(_, struct, s"${path}element.", unknown)).toSeq
        val array = JsonNodeFactory.instance.arrayNode()
        parts.foreach(part => if (part == null) array.addNull() else array.add(part))
        if (parts.forall(_ == null)) null else array
      case _ => if (fits(value, dataType)) null else value
    }

  private def fits(value: JsonNode, dataType: DataType): Boolean = {
    val test = tests.getOrElseUpdate(dataType,
      new JacksonParser(new StructType().add("value", dataType), options, allowArrayAsStructs = false, Nil))
    val text = JsonNodeFactory.instance.objectNode().set[ObjectNode]("value", value).toString
    try { test.parse[String](text, CreateJacksonParser.string, UTF8String.fromString); true }
    catch { case NonFatal(_) => false }
  }
}
