package org.apache.spark.sql.ldp

import java.io.{ByteArrayInputStream, ByteArrayOutputStream, DataInputStream, DataOutputStream}

import scala.collection.mutable.ArrayBuffer

import org.apache.spark.sql.{Column, SparkSession}
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.catalyst.expressions.Expression
import org.apache.spark.sql.catalyst.expressions.aggregate.{ImperativeAggregate, TypedImperativeAggregate}
import org.apache.spark.sql.catalyst.trees.BinaryLike
import org.apache.spark.sql.classic.ExpressionUtils
import org.apache.spark.sql.types.{DataType, StringType}
import org.apache.spark.unsafe.types.UTF8String

/**
 * The first texts of rows for which a condition is false, joined by a separator; NULL for none. Once there are enough
 * of them, no row is looked at any more; the text of a row that is not kept is never made.
 */
case class FirstViolations(left: Expression, right: Expression, limit: Int, mutableAggBufferOffset: Int = 0,
    inputAggBufferOffset: Int = 0) extends TypedImperativeAggregate[ArrayBuffer[UTF8String]]
    with BinaryLike[Expression] {
  override def dataType: DataType = StringType
  override def nullable: Boolean = true
  override def prettyName: String = "ldp_first_violations"

  override def createAggregationBuffer(): ArrayBuffer[UTF8String] = ArrayBuffer.empty

  override def update(kept: ArrayBuffer[UTF8String], row: InternalRow): ArrayBuffer[UTF8String] = {
    if (kept.size < limit && left.eval(row) == false) {
      Option(right.eval(row)).foreach(text => kept += text.asInstanceOf[UTF8String].copy())
    }
    kept
  }

  override def merge(kept: ArrayBuffer[UTF8String], more: ArrayBuffer[UTF8String]): ArrayBuffer[UTF8String] =
    kept ++= more.take(limit - kept.size)

  override def eval(kept: ArrayBuffer[UTF8String]): Any =
    if (kept.isEmpty) null else UTF8String.concatWs(Samples.Separator, kept.toSeq: _*)

  override def serialize(kept: ArrayBuffer[UTF8String]): Array[Byte] = {
    val bytes = new ByteArrayOutputStream
    val out = new DataOutputStream(bytes)
    out.writeInt(kept.size)
    kept.foreach { text =>
      out.writeInt(text.numBytes)
      out.write(text.getBytes)
    }
    bytes.toByteArray
  }

  override def deserialize(bytes: Array[Byte]): ArrayBuffer[UTF8String] = {
    val in = new DataInputStream(new ByteArrayInputStream(bytes))
    ArrayBuffer.fill(in.readInt()) {
      val text = new Array[Byte](in.readInt())
      in.readFully(text)
      UTF8String.fromBytes(text)
    }
  }

  override def withNewMutableAggBufferOffset(offset: Int): ImperativeAggregate = copy(mutableAggBufferOffset = offset)
  override def withNewInputAggBufferOffset(offset: Int): ImperativeAggregate = copy(inputAggBufferOffset = offset)
  override protected def withNewChildrenInternal(newLeft: Expression, newRight: Expression): FirstViolations =
    copy(left = newLeft, right = newRight)
}

object Samples {
  val Separator: UTF8String = UTF8String.fromString("\u0001")

  /** For Python: the first `limit` texts of rows for which the condition is false. */
  def of(session: SparkSession, condition: Column, text: Column, limit: Int): Column =
    ExpressionUtils.column(FirstViolations(Queries.expression(session, condition), Queries.expression(session, text),
      limit).toAggregateExpression())
}
