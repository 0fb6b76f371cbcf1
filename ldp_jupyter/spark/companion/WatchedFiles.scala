package org.apache.spark.sql.ldp

import java.io.CharArrayWriter

import scala.jdk.CollectionConverters._
import scala.util.Using
import scala.util.control.NonFatal

import org.apache.avro.file.DataFileReader
import org.apache.avro.generic.{GenericDatumReader, GenericRecord}
import org.apache.avro.mapred.FsInput
import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.Path
import org.apache.parquet.hadoop.ParquetFileReader
import org.apache.parquet.hadoop.util.HadoopInputFile

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.avro.{AvroFileFormat, SchemaConverters}
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{GenericInternalRow, UnsafeProjection}
import org.apache.spark.sql.catalyst.json.{JacksonGenerator, JSONOptions}
import org.apache.spark.sql.execution.datasources.{FileFormat, PartitionedFile}
import org.apache.spark.sql.execution.datasources.orc.{OrcFileFormat, OrcUtils}
import org.apache.spark.sql.execution.datasources.parquet.{ParquetFileFormat, ParquetToSparkSchemaConverter}
import org.apache.spark.sql.sources.Filter
import org.apache.spark.sql.types.{NullType, StructField, StructType}
import org.apache.spark.unsafe.types.UTF8String
import org.apache.spark.util.SerializableConfiguration

/** A format whose files say what columns they have: one with a column that is not known is not read as if it had none. */
trait WatchedFiles extends FileFormat {
  /** The columns of a file, told where it is read. */
  protected def columnsOf: (Path, Configuration) => StructType

  override def buildReaderWithPartitionValues(session: SparkSession, dataSchema: StructType, partitionSchema: StructType,
      requiredSchema: StructType, filters: Seq[Filter], options: Map[String, String],
      hadoopConf: Configuration): PartitionedFile => Iterator[InternalRow] = {
    val asked = Rescue.of(options).without(partitionSchema)
    // A column that cannot be rescued either, since nobody knew of it when the reading was planned: the file is refused.
    val rescue = asked.copy(onNew = asked.onNew.orElse(asked.column.map(_ => "rescue")))
    val rescued = new RescuedColumns(asked, requiredSchema, partitionSchema)
    val read = super.buildReaderWithPartitionValues(session, StructType(dataSchema ++ asked.more), partitionSchema,
      rescued.read, filters, options, hadoopConf)
    if (rescue.onNew.isEmpty) read
    else {
      val conf = session.sparkContext.broadcast(new SerializableConfiguration(hadoopConf))
      val known = StructType(dataSchema ++ asked.more ++ partitionSchema)
      val columns = columnsOf
      file => {
        val found =
          try columns(file.toPath, conf.value.value)
          catch { case NonFatal(_) => new StructType() } // the reading says what is wrong with the file
        rescue.found(file.toPath, NewColumnsOf.names(found, known))
        rescued.rows(file.toPath, read(file))
      }
    }
  }
}

/** Rows to which values of columns that are not known are added as JSON; they are read with the others. */
private class RescuedColumns(rescue: Rescue, required: StructType, partitions: StructType) extends Serializable {
  private val more = if (rescue.column.exists(required.fieldNames.contains)) rescue.more else new StructType()
  private val plain = StructType(required.filterNot(field => more.nonEmpty && rescue.column.contains(field.name)))
  private val result = StructType(required ++ partitions)

  /** The columns to read. */
  val read: StructType = StructType(plain ++ more)

  def rows(file: Path, found: Iterator[InternalRow]): Iterator[InternalRow] = if (more.isEmpty) found else {
    // where each column of the result stands in what is read; the rescued data stands nowhere
    val places = result.fields.zipWithIndex.map { case (field, index) =>
      if (index >= required.length) read.length + index - required.length
      else plain.fields.indexWhere(_.name == field.name)
    }
    val writer = new CharArrayWriter
    val generator = new JacksonGenerator(more, writer, new JSONOptions(Map("ignoreNullFields" -> "true"), "UTC"))
    val path = Json.write(file.toString)
    val made = UnsafeProjection.create(result)
    found.map { row =>
      generator.write(values(row, more.indices.map(_ + plain.length), more))
      generator.flush()
      val text = writer.toString
      writer.reset()
      val whole = values(row, places.toSeq, result)
      if (text != "{}") whole.update(places.indexOf(-1), UTF8String.fromString(s"""${text.dropRight(1)},"_file_path":$path}"""))
      made(whole)
    }
  }

  private def values(row: InternalRow, places: Seq[Int], types: StructType): GenericInternalRow =
    new GenericInternalRow(places.zip(types.fields).map { case (place, field) =>
      if (place < 0 || row.isNullAt(place)) null else row.get(place, field.dataType)
    }.toArray[Any])
}

class WatchedParquet extends ParquetFileFormat with WatchedFiles {
  override protected def columnsOf: (Path, Configuration) => StructType = (file, conf) => {
    val columns = Using.resource(ParquetFileReader.open(HadoopInputFile.fromPath(file, conf))) {
      _.getFooter.getFileMetaData.getSchema
    }
    try new ParquetToSparkSchemaConverter().convert(columns)
    catch { case NonFatal(_) => StructType(columns.getFields.asScala.map(field => StructField(field.getName, NullType)).toSeq) }
  }
}

class WatchedOrc extends OrcFileFormat with WatchedFiles {
  override protected def columnsOf: (Path, Configuration) => StructType = (file, conf) =>
    OrcUtils.readSchema(file, conf, ignoreCorruptFiles = false).fold(new StructType())(OrcUtils.toCatalystSchema)
}

class WatchedAvro extends AvroFileFormat with WatchedFiles {
  override protected def columnsOf: (Path, Configuration) => StructType = (file, conf) => {
    val columns = Using.resource(new FsInput(file, conf)) { input =>
      Using.resource(DataFileReader.openReader(input, new GenericDatumReader[GenericRecord]()))(_.getSchema)
    }
    SchemaConverters.toSqlType(columns).dataType match {
      case record: StructType => record
      case _ => new StructType()
    }
  }
}

/** Values of some columns of these files are rescued: their rows are looked at one by one. */
class RescuingParquet extends WatchedParquet {
  override def supportBatch(session: SparkSession, schema: StructType): Boolean = false
}

class RescuingOrc extends WatchedOrc {
  override def supportBatch(session: SparkSession, schema: StructType): Boolean = false
}
