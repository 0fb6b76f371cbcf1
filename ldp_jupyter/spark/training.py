"""What a small pipeline does, once: the class-data archive keeps the classes that this loads."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def work(spark: Any, folder: Path) -> None:
    """Write, read, stream, merge and query Delta tables.

    A step that fails is left out: the archive only gets smaller.
    """
    landing = folder / "landing"
    landing.mkdir()
    (landing / "a.json").write_text('{"id": 1, "name": "a", "at": "2024-01-01"}\n' * 20, encoding="utf-8")
    steps = (_tables, _streams, _merges, _queries)
    for step in steps:
        with contextlib.suppress(Exception):
            step(spark, folder)


def _tables(spark: Any, folder: Path) -> None:
    spark.sql("SELECT 1 AS one").collect()
    rows = spark.range(100).selectExpr("id", "id % 7 AS k", "CAST(id AS STRING) AS name", "current_timestamp() AS at")
    rows.write.format("delta").save(str(folder / "base"))
    rows.write.format("delta").mode("append").save(str(folder / "base"))
    spark.read.format("delta").load(str(folder / "base")).groupBy("k").count().collect()
    spark.read.format("delta").load(str(folder / "base")).limit(5).toPandas()


def _streams(spark: Any, folder: Path) -> None:
    raw = spark.readStream.format("json").schema("id INT, name STRING, at STRING").load(str(folder / "landing"))
    _finish(raw.writeStream.format("delta"), folder, "bronze")
    bronze = spark.readStream.format("delta").load(str(folder / "bronze"))
    from pyspark.sql import functions

    observed = bronze.observe("rules", functions.count(functions.lit(1)).alias("rows")).where("id IS NOT NULL")
    _finish(observed.writeStream.format("delta"), folder, "silver")
    _finish(observed.writeStream.foreachBatch(lambda batch, _number: batch.count()), folder, "batches")


def _finish(writer: Any, folder: Path, name: str) -> None:
    writer = writer.option("checkpointLocation", str(folder / "checkpoints" / name)).trigger(availableNow=True)
    (writer.start() if name == "batches" else writer.start(str(folder / name))).awaitTermination()


def _merges(spark: Any, folder: Path) -> None:
    path = folder / "merged"
    spark.range(10).selectExpr("id", "'old' AS name").write.format("delta").save(str(path))
    spark.range(5, 15).selectExpr("id", "'new' AS name").createOrReplaceTempView("changes")
    spark.sql(f"MERGE INTO delta.`{path}` AS t USING changes AS s ON t.id = s.id "
              "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
    table = spark.read.format("delta").load(str(path))
    table.groupBy("name").count().write.format("delta").mode("overwrite").save(str(folder / "gold"))
    table.groupBy("name").count().write.format("delta").mode("overwrite").save(str(folder / "gold"))


def _queries(spark: Any, folder: Path) -> None:
    spark.sql(f"DESCRIBE HISTORY delta.`{folder / 'merged'}`").collect()
    spark.sql("CREATE SCHEMA IF NOT EXISTS main.default")
    spark.sql("CREATE OR REPLACE TABLE main.default.trained (id INT, name STRING) USING delta")
    spark.sql("INSERT INTO main.default.trained SELECT 1, 'a'")
    spark.sql("""
        WITH ranked AS (
          SELECT *, row_number() OVER (PARTITION BY name ORDER BY id DESC) AS place FROM main.default.trained
        )
        SELECT r.name, sum(r.id) AS total FROM ranked AS r JOIN main.default.trained AS t ON r.id = t.id
        WHERE place = 1 GROUP BY r.name ORDER BY total
    """).collect()
