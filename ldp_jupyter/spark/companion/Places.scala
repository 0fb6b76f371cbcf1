package org.apache.spark.sql.ldp

import java.nio.charset.StandardCharsets.UTF_8

import scala.jdk.CollectionConverters._
import scala.util.Using

import org.apache.hadoop.fs.{FileAlreadyExistsException, Path}

import org.apache.spark.sql.SparkSession

/** What Python asks of files and folders that are not on its machine's disk. */
object Places {
  /** What stands at a path: bytes and time of the last change in milliseconds; -1 bytes for a folder, null for nothing. */
  def state(session: SparkSession, path: String): Array[Long] =
    new Folders(session).status(new Path(path))
      .map(found => Array(if (found.isDirectory) -1L else found.getLen, found.getModificationTime)).orNull

  /** Names in a folder. */
  def names(session: SparkSession, path: String): java.util.List[String] = {
    val place = new Path(path)
    new Folders(session).system(place).listStatus(place).map(_.getPath.getName).toSeq.asJava
  }

  /** Bytes and name of each file below a folder, but for those of a table's log; null when there are more than `most`. */
  def sizes(session: SparkSession, path: String, most: Int): java.util.List[String] = {
    val place = new Path(path)
    val files = new Folders(session).system(place).listFiles(place, true)
    val found = new java.util.ArrayList[String]
    while (files.hasNext && found.size <= most) {
      val file = files.next()
      if (!file.getPath.toString.contains("/_delta_log/")) found.add(s"${file.getLen}\t${file.getPath.getName}")
    }
    if (found.size > most) null else found
  }

  def read(session: SparkSession, path: String): String = new Folders(session).read(new Path(path))

  def write(session: SparkSession, path: String, text: String): Unit = new Folders(session).write(new Path(path), text)

  /** Writes a file that is not there yet; whether it was so. */
  def writeNew(session: SparkSession, path: String, text: String): Boolean = {
    val place = new Path(path)
    val folders = new Folders(session)
    folders.create(place.getParent)
    try {
      Using.resource(folders.system(place).create(place, false))(_.write(text.getBytes(UTF_8))) // or it is told when closed
      true
    } catch { case _: FileAlreadyExistsException => false }
  }

  def makeFolder(session: SparkSession, path: String): Unit = new Folders(session).create(new Path(path))

  def rename(session: SparkSession, from: String, to: String): Unit =
    new Folders(session).rename(new Path(from), new Path(to))

  /** Removes a file, or a folder with all that it holds; nothing where nothing is. */
  def delete(session: SparkSession, path: String): Unit = {
    new Folders(session).delete(new Path(path))
    ()
  }
}
