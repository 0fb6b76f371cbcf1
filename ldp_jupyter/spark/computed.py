"""Columns whose values Delta computes when rows are written: generated, identity and default columns.

Spark's parser and Delta write the same facts under different keys of a column's metadata; Delta's own are used here, so
that a schema made of a declaration is what the table's log holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructField, StructType

GENERATED = "delta.generationExpression"
DEFAULT = "CURRENT_DEFAULT"
IDENTITY_START = "delta.identity.start"
IDENTITY_STEP = "delta.identity.step"
IDENTITY_EXPLICIT = "delta.identity.allowExplicitInsert"
# A table with default columns needs this feature, which Delta does not turn on by itself.
DEFAULTS_FEATURE = "delta.feature.allowColumnDefaults"

_OF_PARSER = {
    "GENERATION_EXPRESSION": GENERATED,
    "identity.start": IDENTITY_START,
    "identity.step": IDENTITY_STEP,
    "identity.allowExplicitInsert": IDENTITY_EXPLICIT,
    "EXISTS_DEFAULT": "",  # for tables that have rows already
}
_KEYS = frozenset({*_OF_PARSER.values(), DEFAULT, "EXISTS_DEFAULT", "delta.identity.highWaterMark"})


def as_delta(schema: StructType) -> StructType:
    """A schema as Spark's parser gives it, with the keys that Delta knows."""
    return _with_metadata(schema, lambda key: _OF_PARSER.get(key, key))


def without_computed(schema: StructType) -> StructType:
    """The same columns as ordinary ones: what their readers see."""
    return _with_metadata(schema, lambda key: "" if key in _KEYS else key)


def _with_metadata(schema: StructType, renamed: Any) -> StructType:
    from pyspark.sql.types import StructField, StructType

    if not any(field.metadata for field in schema.fields):
        return schema
    return StructType([
        StructField(
            f.name, f.dataType, f.nullable, {renamed(k): v for k, v in (f.metadata or {}).items() if renamed(k)}
        )
        for f in schema.fields
    ])  # fmt: skip


def computed_as(field: StructField) -> str | None:
    """How a column is computed, as its declaration says it; None for an ordinary one."""
    metadata = field.metadata or {}
    if GENERATED in metadata:
        return f"GENERATED ALWAYS AS ({metadata[GENERATED]})"
    if IDENTITY_START in metadata:
        when = "BY DEFAULT" if metadata.get(IDENTITY_EXPLICIT) else "ALWAYS"
        return (
            f"GENERATED {when} AS IDENTITY "
            f"(START WITH {metadata[IDENTITY_START]} INCREMENT BY {metadata.get(IDENTITY_STEP, 1)})"
        )
    if DEFAULT in metadata:
        return f"DEFAULT {metadata[DEFAULT]}"
    return None


def value_of(field: StructField) -> str | None:
    """The expression that a generated or default column has where the query does not give it."""
    metadata = field.metadata or {}
    return metadata.get(GENERATED) or metadata.get(DEFAULT)


def is_identity(field: StructField) -> bool:
    return IDENTITY_START in (field.metadata or {})


def features(schema: StructType) -> dict[str, str]:
    """Properties that a new table of these columns needs besides the declared ones."""
    return {DEFAULTS_FEATURE: "supported"} if any(DEFAULT in (f.metadata or {}) for f in schema.fields) else {}


def check_generated(session: SparkSession, schema: StructType) -> None:
    """Have Delta check the expressions of generated columns.

    Raises:
        AnalysisException: Delta's, for an expression that is not deterministic, aggregates, is of another type, reads
            another generated column, or cannot be analysed.
    """
    jvm = session._jvm
    columns = jvm.org.apache.spark.sql.types.DataType.fromJson(schema.json())
    jvm.org.apache.spark.sql.delta.GeneratedColumn.validateGeneratedColumns(session._jsparkSession, columns)


def check_default(session: SparkSession, field: StructField) -> None:
    """Have Spark analyse the expression of a default column.

    Raises:
        AnalysisException: Spark's.
    """
    text = (field.metadata or {})[DEFAULT]
    session.range(0).selectExpr(f"CAST(({text}) AS {field.dataType.simpleString()})")
