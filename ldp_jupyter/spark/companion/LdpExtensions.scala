package org.apache.spark.sql.ldp

import org.apache.spark.sql.SparkSessionExtensions

/**
 * What this code adds to a Spark session: named in `spark.sql.extensions` after Delta's own, so that its parser is
 * asked first.
 *
 * It gives Spark a catalog of folders (LdpCatalog), the table functions `read_files`, `cloud_files` and `event_log`,
 * the streaming source `cloudFiles`, local folders for paths of other places, paths such as `details:a.b` over text, and
 * the statements on catalogs, functions and volumes that Spark lacks. It also reads and rewrites plans for its callers in Python:
 * References, Binding, Conditions, StreamSources, BatchInputs, DeltaTables, Journal, Sessions. It is tied to one minor
 * version of Spark and of Delta.
 */
class LdpExtensions extends (SparkSessionExtensions => Unit) {
  override def apply(extensions: SparkSessionExtensions): Unit = {
    extensions.injectParser((session, inner) => new LdpParser(session, inner))
    // These run before names are resolved.
    extensions.injectHintResolutionRule(ResolveCatalogs(_))
    extensions.injectHintResolutionRule(MapLocalPaths(_))
    extensions.injectHintResolutionRule(ExpandTableFunctions(_))
    extensions.injectHintResolutionRule(ResolveStoredFunctions(_))
    extensions.injectHintResolutionRule(RememberSchemas(_))
    extensions.injectHintResolutionRule(_ => MarkColonPaths)
    extensions.injectResolutionRule(_ => ResolveColonPaths)
    extensions.injectResolutionRule(_ => PlainColumns)
    extensions.injectResolutionRule(RefuseWrites(_))
  }
}
