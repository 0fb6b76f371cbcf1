package org.apache.spark.sql.ldp

import scala.jdk.CollectionConverters._
import scala.util.Using

import org.apache.hadoop.conf.Configuration
import org.apache.parquet.hadoop.ParquetFileReader
import org.apache.parquet.hadoop.util.HadoopInputFile

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.execution.datasources.PartitionedFile
import org.apache.spark.sql.execution.datasources.parquet.ParquetFileFormat
import org.apache.spark.sql.sources.Filter
import org.apache.spark.sql.types.StructType
import org.apache.spark.util.SerializableConfiguration

/** Spark's Parquet files; a file with a column that is not known is not read as if it had none. */
class WatchedParquet extends ParquetFileFormat {
  override def buildReaderWithPartitionValues(session: SparkSession, dataSchema: StructType, partitionSchema: StructType,
      requiredSchema: StructType, filters: Seq[Filter], options: Map[String, String],
      hadoopConf: Configuration): PartitionedFile => Iterator[InternalRow] = {
    val read = super.buildReaderWithPartitionValues(
      session, dataSchema, partitionSchema, requiredSchema, filters, options, hadoopConf)
    val asked = Rescue.of(options)
    // Values of such columns are not rescued: where that is asked, the file is refused.
    val rescue = asked.copy(onNew = asked.onNew.orElse(asked.column.map(_ => "rescue")))
    val conf = session.sparkContext.broadcast(new SerializableConfiguration(hadoopConf))
    val known = dataSchema ++ partitionSchema
    file => {
      val columns = Using.resource(ParquetFileReader.open(HadoopInputFile.fromPath(file.toPath, conf.value.value))) {
        _.getFooter.getFileMetaData.getSchema.getFields.asScala.map(_.getName).toSeq
      }
      rescue.found(file.toPath, columns.filter(RescuedRows.isNew(_, known)))
      read(file)
    }
  }
}
