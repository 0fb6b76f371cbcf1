package org.apache.spark.sql.ldp

import java.io.InputStream
import java.nio.charset.MalformedInputException
import javax.xml.stream.XMLStreamException
import javax.xml.stream.events.{Characters, EndElement, StartElement, XMLEvent}

import scala.collection.mutable
import scala.jdk.CollectionConverters._
import scala.util.control.NonFatal

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.{ArrayNode, JsonNodeFactory, ObjectNode, TextNode}
import org.apache.hadoop.conf.Configuration
import org.xml.sax.SAXException

import org.apache.spark.SparkUpgradeException
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.util.{BadRecordException, PermissiveMode}
import org.apache.spark.sql.catalyst.xml.{StaxXmlParser, StaxXmlParserUtils, StaxXMLRecordReader, XmlOptions}
import org.apache.spark.sql.execution.datasources._
import org.apache.spark.sql.execution.datasources.xml.XmlFileFormat
import org.apache.spark.sql.internal.SQLConf
import org.apache.spark.sql.sources.Filter
import org.apache.spark.sql.types._
import org.apache.spark.unsafe.types.UTF8String
import org.apache.spark.util.SerializableConfiguration

/**
 * Spark's XML files, with what has no place in the columns kept.
 *
 * Spark's own parser makes the rows; the events that it takes are kept for a record, and make a tree of it. A record of
 * which it could not take a value is parsed again without such values, since Spark leaves out all that comes after one.
 */
class RescuingXml extends RescuingFormat {
  override protected def plain: XmlFileFormat = new XmlFileFormat

  override def buildReader(session: SparkSession, dataSchema: StructType, partitionSchema: StructType,
      requiredSchema: StructType, filters: Seq[Filter], options: Map[String, String],
      hadoopConf: Configuration): PartitionedFile => Iterator[InternalRow] = {
    val rescue = Rescue.of(options)
    if (!rescue.matters(requiredSchema)) {
      plain.buildReader(session, dataSchema, partitionSchema, requiredSchema, filters, options, hadoopConf)
    } else {
      val settings = getSqlConf(session)
      val parsed = new XmlOptions(options, settings.sessionLocalTimeZone, settings.columnNameOfCorruptRecord, true)
      val conf = session.sparkContext.broadcast(new SerializableConfiguration(hadoopConf))
      file => new XmlRecords(file, dataSchema, requiredSchema, parsed, rescue, conf.value.value).rows
    }
  }

  override def toString: String = "XML"
}

object RescuingXml {
  /** Whether files that are read so can be rescued: not where a line is a record, or a record one value. */
  def takes(options: Map[String, String]): Boolean = {
    val parsed = new XmlOptions(options)
    parsed.multiLine && parsed.singleVariantColumn.isEmpty && !parsed.useLegacyXMLParser
  }
}

/** The records of one file. */
private class XmlRecords(file: PartitionedFile, dataSchema: StructType, required: StructType, options: XmlOptions,
    rescue: Rescue, conf: Configuration) {
  private val corrupt = options.columnNameOfCorruptRecord
  private val data = RescuedRows.data(dataSchema, rescue, corrupt)
  private val made = new RescuedRows(data, required, rescue, corrupt, options.parseMode, file.toPath)
  private val remains = new XmlRemains(options)
  private val parser = remains.parser(data)

  private def open(): InputStream = CodecStreams.createInputStreamWithCloseResource(conf, file.toPath)

  private def whole(): UTF8String = {
    val stream = open()
    try UTF8String.fromBytes(stream.readAllBytes()) finally stream.close()
  }

  def rows: Iterator[InternalRow] = {
    val reader = new RecordedEvents(() => open(), options)
    Iterator.continually(next(reader)).takeWhile(_.isDefined).flatten.flatten
  }

  /** Rows of the next record; None when there is none. */
  private def next(reader: RecordedEvents): Option[Iterator[InternalRow]] =
    if (!reader.hasMoreRecord) None
    else {
      reader.taken.clear()
      val found =
        try parser.doParseColumnOptimized(reader, () => whole()).map(row => () => rescued(reader, Some(row)))
        catch {
          case changed: SparkUpgradeException => throw changed
          case bad: BadRecordException => Some(bad.getCause match {
            case broken @ (_: XMLStreamException | _: MalformedInputException | _: SAXException) =>
              () => made.broken(bad.record().toString, broken)
            case _ => () => rescued(reader, None)
          })
          case _: RuntimeException if reader.taken.nonEmpty => Some(() => rescued(reader, None)) // an attribute of the record
        }
      found.map(_())
    }

  private def rescued(reader: RecordedEvents, parsed: Option[InternalRow]): Iterator[InternalRow] =
    try {
      val record = reader.element()
      val unknown = mutable.ArrayBuffer.empty[String]
      val misfits = new Misfits(parsed.isEmpty)
      val left = remains.of(record, data, "", unknown, misfits)
      rescue.found(file.toPath, unknown.distinct.toSeq)
      val values = parsed.getOrElse(again(record, misfits))
      Iterator.single(made.row(values, left))
    } catch {
      case broken: XMLStreamException =>
        reader.close()
        made.broken(whole().toString, broken)
    }

  private def again(record: XmlElement, misfits: Misfits): InternalRow =
    try parser.doParseColumn(record.text(misfits), PermissiveMode, None).orNull
    catch { case bad: BadRecordException => bad.partialResults().headOption.orNull }
}

