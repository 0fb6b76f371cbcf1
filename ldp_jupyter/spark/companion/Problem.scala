package org.apache.spark.sql.ldp

import org.apache.spark.sql.AnalysisException

/** A refusal in plain words, as Spark's own exception class, so that Python sees an AnalysisException. */
object Problem {
  def apply(message: String): AnalysisException =
    new AnalysisException(message, None, None, None, None, Map.empty[String, String], Array.empty)

  def raise(message: String): Nothing = throw apply(message)
}
