package org.apache.spark.sql.ldp

import java.net.{URI, URLDecoder}
import java.nio.charset.StandardCharsets.UTF_8

import scala.util.Try

import org.apache.hadoop.fs.{FileStatus, Path}

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{Expression, FunctionTableSubqueryArgumentExpression}
import org.apache.spark.sql.catalyst.plans.logical.{LocalRelation, LogicalPlan}
import org.apache.spark.sql.catalyst.types.DataTypeUtils
import org.apache.spark.sql.types._
import org.apache.spark.unsafe.types.UTF8String

/**
 * `cloud_files_state('checkpoint')` and `cloud_files_state(TABLE(t))`: the files that streams have found, as their
 * checkpoints tell.
 *
 * The checkpoints of a table lie in a folder that its property `ldp.generation` names, below the folder of the setting:
 * `<folder>/<pipeline>/checkpoints/<table>/<generation>/<flow>`, and `<flow>~<life>` where `~<flow>` holds a life.
 */
object FilesOfStreams {
  val Setting = "spark.ldp.pipelines"
  private val Generation = "ldp.generation"

  private val columns = new StructType()
    .add("path", StringType, nullable = false).add("size", LongType).add("create_time", TimestampType, nullable = false)
    .add("discovery_time", TimestampType).add("processed_time", TimestampType).add("commit_time", TimestampType)
    .add("archive_time", TimestampType).add("archive_mode", StringType).add("move_location", StringType)
    .add("source_id", StringType, nullable = false).add("flow_name", StringType)

  def relation(session: SparkSession, arguments: Seq[Expression], streaming: Boolean): LogicalPlan = {
    if (streaming) Problem.raise("cloud_files_state cannot be read as a stream")
    val rows = arguments match {
      case Seq(table: FunctionTableSubqueryArgumentExpression) =>
        checkpoints(session, TableArgument("cloud_files_state", table.plan))
          .flatMap { case (flow, folder) => new FoundFiles(session, folder).rows(Some(flow)) }
      case Seq(_) =>
        val folder = new Path(LocalPaths.of(session, Arguments("cloud_files_state", arguments).path))
        if (!new Folders(session).isFolder(new Path(folder, "offsets"))) {
          Problem.raise(s"cloud_files_state: $folder is no checkpoint of a stream")
        }
        new FoundFiles(session, folder).rows(None)
      case _ => Problem.raise("cloud_files_state needs the folder of a checkpoint, or TABLE(name)")
    }
    LocalRelation(DataTypeUtils.toAttributes(columns), rows)
  }

  /** Folders of the flows that write a table, by the names of the flows. */
  private def checkpoints(session: SparkSession, table: TableArgument): Seq[(String, Path)] = {
    val generation = table.properties(session).getOrElse(Generation,
      Problem.raise(s"cloud_files_state: ${table.name} is no table of a pipeline"))
    val folders = new Folders(session)
    val pipelines = session.conf.getOption(Setting).toSeq.map(new Path(_))
    val homes = for {
      pipeline <- pipelines.flatMap(folders.children)
      table <- folders.children(new Path(pipeline.getPath, "checkpoints"))
      home = new Path(table.getPath, generation)
      if folders.isFolder(home)
    } yield home
    homes.flatMap { home =>
      val (marks, flows) = folders.children(home).map(_.getPath).partition(_.getName.startsWith("~"))
      val lives = marks.map(mark => mark.getName.drop(1) -> folders.read(mark).trim).toMap
      flows.collect { case folder if isAlive(folder.getName, lives) => URLDecoder.decode(flowOf(folder.getName), UTF_8) -> folder }
    }
  }

  private def flowOf(folder: String) = folder.takeWhile(_ != '~')

  private def isAlive(folder: String, lives: Map[String, String]) =
    folder == lives.get(flowOf(folder)).filter(_ != "0").fold(flowOf(folder))(life => s"${flowOf(folder)}~$life")
}

/** The files of one checkpoint: each once, as it was found last. */
private class FoundFiles(session: SparkSession, checkpoint: Path) {
  private case class Found(path: String, modified: Long, batch: Long)

  private val folders = new Folders(session)

  def rows(flow: Option[String]): Seq[InternalRow] = numbered(new Path(checkpoint, "sources")).flatMap {
    case (source, folder) =>
      val log = logOf(folder.getPath)
      val written = log.map { case (number, file) => number -> file.getModificationTime }.toMap
      entries(log).groupMapReduce(_.path)(identity)((_, last) => last).values.toSeq.sortBy(file => (file.batch, file.path))
        .map(file => row(file, source, written.get(file.batch), committed(source, file.batch), flow))
  }

  private def row(file: Found, source: Long, found: Option[Long], committed: Option[Long], flow: Option[String]) = {
    val size = Try(folders.status(new Path(new URI(file.path)))).toOption.flatten.map(_.getLen)
    InternalRow(UTF8String.fromString(file.path), size.map(Long.box).orNull, file.modified * 1000, time(found),
      time(committed), time(committed), null, null, null, UTF8String.fromString(source.toString),
      flow.map(UTF8String.fromString).orNull)
  }

  private def time(milliseconds: Option[Long]) = milliseconds.map(at => Long.box(at * 1000)).orNull

  /** Files of a source's log by number: the last one that holds all before it, and those after it; both for one number. */
  private def logOf(folder: Path): Seq[(Long, FileStatus)] =
    folders.children(folder).flatMap { file =>
      file.getPath.getName.stripSuffix(".compact").toLongOption.map(_ -> file)
    }.sortBy(_._1)

  private def entries(log: Seq[(Long, FileStatus)]): Seq[Found] = {
    def isCompact(file: FileStatus) = file.getPath.getName.endsWith(".compact")
    val start = log.lastIndexWhere { case (_, file) => isCompact(file) }
    log.drop(start.max(0)).flatMap { case (_, file) => folders.read(file.getPath).linesIterator.drop(1) }
      .filter(_.startsWith("{\"path\"")).map(Json.parse)
      .map(entry => Found(Json.string(entry \ "path"), (entry \ "timestamp").values.toString.toLong, (entry \ "batchId").values.toString.toLong))
  }

  /** When a part of a source's log was committed; nothing where that is not known, or was not yet. */
  private def committed(source: Long, part: Long): Option[Long] =
    batches.find(_.reached.get(source).exists(_ >= part)).filter(batch => batch.certain || batch.number == 0)
      .flatMap(batch => commits.get(batch.number))

  private case class Batch(number: Long, reached: Map[Long, Long], certain: Boolean)

  /** Batches whose offsets are kept; the first of them need not be the first that had a file. */
  private lazy val batches: Seq[Batch] = numbered(new Path(checkpoint, "offsets")).zipWithIndex.map {
    case ((number, file), index) =>
      val reached = folders.read(file.getPath).linesIterator.drop(2).zipWithIndex.flatMap { case (offset, source) =>
        Try((Json.parse(offset) \ "logOffset").values.toString.toLong).toOption.map(source.toLong -> _)
      }.toMap
      Batch(number, reached, certain = index > 0)
  }

  private lazy val commits: Map[Long, Long] =
    numbered(new Path(checkpoint, "commits")).map { case (number, file) => number -> file.getModificationTime }.toMap

  private def numbered(folder: Path): Seq[(Long, FileStatus)] =
    folders.children(folder).flatMap(file => file.getPath.getName.toLongOption.map(_ -> file)).sortBy(_._1)
}
