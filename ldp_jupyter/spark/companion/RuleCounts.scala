package org.apache.spark.sql.ldp

import java.io.{ByteArrayInputStream, ByteArrayOutputStream, DataInputStream, DataOutputStream}

import scala.collection.mutable.ArrayBuffer

import org.apache.spark.sql.{Column, SparkSession}
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.{BoundReference, Expression}
import org.apache.spark.sql.catalyst.expressions.aggregate.{ImperativeAggregate, TypedImperativeAggregate}
import org.apache.spark.sql.classic.ExpressionUtils
import org.apache.spark.sql.types.{DataType, StringType}
import org.apache.spark.unsafe.types.UTF8String

/**
 * Rows, violations of each rule, rows that are dropped, and the first texts of violating rows, from the masks of
 * Conditions. One aggregate for all: a row without a violation costs a comparison, and the text of a row that is not
 * kept is never made.
 *
 * Parameters:
 *   children: the masks, then the text of a row.
 *   dropping: of each mask the bits of rules that drop.
 *   limit: texts kept of each rule.
 */
case class RuleCounts(children: Seq[Expression], rules: Int, dropping: Seq[Long], limit: Int,
    mutableAggBufferOffset: Int = 0, inputAggBufferOffset: Int = 0) extends TypedImperativeAggregate[RuleCounts.Found] {
  override def dataType: DataType = StringType
  override def nullable: Boolean = false
  override def prettyName: String = "ldp_rule_counts"

  private lazy val masks = children.init.toArray
  // where the masks stand in a row of the plan's; reading them there makes no object
  private lazy val ordinals = masks.map { case BoundReference(ordinal, _, _) => ordinal; case _ => -1 }
  private lazy val drops = dropping.toArray

  override def createAggregationBuffer(): RuleCounts.Found = new RuleCounts.Found(rules)

  override def update(found: RuleCounts.Found, row: InternalRow): RuleCounts.Found = {
    found.rows += 1
    var dropped = false
    var index = 0
    while (index < masks.length) {
      val ordinal = ordinals(index)
      val mask = if (ordinal >= 0) row.getLong(ordinal) else masks(index).eval(row).asInstanceOf[Long]
      if (mask != 0) {
        violated(found, row, mask, index * Conditions.Width)
        dropped ||= (mask & drops(index)) != 0
      }
      index += 1
    }
    if (dropped) found.dropped += 1
    found
  }

  private def violated(found: RuleCounts.Found, row: InternalRow, mask: Long, first: Int): Unit = {
    var left = mask
    while (left != 0) {
      val rule = first + java.lang.Long.numberOfTrailingZeros(left)
      found.failed(rule) += 1
      if (found.texts(rule).size < limit) Option(children.last.eval(row)).foreach(found.texts(rule) += _.toString)
      left &= left - 1
    }
  }

  override def merge(found: RuleCounts.Found, more: RuleCounts.Found): RuleCounts.Found = {
    found.rows += more.rows
    found.dropped += more.dropped
    for (rule <- 0 until rules) {
      found.failed(rule) += more.failed(rule)
      found.texts(rule) ++= more.texts(rule).take(limit - found.texts(rule).size)
    }
    found
  }

  override def eval(found: RuleCounts.Found): Any = UTF8String.fromString(Json.write(Map(
    "rows" -> found.rows, "dropped" -> found.dropped, "failed" -> found.failed.toSeq, "samples" -> found.texts.toSeq)))

  override def serialize(found: RuleCounts.Found): Array[Byte] = {
    val bytes = new ByteArrayOutputStream
    val out = new DataOutputStream(bytes)
    out.writeLong(found.rows)
    out.writeLong(found.dropped)
    for (rule <- 0 until rules) {
      out.writeLong(found.failed(rule))
      out.writeInt(found.texts(rule).size)
      found.texts(rule).map(_.getBytes("UTF-8")).foreach { text =>
        out.writeInt(text.length)
        out.write(text)
      }
    }
    bytes.toByteArray
  }

  override def deserialize(bytes: Array[Byte]): RuleCounts.Found = {
    val in = new DataInputStream(new ByteArrayInputStream(bytes))
    val found = new RuleCounts.Found(rules)
    found.rows = in.readLong()
    found.dropped = in.readLong()
    for (rule <- 0 until rules) {
      found.failed(rule) = in.readLong()
      for (_ <- 0 until in.readInt()) found.texts(rule) += new String(in.readNBytes(in.readInt()), "UTF-8")
    }
    found
  }

  override def withNewMutableAggBufferOffset(offset: Int): ImperativeAggregate = copy(mutableAggBufferOffset = offset)
  override def withNewInputAggBufferOffset(offset: Int): ImperativeAggregate = copy(inputAggBufferOffset = offset)
  override protected def withNewChildrenInternal(children: IndexedSeq[Expression]): RuleCounts =
    copy(children = children)
}

object RuleCounts {
  /** What was found so far. */
  class Found(rules: Int) {
    var rows = 0L
    var dropped = 0L
    val failed = new Array[Long](rules)
    val texts: Array[ArrayBuffer[String]] = Array.fill(rules)(ArrayBuffer.empty)
  }

  /** The aggregate over masks; `dropping` has of each the bits of rules that drop. */
  def of(session: SparkSession, masks: Seq[Column], text: Column, rules: Int, dropping: Seq[Long], limit: Int): Column = {
    val children = (masks :+ text).map(Queries.expression(session, _))
    ExpressionUtils.column(RuleCounts(children, rules, dropping, limit).toAggregateExpression())
  }
}
