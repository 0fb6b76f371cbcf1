"""Methods that the platform forbids in a dataset function: noticed while one is evaluated, and then run.

What writes is run by an update alone: where only the shape of the query is asked for, frames hold no rows, and a dry
run writes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Callable

_OF_FRAMES = (
    "collect",
    "count",
    "toPandas",
    "first",
    "head",
    "take",
    "show",
    "toLocalIterator",
    "foreach",
    "foreachPartition",
)
_OF_WRITERS = ("save", "saveAsTable", "insertInto")
_FILES = ("json", "csv", "parquet", "orc", "text", "xml", "jdbc")
_OF_STREAM_WRITERS = ("start", "toTable")


def install(wrap: Callable[[Any, str, Callable[..., Any]], None]) -> None:
    """Patch them, once per process.

    Parameters:
        wrap: puts a function that gets the original method first in the place of a method.
    """
    from pyspark.sql import GroupedData
    from pyspark.sql.classic.dataframe import DataFrame
    from pyspark.sql.readwriter import DataFrameWriter
    from pyspark.sql.streaming.readwriter import DataStreamWriter

    methods = [
        *((DataFrame, name, name) for name in _OF_FRAMES),
        *((DataFrameWriter, name, name) for name in _OF_WRITERS),
        *((DataFrameWriter, name, "save") for name in _FILES),
        *((DataStreamWriter, name, name) for name in _OF_STREAM_WRITERS),
        (GroupedData, "pivot", "pivot"),
    ]
    for owner, name, key in methods:
        wrap(owner, name, _noticing(key))


def _noticing(key: str) -> Callable[..., Any]:
    def method(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        context = current()
        if context is not None and context.resolver is not None:
            context.resolver.notice_action(key)
            if context.resolver.shapes and key in _OF_STREAM_WRITERS:  # who starts a query goes on with it
                raise LdpError(
                    "LDP-2012", f"{key}() in a dataset function starts a query of its own", hint="return the stream"
                )
            if context.resolver.shapes and key in _OF_WRITERS:
                return None
        return original(self, *args, **kwargs)

    return method
