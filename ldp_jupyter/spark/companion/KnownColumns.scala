package org.apache.spark.sql.ldp

import scala.util.control.NonFatal

import org.apache.hadoop.fs.Path
import org.json4s.JValue

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.types.{DataType, StringType, StructType}

/**
 * The columns that a stream of files was found to have, kept beside its checkpoint: they stay as they are, but for new
 * ones. A folder for each source has a file for each version, `0`, `1`, ..., and `new`: columns that the reading of a
 * file met and that no version has yet.
 *
 * The setting of a session has `{"folder": F}` while a flow runs, and `{"known": [F, ...]}` for those who only look.
 */
class KnownColumns(session: SparkSession, source: String) {
  private val folders = new Folders(session)
  private val setting = session.conf.getOption(KnownColumns.Setting).filter(_.nonEmpty).map(Json.parse)
  private val own = setting.map(_ \ "folder").flatMap(folder => Option(Json.string(folder))).map(new Path(_, source))
  private val known = own.toSeq ++ setting.toSeq.flatMap(found => Json.strings(found \ "known")).map(new Path(_, source))

  private case class Version(number: Int, columns: StructType, newest: Long, files: Long)

  /**
   * The columns that the source has now.
   *
   * @param listing the files that are there
   * @param evolves whether new columns of the files join
   * @param infer   the columns of some of the files
   */
  def of(listing: Listing, evolves: Boolean)(infer: Listing => StructType): StructType = latest match {
    case None =>
      val first = (if (own.isEmpty) None else lookedAt)
        .getOrElse(Version(0, infer(listing), listing.newest, listing.fingerprint))
      if (own.isEmpty) KnownColumns.looked.put(key, (first.columns, first.newest, first.files)) else keep(first)
      if (own.isDefined && evolves && first.files != listing.fingerprint) evolved(first, listing, infer) else first.columns
    case Some(version) if evolves && (version.files != listing.fingerprint || found.nonEmpty) => evolved(version, listing, infer)
    case Some(version) => version.columns
  }

  private def evolved(version: Version, listing: Listing, infer: Listing => StructType): StructType = {
    val fresh = listing.since(version.newest, found.map(_._1).toSet)
    val met = found.flatMap(_._2).filterNot(_.contains('.'))
    val inferred =
      try if (fresh.files.isEmpty) new StructType() else infer(fresh)
      catch { case NonFatal(_) if found.isEmpty => return version.columns } // the reading says what is wrong with a file
    // What the reading met and inference passes over (a value without a type, a file outside of the sample) is text.
    val lacking = met.filterNot(name => (version.columns ++ inferred).exists(_.name.equalsIgnoreCase(name))).distinct
    val columns = NewColumnsOf.join(version.columns, lacking.foldLeft(inferred)(_.add(_, StringType)))
    val number = if (columns == version.columns) version.number else version.number + 1
    keep(Version(number, columns, listing.newest, listing.fingerprint))
    columns
  }

  /** Those that the graph was resolved with, and the table made: files that came since do not change their types. */
  private def lookedAt: Option[Version] = Option(KnownColumns.looked.get(key))
    .map { case (columns, newest, files) => Version(0, columns, newest, files) }

  private def key = (Warehouse.root(session).fold("")(_.toString), source)

  private def latest: Option[Version] = known.iterator.flatMap { folder =>
    folders.children(folder).map(_.getPath).filter(_.getName.forall(_.isDigit)).maxByOption(_.getName.toInt)
  }.map { file =>
    val text = Json.parse(folders.read(file))
    Version(file.getName.toInt, DataType.fromJson(Json.string(text \ "columns")).asInstanceOf[StructType],
      Json.string(text \ "newest").toLong, Json.string(text \ "files").toLong)
  }.nextOption()

  private def found: Seq[(String, Seq[String])] = own.toSeq.map(new Path(_, KnownColumns.Found))
    .filter(folders.exists)
    .flatMap(file => Json.parse(folders.read(file)).children)
    .map((entry: JValue) => Json.string(entry \ "file") -> Json.strings(entry \ "columns"))

  private def keep(version: Version): Unit = own.foreach { folder =>
    folders.write(new Path(folder, version.number.toString), Json.write(Map("columns" -> version.columns.json,
      "newest" -> version.newest.toString, "files" -> version.files.toString)))
    folders.delete(new Path(folder, KnownColumns.Found))
  }
}

object KnownColumns {
  val Setting = "spark.ldp.columns"
  val Found = "new"
  private val Kept = 500

  /** What was found for sources that had no versions, by warehouse and source: columns, newest file, all files. */
  private val looked = java.util.Collections.synchronizedMap(
    new java.util.LinkedHashMap[(String, String), (StructType, Long, Long)] {
      override def removeEldestEntry(eldest: java.util.Map.Entry[(String, String), (StructType, Long, Long)]): Boolean =
        size > Kept
    })
}

/** One schema with the new columns of another: at the end, within structs too; what is known keeps its type. */
object NewColumnsOf {
  import org.apache.spark.sql.types._

  def join(known: StructType, more: StructType): StructType = {
    val grown = known.fields.map { field =>
      more.fields.find(_.name == field.name).fold(field)(other => field.copy(dataType = join(field.dataType, other.dataType)))
    }
    StructType(grown ++ more.fields.filter(field => RescuedRows.isNew(field.name, known)))
  }

  /** Columns of a schema that another one does not know: paths, parts of a struct behind points. */
  def names(found: StructType, known: StructType, path: String = ""): Seq[String] = found.fields.toSeq.flatMap { field =>
    known.fields.find(_.name.equalsIgnoreCase(field.name)) match {
      case Some(other) => names(field.dataType, other.dataType, s"$path${field.name}.")
      case None => Seq(path + field.name)
    }
  }

  private def names(found: DataType, known: DataType, path: String): Seq[String] = (found, known) match {
    case (left: StructType, right: StructType) => names(left, right, path)
    case (left: ArrayType, right: ArrayType) => names(left.elementType, right.elementType, s"${path}element.")
    case _ => Nil
  }

  /** Of names that differ in letter case only the last one: a record that has another one of them is rescued. */
  def distinct(columns: StructType): StructType = StructType(columns.fields
    .filter(field => columns.fields.filter(_.name.equalsIgnoreCase(field.name)).last.name == field.name)
    .map(field => field.copy(dataType = distinct(field.dataType))))

  private def distinct(dataType: DataType): DataType = dataType match {
    case struct: StructType => distinct(struct)
    case array: ArrayType => array.copy(elementType = distinct(array.elementType))
    case other => other
  }

  private def join(known: DataType, more: DataType): DataType = (known, more) match {
    case (left: StructType, right: StructType) => join(left, right)
    case (left: ArrayType, right: ArrayType) => left.copy(elementType = join(left.elementType, right.elementType))
    case _ => known
  }
}
