package org.apache.spark.sql.ldp

import java.io.File
import java.util.{List => JList}

import scala.jdk.CollectionConverters._
import scala.util.Try

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.catalyst.analysis.MultiInstanceRelation
import org.apache.spark.sql.catalyst.expressions.Attribute
import org.apache.spark.sql.catalyst.plans.logical.{LeafNode, LogicalPlan, UnresolvedDataSource}
import org.apache.spark.sql.catalyst.types.DataTypeUtils
import org.apache.spark.sql.catalyst.util.CaseInsensitiveMap
import org.apache.spark.sql.types._
import org.apache.spark.util.{MutableURLClassLoader, Utils}

/** Sources whose JARs come to a JVM that runs already. */
object Connectors {
  val AbsentKey = "spark.ldp.absentSources"

  /** For Python: whether a class is there. */
  def has(name: String): Boolean = Try(Utils.classForName[Any](name, initialize = false)).isSuccess

  /** JARs for all threads and tasks: at the end of the class path, or of the loader that a submitted program has. */
  def add(session: SparkSession, jars: JList[String]): Unit = jars.asScala.foreach { jar =>
    Utils.getContextOrSparkClassLoader match {
      case loader: MutableURLClassLoader => loader.addURL(new File(jar).toURI.toURL)
      case loader =>
        val append = loader.getClass.getDeclaredMethod("appendToClassPathForInstrumentation", classOf[String])
        append.setAccessible(true)
        append.invoke(loader, jar)
    }
    if (!session.sparkContext.isLocal) session.sparkContext.addJar(jar)
  }
}

/** Kafka: `format("kafka")` and `read_kafka(...)`. Its columns are always the same, so no broker is asked for them. */
object Kafka {
  val Format = "kafka"
  private val Provider = "org.apache.spark.sql.kafka010.KafkaSourceProvider"
  private val Servers = "kafka.bootstrap.servers"
  private val Topics = Seq("subscribe", "subscribePattern", "assign")

  private val columns = new StructType().add("key", BinaryType).add("value", BinaryType).add("topic", StringType)
    .add("partition", IntegerType).add("offset", LongType).add("timestamp", TimestampType)
    .add("timestampType", IntegerType)
  private val headers = ArrayType(new StructType().add("key", StringType).add("value", BinaryType))

  /** Whether its connector is not there, in a session where such a source is analysed all the same. */
  def isAbsent(session: SparkSession): Boolean =
    session.conf.get(Connectors.AbsentKey, "false").toBoolean && !Connectors.has(Provider)

  def absent(options: CaseInsensitiveMap[String], streaming: Boolean): LogicalPlan = {
    check(options)
    val all = if (options.get("includeHeaders").exists(_.toBoolean)) columns.add("headers", headers) else columns
    AbsentSource(Format, DataTypeUtils.toAttributes(all), streaming)
  }

  /** `read_kafka(bootstrapServers => '...', subscribe => '...')`. */
  def function(session: SparkSession, call: Arguments, streaming: Boolean): LogicalPlan = {
    val options = call.others.map {
      case (key, value) if key.equalsIgnoreCase("bootstrapServers") => Servers -> value
      case other => other
    }
    val all = CaseInsensitiveMap(options)
    if (isAbsent(session)) absent(all, streaming) else UnresolvedDataSource(Format, None, all, streaming, Nil)
  }

  private def check(options: CaseInsensitiveMap[String]): Unit = {
    if (!options.contains(Servers)) Problem.raise(s"Kafka needs the option $Servers (bootstrapServers of read_kafka)")
    Topics.filter(options.contains) match {
      case Seq(_) =>
      case _ => Problem.raise(s"Kafka needs one of the options ${Topics.mkString(", ")}")
    }
  }
}

/** Stands for a source that this JVM does not have, while only its columns count; a query over it does not start. */
case class AbsentSource(format: String, output: Seq[Attribute], override val isStreaming: Boolean)
    extends LeafNode with MultiInstanceRelation {
  override def newInstance(): LogicalPlan = copy(output = output.map(_.newInstance()))
}
