"""AUTO CDC against the `foreachBatch` with one MERGE that a good engineer writes by hand, and that is right for late events.

``python benchmarks/cdc.py [--rows 2000000] [--keys 200000] [--rounds 3] [--updates 3] [--only type1,type2,growth]``

- type 1: a first load of `rows` events, updates of 1,000 events, updates of 1% of the keys;
- type 2: a first load of five versions of `keys` keys, updates of 1% of the keys;
- growth: updates of 1,000 events on targets of a quarter of `rows` and of `rows`.

By hand, type 1 keeps the sequence and a mark of deletion with each row, so that late changes lose also after a delete; type 2 keeps
one row for each event, deletions too, and reads the rows of the keys that a batch touches. Both show a view without the marks. Every
batch has updates, inserts, deletes and late events. The contestants run in fresh processes, in turn; each streams the same files of
the same seed, and at the end their rows are compared. Exit status 1 when they differ, or when a median is over the budget of 1.0
times the time by hand.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dry_run import cpu_seconds

BUDGET = 1.0
COLUMNS = "id BIGINT, name STRING, email STRING, city STRING, amount DOUBLE, seq BIGINT, op STRING"
SQL = """
CREATE TEMPORARY VIEW changes AS SELECT * FROM STREAM read_files('{landing}', format => 'parquet', schema => '{columns}');
CREATE OR REFRESH STREAMING TABLE customers;
CREATE FLOW f AS AUTO CDC INTO customers FROM STREAM(changes) KEYS (id)
APPLY AS DELETE WHEN op = 'D' SEQUENCE BY seq COLUMNS * EXCEPT (op, seq) STORED AS SCD TYPE {type};
"""


class Ours:
    """A pipeline of one AUTO CDC flow."""

    def __init__(self, folder: Path, scd_type: int) -> None:
        from ldp_jupyter import Pipeline

        (folder / "transformations").mkdir(parents=True)
        text = SQL.format(landing=folder / "landing", columns=COLUMNS, type=scd_type)
        (folder / "transformations" / "customers.sql").write_text(text, encoding="utf-8")
        (folder / "landing").mkdir()
        self.pipeline = Pipeline(folder, say=lambda _: None)
        self.spark = self.pipeline.session()

    def update(self) -> float:
        graph = self.pipeline.dry_run()
        start = time.perf_counter()
        self.pipeline.run(graph=graph)
        return time.perf_counter() - start

    def table(self):
        return self.spark.table("customers").withColumnsRenamed({"__START_AT": "start", "__END_AT": "end"})


class ByHand:
    """A streaming query with `foreachBatch`, one MERGE for each batch."""

    def __init__(self, folder: Path, scd_type: int) -> None:
        from ldp_jupyter.spark.session import SessionSettings, get_session

        self.folder, self.merge = folder, self.merge_current if scd_type == 1 else self.merge_history
        self.target = str(folder / "target")
        (folder / "landing").mkdir(parents=True)
        self.spark = get_session(SessionSettings(warehouse=str(folder / "warehouse")))
        extra = "_deleted BOOLEAN" if scd_type == 1 else "_end BIGINT, _deleted BOOLEAN"
        columns = COLUMNS.replace(", op STRING", "")
        self.spark.createDataFrame([], f"{columns}, {extra}").write.format("delta").save(self.target)
        self.scd_type = scd_type

    def update(self) -> float:
        start = time.perf_counter()
        stream = self.spark.readStream.schema(COLUMNS).parquet(str(self.folder / "landing"))
        query = stream.writeStream.foreachBatch(self.merge).trigger(availableNow=True)
        query.option("checkpointLocation", str(self.folder / "checkpoint")).start().awaitTermination()
        return time.perf_counter() - start

    def merge_current(self, batch, batch_id: int) -> None:
        from pyspark.sql import Window
        from pyspark.sql import functions as fn

        newest = Window.partitionBy("id").orderBy(fn.desc("seq"))
        changes = batch.withColumn("_n", fn.row_number().over(newest)).where("_n = 1")
        changes = changes.withColumn("_deleted", fn.expr("op = 'D'")).drop("_n", "op")
        self.write(changes, "t.id = s.id", "s.seq > t.seq", batch_id)

    def merge_history(self, batch, batch_id: int) -> None:
        from pyspark.sql import Window
        from pyspark.sql import functions as fn

        new = batch.withColumn("_deleted", fn.expr("op = 'D'")).drop("op").dropDuplicates(["id", "seq"])
        there = self.spark.read.format("delta").load(self.target).drop("_end")
        there = there.join(fn.broadcast(new.select("id").distinct()), "id", "left_semi")
        there = there.join(fn.broadcast(new.select("id", "seq")), ["id", "seq"], "left_anti")
        by_key = Window.partitionBy("id").orderBy("seq")
        rows = there.unionByName(new).withColumn("_end", fn.lead("seq").over(by_key))
        self.write(rows, "t.id = s.id AND t.seq = s.seq", "NOT (t._end <=> s._end)", batch_id)

    def write(self, rows, same: str, newer: str, batch_id: int) -> None:
        from delta.tables import DeltaTable

        self.spark.conf.set("spark.databricks.delta.write.txnAppId", "by-hand")
        self.spark.conf.set("spark.databricks.delta.write.txnVersion", str(batch_id))
        merge = DeltaTable.forPath(self.spark, self.target).alias("t").merge(rows.alias("s"), same)
        merge.whenMatchedUpdateAll(newer).whenNotMatchedInsertAll().execute()

    def table(self):
        rows = self.spark.read.format("delta").load(self.target).where("NOT _deleted").drop("_deleted")
        return rows.drop("seq") if self.scd_type == 1 else rows.withColumnsRenamed({"seq": "start", "_end": "end"})


def land(spark, folder: Path, number: int, ids: str, seq: str, count: int, files: int = 1) -> None:
    """Write `count` events; `ids` and `seq` are expressions over the row's number `n`."""
    events = spark.range(0, count, 1, files).withColumnRenamed("id", "n").selectExpr(
        f"{ids} AS id", "n", f"{seq} AS seq", f"{number} AS number").selectExpr(
        "id", "concat('name-', id) AS name", "concat('someone-', id, '-', seq, '@example.com') AS email",
        "concat('city-', pmod(hash(id, seq), 997)) AS city", "CAST(pmod(hash(seq, id), 100000) AS DOUBLE) / 100 AS amount", "seq",
        "IF(number > 0 AND n % 20 = 7, 'D', 'U') AS op")  # fmt: skip
    events.coalesce(files).write.mode("append").parquet(str(folder / "landing"))


