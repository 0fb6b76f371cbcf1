package org.apache.spark.sql.ldp

import java.util.UUID
import java.util.concurrent.{LinkedBlockingQueue, TimeUnit}

import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.streaming.{StreamingQuery, StreamingQueryListener}
import org.apache.spark.sql.streaming.StreamingQueryListener._

/**
 * The progress of a session's streaming queries, as it is made: made before a query starts, so that its first batch is
 * not missed, and read by one thread that sleeps until there is something to tell.
 */
class ProgressFeed(session: SparkSession) extends StreamingQueryListener {
  private val told = new LinkedBlockingQueue[(UUID, Option[String])]
  session.streams.addListener(this)

  override def onQueryStarted(event: QueryStartedEvent): Unit = ()
  override def onQueryProgress(event: QueryProgressEvent): Unit =
    told.put(event.progress.runId -> Some(event.progress.json))
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

  def close(): Unit = session.streams.removeListener(this)
}

object ProgressFeed {
  private val Seconds = 5L

  def open(session: SparkSession): ProgressFeed = new ProgressFeed(session)
}
