package org.apache.spark.sql.ldp

import java.util.regex.Pattern

import scala.collection.mutable
import scala.util.matching.Regex

import org.apache.spark.sql.catalyst.analysis.{RelationTimeTravel, UnresolvedRelation}
import org.apache.spark.sql.catalyst.expressions.Literal
import org.apache.spark.sql.catalyst.plans.logical.{LogicalPlan, SubqueryAlias, UnresolvedWith}
import org.apache.spark.sql.catalyst.trees.CurrentOrigin

/**
 * `t@v3` and `t@20260131120000000`: a table at a version or a time, what `VERSION AS OF` and `TIMESTAMP AS OF` say.
 *
 * Spark's grammar has no `@`. While the text is parsed a letter stands for it that makes a name of the two parts, one that
 * the text has nowhere else; so all positions stay as they are. Then the name is taken apart again.
 */
object VersionedNames {
  private val Literals = """'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|`[^`]*`|--[^\n]*|/\*.*?\*/"""
  private val Name = ("(?s)" + Literals + """|(?<!\w)(\w+)@([vV]\d+|\d{17})(?!\w)""").r
  private val Time = """(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})""".r

  private case class At(table: String, when: String)

  def parse(text: String)(parser: String => LogicalPlan): LogicalPlan =
    if (text.indexOf('@') < 0) parser(text)
    else {
      val found = Name.findAllMatchIn(text).filter(_.group(1) != null).toSeq
      found.headOption.flatMap(_ => replaced(text, found, parser)).getOrElse(parser(text))
    }

  /** None where one of them stands for something other than a table that is read: the error is Spark's own then. */
  private def replaced(text: String, found: Seq[Regex.Match], parser: String => LogicalPlan): Option[LogicalPlan] =
    standIn(text, found).flatMap { letter =>
      val at = found.map(m => s"${m.group(1)}$letter${m.group(2)}" -> At(m.group(1), m.group(2))).toMap
      val marked = new StringBuilder(text)
      found.foreach(m => marked.setCharAt(m.end(1), letter))
      val seen = mutable.Set.empty[String]
      val plan = travelling(parser(marked.toString), at, seen)
      Option.when(seen.size == at.size)(plan)
    }

  private def standIn(text: String, found: Seq[Regex.Match]): Option[Char] = "_QXZ0".find { letter =>
    found.forall { m =>
      val word = Pattern.quote(s"${m.group(1)}$letter${m.group(2)}")
      s"(?i)(?<!\\w)$word(?!\\w)".r.findFirstIn(text).isEmpty
    }
  }

  private def travelling(plan: LogicalPlan, at: Map[String, At], seen: mutable.Set[String]): LogicalPlan = {
    def again(plan: LogicalPlan): LogicalPlan = travelling(plan, at, seen)
    plan match {
      case relation: UnresolvedRelation if at.contains(relation.multipartIdentifier.last) =>
        val word = relation.multipartIdentifier.last
        seen += word
        CurrentOrigin.withOrigin(relation.origin)(travel(relation, at(word)))
      case definitions: UnresolvedWith => definitions.copy(
        child = again(definitions.child),
        cteRelations = definitions.cteRelations.map { case (name, body, depth) =>
          (name, again(body).asInstanceOf[SubqueryAlias], depth)
        })
      case other => Unresolved.inExpressions(other.mapChildren(again))(again)
    }
  }

  private def travel(relation: UnresolvedRelation, at: At): LogicalPlan = {
    val table = relation.copy(multipartIdentifier = relation.multipartIdentifier.init :+ at.table)
    at.when match {
      case Time(year, month, day, hour, minute, second, millis) =>
        RelationTimeTravel(table, Some(Literal(s"$year-$month-$day $hour:$minute:$second.$millis")), None)
      case version => RelationTimeTravel(table, None, Some(version.tail))
    }
  }
}