def random_ids(number: int, keys: int, count: int) -> str:
    """Distinct keys, one in ten of them new."""
    step = 7919 + 2 * number
    return f"IF(n % 10 = 3, {keys} + {number} * {count} + n, pmod(n * {step} * {max(1, keys // count)} + {number}, {keys}))"


def contest(who: str, scd_type: int, rows: int, updates: int, sizes: dict[str, int]) -> dict[str, object]:
    """What one contestant takes, seconds and CPU: of the load, and of its updates by the number of their events."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        make = {"ours": Ours, "hand": ByHand}[who]
        warm = make(Path(name) / "warm", scd_type)
        for number in range(2):
            land(warm.spark, Path(name) / "warm", number, "n % 800", f"n + {number} * 1000", 1000)
            warm.update()
        folder = Path(name) / "timed"
        it = make(folder, scd_type)

        def timed() -> list[float]:
            used = cpu_seconds()
            took = it.update()
            return [took, cpu_seconds() - used]

        versions = 1 if scd_type == 1 else 5
        keys = rows // versions
        land(it.spark, folder, 0, f"pmod(n * 7919, {keys})", f"10 * (1 + n DIV {keys})", rows, 4)
        costs: dict[str, list[list[float]]] = {"load": [timed()]}
        number = 0
        for kind, count in sizes.items():
            for _ in range(updates):
                number += 1
                # one in ten events is older than what is there
                land(it.spark, folder, number, random_ids(number, keys, count), f"IF(n % 10 = 5, 5, 100 + {number})", count)
                costs.setdefault(kind, []).append(timed())
        found = it.table().selectExpr("count(*) AS rows", f"sum(hash({', '.join(sorted(it.table().columns))})) AS digest").first()
        files = it.table().inputFiles()
        return {"costs": costs, "found": [found["rows"], found["digest"]], "files": len(files)}


def run(who: str, scd_type: int, rows: int, updates: int, sizes: dict[str, int]) -> dict:
    command = [sys.executable, __file__, "--child", json.dumps([who, scd_type, rows, updates, sizes])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(name: str, scd_type: int, rows: int, sizes: dict[str, int], given: argparse.Namespace) -> tuple[bool, dict[str, float]]:
    costs: dict[str, dict[str, list[tuple[float, float]]]] = {"ours": {}, "hand": {}}
    for number in range(given.rounds):
        found = {}
        for who, kept in costs.items():
            result = run(who, scd_type, rows, given.updates, sizes)
            found[who] = result["found"]
            for kind, values in result["costs"].items():
                seconds, cpu = zip(*values, strict=True)
                kept.setdefault(kind, []).append((statistics.median(seconds), statistics.median(cpu)))
            shown = {kind: [round(v, 2) for v, _ in values] for kind, values in result["costs"].items()}
            print(f"{name}, round {number}, {who}: {shown}, {result['files']} files", file=sys.stderr, flush=True)
        if found["ours"] != found["hand"]:
            print(f"{name}: the tables differ: {found}")
            return False, {}
    good, mine = True, {}
    for kind in costs["ours"]:
        pairs = list(zip(costs["ours"][kind], costs["hand"][kind], strict=True))
        ratio, by_cpu = (statistics.median(ours[n] / hand[n] for ours, hand in pairs) for n in range(2))
        good &= ratio <= BUDGET
        mine[kind], by_hand = (statistics.median(pair[n][0] for pair in pairs) for n in range(2))
        events = rows if kind == "load" else sizes[kind]
        print(f"{name}, {kind} of {events:,} events, {rows:,} rows: {mine[kind]:.2f} s, by hand {by_hand:.2f} s, "
              f"ratio {ratio:.2f}, of the CPU {by_cpu:.2f}", flush=True)
    return good, mine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--keys", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=3)
    parser.add_argument("--only", default="type1,type2,growth")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(contest(*json.loads(given.child))))
        return
    only, good = given.only.split(","), True
    small, grown = {"update": 1000}, {}
    if "type1" in only:
        fine, grown = compare("type 1", 1, given.rows, {**small, "1% of the keys": given.rows // 100}, given)
        good &= fine
    if "type2" in only:
        good &= compare("type 2", 2, given.keys * 5, {**small, "1% of the keys": given.keys // 100}, given)[0]
    if "growth" in only and grown:
        fine, less = compare("type 1", 1, given.rows // 4, small, given)
        good &= fine
        if less:
            print(f"an update of 1,000 events on four times the rows takes {grown['update'] / less['update']:.2f} times as long")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
