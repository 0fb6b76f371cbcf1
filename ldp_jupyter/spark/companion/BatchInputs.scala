package org.apache.spark.sql.ldp

import java.security.MessageDigest

import scala.collection.mutable

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.Row
import org.apache.spark.sql.catalyst.expressions.{Alias, Attribute, UnsafeProjection}
import org.apache.spark.sql.catalyst.optimizer.InlineCTE
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.classic.Dataset
import org.apache.spark.sql.execution.datasources.{HadoopFsRelation, LogicalRelation}
import org.apache.spark.sql.internal.SQLConf

/** What a batch query reads, and whether reading the same again must give the same rows. */
object BatchInputs {
  /**
   * For Python: a JSON object with `fingerprint`, `deterministic`, `reasons`, `tables`, `other`, `datasets`, and in `generated`
   * the number of rows that come from ranges.
   *
   * Parameters:
   *   datasets: names by the folders of their tables, as JSON: the fingerprint has these names in the place of tables,
   *     as it has over shapes.
   */
  def of(frame: Dataset[Row], datasets: String): String = {
    val folders = new Folders(frame.sparkSession)
    val names = Json.stringMap(datasets).map { case (path, name) => folders.qualified(new Path(path)).toString -> name }
    Json.write(facts(frame, names, shapes = false))
  }

  /**
   * The same as values.
   *
   * Parameters:
   *   shapes: whether datasets are leaves without rows; other leaves without rows may be anything then.
   */
  def facts(frame: Dataset[Row], names: Map[String, String], shapes: Boolean): Map[String, Any] =
    frame.sparkSession.withActive {
      val plan = InlineCTE(alwaysInline = true)(frame.queryExecution.analyzed)
      val inputs = new Inputs(names, shapes)
      val marked = inputs.mark(plan)
      val reasons = (Determinism.reasons(plan) ++ inputs.reasons).distinct
      Map(
        "fingerprint" -> fingerprint(marked, frame),
        "deterministic" -> reasons.isEmpty,
        "reasons" -> reasons,
        "tables" -> inputs.tables.values,
        "other" -> inputs.others.toSeq.distinct,
        "datasets" -> inputs.datasets.toSeq,
        "generated" -> inputs.generated.min(Long.MaxValue).toLong)
    }

  /**
   * Expression ids, versions, file lists and what may be NULL are out of it; output names, types, what aliases say of
   * their columns and the way of counting are in.
   */
  private def fingerprint(marked: LogicalPlan, frame: Dataset[Row]): String = {
    val conf = frame.sparkSession.sessionState.conf.clone()
    conf.setConf(SQLConf.MAX_TO_STRING_FIELDS, Int.MaxValue)
    conf.setConfString(SQLConf.MAX_PLAN_STRING_LENGTH.key, (Int.MaxValue - 15).toString)
    val text = SQLConf.withExistingConf(conf) {
      marked.canonicalized.treeString(verbose = false, addSuffix = false, maxFields = Int.MaxValue)
    }
    val settings = Seq(SQLConf.ANSI_ENABLED.key, SQLConf.SESSION_LOCAL_TIMEZONE.key, SQLConf.CASE_SENSITIVE.key)
      .map(key => s"$key=${frame.sparkSession.conf.get(key)}")
    val said = marked.collect { case node => node.expressions.flatMap(_.collect {
      case alias: Alias => alias.explicitMetadata.map(_.json).toSeq
    }) }.flatten.flatten.filter(_ != "{}")
    Digest.of(Seq(text, frame.schema.asNullable.catalogString, org.apache.spark.SPARK_VERSION) ++ settings ++ said)
  }

  private class Inputs(names: Map[String, String], shapes: Boolean) {
    val datasets = mutable.LinkedHashSet.empty[String]
    val tables = mutable.LinkedHashMap.empty[(String, Option[Long]), Map[String, Any]]
    val others = mutable.ArrayBuffer.empty[Map[String, Any]]
    val reasons = mutable.ArrayBuffer.empty[String]
    var generated: BigInt = 0

    /** The plan with its leaves replaced by what they are, in stable words. */
    def mark(plan: LogicalPlan): LogicalPlan = plan match {
      case view: View => mark(view.child)
      case leaf: LeafNode => InputMark(describe(leaf), leaf.output)
      case other => Unresolved.inExpressions(other.mapChildren(mark))(mark)
    }

    private def describe(leaf: LeafNode): String = Shapes.dataset(leaf).map(dataset).getOrElse(describeOther(leaf))

    private def dataset(name: String): String = {
      datasets += name
      s"dataset $name"
    }

    private def describeOther(leaf: LeafNode): String = DeltaLeaf.find(leaf) match {
      case Some(table) =>
        tables.getOrElseUpdate((table.path, table.pinned), Map("path" -> table.path, "id" -> table.id,
          "version" -> table.pinned.getOrElse(table.log.update().version), "pinned" -> table.pinned.isDefined))
        names.get(table.path).filter(_ => table.pinned.isEmpty).map(dataset)
          .getOrElse(s"delta ${table.path} ${table.pinned.getOrElse("")}")
      case None => leaf match {
        case local: LocalRelation if shapes && local.data.isEmpty => other("source", "rows", Nil)
        case local: LocalRelation => s"rows ${contentOf(local)}"
        case _: OneRowRelation => "one row"
        case range: Range =>
          generated += range.numElements
          s"range ${range.start} ${range.end} ${range.step}"
        case relation: LogicalRelation => relation.relation match {
          case files: HadoopFsRelation =>
            other("files", files.fileFormat.toString, files.location.rootPaths.map(_.toString))
          case source => other("source", source.getClass.getName, Nil)
        }
        case unknown => other("source", unknown.nodeName, Nil)
      }
    }

    private def other(kind: String, format: String, paths: Seq[String]): String = {
      others += Map("kind" -> kind, "format" -> format, "paths" -> paths)
      reasons += s"reads $format, which has no version"
      s"$kind $format ${paths.mkString(" ")}"
    }

    private def contentOf(local: LocalRelation): String = {
      val projection = UnsafeProjection.create(local.output, local.output)
      Digest.of(local.data.map(row => java.util.Base64.getEncoder.encodeToString(projection(row).getBytes)))
    }
  }
}

/** Stands for a leaf of the plan when a fingerprint is taken. */
case class InputMark(description: String, output: Seq[Attribute]) extends LeafNode {
  override def simpleString(maxFields: Int): String = s"input $description ${output.map(_.dataType.asNullable.catalogString).mkString(",")}"
}

object Digest {
  def of(parts: Seq[String]): String = {
    val digest = MessageDigest.getInstance("SHA-256")
    parts.foreach { part =>
      val bytes = part.getBytes(java.nio.charset.StandardCharsets.UTF_8)
      digest.update(java.nio.ByteBuffer.allocate(4).putInt(bytes.length).array())
      digest.update(bytes)
    }
    digest.digest().map("%02x".format(_)).mkString
  }
}
