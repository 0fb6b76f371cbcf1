"""Dry runs and updates against open-source Spark's `spark-pipelines`, on one pipeline of seven datasets in SQL and Python.

``python benchmarks/sdp.py --sdp-python PATH [--rounds 5]``, PATH being the Python of an environment of its own that has
`pyspark[pipelines]==4.2.0` (this project's environment lacks what Spark Connect needs).

Cold is the whole command, as typed in a shell: `ldp dry-run` and `spark-pipelines dry-run` by turns, each in a fresh
process. Warm is a repeated check where Spark runs already: `Pipeline.dry_run()`, which reads the sources from disk each time, and for
Spark the steps of its own command line after its session exists: graph made, sources registered, dry run to its end.
Warm updates have nothing new to do; they are made in the same way, and ours makes its dry run each time.
Spark's command has no warm mode: its functions are called from Python, which is the best case for it. Both see the same
sources and data. What they do differs: ours also gives columns, inputs and hints; Spark's does not look at Delta.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

PYTHON = """
from pyspark import pipelines as dp


@dp.table
def raw():
    return spark.readStream.schema("id BIGINT, customer STRING, amount DOUBLE, day DATE").json("{data}")


@dp.temporary_view
def valid():
    return spark.readStream.table("raw").where("amount > 0")


@dp.table(partition_cols=["day"])
def orders():
    return spark.readStream.table("valid")


@dp.materialized_view
def per_day():
    return spark.read.table("orders").groupBy("day").count()
"""
SQL = """
CREATE MATERIALIZED VIEW per_customer AS SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer;

CREATE STREAMING TABLE large;
CREATE FLOW large_orders AS INSERT INTO large BY NAME SELECT id, amount FROM STREAM(orders) WHERE amount > 10;

CREATE STREAMING TABLE names AS SELECT customer FROM STREAM(raw);
"""
SPEC = """
name: seven
storage: file://{folder}/storage
libraries:
  - glob:
      include: transformations/**
"""
DATASETS = 7

OURS = """
import json, sys, time
from pathlib import Path
from ldp_jupyter import Pipeline
pipeline = Pipeline(Path(sys.argv[1]), say=lambda _: None)
found = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    graph = pipeline.dry_run()
    if sys.argv[4] == "update":
        pipeline.run(graph=graph)
    found.append(time.perf_counter() - start)
    assert graph.ok and len(graph.nodes) == int(sys.argv[3]), graph.problems
print(json.dumps(found))
"""
THEIRS = """
import contextlib, json, os, sys, time
from pathlib import Path
from pyspark.pipelines.cli import load_pipeline_spec, register_definitions
from pyspark.pipelines.spark_connect_graph_element_registry import SparkConnectGraphElementRegistry
from pyspark.pipelines.spark_connect_pipeline import create_dataflow_graph, handle_pipeline_events, start_run
from pyspark.sql import SparkSession
path = Path(sys.argv[1]) / "spark-pipeline.yml"
spark = SparkSession.builder.remote("local[2]").getOrCreate()
found = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr):
        spec = load_pipeline_spec(path)
        graph = create_dataflow_graph(spark, spec.catalog, spec.database, spec.configuration)
        registry = SparkConnectGraphElementRegistry(spark, graph)
        register_definitions(path, registry, spec, spark, graph)
        handle_pipeline_events(start_run(spark, graph, [], False, [], dry=sys.argv[4] != "update", storage=spec.storage))
    found.append(time.perf_counter() - start)
print(json.dumps(found), flush=True)
os._exit(0)
"""


def write_project(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "transformations").mkdir()
    rows = [{"id": n, "customer": f"c{n % 3}", "amount": n, "day": "2026-01-01"} for n in range(20)]
    (folder / "data" / "1.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / "transformations" / "p.py").write_text(PYTHON.format(data=folder / "data"), encoding="utf-8")
    (folder / "transformations" / "q.sql").write_text(SQL, encoding="utf-8")
    (folder / "spark-pipeline.yml").write_text(SPEC.format(folder=folder), encoding="utf-8")


def run(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, float, str]:
    """Seconds, CPU seconds of the command and all that it started, and its output."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        # a JVM that nobody waits for is in no account of the system's: look at all descendants while they live
        used: dict[int, float] = {}
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                top = psutil.Process(process.pid)
                for each in (top, *top.children(recursive=True)):
                    with contextlib.suppress(psutil.Error):
                        times = each.cpu_times()
                        used[each.pid] = times.user + times.system
            time.sleep(0.05)
        seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        printed, told = out.read(), err.read()
    if process.returncode:
        sys.exit(f"{command[0]} failed:\n{printed[-2000:]}\n{told[-4000:]}")
    return seconds, sum(used.values()), printed


def environments(sdp_python: Path) -> tuple[dict[str, str], dict[str, str]]:
    """For ours and for theirs; the same Java for both."""
    plain = {k: v for k, v in os.environ.items() if k not in ("SPARK_HOME", "PYSPARK_PYTHON", "PYTHONPATH")}
    home = subprocess.run([sdp_python, "-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))"], capture_output=True,
                          text=True, check=True).stdout.strip()
    return {**plain, "LDP_ARCHIVE": "use"}, {**plain, "SPARK_HOME": home, "PYSPARK_PYTHON": str(sdp_python)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sdp-python", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=8, help="warm checks in one session, of which the first three are not counted")
    given = parser.parse_args()
    ours, theirs = environments(given.sdp_python)
    ldp = str(Path(sys.executable).with_name("ldp"))
    sdp = str(Path(theirs["SPARK_HOME"]) / "bin" / "spark-pipelines")
    cold: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
    warm: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name) / "project"
        write_project(folder)
        for number in range(given.rounds):
            for who, command, environment in (("ours", [ldp, "dry-run"], ours), ("theirs", [sdp, "dry-run"], theirs)):
                seconds, cpu, _ = run(command, folder, environment)
                cold[who].append((seconds, cpu))
                print(f"round {number + 1}, cold, {who}: {seconds:.1f} s, CPU {cpu:.1f} s", file=sys.stderr, flush=True)
        for work in ("dry run", "update"):
            for who, python, code, environment in (
                ("ours", sys.executable, OURS, ours),
                ("theirs", str(given.sdp_python), THEIRS, theirs),
            ):
                arguments = [python, "-c", code, str(folder), str(given.repeats), str(DATASETS), work]
                found = json.loads(run(arguments, folder, environment)[2].splitlines()[-1])
                warm[f"{work}, {who}"] = found[3:]
                print(f"warm {work}, {who}: {[round(s, 3) for s in found]}", file=sys.stderr, flush=True)
    for what, mine, other in (
        ("dry run, cold, seconds", [s for s, _ in cold["ours"]], [s for s, _ in cold["theirs"]]),
        ("dry run, cold, CPU seconds", [c for _, c in cold["ours"]], [c for _, c in cold["theirs"]]),
        ("dry run, warm, seconds", warm["dry run, ours"], warm["dry run, theirs"]),
        ("update without news, warm, seconds", warm["update, ours"], warm["update, theirs"]),
        ("dry run, warm, against its cold command", warm["dry run, ours"], [s for s, _ in cold["theirs"]]),
    ):
        a, b = statistics.median(mine), statistics.median(other)
        print(f"{what:40} ours {a:7.2f}   spark-pipelines {b:7.2f}   {b / a:.1f} times as fast")


if __name__ == "__main__":
    main()
