"""An update of twenty flows that finds nothing new: ten streaming tables (files, then Delta), ten materialized views.

``python benchmarks/idle.py [--rounds 5]``: one session; a first update, one idle update to warm up, then medians. The dry run that
precedes an update is timed apart. Exit status 1 above the budget, or when a Spark job was started.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from dry_run import cpu_seconds, jobs_started

BUDGET = 0.5

PYTHON = """
from pyspark import pipelines as dp
from pyspark.sql import functions as F


@dp.table
def raw():
    return spark.readStream.schema("id BIGINT, v BIGINT").json("{data}")


def declare(n):
    @dp.table(name=f"part_{{n}}")
    @dp.expect("positive", "v > 0")
    def part():
        return spark.readStream.table("raw").where(F.col("id") % 9 == n)


for n in range(9):
    declare(n)
"""
SQL = "CREATE OR REFRESH MATERIALIZED VIEW sum_{n} AS SELECT id, sum(v) AS v FROM part_{part} GROUP BY id;\n"


def write_project(folder: Path) -> None:
    (folder / "transformations").mkdir()
    (folder / "data").mkdir()
    rows = [{"id": n, "v": n + 1} for n in range(100)]
    (folder / "data" / "1.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / "transformations" / "parts.py").write_text(PYTHON.format(data=folder / "data"), encoding="utf-8")
    sums = "".join(SQL.format(n=n, part=n % 9) for n in range(10))
    (folder / "transformations" / "sums.sql").write_text(sums, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    from ldp_jupyter import Pipeline

    checks, updates, cpu, jobs = [], [], [], 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write_project(Path(folder))
        pipeline = Pipeline(folder, say=lambda _: None)
        pipeline.run()
        spark = pipeline.session()
        for number in range(given.rounds + 1):
            start = time.perf_counter()
            graph = pipeline.dry_run()
            checked, used, before = time.perf_counter(), cpu_seconds(), jobs_started(spark)
            view = pipeline.run(graph=graph)
            done = time.perf_counter()
            written = [d for d in view.to_json()["datasets"] if d["rows_written"]]
            if len(graph.nodes) != 20 or written:
                sys.exit(f"{len(graph.nodes)} datasets; something was written: {written}")
            print(f"round {number}: {done - checked:.2f} s", file=sys.stderr, flush=True)
            if number:
                checks.append(checked - start)
                updates.append(done - checked)
                cpu.append(cpu_seconds() - used)
                jobs += jobs_started(spark) - before
    seconds = statistics.median(updates)
    print(f"idle update of 20 flows: {seconds:.2f} s ({statistics.median(cpu):.2f} s of CPU), budget {BUDGET:g} s; "
          f"Spark jobs: {jobs}; the dry run before it: {statistics.median(checks):.2f} s")
    sys.exit(1 if seconds > BUDGET or jobs else 0)


if __name__ == "__main__":
    main()
