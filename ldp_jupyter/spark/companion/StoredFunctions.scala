package org.apache.spark.sql.ldp

import org.apache.hadoop.fs.Path

import org.apache.spark.sql.{classic, Row, SparkSession}
import org.apache.spark.sql.catalyst.FunctionIdentifier
import org.apache.spark.sql.catalyst.analysis.{AnalysisContext, UnresolvedFunction, UnresolvedTableValuedFunction}
import org.apache.spark.sql.catalyst.catalog.SQLFunction
import org.apache.spark.sql.catalyst.expressions.{Expression, ExpressionInfo}
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan
import org.apache.spark.sql.catalyst.rules.Rule
import org.apache.spark.sql.catalyst.trees.TreePattern.UNRESOLVED_FUNCTION
import org.apache.spark.sql.connector.catalog.CatalogManager
import org.apache.spark.sql.execution.command.LeafRunnableCommand

/**
 * SQL functions of a schema: one JSON file each, `<schema>/<function>.function.json`.
 *
 * Spark keeps SQL functions of its own catalog, none of other catalogs. So a file holds what Spark itself keeps of a
 * function, and a query that calls it finds it in Spark's own catalog, where each session has it under a name that no
 * user writes and that changes with the definition.
 */
class StoredFunctions(session: SparkSession) {
  private val folders = new Folders(session)

  /** Catalog, schema and name of a function, where a catalog of folders is meant. */
  def qualified(parts: Seq[String]): Option[Seq[String]] = {
    // within a view or a function, where that was made
    val here = Some(AnalysisContext.get.catalogAndNamespace).filter(_.nonEmpty).getOrElse(
      Warehouse.currentCatalog(session) +: session.withActive(Warehouse.manager(session).currentNamespace.toSeq))
    val full = parts match {
      case Seq(name) if here.size == 2 => here :+ name
      case Seq(schema, name) => Seq(here.head, schema, name)
      case Seq(_, _, _) => parts
      case _ => Nil
    }
    Some(full.map(Warehouse.key)).filter(_.size == 3)
      .filter(name => name.head != Warehouse.System && Warehouse.isCatalog(session, name.head) && isFolders(name.head))
  }

  private def isFolders(catalog: String): Boolean = {
    Warehouse.register(session, catalog)
    session.withActive(Warehouse.manager(session).catalog(catalog)).isInstanceOf[LdpCatalog]
  }

  private def schema(name: Seq[String]): Path = new Path(new Path(Warehouse.requireRoot(session), name.head), name(1))

  private def file(name: Seq[String]): Path = new Path(schema(name), name.last + StoredFunctions.Ending)

  def exists(name: Seq[String]): Boolean = folders.exists(file(name))

  def drop(name: Seq[String]): Boolean = folders.delete(file(name))

  def names(schema: Path): Seq[String] = folders.children(schema).map(_.getPath.getName)
    .filter(name => name.endsWith(StoredFunctions.Ending) && !name.startsWith(".")).map(_.stripSuffix(StoredFunctions.Ending))

  /**
   * Keeps a function.
   *
   * Parameters:
   *   signature: what follows its name in CREATE FUNCTION; Spark checks it.
   */
  def create(name: Seq[String], signature: String): Unit = {
    val trial = StoredFunctions.Prefix + "trial"
    refuseCalls(signature)
    try {
      session.sql(s"CREATE OR REPLACE TEMPORARY FUNCTION $trial$signature")
      val known = catalog.lookupBuiltinOrTempFunction(trial).orElse(catalog.lookupBuiltinOrTempTableFunction(trial))
      folders.write(file(name), Json.write(Map("function" -> known.get.getUsage)))
    } finally catalog.dropTempFunction(trial, ignoreIfNotExists = true)
  }

  /** Spark looks for functions in the body of a function only where it keeps them itself. */
  private def refuseCalls(signature: String): Unit =
    (CatalogStatements.Names + """(?=\s*\()""").r.findAllIn(signature).map(CatalogStatements.parts)
      .filterNot(name => name.size == 1 && isKnown(name.head)).flatMap(qualified).find(exists).foreach { name =>
        Problem.raise(s"the body of a function cannot call ${name.mkString(".")}: functions of a schema do not nest here")
      }

