"""A pipeline with all that the Bookstore lacks: AUTO CDC from snapshots and with deletes, several flows and a once flow
into one table, a materialized view over them, a sink. Its data come in landings; the same number gives the same files.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import delta_files

NAME = "accounts"
# Events of a whole update, about.
EVENTS = 60
TABLES = ("changes", "people", "moves", "totals", "stock")

_SETTINGS = """
resources:
  pipelines:
    accounts:
      name: accounts
      catalog: main
      schema: default
      libraries:
        - glob:
            include: transformations/**
      configuration:
        data: ${workspace.file_path}/data
"""

_SOURCE = """
from pathlib import Path

from pyspark import pipelines as dp
from pyspark.sql import functions as F

DATA = spark.conf.get("data")


def arriving(folder, schema):
    return spark.readStream.schema(schema).option("maxFilesPerTrigger", 1).json(f"{DATA}/{folder}")


@dp.table
def changes():
    return arriving("changes", "id BIGINT, name STRING, city STRING, op STRING, seq BIGINT")


dp.create_streaming_table("people")
dp.create_auto_cdc_flow(
    target="people", source="changes", keys=["id"], sequence_by="seq", apply_as_deletes="op = 'D'",
    except_column_list=["op"])

dp.create_streaming_table("moves", expect_all_or_drop={"some": "amount <> 0"})


@dp.append_flow(target="moves")
def deposits():
    return arriving("deposits", "id BIGINT, amount BIGINT, number STRING")


@dp.append_flow(target="moves")
def withdrawals():
    return arriving("withdrawals", "id BIGINT, amount BIGINT, number STRING").withColumn("amount", -F.col("amount"))


@dp.append_flow(target="moves", once=True)
def opening():
    return spark.range(20).select("id", F.lit(1000).cast("bigint").alias("amount"), F.concat(F.lit("o"), "id").alias("number"))


@dp.materialized_view
def totals():
    moves, people = spark.read.table("moves"), spark.read.table("people")
    return moves.join(people, "id").groupBy("city").agg(F.sum("amount").alias("amount"), F.count("*").alias("moves"))


def next_stock(latest):
    version = (latest or 0) + 1
    if not Path(f"{DATA}/stock/{version}.json").exists():
        return None
    return spark.read.schema("item STRING, pieces BIGINT").json(f"{DATA}/stock/{version}.json"), version


dp.create_streaming_table("stock")
dp.create_auto_cdc_from_snapshot_flow(target="stock", source=next_stock, keys=["item"], stored_as_scd_type=2)

dp.create_sink("outside", "delta", {"path": f"{DATA}/../outside"})


@dp.append_flow(target="outside")
def to_outside():
    return spark.readStream.table("moves")
"""


def make(folder: Path) -> Path:
    """Write the project."""
    (folder / "transformations").mkdir(parents=True)
    (folder / "databricks.yml").write_text(_SETTINGS)
    (folder / "transformations" / "accounts.py").write_text(_SOURCE)
    return folder


def land(project: Path, number: int) -> None:
    """Write the files of a landing."""
    rng = random.Random(number)
    for part in range(2):
        _write(project, f"changes/{number}-{part}.json", [_change(rng, number) for _ in range(12)])
        for kind in ("deposits", "withdrawals"):
            rows = [
                {"id": rng.randrange(20), "amount": rng.randrange(5), "number": f"{kind[0]}{number}-{part}-{row}"}
                for row in range(10)
            ]
            _write(project, f"{kind}/{number}-{part}.json", rows)
    items = rng.sample("abcdefgh", 5)
    _write(project, f"stock/{number}.json", [{"item": item, "pieces": rng.randrange(9)} for item in items])


def _change(rng: random.Random, number: int) -> dict[str, Any]:
    # sequences of two landings overlap, so some changes come late
    return {
        "id": rng.randrange(20), "name": rng.choice("xyz"), "city": rng.choice(["Oslo", "Rome", "Lima"]),
        "op": rng.choice("UUUD"), "seq": number * 100 + rng.randrange(150),
    }  # fmt: skip


def _write(project: Path, name: str, rows: list[dict[str, Any]]) -> None:
    file = project / "data" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def tables(project: Path) -> dict[str, list[str]]:
    """Rows of all tables, and those of the sink, in an order that does not depend on how they came."""
    warehouse, outside = project / ".ldp" / "warehouse" / "main" / "default", project / "outside"
    found = {name: sorted(map(repr, delta_files.rows(warehouse / name))) for name in TABLES}
    sink = delta_files.rows(outside) if outside.exists() else []
    # a full refresh writes everything that landed to the sink again: rows of one landing are there as often
    rows = Counter(sink)
    found["rows of the sink"] = sorted(map(repr, rows))
    found["how often"] = sorted({f"{row[-1].split('-')[0].strip('odw')}: {often}" for row, often in rows.items() if row[-1][0] != "o"})
    return found
