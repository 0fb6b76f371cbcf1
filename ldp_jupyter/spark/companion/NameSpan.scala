package org.apache.spark.sql.ldp

import org.apache.spark.sql.catalyst.analysis.UnresolvedRelation

/** Where a name stands in the text of a query: characters `start` until before `stop`, counted in code points. */
case class NameSpan(start: Int, stop: Int)

object NameSpan {
  /** The parser's span of a relation may take in STREAM(...), an alias, a sample: the name alone is wanted. */
  def of(relation: UnresolvedRelation, text: String): NameSpan = {
    val from = relation.origin.startIndex.getOrElse(0)
    val until = relation.origin.stopIndex.map(_ + 1).getOrElse(from)
    val letters = text.codePoints().toArray
    if (from >= letters.length) NameSpan(0, 0)
    else new Scanner(letters, from, until.min(letters.length)).find(relation.multipartIdentifier)
      .getOrElse(NameSpan(from, until))
  }

  private class Scanner(letters: Array[Int], from: Int, until: Int) {
    private var at = from

    /** The first place where all parts follow one another. */
    def find(parts: Seq[String]): Option[NameSpan] = {
      while (at < until) {
        skipBlank()
        val start = at
        if (matches(parts)) return Some(NameSpan(start, at))
        at = start
        if (at < until) { token(); if (at == start) at += 1 }
      }
      None
    }

    private def matches(parts: Seq[String]): Boolean = parts.zipWithIndex.forall { case (part, index) =>
      (index == 0 || dot()) && token().exists(_.equalsIgnoreCase(part))
    }

    private def dot(): Boolean = {
      skipBlank()
      val found = at < until && letters(at) == '.'
      if (found) { at += 1; skipBlank() }
      found
    }

    private def token(): Option[String] = {
      val start = at
      if (at < until && letters(at) == '`') {
        at += 1
        val name = new StringBuilder
        while (at < until && (letters(at) != '`' || next == '`')) {
          if (letters(at) == '`') at += 1
          name.append(Character.toString(letters(at)))
          at += 1
        }
        at += 1
        Some(name.toString)
      } else {
        while (at < until && (Character.isLetterOrDigit(letters(at)) || letters(at) == '_')) at += 1
        if (at == start) None else Some(new String(letters, start, at - start))
      }
    }

    private def next: Int = if (at + 1 < until) letters(at + 1) else -1

    private def skipBlank(): Unit = {
      var moved = true
      while (moved) {
        val before = at
        while (at < until && Character.isWhitespace(letters(at))) at += 1
        if (at < until && letters(at) == '-' && next == '-') while (at < until && letters(at) != '\n') at += 1
        if (at < until && letters(at) == '/' && next == '*') {
          at += 2
          while (at < until && !(letters(at) == '*' && next == '/')) at += 1
          at = (at + 2).min(until)
        }
        moved = at != before
      }
    }
  }
}