/** Keeps the events that a parser takes, of one record. */
private class RecordedEvents(open: () => InputStream, options: XmlOptions) extends StaxXMLRecordReader(open, options) {
  val taken = mutable.ArrayBuffer.empty[XMLEvent]

  override def nextEvent(): XMLEvent = {
    val event = super.nextEvent()
    taken += event
    event
  }

  override def next(): AnyRef = nextEvent()

  /** The record as a tree; what the parser left of it is taken. */
  def element(): XmlElement = {
    val open = mutable.Stack.empty[XmlElement]
    var at = 0
    var done: XmlElement = null
    while (done == null) {
      val event = if (at < taken.length) taken(at) else nextEvent()
      at += 1
      event match {
        case start: StartElement =>
          val made = new XmlElement(StaxXmlParserUtils.getName(start.getName, options), start.getName.getLocalPart,
            start.getAttributes.asScala.toSeq.map(one => XmlAttribute(
              options.attributePrefix + StaxXmlParserUtils.getName(one.getName, options), one.getName.getLocalPart, one.getValue)))
          open.headOption.foreach(_.parts += Right(made))
          open.push(made)
        case _: EndElement =>
          val closed = open.pop()
          if (open.isEmpty) done = closed
        case text: Characters => open.headOption.foreach(_.parts += Left(text.getData))
        case _ =>
      }
    }
    done
  }
}

/** An attribute: its name as a column and as the file has it. */
private case class XmlAttribute(name: String, tag: String, value: String)

/** An element of a record: its name as a column and as the file has it. */
private class XmlElement(val name: String, val tag: String, val attributes: Seq[XmlAttribute]) {
  /** Text and elements in their order. */
  val parts = mutable.ArrayBuffer.empty[Either[String, XmlElement]]

  def children: Seq[XmlElement] = parts.collect { case Right(child) => child }.toSeq
  def ownText: String = parts.collect { case Left(text) => text }.mkString

  /** The element as XML, without values that do not fit. */
  def text(misfits: Misfits): String = {
    val head = attributes.filterNot(misfits.attributes)
      .map(one => s""" ${one.tag}="${XmlElement.escaped(one.value)}"""").mkString
    val body =
      if (misfits.elements(this)) ""
      else parts.map(_.fold(XmlElement.escaped, _.text(misfits))).mkString
    s"<$tag$head>$body</$tag>"
  }
}

private object XmlElement {
  def escaped(text: String): String =
    text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;")
}

/** Values that are not of their column's type; looked for only in a record that could not be parsed as it is. */
private class Misfits(val looked: Boolean) {
  val elements = mutable.HashSet.empty[XmlElement]
  val attributes: mutable.Set[XmlAttribute] =
    java.util.Collections.newSetFromMap(new java.util.IdentityHashMap[XmlAttribute, java.lang.Boolean]).asScala
}

/** What of an XML element has no place in a struct. */
private class XmlRemains(options: XmlOptions) {
  private val tests = mutable.HashMap.empty[DataType, StaxXmlParser]
  private val json = JsonNodeFactory.instance

  /** A parser to which names of another letter case are other names. */
  def parser(columns: StructType): StaxXmlParser = {
    val exact = new SQLConf // asked for this alone
    exact.setConf(SQLConf.CASE_SENSITIVE, true)
    SQLConf.withExistingConf(exact)(new StaxXmlParser(columns, options))
  }