  /** The name by which the session has the function; it gets it now if it has it not. */
  def inSession(name: Seq[String]): Option[Seq[String]] = Option.when(exists(name)) {
    val stored = folders.read(file(name))
    val alias = StoredFunctions.Prefix + name.mkString("_").replaceAll("\\W", "_") + f"_${stored.hashCode}%08x"
    val identifier = FunctionIdentifier(alias, Some("default"), Some(CatalogManager.SESSION_CATALOG_NAME))
    if (!catalog.functionExists(identifier)) {
      val usage = Json.string(Json.parse(stored) \ "function")
      val info = new ExpressionInfo(classOf[SQLFunction].getName, null, alias, usage, "", "", "", "", "", "", "sql_udf")
      val function = SQLFunction.fromExpressionInfo(info, state.sqlParser).copy(name = identifier)
      catalog.createUserDefinedFunction(function, ignoreIfExists = true)
    }
    Seq(CatalogManager.SESSION_CATALOG_NAME, "default", alias)
  }

  /** A name that Spark knows by itself comes first, as everywhere. */
  def isKnown(name: String): Boolean =
    catalog.lookupBuiltinOrTempFunction(name).orElse(catalog.lookupBuiltinOrTempTableFunction(name)).isDefined

  private def state = session.asInstanceOf[classic.SparkSession].sessionState
  private def catalog = state.catalog
}

object StoredFunctions {
  private[ldp] val Ending = ".function.json"
  private val Prefix = "ldp_function_"
}

/** Gives calls of stored functions the name under which the session has them. */
case class ResolveStoredFunctions(session: SparkSession) extends Rule[LogicalPlan] {
  override def apply(plan: LogicalPlan): LogicalPlan =
    if (plan.resolved || Warehouse.root(session).isEmpty) plan
    else {
      val functions = new StoredFunctions(session)
      Unresolved.rewrite(plan) {
        case call: UnresolvedTableValuedFunction =>
          inside(functions, alias(functions, call.name).fold(call)(name => call.copy(name = name)))
        case node if node.expressions.exists(_.containsPattern(UNRESOLVED_FUNCTION)) => inside(functions, node)
      }
    }

  private def inside(functions: StoredFunctions, node: LogicalPlan): LogicalPlan =
    node.transformExpressionsWithPruning(_.containsPattern(UNRESOLVED_FUNCTION)) {
      case call: UnresolvedFunction =>
        alias(functions, call.nameParts).fold(call: Expression)(name => call.copy(nameParts = name))
    }

  private def alias(functions: StoredFunctions, parts: Seq[String]): Option[Seq[String]] =
    if (parts.size == 1 && functions.isKnown(parts.head)) None
    else functions.qualified(parts).flatMap(functions.inSession)
}

case class CreateStoredFunction(name: Seq[String], signature: String, replace: Boolean, ifMissing: Boolean)
    extends LeafRunnableCommand {
  override def run(session: SparkSession): Seq[Row] = {
    val functions = new StoredFunctions(session)
    val taken = functions.exists(name)
    if (taken && !replace && !ifMissing) Problem.raise(s"function ${name.mkString(".")} already exists")
    if (!Warehouse.manager(session).catalog(name.head).asInstanceOf[LdpCatalog].namespaceExists(Array(name(1)))) {
      Problem.raise(s"schema ${name.init.mkString(".")} does not exist")
    }
    if (!taken || replace) functions.create(name, signature)
    Nil
  }
}

case class DropStoredFunction(name: Seq[String], ifExists: Boolean) extends LeafRunnableCommand {
  override def run(session: SparkSession): Seq[Row] = {
    if (!new StoredFunctions(session).drop(name) && !ifExists) {
      Problem.raise(s"function ${name.mkString(".")} does not exist")
    }
    Nil
  }
}
