"""Auto Loader over many small files in one landing, against Spark's own file stream of the same files into a Delta table.

``python benchmarks/auto_loader.py [--rounds 3] [--files 10000]``: each contestant in a process of its own, by turns; the
time of the query or update alone, the peak of the JVM's memory, medians. All have the same columns and the same number of
files for each batch; `inferred` finds its columns itself. Exit status 1 above the budget of 1.2 times Spark's own.
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

BUDGET = 1.2
COLUMNS = "id BIGINT, name STRING, price DOUBLE, tags ARRAY<STRING>, place STRUCT<city: STRING, zip: STRING>"
ROWS = 10
SOURCE = """
from pyspark import pipelines as dp

@dp.table
def landed():
    reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
    return reader{more}.load({path!r})
"""
CONTESTANTS = {
    "spark": None,
    "same columns": f'.schema("{COLUMNS}")',
    "same columns, rescued data": f'.schema("{COLUMNS}").option("rescuedDataColumn", "odd")',
    "inferred": '.option("cloudFiles.inferColumnTypes", "true")',
}


def land(folder: Path, files: int) -> None:
    folder.mkdir()
    for number in range(files):
        lines = [
            json.dumps({"id": number * ROWS + row, "name": f"name {row}", "price": row / 7, "tags": ["a", "b"],
                        "place": {"city": "Bern", "zip": "3000"}})
            for row in range(ROWS)
        ]
        (folder / f"f{number:05}.json").write_text("\n".join(lines), encoding="utf-8")


def peak_memory() -> int:
    """Megabytes that the JVM held at most."""
    from pyspark import SparkContext

    process = SparkContext._active_spark_context._jvm.java.lang.ProcessHandle.current().pid()
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def run(who: str, landing: Path, home: Path) -> dict[str, float]:
    """One contestant, in this process."""
    from ldp_jupyter import Pipeline

    (home / "transformations").mkdir(parents=True)
    text = SOURCE.format(path=str(landing), more=CONTESTANTS[who] or "")
    (home / "transformations" / "landed.py").write_text(text, encoding="utf-8")
    pipeline = Pipeline(home, say=lambda _: None)
    spark = pipeline.session()
    spark.range(10).write.format("delta").save(str(home / "warm"))
    graph = None if CONTESTANTS[who] is None else pipeline.dry_run()
    start, used = time.perf_counter(), cpu_seconds()
    if graph is None:
        frame = spark.readStream.schema(COLUMNS).option("maxFilesPerTrigger", 1000).json(str(landing))
        table = str(home / "table")
        writer = frame.writeStream.format("delta").option("checkpointLocation", str(home / "checkpoint"))
        writer.trigger(availableNow=True).start(table).awaitTermination()
    else:
        pipeline.run(graph=graph)
        table = str(home / ".ldp/warehouse/main/default/landed")
    found = {"seconds": time.perf_counter() - start, "cpu": cpu_seconds() - used, "memory": float(peak_memory())}
    return {**found, "rows": float(spark.read.format("delta").load(table).count())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--only", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--landing", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        print(json.dumps(run(given.only, given.landing, given.home)))
        return
    found: dict[str, list[dict[str, float]]] = {who: [] for who in CONTESTANTS}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        landing = Path(name) / "landing"
        land(landing, given.files)
        for number in range(given.rounds):
            for place, who in enumerate(CONTESTANTS):
                home = Path(name) / f"{number}-{place}"
                command = [sys.executable, __file__, "--only", who, "--landing", str(landing), "--home", str(home)]
                told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
                result = json.loads(told.splitlines()[-1])
                if result["rows"] != given.files * ROWS:
                    sys.exit(f"{who}: {result['rows']:.0f} rows written")
                print(f"round {number + 1}, {who}: {result}", file=sys.stderr, flush=True)
                found[who].append(result)
    failed = False
    for who, results in found.items():
        seconds, cpu, memory = (statistics.median(r[key] for r in results) for key in ("seconds", "cpu", "memory"))
        ratios = [r["seconds"] / plain["seconds"] for r, plain in zip(results, found["spark"], strict=True)]
        ratio = statistics.median(ratios)
        failed |= who.startswith("same columns") and ratio > BUDGET
        print(f"{who}: {seconds:.1f} s ({ratio:.2f} times), CPU {cpu:.1f} s, {memory:.0f} MB")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
