package org.apache.spark.sql.ldp

import java.nio.file.{Files, Paths}

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis.UnresolvedRelation
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, UnresolvedDataSource}
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.catalyst.util.CaseInsensitiveMap

/**
 * Paths of other places, read from local folders: settings `ldp.path.<prefix>` of a session name a folder each, and the
 * longest prefix wins. `dbfs:/x` and `/x` are the same path, and relative ones are below the folder `ldp.root`. There,
 * too, are the volumes and what is in DBFS, unless this machine has a folder of that name itself.
 * `project/local_paths.py` does the same in Python.
 */
object LocalPaths {
  private val Entry = "ldp.path."
  private val Root = "ldp.root"
  private val Dbfs = "dbfs:/"

  /**
   * Parameters:
   *   always: whether a volume lies below `ldp.root` even when this machine has a folder of that name.
   */
  def of(session: SparkSession, path: String, always: Boolean = false): String = {
    val entries = session.conf.getAll.toSeq
      .collect { case (key, folder) if key.startsWith(Entry) => (key.substring(Entry.length).stripSuffix("/"), folder) }
      .sortBy { case (prefix, _) => -prefix.length }
    val plain = if (path.startsWith(Dbfs)) "/" + path.substring(Dbfs.length).dropWhile(_ == '/') else path
    val found = for {
      (prefix, folder) <- entries
      spelling <- Seq(path, plain)
      if spelling == prefix || spelling.startsWith(prefix + "/")
    } yield folder.stripSuffix("/") + spelling.substring(prefix.length)
    found.headOption.orElse(belowRoot(session, path, plain, always)).getOrElse(absolute(session, path))
  }

  private def belowRoot(session: SparkSession, path: String, plain: String, always: Boolean): Option[String] =
    session.conf.getOption(Root).flatMap { root =>
      if (plain.startsWith("/Volumes/")) {
        Some(root + plain).filter(_ => always || !Files.exists(Paths.get(plain.split('/').take(5).mkString("/"))))
      } else Option.when(path.startsWith(Dbfs))(s"$root/dbfs$plain")
    }

  private def absolute(session: SparkSession, path: String): String = session.conf.getOption(Root) match {
    case Some(root) if !path.startsWith("/") && !path.takeWhile(_ != '/').contains(':') => s"$root/$path"
    case _ => path
  }
}

/** Maps the paths of readers of files and of `format`.`path`; table functions map theirs when they are expanded. */
case class MapLocalPaths(session: SparkSession) extends Rule[LogicalPlan] {
  private val files = Set("avro", "binaryfile", "cloudfiles", "csv", "delta", "json", "orc", "parquet", "text", "xml")

  override def apply(plan: LogicalPlan): LogicalPlan = if (plan.resolved) plan else Unresolved.rewrite(plan) {
    case source: UnresolvedDataSource if files(Warehouse.key(source.format)) =>
      val paths = source.paths.map(LocalPaths.of(session, _))
      val options = source.options.originalMap.map {
        case (key, path) if key.equalsIgnoreCase("path") => key -> LocalPaths.of(session, path)
        case other => other
      }
      if (paths == source.paths && options == source.options.originalMap) source
      else source.copy(options = CaseInsensitiveMap(options), paths = paths)
    case relation @ UnresolvedRelation(Seq(format, path), _, _) if files(Warehouse.key(format)) && path.contains("/") =>
      val mapped = LocalPaths.of(session, path)
      if (mapped == path) relation else relation.copy(multipartIdentifier = Seq(format, mapped))
  }
}
