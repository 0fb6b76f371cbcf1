"""Reads of tables by pipeline code go through the context.

Classic Spark analyses at once, so `spark.read.table("upstream")` fails while `upstream` was never written. While a
dataset function is evaluated, the readers of pyspark ask the resolver first. Outside of that the patched methods
only look at one ContextVar and do what they always did.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current

if TYPE_CHECKING:
    from collections.abc import Callable

_installed = False


def install() -> None:
    """Patch pyspark's readers, once per process. Imports pyspark."""
    global _installed  # noqa: PLW0603  (a patch of a module is made once)
    if _installed:
        return
    _installed = True
    from pyspark.sql import SparkSession
    from pyspark.sql.readwriter import DataFrameReader
    from pyspark.sql.streaming.readwriter import DataStreamReader

    _wrap(SparkSession, "table", _session_table)
    _wrap(SparkSession, "sql", _session_sql)
    _wrap(DataFrameReader, "table", _reader_table)
    _wrap(DataStreamReader, "table", _stream_table)
    for reader in (DataFrameReader, DataStreamReader):
        _wrap(reader, "option", _option)
        _wrap(reader, "options", _options)
    _wrap(SparkSession.Builder, "getOrCreate", _get_or_create)
    _start_on_need()


def _wrap(owner: Any, name: str, replacement: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return replacement(original, self, *args, **kwargs)

    method.__ldp_original__ = original  # type: ignore[attr-defined]
    setattr(owner, name, method)


def original(owner: Any, name: str) -> Any:
    """The method as pyspark has it."""
    method = getattr(owner, name)
    return getattr(method, "__ldp_original__", method)


def _session_table(original: Any, self: Any, tableName: str) -> Any:  # noqa: N803  (Spark's parameter)
    context = current()
    if context is not None and context.resolver is not None:
        found = context.resolver.read_table(tableName, streaming=False, options={}, reader=None)
        if found is not None:
            return found
    return original(self, tableName)


def _reader_table(original: Any, self: Any, tableName: str) -> Any:  # noqa: N803
    context = current()
    if context is not None and context.resolver is not None:
        found = context.resolver.read_table(
            tableName, streaming=False, options=getattr(self, "_ldp_options", {}), reader=self
        )
        if found is not None:
            return found
    return original(self, tableName)


def _stream_table(original: Any, self: Any, tableName: str) -> Any:  # noqa: N803
    context = current()
    if context is not None and context.resolver is not None:
        found = context.resolver.read_table(
            tableName, streaming=True, options=getattr(self, "_ldp_options", {}), reader=self
        )
        if found is not None:
            return found
    return original(self, tableName)


def _session_sql(original: Any, self: Any, sqlQuery: str, args: Any = None, **kwargs: Any) -> Any:  # noqa: N803
    context = current()
    if context is not None and not kwargs:
        if context.resolver is not None:
            found = context.resolver.run_sql(sqlQuery, args)
            if found is not None:
                return found
        elif context.declarations is not None and args is None:
            _note_use(sqlQuery, context)
    return original(self, sqlQuery, args, **kwargs) if args is not None or kwargs else original(self, sqlQuery)


def _note_use(text: str, context: Any) -> None:
    """`spark.sql("USE ...")` at the top of a file sets the namespace of what it declares."""
    words = text.split(None, 1)
    if words and words[0].lower() in ("use", "set"):
        from ldp_jupyter.declarations import Declarations, Location, SourceUnit
        from ldp_jupyter.sql import SqlScope, read_sql

        scope = SqlScope(context.namespace, {}, context.configuration)
        read_sql(text, scope, Location(), Declarations(SourceUnit("", "")))
        context.namespace = scope.namespace


def _option(original: Any, self: Any, key: str, value: Any) -> Any:
    if current() is not None:
        self.__dict__.setdefault("_ldp_options", {})[key.lower()] = str(value)
    return original(self, key, value)


def _options(original: Any, self: Any, **options: Any) -> Any:
    if current() is not None:
        self.__dict__.setdefault("_ldp_options", {}).update({k.lower(): str(v) for k, v in options.items()})
    return original(self, **options)


def _get_or_create(original: Any, self: Any) -> Any:
    context = current()
    return context.get_session() if context is not None else original(self)


def _start_on_need() -> None:
    """`col("x")` and the like at the top of a file need a JVM: start it instead of failing."""
    import importlib
    import sys

    # these take the function by name when they are imported: import them first, then replace it in each
    for name in ("classic.column", "classic.dataframe", "classic.window", "types", "udf"):
        importlib.import_module(f"pyspark.sql.{name}")
    from pyspark import SparkContext
    from pyspark.sql import utils
    from pyspark.sql.functions import builtin

    asked, invoke = utils.get_active_spark_context, builtin._invoke_function

    def start() -> None:
        context = current()
        if SparkContext._active_spark_context is None and context is not None:
            context.get_session()

    def get_active_spark_context() -> Any:
        start()
        return asked()

    @functools.wraps(invoke)
    def invoke_function(name: str, *args: Any) -> Any:
        start()
        return invoke(name, *args)

    builtin._invoke_function = invoke_function
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("pyspark."):
            for name, value in list(vars(module).items()):
                if value is asked:
                    setattr(module, name, get_active_spark_context)
