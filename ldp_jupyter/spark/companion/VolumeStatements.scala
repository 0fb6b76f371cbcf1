package org.apache.spark.sql.ldp

import java.sql.Timestamp

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.catalyst.expressions.{Attribute, AttributeReference}
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.execution.command.LeafRunnableCommand
import org.apache.spark.sql.types.{DataType, LongType, StringType, TimestampType}

/** CREATE, DROP, SHOW and DESCRIBE VOLUME, and LIST: a volume is the folder that `/Volumes/<catalog>/<schema>/<volume>` means. */
object VolumeStatements {
  import CatalogStatements.{Lead, Names, parts}

  private val Create = (Lead + """CREATE\s+(EXTERNAL\s+)?VOLUME\s+(IF\s+NOT\s+EXISTS\s+)?""" + Names +
    """(\s+LOCATION\s+.*?)?(?:\s+COMMENT\s+.*?)?\s*;?\s*""").r
  private val Drop = (Lead + """DROP\s+VOLUME\s+(IF\s+EXISTS\s+)?""" + Names + """\s*;?\s*""").r
  private val Show = (Lead + """SHOW\s+VOLUMES(?:\s+(?:IN|FROM)\s+""" + Names + """)?\s*;?\s*""").r
  private val Describe = (Lead + """DESC(?:RIBE)?\s+VOLUME\s+""" + Names + """\s*;?\s*""").r
  private val ListFiles = (Lead + """LIST\s+['"](/.*?|dbfs:.*?)['"]\s*;?\s*""").r

  def parse(text: String, session: SparkSession): Option[LogicalPlan] =
    if (Warehouse.root(session).isEmpty) None
    else text match {
      case Create(external, ifMissing, name, location) =>
        if (external != null || location != null) {
          Problem.raise(s"an external volume lies elsewhere: name its folder in the configuration, " +
            s"ldp.path./Volumes/${parts(name).mkString("/")} = FOLDER")
        }
        Some(CreateVolume(volume(session, parts(name)), ifMissing != null))
      case Drop(ifExists, name) => Some(DropVolume(volume(session, parts(name)), ifExists != null))
      case Show(name) => Some(ShowVolumes(schema(session, Option(name).map(parts).getOrElse(Nil))))
      case Describe(name) => Some(DescribeVolume(volume(session, parts(name))))
      case ListFiles(path) => Some(ListFolder(path))
      case _ => None
    }

  private def volume(session: SparkSession, name: Seq[String]): Seq[String] = schema(session, name.init) :+ name.last

  private def schema(session: SparkSession, name: Seq[String]): Seq[String] = {
    val namespace = session.withActive(Warehouse.manager(session).currentNamespace.toSeq)
    (name match {
      case Nil => Warehouse.currentCatalog(session) +: namespace
      case Seq(schema) => Seq(Warehouse.currentCatalog(session), schema)
      case _ => name
    }).map(Warehouse.key)
  }

  private[ldp] def path(name: Seq[String]): String = "/Volumes/" + name.mkString("/")

  /** Its folder here, also while it does not exist. */
  private[ldp] def folder(session: SparkSession, name: Seq[String]): Path =
    new Path(LocalPaths.of(session, path(name), always = true))
}

case class CreateVolume(name: Seq[String], ifMissing: Boolean) extends LeafRunnableCommand {
  override def run(session: SparkSession): Seq[Row] = {
    val folders = new Folders(session)
    val folder = VolumeStatements.folder(session, name)
    if (folders.isFolder(folder) && !ifMissing) Problem.raise(s"volume ${name.mkString(".")} already exists")
    folders.create(folder)
    Nil
  }
}

case class DropVolume(name: Seq[String], ifExists: Boolean) extends LeafRunnableCommand {
  override def run(session: SparkSession): Seq[Row] = {
    if (!new Folders(session).delete(VolumeStatements.folder(session, name)) && !ifExists) {
      Problem.raise(s"volume ${name.mkString(".")} does not exist")
    }
    Nil
  }
}

case class ShowVolumes(where: Seq[String]) extends LeafRunnableCommand {
  override val output: Seq[Attribute] = Columns("database" -> StringType, "volume_name" -> StringType)

  override def run(session: SparkSession): Seq[Row] =
    new Folders(session).children(VolumeStatements.folder(session, where)).filter(_.isDirectory)
      .map(found => Row(where.last, found.getPath.getName))
}

case class DescribeVolume(name: Seq[String]) extends LeafRunnableCommand {
  override val output: Seq[Attribute] = Columns(
    Seq("name", "catalog", "database", "volumeType", "storage_location").map(_ -> StringType): _*)

  override def run(session: SparkSession): Seq[Row] = {
    val folder = VolumeStatements.folder(session, name)
    if (!new Folders(session).isFolder(folder)) Problem.raise(s"volume ${name.mkString(".")} does not exist")
    Seq(Row(name.last, name.head, name(1), "MANAGED", folder.toString))
  }
}

case class ListFolder(path: String) extends LeafRunnableCommand {
  override val output: Seq[Attribute] = Columns(
    "path" -> StringType, "name" -> StringType, "size" -> LongType, "modification_time" -> TimestampType)

  override def run(session: SparkSession): Seq[Row] =
    new Folders(session).children(new Path(LocalPaths.of(session, path))).map { found =>
      val name = found.getPath.getName + (if (found.isDirectory) "/" else "")
      Row(path.stripSuffix("/") + "/" + name, name, found.getLen, new Timestamp(found.getModificationTime))
    }
}

private object Columns {
  def apply(columns: (String, DataType)*): Seq[Attribute] =
    columns.map { case (name, dataType) => AttributeReference(name, dataType)() }
}
