"""Writes pipelines of any size for the benchmarks: every kind of dataset, in Python and SQL, as chain and as fan-out.

Ten datasets make a group, one group a Python and an SQL file:

    raw (Auto Loader) > clean (rules) > flat (SQL, rules) > recent (temporary view) > per_day (materialized view)
                        clean > latest (AUTO CDC)    flat > history (AUTO CDC, SCD type 2)
                        per_day, latest > joined     joined, the group before > total     clean of the first group > fan

So the longest chain grows with the number of groups, and the first group's table has as many readers as there are groups.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GROUP = 10

PYTHON = """
from pyspark import pipelines as dp
from pyspark.sql import functions as F


@dp.table(name="raw_{n}", comment="landed orders")
def raw():
    return (spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
            .schema("id BIGINT, customer STRING, amount DOUBLE, happened TIMESTAMP, op STRING").load("{data}/orders"))


@dp.table(name="clean_{n}")
@dp.expect("has_customer", "customer IS NOT NULL")
@dp.expect_or_drop("positive", "amount > 0")
def clean():
    return spark.readStream.table("raw_{n}").withColumn("day", F.to_date("happened"))


@dp.materialized_view(name="per_day_{n}")
def per_day():
    return spark.read.table("recent_{n}").groupBy("customer", "day").agg(F.sum("cents").alias("cents"), F.count("*").alias("orders"))


dp.create_streaming_table("latest_{n}")
dp.create_auto_cdc_flow(target="latest_{n}", source="clean_{n}", keys=["customer"], sequence_by="happened",
                        apply_as_deletes="op = 'D'", except_column_list=["op"])


@dp.table(name="fan_{n}", spark_conf={{"spark.sql.shuffle.partitions": "{shuffle}"}})
def fan():
    return spark.readStream.table("clean_0").where(F.col("id") % {modulus} == {n})
"""

SQL = """
CREATE OR REFRESH STREAMING TABLE flat_{n} (CONSTRAINT whole EXPECT (cents >= 0) ON VIOLATION DROP ROW)
COMMENT 'amounts in cents'
AS SELECT id, customer, day, happened, op, CAST(amount * 100 AS BIGINT) AS cents FROM STREAM(clean_{n});

CREATE TEMPORARY VIEW recent_{n} AS SELECT * FROM flat_{n} WHERE day > DATE'2020-01-01';

CREATE OR REFRESH STREAMING TABLE history_{n};
CREATE FLOW history_flow_{n} AS AUTO CDC INTO history_{n} FROM STREAM(flat_{n})
KEYS (customer) SEQUENCE BY happened COLUMNS * EXCEPT (op) STORED AS SCD TYPE 2;

CREATE OR REFRESH MATERIALIZED VIEW joined_{n} AS
WITH busy AS (SELECT customer, sum(cents) AS cents, sum(orders) AS orders FROM per_day_{n} GROUP BY customer)
SELECT b.customer, b.cents, b.orders, l.amount AS last_amount FROM busy b JOIN latest_{n} l ON b.customer = l.customer;

CREATE OR REFRESH MATERIALIZED VIEW total_{n} (CONSTRAINT known EXPECT (customer IS NOT NULL))
AS SELECT customer, cents FROM joined_{n}{before};
"""


def write_pipeline(folder: Path, datasets: int) -> Path:
    """A project of this many datasets (a multiple of ten) with a few files of data; gives its folder."""
    data, sources = folder / "data" / "orders", folder / "transformations"
    data.mkdir(parents=True)
    sources.mkdir()
    for day in range(1, 4):
        rows = [
            {"id": i, "customer": f"c{i % 7}", "amount": i + 0.5, "happened": f"2026-01-0{day}T00:00:{i:02}", "op": "U"}
            for i in range(20)
        ]
        (data / f"{day}.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    for n in range(datasets // GROUP):
        before = f" UNION ALL SELECT customer, cents FROM total_{n - 1}" if n else ""
        values = {"n": n, "data": folder / "data", "modulus": datasets, "shuffle": 1 + n % 4, "before": before}
        (sources / f"group_{n}.py").write_text(PYTHON.format(**values), encoding="utf-8")
        (sources / f"group_{n}.sql").write_text(SQL.format(**values), encoding="utf-8")
    return folder
