package org.apache.spark.sql.ldp

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{DataFrame, Dataset, Row, SparkSession}
import org.apache.spark.sql.classic
import org.apache.spark.sql.catalyst.expressions.{Attribute, Cast, Expression, GreaterThanOrEqual, LessThanOrEqual, Literal}
import org.apache.spark.sql.catalyst.types.DataTypeUtils
import org.apache.spark.sql.delta.{DeltaColumnMapping, DeltaConfigs, DeltaLog, DeltaOperations, OptimisticTransaction, RowTracking}
import org.apache.spark.sql.delta.actions.{Action, AddFile, RemoveFile, SetTransaction}
import org.apache.spark.sql.delta.commands.{DeletionVectorBitmapGenerator, DeletionVectorUtils, DMLWithDeletionVectorsHelper}
import org.apache.spark.sql.delta.commands.cdc.CDCReader
import org.apache.spark.sql.delta.files.TahoeBatchFileIndex
import org.apache.spark.sql.delta.stats.StatsCollectionUtils
import org.apache.spark.sql.execution.metric.SQLMetrics
import org.apache.spark.sql.functions.{broadcast, col, lit}
import org.apache.spark.sql.types._

/**
 * Rows of a table exchanged for others of the same identity, by one commit of Delta's own transaction.
 *
 * MERGE does the same for any clauses, and so reads the table twice, all columns the second time. Here it is known before
 * which rows go and which come. Of a small table the files that may hold the rows are written anew, in one pass; of a large
 * one the columns of the identity are read to find the rows, these are marked as deleted in deletion vectors, and the new
 * rows are added in files of their own.
 */
object RowExchange {
  /** Up to so many rows are sent to every task. */
  private val Few = 1000000L
  /** Bytes of a table that are worth a task of their own. */
  private val Share = 2L * 1024 * 1024

  /**
   * For Python: false if the table has something that only MERGE keeps up (a change feed, row tracking, computed columns,
   * defaults of columns that are not given).
   *
   * @param rows columns of the table, and `live`; is read several times. Each identity is in it once.
   * @param live column that says whether there is to be a row of this identity afterwards
   * @param count how many rows there are
   * @param range JSON of the least and the greatest value of the first column of the identity, as text; empty if unknown
   * @param rewriteUpTo bytes of files that may be written anew
   * @param appId with `version` the id of this write: one that the table has already is skipped
   */
  def exchange(rows: Dataset[Row], path: String, identity: String, live: String, count: Long, range: String, appId: String,
      version: Long, rewriteUpTo: Long): Boolean = {
    val source = rows.asInstanceOf[classic.Dataset[Row]]
    source.sparkSession.withActive {
      val log = DeltaLog.forTable(source.sparkSession, new Path(path))
      val keys = Json.strings(Json.parse(identity))
      val within = Range.of(source, keys.head, Json.strings(Json.parse(range)))
      def start() = new Work(source, log, log.startTransaction(), keys, live, count, within, rewriteUpTo)
      var work = start()
      if (work.has(appId, version)) true
      else if (!work.suits) false
      else {
        // In a commit of its own: rows have numbers only in a table that can have deletion vectors.
        if (work.lacksVectors) {
          allowVectors(log)
          work = start()
        }
        work.commit(SetTransaction(appId, version, Some(System.currentTimeMillis())))
        true
      }
    }
  }

  private def allowVectors(log: DeltaLog): Unit = {
    val transaction = log.startTransaction()
    val metadata = transaction.metadata
    transaction.updateMetadata(metadata.copy(
      configuration = metadata.configuration + (DeltaConfigs.ENABLE_DELETION_VECTORS_CREATION.key -> "true")))
    transaction.commit(Nil, DeltaOperations.ManualUpdate)
  }

  /** What the table's history tells of the commit. */
  private def report(session: SparkSession, transaction: OptimisticTransaction, count: Long, actions: Seq[Action]): Unit = {
    val numbers = Map(
      "operationNumSourceRows" -> count,
      "numTargetFilesAdded" -> actions.count(_.isInstanceOf[AddFile]).toLong,
      "numTargetFilesRemoved" -> actions.count(_.isInstanceOf[RemoveFile]).toLong)
    transaction.registerSQLMetrics(session, numbers.map { case (name, number) =>
      val metric = SQLMetrics.createMetric(session.sparkContext, name)
      metric.set(number)
      name -> metric
    })
  }

  /** The least and the greatest value of a column, both there. */
  private class Range(key: Attribute, least: Literal, greatest: Literal) {
    def predicates: Seq[Expression] = Seq(GreaterThanOrEqual(key, least), LessThanOrEqual(key, greatest))

    /** Whether a file with these statistics may have such a value; `name` is what the column is called in files. */
    def mayHold(file: AddFile, name: String): Boolean = Option(file.stats).forall { stats =>
      val parsed = Json.parse(stats)
      def bound(kind: String) = Option(Json.string(parsed \ kind \ name)).map(Range.literal(_, key.dataType))
      bound("minValues").forall(LessThanOrEqual(_, greatest).eval() != false) &&
        bound("maxValues").forall(GreaterThanOrEqual(_, least).eval() != false)
    }
  }

  private object Range {
    def of(rows: DataFrame, key: String, texts: Seq[String]): Option[Range] = texts match {
      case Seq(least, greatest) =>
        val attribute = DataTypeUtils.toAttribute(rows.schema(key))
        Some(new Range(attribute, literal(least, attribute.dataType), literal(greatest, attribute.dataType)))
      case _ => None
    }

    def literal(text: String, kind: DataType): Literal = Literal.create(Cast(Literal(text), kind, Some("UTC")).eval(), kind)
  }

