package org.apache.spark.sql.ldp

import java.nio.charset.StandardCharsets.UTF_8

import scala.util.Using

import org.apache.hadoop.fs.{FileStatus, FileSystem, Path}

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.execution.streaming.checkpointing.CheckpointFileManager

/** The few operations on folders and small files that the catalog needs, over Hadoop's file systems. */
class Folders(session: SparkSession) {
  private def conf = session.sparkContext.hadoopConfiguration

  def system(path: Path): FileSystem = path.getFileSystem(conf)

  def qualified(path: Path): Path = system(path).makeQualified(path)

  def exists(path: Path): Boolean = system(path).exists(path)

  def isFolder(path: Path): Boolean = status(path).exists(_.isDirectory)

  def status(path: Path): Option[FileStatus] =
    try Some(system(path).getFileStatus(path))
    catch { case _: java.io.FileNotFoundException => None }

  /** What lies in a folder, by name; nothing where there is no folder. */
  def children(path: Path): Seq[FileStatus] =
    try system(path).listStatus(path).toSeq.sortBy(_.getPath.getName)
    catch { case _: java.io.FileNotFoundException => Nil }

  def create(path: Path): Unit = system(path).mkdirs(path)

  def rename(from: Path, to: Path): Unit = {
    create(to.getParent)
    if (!system(from).rename(from, to)) Problem.raise(s"$from cannot be renamed to $to")
  }

  def delete(path: Path): Boolean = system(path).delete(path, true)

  def read(path: Path): String =
    Using.resource(system(path).open(path))(stream => new String(stream.readAllBytes(), UTF_8))

  /** Readers see the old text or the new one, never a part. */
  def write(path: Path, text: String): Unit = {
    create(path.getParent)
    val stream = CheckpointFileManager.create(path.getParent, conf).createAtomic(path, overwriteIfPossible = true)
    try {
      stream.write(text.getBytes(UTF_8))
      stream.close()
    } catch {
      case problem: Throwable =>
        stream.cancel()
        throw problem
    }
  }
}
