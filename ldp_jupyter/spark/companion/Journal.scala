package org.apache.spark.sql.ldp

import java.nio.charset.StandardCharsets.UTF_8
import java.util.concurrent.ConcurrentHashMap

import scala.util.Using

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{Encoders, SparkSession}
import org.apache.spark.sql.delta.Snapshot
import org.apache.spark.sql.functions.{col, struct}
import org.apache.spark.sql.types.StructType

/**
 * A Delta table that is written from a file of JSON lines when it is read.
 *
 * A folder with the file `_journal.json`, `{"path": "<file of lines>"}`, is such a table. The lines that are not in
 * the table yet are appended in one commit that also says up to which byte the file was taken: Delta's own record of
 * an application's transactions makes that exactly once, for several processes as well. A last line without its line
 * end is still being written and waits for the next time.
 */
object Journal {
  val Marker = "_journal.json"
  private val Application = "ldp-journal"
  private val Portion = 64L << 20
  private val Attempts = 20

  /** The columns of the lines; `details` is kept as the text of its JSON. */
  private val lines = StructType.fromDDL(
    """id STRING, sequence BIGINT,
      |origin STRUCT<pipeline_id: STRING, pipeline_name: STRING, update_id: STRING, flow_id: STRING, flow_name: STRING,
      |  dataset_name: STRING, sink_name: STRING, batch_id: BIGINT>,
      |timestamp TIMESTAMP, message STRING, level STRING, maturity_level STRING,
      |error STRUCT<fatal: BOOLEAN, exceptions: ARRAY<STRUCT<class_name: STRING, message: STRING,
      |  stack: ARRAY<STRUCT<declaring_class: STRING, method_name: STRING, file_name: STRING, line_number: INT>>>>>,
      |details STRING, event_type STRING""".stripMargin.replace("\n", " "))

  private val locks = new ConcurrentHashMap[String, AnyRef]
  private val taken = new ConcurrentHashMap[String, Taken]

  /** Up to which byte the journal is in the table, at a version of it. */
  private case class Taken(version: Long, bytes: Long)

  def forget(table: Path): Unit = {
    taken.remove(table.toString)
    ()
  }

  /** Before a table is loaded. */
  def flushIfMarked(session: SparkSession, table: Path): Unit = {
    val folders = new Folders(session)
    val marker = new Path(table, Marker)
    if (folders.exists(marker)) {
      val journal = Json.string(Json.parse(folders.read(marker)) \ "path")
      flush(session, table, new Path(journal))
      ()
    }
  }

  /** For Python: the version of the table afterwards, -1 when there is neither table nor line. */
  def flush(session: SparkSession, table: String, journal: String): Long =
    flush(session, new Path(table), new Path(journal))

  private def flush(session: SparkSession, table: Path, journal: Path): Long = {
    val path = new Folders(session).qualified(table)
    locks.computeIfAbsent(path.toString, _ => new Object).synchronized {
      var last = step(session, path, journal, Attempts)
      while (last.more) last = step(session, path, journal, Attempts)
      last.version
    }
  }

  private case class Step(version: Long, more: Boolean)

  private def step(session: SparkSession, table: Path, journal: Path, attempts: Int): Step = {
    val folders = new Folders(session)
    val snapshot = DeltaTables.snapshot(session, table)
    val version = snapshot.map(_.version).getOrElse(-1L)
    val from = snapshot.map(bytesTaken(table, _)).getOrElse(0L)
    val length = folders.status(journal).map(_.getLen).getOrElse(0L)
    if (length < from) Problem.raise(s"journal $journal is shorter than what table $table has taken of it")
    if (length == from) emptyTable(session, table, version)
    else {
      val text = read(folders, journal, from, (length - from).min(Portion))
      val end = text.lastIndexOf('\n'.toByte)
      if (end < 0 && length - from > Portion) Problem.raise(s"journal $journal has a line of more than $Portion bytes")
      if (end < 0) emptyTable(session, table, version)
      else {
        val upTo = from + end + 1
        try Aside.run(session, "journal")(append(session, table, new String(text, 0, end, UTF_8), upTo))
        catch {
          // Another process was quicker: go on from where it came to.
          case _: io.delta.exceptions.DeltaConcurrentModificationException if attempts > 1 =>
            return step(session, table, journal, attempts - 1)
        }
        Step(versionOf(session, table), more = upTo < length && text.length == Portion)
      }
    }
  }

  /** A journal without a line yet still is a table without a row, once somebody reads it. */
  private def emptyTable(session: SparkSession, table: Path, version: Long): Step =
    if (version >= 0) Step(version, more = false)
    else {
      Aside.run(session, "journal")(append(session, table, "", 0))
      Step(versionOf(session, table), more = false)
    }

  private def versionOf(session: SparkSession, table: Path): Long =
    DeltaTables.snapshot(session, table).map(_.version).getOrElse(-1L)

  private def bytesTaken(table: Path, snapshot: Snapshot): Long = {
    val known = taken.get(table.toString)
    if (known != null && known.version == snapshot.version) known.bytes
    else {
      val recorded = snapshot.checksumOpt.flatMap(_.setTransactions) match {
        case Some(transactions) => transactions.find(_.appId == Application).map(_.version)
        case None => snapshot.transactions.get(Application)
      }
      taken.put(table.toString, Taken(snapshot.version, recorded.getOrElse(0L)))
      recorded.getOrElse(0L)
    }
  }

  private def read(folders: Folders, journal: Path, from: Long, count: Long): Array[Byte] =
    Using.resource(folders.system(journal).open(journal)) { stream =>
      stream.seek(from)
      stream.readNBytes(count.toInt)
    }

  private def append(session: SparkSession, table: Path, text: String, upTo: Long): Unit = {
    val rows = session.createDataset(java.util.Arrays.asList(text.split('\n').filter(_.nonEmpty): _*))(Encoders.STRING)
    session.read.schema(lines).json(rows.coalesce(1))
      .withColumn("sequence", struct(col("sequence").as("seq_no")))
      .write.format("delta").mode("append")
      .option("txnAppId", Application).option("txnVersion", upTo)
      .save(table.toString)
  }
}
