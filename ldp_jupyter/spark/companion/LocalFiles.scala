package org.apache.spark.sql.ldp

import java.net.URI
import java.nio.file.{Files, FileSystems, InvalidPathException, Path => LocalPath}

import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs._
import org.apache.hadoop.fs.local.LocalConfigKeys
import org.apache.hadoop.fs.permission.FsPermission

/**
 * Files of this machine, without a process for each.
 *
 * Hadoop starts `chmod` for each file and folder that it makes and `readlink` for each that it renames, unless it finds a
 * native library, which Spark's Python package does not have: some fifty processes for a table of a few rows.
 */
class LocalFiles extends LocalFileSystem(new RawLocalFiles)

/** The same for those who use Hadoop's newer interface: Delta's log and the checkpoints of streams. */
class LocalFileContext(place: URI, conf: Configuration) extends ChecksumFs(new RawLocalFileContext(place, conf))

private class RawLocalFileContext(place: URI, conf: Configuration)
    extends DelegateToFileSystem(FsConstants.LOCAL_FS_URI, new RawLocalFiles, conf, FsConstants.LOCAL_FS_URI.getScheme, false) {
  override def getUriDefaultPort: Int = -1 // as Hadoop's own
  override def getServerDefaults(path: Path): FsServerDefaults = LocalConfigKeys.getServerDefaults
  override def isValidName(source: String): Boolean = true
}

private class RawLocalFiles extends RawLocalFileSystem {
  override def setPermission(path: Path, permission: FsPermission): Unit = local(path).filter(_ => RawLocalFiles.unix) match {
    case Some(file) =>
      // As the command does: a folder keeps that what is made in it belongs to its group.
      val kept = if (Files.isDirectory(file)) Files.getAttribute(file, "unix:mode").asInstanceOf[Int] & RawLocalFiles.Ids else 0
      Files.setAttribute(file, "unix:mode", Int.box(permission.toShort | kept))
    case None => super.setPermission(path, permission)
  }

  override def getFileLinkStatus(path: Path): FileStatus =
    if (local(path).forall(Files.isSymbolicLink(_))) super.getFileLinkStatus(path) else getFileStatus(path)

  /** None for a name that the machine's locale cannot write, which Java's older classes change without a word. */
  private def local(path: Path): Option[LocalPath] =
    try Some(pathToFile(path).toPath) catch { case _: InvalidPathException => None }
}

private object RawLocalFiles {
  /** The set-user-ID and set-group-ID bits of a mode. */
  val Ids = 0xC00
  val unix: Boolean = FileSystems.getDefault.supportedFileAttributeViews.contains("unix")
}
