"""What the engine itself costs in updates of many datasets, beside Spark's work on each.

``python benchmarks/many.py [--sizes 50,100,200,300]``: for each size a first update, which writes every table,
and idle ones, which find nothing new, in one session. For each dataset it prints

- Python's CPU in the first update: all that the engine does in this process, calls into the JVM included;
- seconds and CPU (with the JVM's) in an idle update: no query runs, so it is the engine and Spark's analysis of each query;
- seconds of the first update, most of which are Spark's.

A third of the datasets are streaming tables, a third materialized views with rules, a third views over those. Exit status 1
when Python's CPU is over 20 ms for a dataset, or over half as much again at the largest size as at the smallest.
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

BUDGET = 20.0
GROWTH = 1.5

PYTHON = """
from pyspark import pipelines as dp
from pyspark.sql import functions as F


@dp.table
def raw():
    return spark.readStream.schema("id BIGINT, v BIGINT").json("{data}")


def declare(n):
    @dp.table(name=f"part_{{n}}")
    def part():
        return spark.readStream.table("raw").where(F.col("id") % 9 == n % 9)


for n in range({streams}):
    declare(n)
"""
SQL = """
CREATE OR REFRESH MATERIALIZED VIEW kept_{n} (CONSTRAINT positive EXPECT (v > 0), CONSTRAINT known EXPECT (id IS NOT NULL))
AS SELECT id, v * {n} + 1 AS v FROM part_{n};
CREATE OR REFRESH MATERIALIZED VIEW best_{n} AS SELECT max(v) AS v FROM kept_{n};
"""


def write_project(folder: Path, datasets: int, rows: int = 50) -> None:
    """Datasets: one table from files, then threes of a table and two views."""
    (folder / "transformations").mkdir(parents=True)
    (folder / "data").mkdir()
    lines = (json.dumps({"id": n, "v": n + 1}) for n in range(rows))
    (folder / "data" / "1.json").write_text("\n".join(lines), encoding="utf-8")
    streams = datasets // 3
    text = PYTHON.format(data=folder / "data", streams=streams)
    (folder / "transformations" / "parts.py").write_text(text, encoding="utf-8")
    (folder / "transformations" / "views.sql").write_text("".join(SQL.format(n=n) for n in range(streams)), encoding="utf-8")


class Cost:
    """What some code takes: seconds, CPU of Python, CPU of Python and the JVM, Spark jobs."""

    def __init__(self, spark) -> None:
        self._spark = spark

    def __enter__(self):
        self._before = self._now()
        return self

    def __exit__(self, *_):
        self.seconds, self.python, self.cpu, self.jobs = (b - a for a, b in zip(self._before, self._now(), strict=True))

    def _now(self):
        return time.perf_counter(), time.process_time(), cpu_seconds(), jobs_started(self._spark)


def measure(folder: Path, size: int, rounds: int, *, first: bool) -> tuple[Cost | None, list[Cost], int]:
    """Costs of a first update and of idle ones, and the number of datasets."""
    from ldp_jupyter import Pipeline

    write_project(folder, size)
    pipeline = Pipeline(folder, say=lambda _: None)
    spark = pipeline.session()
    graph = pipeline.dry_run()
    if graph.problems:
        sys.exit(str(graph.problems[0]))
    with Cost(spark) as writing:
        view = pipeline.run(graph=graph)
    if {d.status for d in view.datasets.values()} != {"COMPLETED"}:
        sys.exit("not every dataset was computed")
    idle = []
    for _ in range(rounds):
        with Cost(spark) as cost:
            pipeline.run(graph=graph)
        idle.append(cost)
    return (writing if first else None), idle, len(graph.nodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="50,100,200,300")
    parser.add_argument("--rounds", type=int, default=2, help="idle updates of each size")
    given = parser.parse_args()
    print("datasets  first: s  Python ms each  idle: s  Python ms each  CPU ms each  jobs")
    python: dict[int, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measure(Path(folder) / "warm", 10, 1, first=False)
        for size in map(int, given.sizes.split(",")):
            writing, idle, count = measure(Path(folder) / str(size), size, given.rounds, first=True)
            seconds, own, cpu = (statistics.median(getattr(c, k) for c in idle) for k in ("seconds", "python", "cpu"))
            python[size] = writing.python / count * 1000
            print(f"{count:8} {writing.seconds:9.1f} {python[size]:15.1f} {seconds:8.2f} {own / count * 1000:15.1f} "
                  f"{cpu / count * 1000:12.1f} {sum(c.jobs for c in idle):5}", flush=True)  # fmt: skip
    worst, growth = max(python.values()), python[max(python)] / python[min(python)]
    print(f"Python in a first update: at most {worst:.1f} ms for a dataset, budget {BUDGET:g}; growth {growth:.2f}")
    sys.exit(1 if worst > BUDGET or growth > GROWTH else 0)


if __name__ == "__main__":
    main()
