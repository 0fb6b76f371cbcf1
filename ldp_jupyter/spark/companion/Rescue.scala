package org.apache.spark.sql.ldp

import com.fasterxml.jackson.databind.node.{JsonNodeFactory, ObjectNode}
import org.apache.hadoop.fs.{FileStatus, Path}
import org.apache.hadoop.mapreduce.Job

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow
import org.apache.spark.sql.catalyst.util.{DropMalformedMode, FailFastMode, ParseMode}
import org.apache.spark.sql.execution.datasources.{OutputWriterFactory, TextBasedFileFormat}
import org.apache.spark.sql.types.{DataType, StructField, StructType}
import org.apache.spark.unsafe.types.UTF8String

/**
 * What becomes of those parts of a record that have no place in the columns.
 *
 * @param column takes them, as a JSON object
 * @param source names the source to those who look after its columns
 * @param onNew the evolution mode, where a column that is not known ends the reading
 * @param more columns of files with types whose values are rescued
 */
case class Rescue(column: Option[String], source: String, onNew: Option[String], more: StructType = new StructType()) {
  /** Whether there is something to look for when these columns are asked. */
  def matters(required: StructType): Boolean = onNew.isDefined || column.exists(required.fieldNames.contains)

  def options: Map[String, String] =
    Map(Rescue.Source -> source, Rescue.More -> more.json) ++ column.map(Rescue.Column -> _) ++ onNew.map(Rescue.OnNew -> _)

  /** The same, with columns that are rescued left out which stand in the files' path. */
  def without(partitions: StructType): Rescue =
    copy(more = StructType(more.filter(field => RescuedRows.isNew(field.name, partitions))))

  def found(file: Path, columns: Seq[String]): Unit =
    if (columns.nonEmpty) onNew.foreach(mode => throw new NewColumns(source, mode, file, columns))
}

object Rescue {
  val Column = "ldp.rescue.column"
  val Source = "ldp.rescue.source"
  val OnNew = "ldp.rescue.onNewColumns"
  val More = "ldp.rescue.columns"

  def of(options: Map[String, String]): Rescue = {
    val known = options.map { case (key, value) => Warehouse.key(key) -> value }
    def get(key: String) = known.get(Warehouse.key(key))
    val more = get(More).fold(new StructType())(DataType.fromJson(_).asInstanceOf[StructType])
    Rescue(get(Column), get(Source).getOrElse(""), get(OnNew), more)
  }
}

/** A file has columns that its source does not know; no RuntimeException, since `ignoreCorruptFiles` passes over those. */
class NewColumns(source: String, mode: String, file: Path, columns: Seq[String]) extends Exception(
  "LDP_NEW_COLUMNS " +
    Json.write(Map("source" -> source, "mode" -> mode, "file" -> file.toString, "columns" -> columns)) + " END")

/** The rows that are asked for, from values of the data's columns and what was left over of a record. */
class RescuedRows(data: StructType, required: StructType, rescue: Rescue, corrupt: String, mode: ParseMode, file: Path)
    extends Serializable {
  private val places: Array[Int] = required.fields.map(field => data.fields.indexWhere(_.name == field.name))
  private val rescuedAt = rescue.column.fold(-1)(name => required.fields.indexWhere(_.name == name))
  private val corruptAt = required.fields.indexWhere(_.name == corrupt)

  def emptyObject: ObjectNode = JsonNodeFactory.instance.objectNode()

  def row(values: InternalRow, left: ObjectNode): InternalRow = {
    val made = new GenericInternalRow(required.length)
    var at = 0
    while (at < places.length) {
      val place = places(at)
      if (place >= 0 && values != null && !values.isNullAt(place)) {
        made.update(at, values.get(place, data.fields(place).dataType))
      }
      at += 1
    }
    if (rescuedAt >= 0 && left != null && left.size > 0) made.update(rescuedAt, told(left))
    made
  }

  /** A record that cannot be parsed: its text goes to the column of corrupt records, else to the rescued data. */
  def broken(text: String, cause: Throwable): Iterator[InternalRow] = mode match {
    case FailFastMode => throw cause
    case DropMalformedMode => Iterator.empty
    case _ =>
      val made = row(null, if (corruptAt < 0) emptyObject.put(corrupt, text) else null)
      if (corruptAt >= 0) made.update(corruptAt, UTF8String.fromString(text))
      Iterator.single(made)
  }

  private def told(left: ObjectNode) = UTF8String.fromString(left.put("_file_path", file.toString).toString)
}

object RescuedRows {
  /** Columns of the data itself: without those that are made here. */
  def data(all: StructType, rescue: Rescue, corrupt: String): StructType =
    StructType(all.filterNot(field => rescue.column.contains(field.name) || field.name == corrupt))

  /** Whether a column of another letter case is known: it is rescued, and no new column. */
  def isNew(name: String, fields: Seq[StructField]): Boolean = !fields.exists(_.name.equalsIgnoreCase(name))
}

/** A format of Spark's, but for its records when they are read. */
abstract class RescuingFormat extends TextBasedFileFormat {
  protected def plain: TextBasedFileFormat

  override def isSplitable(session: SparkSession, options: Map[String, String], path: Path): Boolean =
    plain.isSplitable(session, options, path)

  override def inferSchema(session: SparkSession, options: Map[String, String],
      files: Seq[FileStatus]): Option[StructType] = plain.inferSchema(session, options, files)

  override def prepareWrite(session: SparkSession, job: Job, options: Map[String, String],
      schema: StructType): OutputWriterFactory = plain.prepareWrite(session, job, options, schema)

  override def supportDataType(dataType: DataType): Boolean = plain.supportDataType(dataType)
}
