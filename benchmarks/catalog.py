"""A warehouse of 1,000 tables: does it slow the start of a kernel, what does a name cost against a path, how long do lists take.

``python benchmarks/catalog.py [--rounds 5] [--tables 1000] [--repeats 60]``: first starts in fresh processes, by turns, over a
warehouse of one table and over the full one; then, in one warm process, look-ups of one table by name and by path, by turns, and
lists of all tables. Medians; exit status 1 above a budget.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

START_BUDGET = 1.1  # no slower, as far as starts can be told apart
NAME_BUDGET = 1.2
SCHEMAS = 10
FIRST = "main.s0.t0"
WARM = 15
LISTS = {
    "SHOW TABLES of one schema": "SHOW TABLES IN main.s1",
    "information_schema.tables": "SELECT count(*), max(table_type) FROM main.information_schema.tables",
    "information_schema.columns": "SELECT count(*), max(data_type) FROM main.information_schema.columns",
    "one table of information_schema.tables": "SELECT * FROM main.information_schema.tables WHERE table_schema = 's1' AND table_name = 't5'",
}


def session(warehouse: Path) -> Any:
    from ldp_jupyter.spark.session import SessionSettings, get_session

    return get_session(SessionSettings(str(warehouse)), lambda _: None)


def make(warehouse: Path) -> dict[str, float]:
    """The first table of the warehouse."""
    spark = session(warehouse)
    spark.sql("CREATE SCHEMA main.s0")
    spark.range(100).selectExpr("id", "'row ' || id AS name").write.saveAsTable(FIRST)
    return {}


def fill(warehouse: Path, one: Path, tables: int) -> None:
    """The same folder under many names."""
    for number in range(tables):
        shutil.copytree(one, warehouse / "main" / f"s{number % SCHEMAS}" / f"t{number // SCHEMAS}")


def start(warehouse: Path) -> dict[str, float]:
    """Seconds until there is a session, and until it has read one table by name."""
    begin = time.perf_counter()
    spark = session(warehouse)
    ready = time.perf_counter()
    assert spark.sql(f"SELECT count(*) FROM {FIRST}").collect()[0][0] == 100
    return {"session": ready - begin, "first query": time.perf_counter() - ready}


def timed(action: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def warm(warehouse: Path, repeats: int) -> dict[str, float]:
    """Seconds of look-ups and lists in a session that has done them before."""
    spark = session(warehouse)
    path = f"delta.`{warehouse}/main/s0/t0`"
    cases = {
        "analysed": lambda table: spark.sql(f"SELECT id FROM {table}").schema,
        "spark.table": lambda table: spark.table(table).schema,
        "count(*)": lambda table: spark.sql(f"SELECT count(*) FROM {table}").collect(),
        "limit 1": lambda table: spark.sql(f"SELECT * FROM {table} LIMIT 1").collect(),
    }
    found: dict[str, float] = {}
    for case, look in cases.items():
        taken: dict[str, list[float]] = {FIRST: [], path: []}
        for _ in range(WARM + repeats):
            for table, seconds in taken.items():
                seconds.append(timed(lambda look=look, table=table: look(table)))
        found[f"{case} by name"] = statistics.median(taken[FIRST][WARM:])
        found[f"{case} by path"] = statistics.median(taken[path][WARM:])
    for what, text in LISTS.items():
        seconds = [timed(spark.sql(text).collect) for _ in range(4)]
        found[f"{what}, first"] = seconds[0]
        found[what] = statistics.median(seconds[1:])
    found["spark.catalog.listTables"] = timed(lambda: spark.catalog.listTables("main.s1"))
    return found


def child(what: str, *arguments: str) -> dict[str, float]:
    environment = {**os.environ, "LDP_ARCHIVE": "use", "PYTHONPATH": str(Path(__file__).parents[1])}
    run = subprocess.run([sys.executable, __file__, "--child", what, *arguments], env=environment, text=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if run.returncode != 0:
        sys.exit(f"{what} failed")
    return dict(json.loads(run.stdout))


def starts(folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    taken: dict[str, list[dict[str, float]]] = {"one": [], "many": []}
    for number in range(rounds):
        for which, seconds in taken.items():
            begin = time.perf_counter()
            seconds.append(child("start", str(folder / which)))
            seconds[-1]["process"] = time.perf_counter() - begin
        print(f"round {number + 1}: " + ", ".join(f"{k} {v[-1]['process']:.2f} s" for k, v in taken.items()), file=sys.stderr)
    return {k: {what: statistics.median(one[what] for one in v) for what in v[0]} for k, v in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        what, warehouse = given.child[0], Path(given.child[1])
        done = {"make": lambda: make(warehouse), "start": lambda: start(warehouse),
                "warm": lambda: warm(warehouse, given.repeats)}[what]()
        print(json.dumps(done))
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        folder = Path(home)
        child("make", str(folder / "one"))
        fill(folder / "many", folder / "one" / "main" / "s0" / "t0", given.tables)
        late = []
        if given.rounds:
            medians = starts(folder, given.rounds)
            for what, seconds in medians["many"].items():
                before = medians["one"][what]
                print(f"{what}: {seconds:.2f} s with {given.tables} tables, {before:.2f} s with one, ratio {seconds / before:.2f}")
            if medians["many"]["process"] > START_BUDGET * medians["one"]["process"]:
                late.append("start")
        found = child("warm", str(folder / "many"), "--repeats", str(given.repeats))
        for case in [key.removesuffix(" by name") for key in found if key.endswith(" by name")]:
            name, path = found.pop(f"{case} by name"), found.pop(f"{case} by path")
            print(f"{case}: {name * 1000:.1f} ms by name, {path * 1000:.1f} ms by path, ratio {name / path:.2f}")
            if name > NAME_BUDGET * path:
                late.append(case)
        for what, taken in found.items():
            print(f"{what}, {given.tables} tables in {SCHEMAS} schemas: {taken:.2f} s")
    if late:
        sys.exit(f"above the budget: {', '.join(late)}")


if __name__ == "__main__":
    main()
