package org.apache.spark.sql.ldp

import java.nio.charset.StandardCharsets.UTF_8
import java.util.concurrent.ConcurrentHashMap

import scala.util.Using

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{classic, Encoders, Row, SaveMode, SparkSession}
import org.apache.spark.sql.delta.{DeltaLog, DeltaOperations, Snapshot}
import org.apache.spark.sql.delta.actions.{Metadata, SetTransaction}
import org.apache.spark.sql.delta.schema.SchemaMergingUtils
import org.apache.spark.sql.functions.{col, lit, struct}
import org.apache.spark.sql.types.StructType

/**
 * A Delta table that is written from a file of JSON lines when it is read.
 *
 * A folder with the file `_journal.json`, `{"path": "<file of lines>"}`, is such a table. Where tables are shared by
 * machines and journals are not, there is an `"id"`, too, which stands in the file `<file of lines>.id` of the machine that
 * has that journal: on others the table is as it was left. The lines that are not in
 * the table yet are appended in one commit that also says up to which byte the file was taken: Delta's own record of
 * an application's transactions makes that exactly once, for several processes as well. A last line without its line
 * end is still being written and waits for the next time.
 *
 * A long file is put aside by whoever writes it: `x.jsonl` becomes `x.<start>.jsonl`, `start` being the bytes of all
 * parts before it. Parts that are in the table are removed, but for the newest.
 */
object Journal {
  val Marker = "_journal.json"
  private val Suffix = ".jsonl"
  private val Application = "ldp-journal"
  private val IdSuffix = ".id"
  private val Portion = 64L << 20
  private val Attempts = 20

  /** The columns of the lines; `details` is kept as the text of its JSON. */
  private val lines = StructType.fromDDL(
    """id STRING, sequence BIGINT,
      |origin STRUCT<cloud: STRING, region: STRING, org_id: BIGINT, user_id: BIGINT, pipeline_id: STRING,
      |  pipeline_type: STRING, pipeline_name: STRING, cluster_id: STRING, update_id: STRING, maintenance_id: STRING,
      |  request_id: STRING, host: STRING, table_id: STRING, table_name: STRING, dataset_name: STRING,
      |  sink_name: STRING, flow_id: STRING, flow_name: STRING, batch_id: BIGINT, materialization_name: STRING,
      |  uc_resource_id: STRING, ingestion_source_catalog_name: STRING, ingestion_source_schema_name: STRING,
      |  ingestion_source_table_name: STRING, ingestion_source_connection_name: STRING,
      |  ingestion_source_table_version: STRING>,
      |timestamp TIMESTAMP, message STRING, level STRING, maturity_level STRING,
      |error STRUCT<fatal: BOOLEAN, exceptions: ARRAY<STRUCT<class_name: STRING, message: STRING,
      |  stack: ARRAY<STRUCT<declaring_class: STRING, method_name: STRING, file_name: STRING, line_number: INT>>>>>,
      |details STRING, event_type STRING""".stripMargin.replace("\n", " "))

  private val locks = new ConcurrentHashMap[String, AnyRef]
  private val taken = new ConcurrentHashMap[String, Taken]

  /** Up to which byte the journal is in the table, at a version of it. */
  private case class Taken(application: String, table: String, version: Long, bytes: Long)

  def forget(table: Path): Unit = {
    taken.remove(table.toString)
    ()
  }

  /** Before a table is loaded. */
  def flushIfMarked(session: SparkSession, table: Path): Unit = {
    val folders = new Folders(session)
    val marker = new Path(table, Marker)
    if (folders.exists(marker)) {
      val told = Json.parse(folders.read(marker))
      val journal = new Path(Json.string(told \ "path"))
      val id = (told \ "id").toOption.map(Json.string)
      if (id.forall(isHere(folders, journal, _))) {
        flush(session, table, journal, id)
        ()
      }
    }
  }

  private def isHere(folders: Folders, journal: Path, id: String): Boolean = {
    val file = journal.suffix(IdSuffix)
    folders.exists(file) && folders.read(file).trim == id
  }

  /**
   * For Python: the version of the table afterwards, -1 when there is neither table nor line.
   *
   * @param id of the journal; null for the only one of the table.
   */
  def flush(session: SparkSession, table: String, journal: String, id: String): Long =
    flush(session, new Path(table), new Path(journal), Option(id))

  private def flush(session: SparkSession, table: Path, journal: Path, id: Option[String]): Long = {
    val path = new Folders(session).qualified(table)
    val application = id.fold(Application)(Application + "-" + _)
    locks.computeIfAbsent(path.toString, _ => new Object).synchronized {
      var last = step(session, path, journal, application, Attempts)
      while (last.more) last = step(session, path, journal, application, Attempts)
      removeTaken(session, journal, last.taken)
      last.version
    }
  }

  private case class Step(version: Long, taken: Long, more: Boolean)

  /** A file of the journal: its first byte's place among those of all files. */
  private case class Part(file: Path, start: Long, length: Long) {
    def end: Long = start + length
  }

  /** All files, oldest first; the last one is being written. */
  private def parts(folders: Folders, journal: Path): Seq[Part] = {
    val stem = journal.getName.stripSuffix(Suffix)
    val earlier = folders.children(journal.getParent).flatMap { file =>
      val name = file.getPath.getName
      if (!name.startsWith(s"$stem.") || !name.endsWith(Suffix)) None
      else name.stripPrefix(s"$stem.").stripSuffix(Suffix).toLongOption.map(Part(file.getPath, _, file.getLen))
    }.sortBy(_.start)
    val start = earlier.lastOption.map(_.end).getOrElse(0L)
    earlier :+ Part(journal, start, folders.status(journal).map(_.getLen).getOrElse(0L))
  }

