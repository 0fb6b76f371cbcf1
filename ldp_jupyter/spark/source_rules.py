"""What pipeline source may do with the session while it is read.

Reading the sources writes nothing: it happens in a dry run, in `ldp ls` and before each update. The platform refuses
other statements than queries, USE, SHOW and DESCRIBE in `spark.sql`; open-source Spark refuses changes of the session
as well, which the platform lets pass and which are kept to the source here. What is refused is noted as a problem and
skipped, so that the source's other mistakes and its datasets are found too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current, source_being_read
from ldp_jupyter.declarations import Note
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.context import Context

_WRITES = {
    "DataFrameWriter": (
        "save", "saveAsTable", "insertInto", "json", "parquet", "text", "csv", "xml", "orc", "jdbc",
    ),
    "DataFrameWriterV2": ("create", "replace", "createOrReplace", "append", "overwrite", "overwritePartitions"),
}  # fmt: skip
_TEMPORARY = re.compile(r"\s*CREATE\s+(OR\s+REPLACE\s+)?(GLOBAL\s+)?TEMP(ORARY)?\b", re.IGNORECASE)
_ALLOWED = ("query", "Describe", "Show", "Explain", "Add", "List", "Cache", "Uncache", "Refresh", "CreateVariable")
_SETTING = re.compile(r"\s*SET\s+([\w.`-]+?)\s*=\s*(.*?)\s*;?\s*", re.IGNORECASE | re.DOTALL)
_MOVES = ("SetCatalogCommand", "SetNamespaceCommand", "SetCatalogAndNamespace", "UseCommand")


def install(wrap: Callable[[Any, str, Callable[..., Any]], None]) -> None:
    """Put the rules on pyspark's classes.

    Parameters:
        wrap: replaces a method of a class by a function that also gets the original.
    """
    from pyspark.sql import SparkSession, readwriter
    from pyspark.sql.catalog import Catalog
    from pyspark.sql.streaming.readwriter import DataStreamWriter

    for owner, names in _WRITES.items():
        for name in names:
            wrap(getattr(readwriter, owner), name, _write(name))
    for name in ("start", "toTable"):
        wrap(DataStreamWriter, name, _start(name))
    wrap(Catalog, "createTable", _write("createTable"))
    wrap(SparkSession, "stop", _stop)
    wrap(Catalog, "setCurrentCatalog", _set_catalog)
    wrap(Catalog, "setCurrentDatabase", _set_schema)


def run_source_sql(session: Any, text: str) -> Any:
    """`spark.sql` at the top of a file: an empty frame for what is taken or refused here, None for Spark to run it."""
    context = source_being_read()
    if context is None:
        return None
    from ldp_jupyter.spark import bridge

    try:
        kind = bridge.sql_kind(session, text)
    except bridge.SqlSyntaxError:
        if not re.match(r"\s*(CREATE|APPLY)\b", text, re.IGNORECASE):
            return None  # Spark tells what is wrong with it
        kind = "pipeline"
    if kind.startswith(_ALLOWED) or _TEMPORARY.match(text):
        return None
    if kind == "SetCommand":
        return _setting(context, text)
    if kind in _MOVES or re.match(r"\s*USE\b", text, re.IGNORECASE):
        _read_use(context, text)
        _move(session, context)
        return _nothing(session)
    if re.match(r"\s*CREATE\s+(SCHEMA|DATABASE|CATALOG)\b", text, re.IGNORECASE):
        words = " ".join(text.split()[:2]).upper()
        _left_out(
            context, f"{words} in spark.sql() is left out: catalogs and schemas are made here when they are needed"
        )
        return _nothing(session)
    words = " ".join(re.sub(r"\bOR\s+RE(PLACE|FRESH)\s+", "", text, flags=re.IGNORECASE).split()[:2]).upper()
    hint = (
        "pipeline SQL stands in files and cells of its own: .sql, %sql, %%ldp_sql"
        if kind == "pipeline"
        else "datasets are declared; what else must exist is made before, in a notebook or a task of a job"
    )
    _refuse(context, f"spark.sql() in pipeline source takes queries, SET, USE, SHOW and DESCRIBE, not {words}", hint)
    return _nothing(session)


def _left_out(context: Context, text: str) -> None:
    from ldp_jupyter.pipelines.arguments import caller_location

    assert context.declarations is not None
    context.declarations.notes.append(Note("not_checked", text, caller_location()))


def taken_without_session(get_sql: Callable[[], Any]) -> Callable[..., Any]:
    """`spark.sql` before there is a session: USE and SET of a source only change what it declares, and start nothing.

    Parameters:
        get_sql: the session's own method, for everything else.
    """

    def sql(sqlQuery: str, *args: Any, **kwargs: Any) -> Any:  # noqa: N803  (Spark's parameter)
        context = source_being_read()
        if context is not None and not args and not kwargs:
            if re.match(r"\s*USE\b", sqlQuery, re.IGNORECASE):
                _read_use(context, sqlQuery)
                return None
            if _SETTING.fullmatch(sqlQuery):
                return _setting(context, sqlQuery)
        return get_sql()(sqlQuery, *args, **kwargs)

    return sql


def _setting(context: Context, text: str) -> Any:
    """`SET key = value` holds for what this source declares, as `spark.conf.set` does; other forms are Spark's."""
    found = _SETTING.fullmatch(text)
    if found is not None:
        from ldp_jupyter.spark.lazy import PipelineConf

        PipelineConf(context).set(found[1].strip("`"), found[2].strip("'\""))
    return None


