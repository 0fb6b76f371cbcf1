"""Rows of plain Python in pipeline code become frames as leniently as on the platform.

Pipelines run there, and in open-source Spark, over Spark Connect, whose client lets Arrow fit the values to the schema:
an `int` for a FLOAT column passes. Classic pyspark refuses the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current

if TYPE_CHECKING:
    from collections.abc import Callable


def install(wrap: Callable[[Any, str, Callable[..., Any]], None]) -> None:
    """Put the leniency on `SparkSession.createDataFrame`.

    Parameters:
        wrap: replaces a method of a class by a function that also gets the original.
    """
    from pyspark.sql import SparkSession

    wrap(SparkSession, "createDataFrame", _create_data_frame)


def _create_data_frame(original: Any, self: Any, data: Any, schema: Any = None, *args: Any, **kwargs: Any) -> Any:
    if current() is None or schema is None:
        return original(self, data, schema, *args, **kwargs)
    from pyspark.errors import PySparkTypeError

    if isinstance(data, Iterator):
        data = list(data)  # it may be read twice
    try:
        return original(self, data, schema, *args, **kwargs)
    except PySparkTypeError as refused:
        table = _fitted(data, schema) if refused.getCondition() == "FIELD_DATA_TYPE_UNACCEPTABLE_WITH_NAME" else None
        if table is None:
            raise
        return original(self, table, schema)


def _fitted(data: Any, schema: Any) -> Any:
    """The rows as an Arrow table of this schema, None when they do not fit it there either."""
    import pyarrow as pa
    from pyspark.errors import PySparkException
    from pyspark.sql.conversion import LocalDataToArrowConversion
    from pyspark.sql.types import StructType

    if isinstance(schema, str):
        schema = StructType.fromDDL(schema)
    if not isinstance(schema, StructType) or not isinstance(data, (list, tuple)):
        return None
    try:
        return LocalDataToArrowConversion.convert(data, schema, use_large_var_types=False)
    except (pa.ArrowException, PySparkException, AssertionError, TypeError, ValueError):  # as its client raises them
        return None
