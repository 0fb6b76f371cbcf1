"""Comparing values of any type: maps, variants and intervals, which Spark cannot order, by a form that it can."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column
    from pyspark.sql.types import DataType


def is_orderable(kind: DataType) -> bool:
    """Whether Spark can sort by the type and compare it."""
    from pyspark.sql import types as t

    if isinstance(kind, t.StructType):
        return all(is_orderable(field.dataType) for field in kind.fields)
    if isinstance(kind, t.ArrayType):
        return is_orderable(kind.elementType)
    return not isinstance(kind, (t.MapType, t.VariantType, t.CalendarIntervalType, t.NullType))


def comparable(column: Column, kind: DataType) -> Column:
    """An expression that is equal, and ordered, for equal values of the column."""
    from pyspark.sql import functions as fn
    from pyspark.sql import types as t

    if is_orderable(kind):
        return column
    if isinstance(kind, t.StructType):
        fields = [comparable(column.getField(field.name), field.dataType).alias(field.name) for field in kind.fields]
        return fn.when(column.isNotNull(), fn.struct(*fields))
    if isinstance(kind, t.ArrayType):
        return fn.transform(column, _comparable_as(kind.elementType))
    if isinstance(kind, t.MapType):
        entry = t.StructType([t.StructField("key", kind.keyType), t.StructField("value", kind.valueType)])
        return fn.array_sort(fn.transform(fn.map_entries(column), _comparable_as(entry)))
    return column.cast("string")


def _comparable_as(kind: DataType) -> Callable[[Column], Column]:
    return lambda element: comparable(element, kind)
