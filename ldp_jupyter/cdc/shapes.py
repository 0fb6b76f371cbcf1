"""Values in the type that a table has for them: of a stored column, or of a declared one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.cdc.columns import quoted
from ldp_jupyter.cdc.refusal import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import DataType, StructType


def same_shape(left: DataType, right: DataType) -> bool:
    """Whether two types are the same but for nullability."""
    return str(left.simpleString()) == str(right.simpleString())


def in_columns_of(rows: DataFrame, schema: StructType) -> DataFrame:
    """Rows whose columns have the names and types of a table's; those that it lacks stay as they are.

    A value that the type cannot hold fails the job that reads it, with a refusal.
    """
    from pyspark.sql import functions as fn

    known = {field.name.lower(): field for field in schema.fields}
    columns, changed = [], False
    for field in rows.schema.fields:
        wanted = known.get(field.name.lower(), field)
        value = _shaped(fn.col(quoted(field.name)), field.dataType, wanted.dataType, wanted.name)
        columns.append(value.alias(wanted.name))
        changed |= wanted.name != field.name or not same_shape(field.dataType, wanted.dataType)
    return rows.select(*columns) if changed else rows


def _shaped(value: Column, given: DataType, wanted: DataType, name: str) -> Column:
    """A value in another type: fields of structs by name, NULL for those that it lacks."""
    from pyspark.sql import functions as fn
    from pyspark.sql import types as t

    if same_shape(given, wanted):
        return value
    if isinstance(given, t.StructType) and isinstance(wanted, t.StructType):
        known = {field.name.lower(): field for field in given.fields}
        fields = []
        for field in wanted.fields:
            own = known.get(field.name.lower())
            part = fn.lit(None).cast(field.dataType) if own is None else _shaped(
                value.getField(own.name), own.dataType, field.dataType, f"{name}.{field.name}")
            fields.append(part.alias(field.name))
        return fn.when(value.isNotNull(), fn.struct(*fields))
    if isinstance(given, t.ArrayType) and isinstance(wanted, t.ArrayType):
        one, other = given.elementType, wanted.elementType
        return fn.transform(value, lambda element: _shaped(element, one, other, name))
    if isinstance(given, t.MapType) and isinstance(wanted, t.MapType) and same_shape(given.keyType, wanted.keyType):
        one, other = given.valueType, wanted.valueType
        return fn.transform_values(value, lambda _, part: _shaped(part, one, other, name))
    cast = value.try_cast(wanted)
    text = f"{MARK} a value of {name} does not fit its type {wanted.simpleString()}"
    return fn.when(value.isNull() | cast.isNotNull(), cast).otherwise(fn.raise_error(fn.lit(text)).cast(wanted))


def add_columns(
    session: SparkSession, path: str, wanted: StructType, there: StructType, after: str | None = None,
) -> bool:
    """Give a table the columns, and the fields of structs, that `wanted` has and `there` lacks; whether there are any.

    Parameters:
        after: the column behind which new ones come; None for the end.
    """
    clauses = ", ".join(_additions(wanted, there, "", after))
    if clauses:
        session.sql(f"ALTER TABLE spark_catalog.delta.{quoted(path)} ADD COLUMNS ({clauses})")
    return bool(clauses)


def _additions(wanted: DataType, there: DataType, path: str, after: str | None = None) -> Iterator[str]:
    """Clauses of ADD COLUMNS for columns, and fields of structs, that `wanted` has and `there` lacks."""
    from pyspark.sql import types as t

    if isinstance(wanted, t.ArrayType) and isinstance(there, t.ArrayType):
        yield from _additions(wanted.elementType, there.elementType, f"{path}element.")
    elif isinstance(wanted, t.MapType) and isinstance(there, t.MapType):
        yield from _additions(wanted.valueType, there.valueType, f"{path}value.")
    elif isinstance(wanted, t.StructType) and isinstance(there, t.StructType):
        known = {field.name.lower(): field.dataType for field in there.fields}
        for field in wanted.fields:
            name = f"{path}{quoted(field.name)}"
            if field.name.lower() in known:
                yield from _additions(field.dataType, known[field.name.lower()], f"{name}.")
            else:
                yield f"{name} {_ddl(field.dataType)}" + (f" AFTER {quoted(after)}" if after else "")
                after = field.name if after else None


def _ddl(kind: DataType) -> str:
    """A type as statements have it: `simpleString` leaves names of fields as they are, whatever letters they have."""
    from pyspark.sql import types as t

    if isinstance(kind, t.StructType):
        return f"STRUCT<{', '.join(f'{quoted(field.name)}: {_ddl(field.dataType)}' for field in kind.fields)}>"
    if isinstance(kind, t.ArrayType):
        return f"ARRAY<{_ddl(kind.elementType)}>"
    if isinstance(kind, t.MapType):
        return f"MAP<{_ddl(kind.keyType)}, {_ddl(kind.valueType)}>"
    return str(kind.simpleString())
