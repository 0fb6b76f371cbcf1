"""Columns that a query gives, as columns of a table."""

from __future__ import annotations

from pyspark.sql.types import ArrayType, IntegerType, MapType, StringType, StructField, StructType

from ldp_jupyter.graph.schemas import _nullable


def test_a_query_that_gives_no_null_now_promises_nothing() -> None:
    key = StructType([StructField("k", StringType(), nullable=False)])
    inner = StructType([StructField("v", IntegerType(), nullable=False)])
    kind = MapType(key, ArrayType(inner, containsNull=False), valueContainsNull=False)
    given = StructType(
        [StructField("a", IntegerType(), False, {"comment": "first"}), StructField("m", kind, nullable=False)]
    )
    made = _nullable(given)
    assert made.simpleString() == given.simpleString()
    assert made["a"].metadata == {"comment": "first"}
    assert '"nullable":false' not in made.json()
    assert '"containsNull":false' not in made.json()
    assert '"valueContainsNull":false' not in made.json()
