package org.apache.spark.sql.ldp

import scala.util.matching.Regex

import org.apache.hadoop.fs.Path
import org.json4s.{JArray, JValue}

import org.apache.spark.sql.{classic, Row, SparkSession}
import org.apache.spark.sql.catalyst.FunctionIdentifier
import org.apache.spark.sql.catalyst.analysis.{UnresolvedFunction, UnresolvedTableValuedFunction}
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

  def qualified(parts: Seq[String]): Option[Seq[String]] = QualifiedNames.inFolders(session, parts)

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
    val calls = called(signature)
    if (calls.flatMap(reached).contains(name)) Problem.raise(s"function ${name.mkString(".")} cannot call itself")
    val trial = StoredFunctions.Trial
    try {
      session.sql(s"CREATE OR REPLACE TEMPORARY FUNCTION $trial${replaced(signature)(onTrial)}")
      val known = catalog.lookupBuiltinOrTempFunction(trial).orElse(catalog.lookupBuiltinOrTempTableFunction(trial))
      // Names of the session change with the definitions: marks stand for them.
      val kept = calls.zipWithIndex.foldLeft(known.get.getUsage) { case (text, (call, number)) =>
        text.replace(trialName(call), StoredFunctions.mark(number))
      }
      folders.write(file(name), Json.write(Map("function" -> kept, "calls" -> calls)))
    } finally (trial +: calls.flatMap(reached).map(trialName)).foreach(catalog.dropTempFunction(_, ignoreIfNotExists = true))
  }

  /** When Spark checks a function it wants names of one part in the bodies, also of those that it calls. */
  private def onTrial(name: Seq[String]): String = {
    val function = parsed(trialName(name), usage(name)(onTrial)).copy(name = FunctionIdentifier(trialName(name)))
    if (function.isTableFunc) catalog.registerSQLTableFunction(function, overrideIfExists = true)
    else catalog.registerSQLScalarFunction(function, overrideIfExists = true)
    trialName(name)
  }

  private def trialName(name: Seq[String]): String = s"${StoredFunctions.Trial}_${plain(name)}_"

  private def plain(name: Seq[String]): String = name.mkString("_").replaceAll("\\W", "_")

  /** Stored functions that the text of a function calls: Spark looks for them only where it keeps functions itself. */
  private def called(text: String): Seq[Seq[String]] =
    StoredFunctions.Call.findAllMatchIn(text).flatMap(call => storedCall(call.group(1))).toSeq.distinct

  private def replaced(text: String)(name: Seq[String] => String): String =
    StoredFunctions.Call.replaceAllIn(text, call =>
      Regex.quoteReplacement(storedCall(call.group(1)).fold(call.matched)(name)))

  private def storedCall(text: String): Option[Seq[String]] = Option(text).map(CatalogStatements.parts)
    .filterNot(name => name.size == 1 && isKnown(name.head)).flatMap(qualified).filter(exists)

  /** A function and all that it calls, by way of others too. */
  private def reached(name: Seq[String]): Seq[Seq[String]] = name +: calls(name).flatMap(reached)

  /** Stored functions that a stored function calls. */
  def calls(name: Seq[String]): Seq[Seq[String]] =
    if (!exists(name)) Nil else stored(name) \ "calls" match {
      case JArray(names) => names.map(Json.strings)
      case _ => Nil
    }

  private def stored(name: Seq[String]): JValue = Json.parse(folders.read(file(name)))

  /** What Spark keeps of a function, with a name for each function that it calls. */
  private def usage(name: Seq[String])(ofCall: Seq[String] => String): String =
    calls(name).zipWithIndex.foldLeft(Json.string(stored(name) \ "function")) { case (text, (call, number)) =>
      if (!exists(call)) Problem.raise(s"function ${name.mkString(".")} calls ${call.mkString(".")}, which does not exist")
      text.replace(StoredFunctions.mark(number), ofCall(call))
    }

  private def parsed(name: String, usage: String): SQLFunction = SQLFunction.fromExpressionInfo(
    new ExpressionInfo(classOf[SQLFunction].getName, null, name, usage, "", "", "", "", "", "", "sql_udf"), state.sqlParser)

  /** The name by which the session has the function; it gets it now if it has it not. */
  def inSession(name: Seq[String]): Option[Seq[String]] = Option.when(exists(name)) {
    val kept = usage(name)(inSession(_).get.mkString("."))
    val alias = StoredFunctions.Prefix + plain(name) + f"_${kept.hashCode}%08x"
    val identifier = FunctionIdentifier(alias, Some("default"), Some(CatalogManager.SESSION_CATALOG_NAME))
    if (!catalog.functionExists(identifier)) {
      catalog.createUserDefinedFunction(parsed(alias, kept).copy(name = identifier), ignoreIfExists = true)
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
  private val Trial = "ldp_function_trial"
  /** A call, or what only looks like one: text and comments. */
  private val Call = ("""(?s)'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|--[^\n]*|/\*.*?\*/|""" + CatalogStatements.Names + """(?=\s*\()""").r

  private def mark(number: Int): String = s"ldp_call_${number}_"
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