  private def removeTaken(session: SparkSession, journal: Path, taken: Long): Unit = {
    val folders = new Folders(session)
    parts(folders, journal).init.dropRight(1).filter(_.end <= taken).foreach(part => folders.delete(part.file))
  }

  private def step(session: SparkSession, table: Path, journal: Path, application: String, attempts: Int): Step = {
    val folders = new Folders(session)
    val snapshot = DeltaTables.snapshot(session, table)
    val version = snapshot.map(_.version).getOrElse(-1L)
    val recorded = snapshot.map(bytesTaken(table, application, _)).getOrElse(0L)
    val all = parts(folders, journal)
    // A table that was deleted begins with the oldest part that is still there.
    val from = recorded.max(all.head.start)
    val next = all.find(from < _.end)
    val length = next.map(_.end - from).getOrElse(0L)
    val text = next.map(part => read(folders, part.file, from - part.start, length.min(Portion)))
      .getOrElse(Array.empty[Byte])
    def again = if (attempts > 1) step(session, table, journal, application, attempts - 1)
      else Problem.raise(s"journal $journal and table $table change all the time")
    if (parts(folders, journal).init != all.init) again // a part was begun or removed meanwhile
    else if (all.last.end < from) Problem.raise(s"journal $journal is shorter than what table $table has taken of it")
    else {
      val end = text.lastIndexOf('\n'.toByte)
      if (end < 0 && length > Portion) Problem.raise(s"journal $journal has a line of more than $Portion bytes")
      if (end < 0) emptyTable(session, table, application, version, from)
      else {
        val upTo = from + end + 1
        val more = upTo < all.last.end && (length > Portion || next.exists(_.end == upTo))
        // Where another process was quicker: go on from where it came to.
        if (append(session, table, application, new String(text, 0, end, UTF_8), recorded, upTo)) {
          Step(versionOf(session, table), upTo, more)
        } else again
      }
    }
  }

  /** A journal without a line yet still is a table without a row, once somebody reads it. */
  private def emptyTable(session: SparkSession, table: Path, application: String, version: Long, taken: Long): Step =
    if (version >= 0) Step(version, taken, more = false)
    else {
      append(session, table, application, "", 0, 0)
      Step(versionOf(session, table), taken, more = false)
    }

  private def versionOf(session: SparkSession, table: Path): Long =
    DeltaTables.snapshot(session, table).map(_.version).getOrElse(-1L)

  private def bytesTaken(table: Path, application: String, snapshot: Snapshot): Long = {
    val known = taken.get(table.toString)
    val id = snapshot.metadata.id
    val same = known != null && known.application == application && known.table == id
    if (same && known.version == snapshot.version) known.bytes
    else {
      val recorded = snapshot.checksumOpt.flatMap(_.setTransactions) match {
        case Some(transactions) => transactions.find(_.appId == application).map(_.version)
        case None => snapshot.transactions.get(application)
      }
      taken.put(table.toString, Taken(application, id, snapshot.version, recorded.getOrElse(0L)))
      recorded.getOrElse(0L)
    }
  }

  private def read(folders: Folders, part: Path, from: Long, count: Long): Array[Byte] =
    try Using.resource(folders.system(part).open(part)) { stream =>
      stream.seek(from)
      stream.readNBytes(count.toInt)
    } catch { case _: java.io.FileNotFoundException => Array.empty } // put aside or removed at this moment

  /**
   * Appends lines by one commit, if the table still has the journal up to `recorded` and nobody else commits meanwhile.
   *
   * Delta's writer with `txnVersion` would not do: it only leaves out what is not newer than the last number, so that
   * lines which another process took between our look at the table and the writer's would come twice.
   */
  private def append(
      session: SparkSession, table: Path, application: String, text: String, recorded: Long, upTo: Long): Boolean =
    Aside.run(session, "journal") {
      val transaction = DeltaLog.forTable(session, table).startTransaction()
      val before = transaction.snapshot
      if (transaction.txnVersion(application).max(0L) != recorded) false
      else {
        val rows = frame(session, text)
        val written = rows.schema.asNullable
        if (before.version < 0) {
          transaction.updateMetadataForNewTable(
            Metadata(schemaString = written.json, createdTime = Some(System.currentTimeMillis())))
        } else {
          val schema = SchemaMergingUtils.mergeSchemas(before.schema, written)
          if (schema != before.schema) transaction.updateMetadata(before.metadata.copy(schemaString = schema.json))
        }
        val taken = SetTransaction(application, upTo, Some(System.currentTimeMillis()))
        try {
          transaction.commit(transaction.writeFiles(rows) :+ taken, DeltaOperations.Write(SaveMode.Append))
          true
        } catch { case _: io.delta.exceptions.DeltaConcurrentModificationException => false }
      }
    }

  private def frame(session: SparkSession, text: String): classic.Dataset[Row] = {
    val rows = session.createDataset(java.util.Arrays.asList(text.split('\n').filter(_.nonEmpty): _*))(Encoders.STRING)
    session.read.schema(lines).json(rows.coalesce(1))
      .withColumn("sequence", struct(
        struct(lit("execution").as("instance"), col("sequence").as("seq_no")).as("data_plane_id"),
        col("sequence").as("control_plane_seq_no")))
      .asInstanceOf[classic.Dataset[Row]]
  }
}
