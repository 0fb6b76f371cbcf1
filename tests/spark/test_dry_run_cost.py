"""A dry run starts no Spark job but those that find columns of files, and these once for the same files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ldp_jupyter import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    Make = Callable[[Mapping[str, str]], Path]

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark_main")]

SOURCE = """
    import dlt
    from pyspark.sql import functions as F

    @dlt.table
    @dlt.expect_or_drop("positive", "amount > 0")
    def raw():
        return (spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
                .option("cloudFiles.inferColumnTypes", "true").load("DATA/orders"))

    @dlt.table
    def codes():
        return spark.read.json("DATA/codes")

    @dlt.table
    def plain():
        return spark.read.option("header", "true").option("inferSchema", "true").csv("DATA/plain/plain.csv")

    dlt.create_streaming_table("latest")
    dlt.apply_changes(target="latest", source="raw", keys=["id"], sequence_by="amount", apply_as_deletes="amount < 1")
"""
SQL = """
    CREATE OR REFRESH MATERIALIZED VIEW total (CONSTRAINT some EXPECT (n > 0)) AS
    SELECT r.id, count(*) AS n FROM raw r JOIN codes USING (id) GROUP BY r.id;
"""


def jobs(spark: SparkSession, work: Callable[[], Any]) -> tuple[Any, int]:
    """What some work gives, and how many jobs were started meanwhile."""
    scheduler = spark.sparkContext._jsc.sc().dagScheduler()
    before = scheduler.numTotalJobs()
    return work(), scheduler.numTotalJobs() - before


def test_columns_of_files_are_looked_for_once(spark_main: SparkSession, make_project: Make) -> None:
    folder = make_project({
        "transformations/q.sql": SQL,
        "data/orders/1.json": '{"id": 1, "amount": 2.5}', "data/codes/1.json": '{"id": 1, "code": "a"}',
        "data/plain/plain.csv": "a,b\n1,x\n",
    })
    make_project({"transformations/p.py": SOURCE.replace("DATA", f"{folder}/data")})
    pipeline = Pipeline(folder, say=lambda _: None)
    graph, first = jobs(spark_main, pipeline.dry_run)
    assert graph.problems == []
    columns = {node.name.table: [f"{c.name} {c.type}" for c in node.columns or ()] for node in graph.nodes.values()}
    assert columns["codes"] == ["code string", "id bigint"]
    assert columns["plain"] == ["a int", "b string"]
    assert columns["total"] == ["id bigint", "n bigint"]
    assert first > 0
    again, second = jobs(spark_main, pipeline.dry_run)
    assert again.problems == []
    assert second == 0
    (folder / "data/codes/2.json").write_text('{"id": 2, "more": true}', encoding="utf-8")
    changed, third = jobs(spark_main, pipeline.dry_run)
    assert 0 < third < first
    assert [c.name for c in next(n for n in changed.nodes.values() if n.name.table == "codes").columns or ()] == [
        "code", "id", "more"]
