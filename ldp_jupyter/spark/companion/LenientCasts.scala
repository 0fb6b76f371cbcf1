package org.apache.spark.sql.ldp

import org.apache.spark.sql.catalyst.expressions.{Cast, EvalMode}
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.types._

/** Casts of text, written or implied, that give NULL for what does not fit: under ANSI mode they fail. */
object LenientCasts {
  def in(plan: LogicalPlan): Boolean =
    plan.exists(_.expressions.exists(_.exists {
      case cast: Cast => cast.evalMode == EvalMode.LEGACY && !cast.child.foldable && mayFail(cast)
      case _ => false
    }))

  private def mayFail(cast: Cast): Boolean = (cast.child.dataType, cast.dataType) match {
    case (_: StringType, _: NumericType | BooleanType | DateType | TimestampType | TimestampNTZType) => true
    case _ => false
  }
}
