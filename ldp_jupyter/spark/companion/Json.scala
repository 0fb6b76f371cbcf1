package org.apache.spark.sql.ldp

import org.json4s._
import org.json4s.jackson.JsonMethods

/** Plain Scala values as JSON text and back: the language between this code, its files and Python. */
object Json {
  def write(value: Any): String = JsonMethods.compact(JsonMethods.render(tree(value)))

  def parse(text: String): JValue = JsonMethods.parse(text)

  def string(value: JValue): String = value match {
    case JString(text) => text
    case JNull | JNothing => null
    case other => JsonMethods.compact(JsonMethods.render(other))
  }

  def strings(value: JValue): Seq[String] = value match {
    case JArray(items) => items.map(string)
    case _ => Nil
  }

  def stringMap(value: JValue): Map[String, String] = value match {
    case JObject(fields) => fields.map { case (key, item) => key -> string(item) }.toMap
    case _ => Map.empty
  }

  def stringMap(text: String): Map[String, String] = stringMap(parse(text))

  private def tree(value: Any): JValue = value match {
    case null | None => JNull
    case Some(inner) => tree(inner)
    case json: JValue => json
    case text: String => JString(text)
    case flag: Boolean => JBool(flag)
    case number: Int => JInt(number)
    case number: Long => JInt(number)
    case number: Double => JDouble(number)
    case map: collection.Map[_, _] => JObject(map.toList.map { case (key, item) => JField(key.toString, tree(item)) })
    case items: Iterable[_] => JArray(items.toList.map(tree))
    case items: Array[_] => JArray(items.toList.map(tree))
    case other => JString(other.toString)
  }
}
