"""Names and texts as users have them: brackets and letters beyond ASCII in files, long literals, fields with any name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import delta_files
import pytest

from ldp_jupyter import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark

SOURCE = """
    from pyspark import pipelines as dp

    def files():
        return spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")

    @dp.table
    def every():
        return files().option("cloudFiles.inferColumnTypes", "true").load(spark.conf.get("data"))

    @dp.table
    def fresh():
        return files().option("cloudFiles.includeExistingFiles", "false").schema("k INT").load(spark.conf.get("data"))

    dp.create_streaming_table("latest")
    dp.create_auto_cdc_flow(target="latest", source="every", keys=["k"], sequence_by="k",
                            except_column_list=["_rescued_data"])

    @dp.temporary_view
    def changes():
        return spark.readStream.table("every").select("k")

    dp.create_streaming_table("noted", schema="k BIGINT, note STRING DEFAULT 'none'",
                              table_properties={"delta.feature.allowColumnDefaults": "supported"})
    dp.create_auto_cdc_flow(target="noted", source="changes", keys=["k"], sequence_by="k")

    @dp.temporary_view
    @dp.expect("not_zero", "k <> 0")
    def some():
        return spark.read.table("every")

    @dp.materialized_view
    def columns_of_some():
        return spark.createDataFrame([(len(spark.read.table("some").columns),)], "n INT")

    dp.create_streaming_table("once")

    @dp.append_flow(target="once", once=True)
    def columns_once():
        return spark.createDataFrame([(len(spark.read.table("some").columns),)], "n INT")
"""


def test_files_defaults_fields_and_views_that_are_only_looked_at(
    spark_main: SparkSession, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    """A view of whose rows nothing is read has no counts: an update must not wait for them."""
    root = make_project({"transformations/all.py": SOURCE, "land/é.json": '{"k": 1}\n'})
    pipeline = Pipeline(root, settings={"data": str(root / "land")})
    pipeline.run()
    (root / "land" / "new [1].json").write_text(json.dumps({"k": 2, "more": {"a-b": [{"@c": 3}]}}), encoding="utf-8")
    (root / "land" / "ü.json").write_text('{"k": 3}', encoding="utf-8")
    pipeline.run()

    def rows(table: str, *columns: str) -> list[tuple[object, ...]]:
        return sorted(delta_files.rows(delta_files.of(pipeline, table), columns))

    assert rows("every", "k") == [(1,), (2,), (3,)]
    assert rows("fresh", "k") == [(2,), (3,)]
    assert rows("noted", "k", "note") == [(1, "none"), (2, "none"), (3, "none")]
    assert [row for row in rows("latest", "k", "more") if row[0] == 2] == [(2, {"a-b": [{"@c": 3}]})]
    assert rows("columns_of_some", "n") == [(3,)]
    assert rows("once", "n") == [(2,)]


def test_copy_into_from_files_with_brackets(spark: SparkSession, tmp_path: Path) -> None:
    for name in ("a [1].json", "b.json", "{c}.json"):
        (tmp_path / name).write_text(json.dumps({"name": name}), encoding="utf-8")
    spark.sql("CREATE TABLE copied (name STRING)")
    for added in (3, 0):
        done = spark.sql(f"COPY INTO copied FROM '{tmp_path}' FILEFORMAT = json").first()
        assert done is not None
        assert done["num_inserted_rows"] == added
    assert spark.table("copied").count() == 3


@pytest.mark.parametrize("text", [
    "SELECT '" + "x" * 20_000 + "@y' AS c", "SELECT '" + '\\"' * 20_000 + "@' AS c", "-- x\n" * 20_000 + "SHOW SCHEMAS",
], ids=["letters", "escapes", "comments"])
def test_long_texts(spark: SparkSession, text: str) -> None:
    assert spark.sql(text).collect()
