package org.apache.spark.sql.ldp

import org.apache.spark.sql.catalyst.parser.CatalystSqlParser
import org.apache.spark.sql.types._

/**
 * Types for single columns of an inferred schema: `a INT, b.c TIMESTAMP, list.element.x INT, m.value INT`.
 *
 * A column that was not found is added.
 */
case class SchemaHints(text: String) {
  def applyTo(schema: StructType): StructType = {
    val wanted = hints
    val paths = wanted.map(_._1.map(Warehouse.key)).toSet
    // JSON objects are inferred as structs: hints for both key and value say that one is a map.
    val maps = paths.filter(path => path.last == "key" && paths(path.init :+ "value")).map(_.init)
    val start = maps.foldLeft(schema: DataType)((known, path) => put(known, path, MapType(StringType, StringType)))
    wanted.foldLeft(start) { case (known, (path, dataType)) => put(known, path, dataType) }.asInstanceOf[StructType]
  }

  private def hints: Seq[(Seq[String], DataType)] = topLevel(text).map(_.trim).filter(_.nonEmpty).map { hint =>
    val end = endOfName(hint)
    if (end >= hint.length) Problem.raise(s"schemaHints: `$hint` has no type")
    val dataType = hint.substring(end).trim.stripPrefix(":").trim
    CatalystSqlParser.parseMultipartIdentifier(hint.substring(0, end)) -> CatalystSqlParser.parseDataType(dataType)
  }

  private def put(current: DataType, path: Seq[String], hinted: DataType): DataType = (current, path) match {
    case (_, Nil) => hinted
    case (struct: StructType, name +: rest) =>
      struct.fields.indexWhere(_.name.equalsIgnoreCase(name)) match {
        case -1 => struct.add(name, put(missing(rest), rest, hinted))
        case at =>
          val field = struct.fields(at)
          StructType(struct.fields.updated(at, field.copy(dataType = put(field.dataType, rest, hinted))))
      }
    case (array: ArrayType, "element" +: rest) => array.copy(elementType = put(array.elementType, rest, hinted))
    case (map: MapType, "key" +: rest) => map.copy(keyType = put(map.keyType, rest, hinted))
    case (map: MapType, "value" +: rest) => map.copy(valueType = put(map.valueType, rest, hinted))
    case (_, part +: rest) => put(missing(part +: rest), part +: rest, hinted)
  }

  private def missing(path: Seq[String]): DataType = path match {
    case "element" +: _ => ArrayType(StringType)
    case ("key" | "value") +: _ => MapType(StringType, StringType)
    case _ => new StructType()
  }

  private def endOfName(hint: String): Int = {
    var quoted = false
    hint.indexWhere { char =>
      if (char == '`') quoted = !quoted
      !quoted && (char.isWhitespace || char == ':')
    } match {
      case -1 => hint.length
      case at => at
    }
  }

  /** Splits at commas that stand outside of brackets and backticks. */
  private def topLevel(all: String): Seq[String] = {
    val parts = collection.mutable.ArrayBuffer(new StringBuilder)
    var depth = 0
    var quoted = false
    all.foreach {
      case ',' if depth == 0 && !quoted => parts += new StringBuilder
      case char =>
        if (char == '`') quoted = !quoted
        if (!quoted && "<(".contains(char)) depth += 1
        if (!quoted && ">)".contains(char)) depth -= 1
        parts.last.append(char)
    }
    parts.map(_.toString).toSeq
  }
}
