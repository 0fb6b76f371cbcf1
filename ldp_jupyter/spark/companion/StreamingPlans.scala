package org.apache.spark.sql.ldp

import org.apache.spark.sql.Row
import org.apache.spark.sql.catalyst.plans.logical._
import org.apache.spark.sql.classic.Dataset

/** What about a streaming plan decides how Spark can run it. */
object StreamingPlans {
  /** For Python: a JSON object of StreamingPlan's fields. */
  def of(frame: Dataset[Row]): String = {
    val streaming = frame.queryExecution.analyzed.collect { case plan if plan.isStreaming => plan }
    Json.write(Map(
      "aggregates" -> streaming.exists { case _: Aggregate | _: Distinct => true; case _ => false },
      "watermark" -> streaming.exists(_.isInstanceOf[EventTimeWatermark]),
      "set_operation" -> streaming.collectFirst { case _: Except => "EXCEPT"; case _: Intersect => "INTERSECT" },
      "user_state" -> streaming.exists(_.nodeName.contains("WithState"))))
  }
}
