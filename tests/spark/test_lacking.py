"""A dry run of source that asks for what this machine lacks: one error for each such thing, the rest is checked."""

from __future__ import annotations

import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark

SOURCE = """\
import dlt
import no_such_library
from pyspark.sql import functions as F

rules = {row.name: row.rule for row in spark.read.table("nowhere.at.all").collect()}
columns = [F.col(name) for name in spark.read.json("/no/such/files").columns]

@dlt.table
@dlt.expect_all(rules)
def plain():
    return spark.range(3).select("id", *columns)

@dlt.table
def one_use():
    return no_such_library.transform(spark.range(1))

@dlt.table
def another_use():
    return spark.range(1).withColumn("x", F.lit(no_such_library.VALUE))

@dlt.table
def reader():
    return dlt.read("one_use")
"""


def test_each_thing_that_is_lacking_is_one_error(spark_main, tmp_path):
    (tmp_path / "transformations").mkdir()
    (tmp_path / "transformations" / "a.py").write_text(SOURCE, encoding="utf-8")
    graph = Pipeline(tmp_path).dry_run()
    assert {graph.shown(name) for name in graph.nodes} == {"plain", "one_use", "another_use", "reader"}
    assert [(p.location.line, p.lacking) for p in graph.problems] == [(2, True), (5, True), (6, True)]
    assert "no_such_library" in graph.problems[0].message
    assert "nowhere" in graph.problems[1].message
    assert "/no/such/files" in graph.problems[2].message