  /**
   * What has no place, as JSON; null where all has one.
   *
   * @param unknown takes the paths of columns that are not known
   * @param misfits takes what is not of its column's type
   */
  def of(element: XmlElement, columns: StructType, path: String, unknown: mutable.Buffer[String],
      misfits: Misfits): ObjectNode = {
    val left = json.objectNode()
    def column(name: String) = columns.fields.find(_.name == name)
    def isNew(name: String): Unit = if (RescuedRows.isNew(name, columns)) unknown += s"$path$name"
    attributes(element).foreach { one =>
      column(one.name) match {
        case Some(known) if misfits.looked && !fits(one.value, known.dataType) =>
          misfits.attributes += one
          left.put(one.name, trimmed(one.value))
        case Some(_) =>
        case None =>
          isNew(one.name)
          left.put(one.name, trimmed(one.value))
      }
    }
    val text = trimmed(element.ownText)
    if (text.trim.nonEmpty && column(options.valueTag).isEmpty) {
      isNew(options.valueTag)
      left.put(options.valueTag, text)
    }
    val wild = column(options.wildcardColName).isDefined
    element.children.map(_.name).distinct.foreach { name =>
      val all = element.children.filter(_.name == name)
      column(name).map(_.dataType) match {
        case Some(ArrayType(kind, _)) => put(left, name, all.map(of(_, kind, s"$path$name.element.", unknown, misfits)))
        case Some(kind) => // the last of several is the one that counts
          val others: Seq[JsonNode] = all.init.map(told)
          put(left, name, others :+ of(all.last, kind, s"$path$name.", unknown, misfits))
        case None if wild =>
        case None =>
          isNew(name)
          put(left, name, all.map(told))
      }
    }
    if (left.isEmpty) null else left
  }

  private def of(element: XmlElement, kind: DataType, path: String, unknown: mutable.Buffer[String],
      misfits: Misfits): JsonNode = kind match {
    case struct: StructType =>
      val isText = isPlain(element) && trimmed(element.ownText).nonEmpty && !struct.fieldNames.contains(options.valueTag)
      if (isText) told(element) else of(element, struct, path, unknown, misfits)
    case _: MapType | _: VariantType => null
    case _: StringType => ofAttributes(element)
    case _ if element.children.isEmpty && (!misfits.looked || fits(element.ownText, kind)) => ofAttributes(element)
    case _ =>
      misfits.elements += element
      told(element)
  }

  /** Attributes of an element that is a value: the value stands in its column. */
  private def ofAttributes(element: XmlElement): ObjectNode = {
    val left = json.objectNode()
    attributes(element).foreach(one => left.put(one.name, trimmed(one.value)))
    if (left.isEmpty) null else left
  }

  private def attributes(element: XmlElement): Seq[XmlAttribute] =
    if (options.excludeAttributeFlag) Nil else element.attributes

  private def isPlain(element: XmlElement): Boolean = attributes(element).isEmpty && element.children.isEmpty

  private def put(left: ObjectNode, name: String, parts: Seq[JsonNode]): Unit =
    if (parts.exists(_ != null)) left.set[JsonNode](name, if (parts.size == 1) parts.head else list(parts))

  private def list(parts: Seq[JsonNode]): ArrayNode = {
    val array = json.arrayNode()
    parts.foreach(part => if (part == null) array.addNull() else array.add(part))
    array
  }

  /** The whole element: text, or an object of attributes, elements and text. */
  private def told(element: XmlElement): JsonNode =
    if (isPlain(element)) new TextNode(trimmed(element.ownText))
    else {
      val made = json.objectNode()
      attributes(element).foreach(one => made.put(one.name, trimmed(one.value)))
      if (element.ownText.trim.nonEmpty) made.put(options.valueTag, trimmed(element.ownText))
      element.children.map(_.name).distinct.foreach(name => put(made, name, element.children.filter(_.name == name).map(told)))
      made
    }

  private def trimmed(text: String): String = if (options.ignoreSurroundingSpaces) text.trim else text

  private def fits(text: String, kind: DataType): Boolean = kind match {
    case _: StringType => true
    case _ =>
      val test = tests.getOrElseUpdate(kind, new StaxXmlParser(new StructType().add("value", kind), options))
      try {
        test.doParseColumn(s"<r><value>${XmlElement.escaped(text)}</value></r>", PermissiveMode, None)
        true
      } catch { case NonFatal(_) => false }
  }
}
