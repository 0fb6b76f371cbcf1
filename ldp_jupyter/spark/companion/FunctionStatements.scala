package org.apache.spark.sql.ldp

import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.catalyst.expressions.{Attribute, AttributeReference}
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.execution.command.LeafRunnableCommand
import org.apache.spark.sql.types.StringType

/** CREATE, DROP and DESCRIBE FUNCTION for functions of a catalog of folders; all others are Spark's. */
object FunctionStatements {
  import CatalogStatements.{Lead, Names, parts}

  private val Create =
    (Lead + """CREATE\s+(OR\s+REPLACE\s+)?FUNCTION\s+(IF\s+NOT\s+EXISTS\s+)?""" + Names + """\s*(\(.*?)\s*;?\s*""").r
  private val Drop = (Lead + """DROP\s+FUNCTION\s+(IF\s+EXISTS\s+)?""" + Names + """\s*;?\s*""").r
  private val Describe = (Lead + """DESC(?:RIBE)?\s+FUNCTION\s+(EXTENDED\s+)?""" + Names + """\s*;?\s*""").r

  def parse(text: String, session: SparkSession): Option[LogicalPlan] =
    if (Warehouse.root(session).isEmpty) None
    else text match {
      case Create(replace, ifMissing, name, signature) =>
        functions(session).qualified(parts(name))
          .map(CreateStoredFunction(_, signature, replace != null, ifMissing != null))
      case Drop(ifExists, name) => functions(session).qualified(parts(name)).map(DropStoredFunction(_, ifExists != null))
      case Describe(extended, name) => functions(session).qualified(parts(name))
        .filter(functions(session).exists).map(DescribeStoredFunction(_, extended != null))
      case _ => None
    }

  private def functions(session: SparkSession) = new StoredFunctions(session)
}

/** What Spark says of the function, under its own name. */
case class DescribeStoredFunction(name: Seq[String], extended: Boolean) extends LeafRunnableCommand {
  override val output: Seq[Attribute] = Seq(AttributeReference("function_desc", StringType, nullable = false)())

  override def run(session: SparkSession): Seq[Row] = {
    val functions = new StoredFunctions(session)
    functions.inSession(name).toSeq.flatMap { alias =>
      val shown = (name +: functions.calls(name)).map(known => functions.inSession(known).get.mkString(".") -> known.mkString("."))
      val words = if (extended) "EXTENDED " else ""
      session.sql(s"DESCRIBE FUNCTION $words${alias.mkString(".")}").collect().toSeq
        .map(row => Row(shown.foldLeft(row.getString(0)) { case (text, (hidden, known)) => text.replace(hidden, known) }))
    }
  }
}