def _read_use(context: Context, text: str) -> None:
    from ldp_jupyter.declarations import Declarations, Location, SourceUnit
    from ldp_jupyter.sql import SqlScope, read_sql

    scope = SqlScope(context.namespace, {}, context.configuration)
    into = Declarations(SourceUnit("", ""))
    read_sql(text, scope, Location(), into)
    if into.problems:
        raise into.problems[0]
    context.namespace = scope.namespace


def _set_catalog(original: Any, self: Any, catalogName: str) -> None:  # noqa: N803  (Spark's parameter)
    context = source_being_read()
    if context is None:
        original(self, catalogName)
        return
    from ldp_jupyter.names import Namespace

    context.namespace = Namespace(catalogName.lower(), context.namespace.schema)
    _move(self._sparkSession, context)


def _set_schema(original: Any, self: Any, dbName: str) -> None:  # noqa: N803
    context = source_being_read()
    if context is None:
        original(self, dbName)
        return
    from ldp_jupyter.names import Namespace, split_name

    *catalog, schema = split_name(dbName)
    context.namespace = Namespace(catalog[0] if catalog else context.namespace.catalog, schema)
    _move(self._sparkSession, context)


def _move(session: Any, context: Context) -> None:
    """The session stands where the source does: catalogs and schemas are made when they are needed."""
    from ldp_jupyter.spark import bridge

    namespace = context.namespace
    bridge.prepare_session(session, session.conf.get(bridge.WAREHOUSE_SETTING), namespace.catalog, namespace.schema)


def _write(name: str) -> Callable[..., Any]:
    def write(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        context = source_being_read()
        if context is None:
            return original(self, *args, **kwargs)
        _left_out(context, f"{name}() at the top of a file is left out: reading the sources writes nothing")
        return None

    return write


def _start(name: str) -> Callable[..., Any]:
    def start(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        if source_being_read() is None:
            return original(self, *args, **kwargs)
        # the caller wants its query: there is nothing to go on with
        raise LdpError(
            "LDP-2012",
            f"{name}() at the top of pipeline source: reading the sources writes nothing",
            hint="return the DataFrame from a dataset function, or write it in a notebook or a task of a job",
        )

    return start


def _stop(original: Any, self: Any) -> None:
    """The session is the pipeline's: the source that ends with `spark.stop()` does not end it for the others."""
    context = current()
    if context is None or (context.resolver is None and source_being_read() is None):
        original(self)


def _refuse(context: Context, message: str, hint: str) -> None:
    from ldp_jupyter.pipelines.arguments import caller_location

    assert context.declarations is not None
    context.declarations.problems.append(LdpError("LDP-2012", message, hint=hint, location=caller_location()))


def _nothing(session: Any) -> Any:
    from pyspark.sql.types import StructType

    from ldp_jupyter.spark import bridge

    return bridge.empty(session, StructType([]), streaming=False)
