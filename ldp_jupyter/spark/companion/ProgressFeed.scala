package org.apache.spark.sql.ldp

import java.util.UUID
import java.util.concurrent.{ConcurrentHashMap, LinkedBlockingQueue, TimeUnit}

import scala.jdk.CollectionConverters._
import scala.util.Try

import org.json4s.{JField, JObject}

import org.apache.spark.scheduler.{SparkListener, SparkListenerEvent}
import org.apache.spark.sql.{Row, SparkSession}
import org.apache.spark.sql.execution.streaming.runtime.{IncrementalExecution, StreamingQueryListenerBus}
import org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionEnd
import org.apache.spark.sql.streaming.{StreamingQuery, StreamingQueryListener, StreamingQueryProgress}
import org.apache.spark.sql.streaming.StreamingQueryListener._

/**
 * The progress of a session's streaming queries, as it is made: made before a query starts, so that its first batch is
 * not missed, and read by one thread that sleeps until there is something to tell.
 *
 * Spark takes what was observed from the plan that it hands to the sink. Where Delta's sink makes another one of it
 * (for generated, identity and default columns, casts, and names in other letters), that one is run and has the counts:
 * they are taken when it ends, and put into the batch's progress. Both are told by one thread, in their order.
 */
class ProgressFeed(session: SparkSession) extends StreamingQueryListener {
  private val told = new LinkedBlockingQueue[(UUID, Option[String])]
  private val runs = ConcurrentHashMap.newKeySet[UUID]
  private val observed = new ConcurrentHashMap[(UUID, Long), Map[String, Row]]
  private val plans = new SparkListener {
    override def onOtherEvent(event: SparkListenerEvent): Unit = event match {
      case end: SparkListenerSQLExecutionEnd if end.executionFailure.isEmpty => end.qe match {
        case plan: IncrementalExecution if runs.contains(plan.runId) => note(plan)
        case _ =>
      }
      case _ =>
    }
  }
  session.streams.addListener(this)
  session.sparkContext.listenerBus.addToQueue(plans, StreamingQueryListenerBus.STREAM_EVENT_QUERY)

  private def note(plan: IncrementalExecution): Unit =
    Try(plan.observedMetrics).filter(_.nonEmpty)
      .foreach(observed.merge(plan.runId -> plan.currentBatchId, _, (first, later) => later ++ first))

  override def onQueryStarted(event: QueryStartedEvent): Unit = runs.add(event.runId)
  override def onQueryProgress(event: QueryProgressEvent): Unit = {
    val progress = event.progress
    // A sink's plan ends before the batch does, whose own plan counted nothing where it was not the one that ran.
    val counted = Option(observed.remove(progress.runId -> progress.batchId)).getOrElse(Map.empty)
    told.put(progress.runId -> Some(if (counted.isEmpty) progress.json else withCounts(progress, counted)))
  }
  private def withCounts(progress: StreamingQueryProgress, counted: Map[String, Row]): String = {
    val JObject(fields) = Json.parse(progress.json): @unchecked
    val rows = progress.observedMetrics.asScala.toMap ++ counted
    Json.write(JObject(fields.filter(_._1 != "observedMetrics") :+
      ("observedMetrics" -> JObject(rows.toList.map { case (name, row) => JField(name, row.jsonValue) }))))
  }
  override def onQueryTerminated(event: QueryTerminatedEvent): Unit = told.put(event.runId -> None)

  /** For Python: the next progress of the query as JSON, null when it has ended. */
  def next(query: StreamingQuery): String = {
    var answer: Option[Option[String]] = None
    while (answer.isEmpty) {
      // The end is told like the rest; a query may also go with its Spark, and then nobody tells.
      val active = query.isActive
      Option(told.poll(ProgressFeed.Seconds, TimeUnit.SECONDS)) match {
        case Some((run, text)) => if (run == query.runId) answer = Some(text)
        case None => if (!active) answer = Some(None)
      }
    }
    answer.flatten.orNull
  }

  def close(): Unit = {
    session.streams.removeListener(this)
    session.sparkContext.listenerBus.removeListener(plans)
  }
}

object ProgressFeed {
  private val Seconds = 5L

  def open(session: SparkSession): ProgressFeed = new ProgressFeed(session)
}
