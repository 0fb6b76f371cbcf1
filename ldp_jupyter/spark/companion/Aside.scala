package org.apache.spark.sql.ldp

import java.util.concurrent.{Callable, ExecutionException, FutureTask}

import org.apache.spark.sql.SparkSession

/**
 * Runs Spark work that is needed while a query is being analysed on a thread of its own.
 *
 * The analyser keeps its state per thread (current view, relation cache); a second analysis on the same thread
 * would end the first one's. Local properties of Spark, such as the job group, are inherited by the thread.
 */
object Aside {
  def run[T](session: SparkSession, name: String)(work: => T): T = {
    val task = new FutureTask[T](new Callable[T] { override def call(): T = session.withActive(work) })
    val thread = new Thread(task, s"ldp-$name")
    thread.setDaemon(true)
    thread.start()
    try task.get()
    catch {
      case failed: ExecutionException => throw failed.getCause
      case interrupted: InterruptedException =>
        thread.interrupt()
        throw interrupted
    }
  }
}
