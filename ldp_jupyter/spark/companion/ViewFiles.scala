package org.apache.spark.sql.ldp

import scala.jdk.CollectionConverters._

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.connector.catalog.View
import org.apache.spark.sql.types.{DataType, StructType}

/** Persisted views: one JSON file each, `<schema>/<view>.view.json`. */
class ViewFiles(session: SparkSession) {
  private val folders = new Folders(session)
  private val Ending = ".view.json"

  def file(schema: Path, name: String): Path = new Path(schema, Warehouse.key(name) + Ending)

  def exists(schema: Path, name: String): Boolean = folders.exists(file(schema, name))

  def names(schema: Path): Seq[String] =
    folders.children(schema).map(_.getPath.getName).filter(n => n.endsWith(Ending) && !n.startsWith("."))
      .map(_.stripSuffix(Ending))

  def drop(schema: Path, name: String): Boolean = folders.delete(file(schema, name))

  def rename(fromSchema: Path, from: String, toSchema: Path, to: String): Unit =
    folders.rename(file(fromSchema, from), file(toSchema, to))

  def write(schema: Path, name: String, view: View): Unit = folders.write(file(schema, name), Json.write(Map(
    "query" -> view.queryText(),
    "catalog" -> Option(view.currentCatalog()),
    "namespace" -> view.currentNamespace().toSeq,
    "schemaMode" -> Option(view.schemaMode()),
    "queryColumns" -> view.queryColumnNames().toSeq,
    "schema" -> view.schema().json,
    "settings" -> view.sqlConfigs().asScala.toMap,
    "properties" -> view.properties().asScala.toMap.filter(_._2 != null))))

  def read(schema: Path, name: String): View = {
    val stored = Json.parse(folders.read(file(schema, name)))
    def text(key: String): Option[String] = (stored \ key).toOption.map(Json.string)
    def map(key: String) = Json.stringMap(stored \ key).asJava
    def list(key: String) = Json.strings(stored \ key).toArray
    val builder = new View.Builder()
      .withQueryText(text("query").orNull)
      .withCurrentCatalog(text("catalog").orNull)
      .withCurrentNamespace(list("namespace"))
      .withSqlConfigs(map("settings"))
      .withSchemaMode(text("schemaMode").orNull)
      .withQueryColumnNames(list("queryColumns"))
    builder.withSchema(DataType.fromJson(text("schema").orNull).asInstanceOf[StructType])
    builder.withProperties(map("properties"))
    builder.build()
  }
}