  private class Work(rows: classic.Dataset[Row], log: DeltaLog, transaction: OptimisticTransaction, keys: Seq[String],
      live: String, count: Long, within: Option[Range], rewriteUpTo: Long) {
    private val session = rows.sparkSession
    private val metadata = transaction.metadata
    private val columns = metadata.schema
    private def checksum = transaction.snapshot.checksumOpt
    private val marked = keys.zipWithIndex.map { case (_, number) => s"__ldp_identity_$number" }
    /** Files that may hold rows of these identities. */
    private lazy val candidates: Seq[AddFile] = {
      val predicates = within.fold[Seq[Expression]](Seq(Literal.TrueLiteral))(_.predicates)
      if (count == 0) Nil
      else checksum.flatMap(_.allFiles) match {
        case None => transaction.filterFiles(predicates, keepNumRecords = true)
        case Some(all) => // without a job; that they were read counts when another commits meanwhile
          val name = DeltaColumnMapping.getPhysicalName(columns(keys.head))
          val chosen = all.filter(file => within.forall(_.mayHold(file, name)))
          transaction.trackReadPredicates(predicates)
          transaction.trackFilesRead(chosen)
          chosen
      }
    }
    private lazy val large = candidates.map(_.size).sum > rewriteUpTo

    /** Whether the table has this write; for what its checksum tells, Delta would start a job. */
    def has(appId: String, version: Long): Boolean = checksum.flatMap(_.setTransactions) match {
      case Some(known) => known.exists(write => write.appId == appId && write.version >= version)
      case None => transaction.txnVersion(appId) >= version
    }

    def suits: Boolean = {
      val given = rows.schema.filterNot(_.name == live).map(field => field.name -> field.dataType).toMap
      !CDCReader.isCDCEnabledOnTable(metadata, session) &&
        !RowTracking.isEnabled(transaction.protocol, metadata) &&
        !DeltaConfigs.IS_APPEND_ONLY.fromMetaData(metadata) &&
        !metadata.configuration.keys.exists(_.startsWith("delta.enableIcebergCompat")) &&
        !columns.exists(field => Seq("delta.generationExpression", "delta.identity.step").exists(field.metadata.contains)) &&
        !columns.exists(field => field.getCurrentDefaultValue().isDefined && !given.contains(field.name)) &&
        given.forall { case (name, kind) =>
          columns.exists(field => field.name == name && DataType.equalsIgnoreNullability(field.dataType, kind))
        } &&
        !(large && metadata.configuration.get(DeltaConfigs.ENABLE_DELETION_VECTORS_CREATION.key).contains("false"))
    }

    def lacksVectors: Boolean = large && !DeletionVectorUtils.deletionVectorsWritable(transaction.snapshot, None, None)

    def commit(stamp: SetTransaction): Unit = {
      val actions =
        if (count == 0) Nil
        else if (large) vectors(candidates) ++ transaction.writeFiles(inOrder(rows.where(col(quoted(live)))))
        else rewritten(candidates)
      report(session, transaction, count, actions)
      transaction.commit(stamp +: actions, DeltaOperations.Merge(None, Nil, Nil, Nil))
    }

    private def rewritten(files: Seq[AddFile]): Seq[Action] = {
      val come = inOrder(rows.where(col(quoted(live))))
      if (files.isEmpty) transaction.writeFiles(come)
      else {
        val stay = join(log.createDataFrame(transaction.snapshot, files), "left_anti")
        val all = inOrder(stay).union(come)
        val now = System.currentTimeMillis()
        val partitioned = transaction.metadata.partitionColumns.nonEmpty
        // One file of little, else as many as can be written at a time.
        val parts = math.min(1 + files.map(_.size).sum / Share, session.sparkContext.defaultParallelism).toInt
        transaction.writeFiles(if (partitioned) all else all.coalesce(parts)) ++ files.map(_.removeWithTimestamp(now))
      }
    }

    private def vectors(files: Seq[AddFile]): Seq[Action] = {
      val snapshot = transaction.snapshot
      val index = new TahoeBatchFileIndex(session, "merge", files, log, log.dataPath, snapshot, false)
      val target = DMLWithDeletionVectorsHelper.createTargetDfForScanningForMatches(
        session, log.createDataFrame(snapshot, files).queryExecution.analyzed, index)
      val found = DeletionVectorBitmapGenerator.buildRowIndexSetsForFilesMatchingCondition(
        session, transaction, DeletionVectorUtils.deletionVectorsReadable(snapshot), join(target, "left_semi"), files,
        Literal.TrueLiteral, None, None)
      val byName = DMLWithDeletionVectorsHelper.generateCandidateFileMap(log.dataPath, files)
      val touched = DMLWithDeletionVectorsHelper.findFilesWithMatchingRows(transaction, byName, found)
      val prefix = StatsCollectionUtils.getDataSkippingStringPrefixLength(session, transaction.metadata)
      DMLWithDeletionVectorsHelper.processUnmodifiedData(session, touched, snapshot, prefix)._1
    }

    private def join(target: DataFrame, how: String): DataFrame = {
      val identities = rows.select(keys.zip(marked).map { case (key, mark) => col(quoted(key)).as(mark) }: _*)
      val same = keys.zip(marked).map { case (key, mark) => target.col(quoted(key)) === col(mark) }.reduce(_ && _)
      target.join(if (count <= Few) broadcast(identities) else identities, same, how)
    }

    /** The table's columns; NULL for those that these rows know nothing of. */
    private def inOrder(frame: DataFrame): DataFrame = {
      val known = frame.columns.toSet
      frame.select(columns.map { field =>
        if (known(field.name)) col(quoted(field.name)) else lit(null).cast(field.dataType).as(field.name)
      }: _*)
    }
  }

  private def quoted(name: String): String = s"`${name.replace("`", "``")}`"
}
