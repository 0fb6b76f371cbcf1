"""Reads of tables by pipeline code go through the context.

Classic Spark analyses at once, so `spark.read.table("upstream")` fails while `upstream` was never written. While a
dataset function is evaluated, the readers of pyspark ask the resolver first. Outside of that the patched methods
only look at one ContextVar and do what they always did.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current
from ldp_jupyter.spark import forbidden, local_data, source_rules

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
        _wrap(reader, "format", _format)
    _wrap(SparkSession.Builder, "getOrCreate", _session_of_context)
    for name in ("getActiveSession", "active"):
        _wrap_class_method(SparkSession, name, _session_of_context)
    source_rules.install(_wrap)
    forbidden.install(_wrap)
    local_data.install(_wrap)
    _start_on_need()
    _leave_out_call_sites()


def _wrap(owner: Any, name: str, replacement: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves this frame out of the traceback of a user's own read that fails
        return replacement(original, self, *args, **kwargs)

    method.__ldp_original__ = original  # type: ignore[attr-defined]
    setattr(owner, name, method)


def _wrap_class_method(owner: Any, name: str, replacement: Callable[..., Any]) -> None:
    original = getattr(owner, name)  # bound to its class

    @functools.wraps(original)
    def method() -> Any:
        return replacement(original)

    setattr(owner, name, staticmethod(method))


def original(owner: Any, name: str) -> Any:
    """The method as pyspark has it."""
    method = getattr(owner, name)
    return getattr(method, "__ldp_original__", method)


def _session_table(original: Any, self: Any, tableName: str) -> Any:  # noqa: N803  (Spark's parameter)
    __tracebackhide__ = True
    context = current()
    if context is not None and context.resolver is not None:
        found = context.resolver.read_table(tableName, streaming=False, options={}, reader=None)
        if found is not None:
            return found
    return original(self, tableName)


def _reader_table(original: Any, self: Any, tableName: str) -> Any:  # noqa: N803
    __tracebackhide__ = True
    context = current()
    if context is not None and context.resolver is not None:
        found = context.resolver.read_table(
            tableName, streaming=False, options=getattr(self, "_ldp_options", {}), reader=self
        )
        if found is not None:
            return found
    return original(self, tableName)


def _stream_table(original: Any, self: Any, tableName: str) -> Any:  # noqa: N803
    __tracebackhide__ = True
    context = current()
    if context is not None and context.resolver is not None:
        found = context.resolver.read_table(
            tableName, streaming=True, options=getattr(self, "_ldp_options", {}), reader=self
        )
        if found is not None:
            return found
    return original(self, tableName)


def _session_sql(original: Any, self: Any, sqlQuery: str, args: Any = None, **kwargs: Any) -> Any:  # noqa: N803
    __tracebackhide__ = True
    context = current()
    if context is not None and context.resolver is not None:
        found = _resolved_sql(context.resolver, self, sqlQuery, args, kwargs)
        if found is not None:
            return found
    elif args is None and not kwargs:
        found = source_rules.run_source_sql(self, sqlQuery)
        if found is not None:
            return found
    return original(self, sqlQuery, args, **kwargs) if args is not None or kwargs else original(self, sqlQuery)


def _resolved_sql(resolver: Any, session: Any, text: str, args: Any, values: dict[str, Any]) -> Any:
    """The resolver's answer; values given by keyword are put into the text as pyspark does, frames as views."""
    if not values:
        return resolver.run_sql(text, args)
    from pyspark.sql.sql_formatter import SQLStringFormatter

    formatter = SQLStringFormatter(session)
    try:
        return resolver.run_sql(formatter.format(text, **values), args)
    finally:
        formatter.clear()


def _option(original: Any, self: Any, key: str, value: Any) -> Any:
    context = current()
    if context is not None:
        self.__dict__.setdefault("_ldp_options", {})[key.lower()] = str(value)
        if context.resolver is not None:
            context.resolver.notice_option(key, value)
    return original(self, key, value)


def _options(original: Any, self: Any, **options: Any) -> Any:
    context = current()
    if context is not None:
        self.__dict__.setdefault("_ldp_options", {}).update({k.lower(): str(v) for k, v in options.items()})
        if context.resolver is not None:
            for key, value in options.items():
                context.resolver.notice_option(key, value)
    return original(self, **options)


def _format(original: Any, self: Any, source: str) -> Any:
    context = current()
    if context is not None and context.resolver is not None:
        context.resolver.need_source(source)
    return original(self, source)


def _session_of_context(original: Any, *args: Any) -> Any:
    """The predefined `spark` under another name: kept at the top of a file, it is a flow's own in its function."""
    if current() is None or sys._getframe(2).f_globals.get("__name__", "").startswith("pyspark."):
        return original(*args)  # pyspark asks for its own session at each call of a column
    from ldp_jupyter.spark.lazy import LazySpark

    return LazySpark()


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


def _leave_out_call_sites() -> None:
    """For each Column pyspark tells the JVM where it was made, in ten calls: in vain while nothing is computed."""
    from pyspark.errors import utils

    asked = utils.is_debugging_enabled

    def is_debugging_enabled() -> bool:
        context = current()
        if context is not None and context.resolver is not None and context.resolver.shapes:
            return False
        return bool(asked())

    utils.is_debugging_enabled = is_debugging_enabled
