package org.apache.spark.sql.ldp

import org.apache.spark.sql.catalyst.expressions._
import org.apache.spark.sql.catalyst.expressions.variant.VariantGet
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.catalyst.trees.TreePattern.SEMI_STRUCTURED_EXTRACT
import org.apache.spark.sql.types.{DataType, StringType, VariantType}
import org.apache.spark.unsafe.types.UTF8String

/** `column:path` until the type of the column is known. */
case class ColonPath(child: Expression, path: String) extends UnaryExpression with Unevaluable {
  override lazy val resolved: Boolean = false
  override def dataType: DataType = StringType
  override protected def withNewChildInternal(changed: Expression): ColonPath = copy(child = changed)
}

/** Takes `column:path` away from Spark's own rule, which knows VARIANT alone; `a:b:c` becomes one path. */
object MarkColonPaths extends Rule[LogicalPlan] {
  override def apply(plan: LogicalPlan): LogicalPlan =
    if (plan.resolved || !plan.containsPattern(SEMI_STRUCTURED_EXTRACT)) plan
    else plan.transformAllExpressionsWithPruning(_.containsPattern(SEMI_STRUCTURED_EXTRACT)) {
      case SemiStructuredExtract(child, path) => joined(child, path)
    }

  private def joined(child: Expression, path: String): ColonPath = child match {
    case Alias(inner, _) => joined(inner, path)
    case ColonPath(column, before) => ColonPath(column, before + path.stripPrefix("$"))
    case SemiStructuredExtract(column, before) => joined(column, before + path.stripPrefix("$"))
    case column => ColonPath(column, path)
  }
}

/** Over text: the text of what is found there, as `get_json_object` gives it. Over VARIANT: Spark's own way. */
object ResolveColonPaths extends Rule[LogicalPlan] {
  override def apply(plan: LogicalPlan): LogicalPlan = plan.resolveExpressions {
    case ColonPath(column, path) if column.resolved =>
      val text = Literal(UTF8String.fromString(path), StringType)
      column.dataType match {
        case _: VariantType => VariantGet(column, text, VariantType, failOnError = true)
        case _: StringType => GetJsonObject(column, text)
        case other =>
          Problem.raise(s"${column.sql}:${path.stripPrefix("$.")} needs a STRING or VARIANT column, not ${other.sql}")
      }
  }
}
