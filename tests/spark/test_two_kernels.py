"""Two kernels over one project, each a process: one updates, one reads and makes tables of its own; a third finds all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pytestmark = pytest.mark.spark

ROOT = Path(__file__).parents[2]
LANDED = 200  # rows of a landing, whose values add up to nothing

PROJECT = {
    "transformations/t.py": """
        import time
        from pathlib import Path

        from pyspark import pipelines as dp

        HERE = Path(spark.conf.get("root"))

        @dp.table(table_properties={"delta.enableChangeDataFeed": "true"})
        def raw():
            return spark.readStream.schema("k BIGINT, v BIGINT").json(str(HERE / "landing"))

        @dp.materialized_view
        def totals():
            return spark.sql("SELECT count(*) AS n, sum(v) AS s FROM raw")

        @dp.foreach_batch_sink
        def last_one_waits(batch, number):
            if number == 2:
                (HERE / "holding").touch()
                for _ in range(1200):
                    if (HERE / "go").exists():
                        return
                    time.sleep(0.05)
                raise TimeoutError("nobody said go")

        @dp.append_flow(target="last_one_waits")
        def waiting():
            return spark.readStream.table("raw")
    """,
}
BEGIN = """
import json, os, time
from pathlib import Path
from ldp_jupyter import Pipeline
from ldp_jupyter.errors import LdpError
here = Path.cwd()
pipeline = Pipeline(here, settings={"root": str(here)}, say=lambda _: None)

def wait(name):
    for _ in range(2400):
        if (here / name).exists():
            return
        time.sleep(0.05)
    raise TimeoutError(name)
"""
UPDATES = """
for landing in range(3):
    rows = [{"k": k, "v": sign * (2 * k + 1)} for k in range(100) for sign in (1, -1)]
    (here / "landing").mkdir(exist_ok=True)
    (here / "landing" / f"{landing}.json").write_text("\\n".join(map(json.dumps, rows)))
    view = pipeline.run()
    assert view.datasets["raw"].rows_written == 200, view.to_json()
    if landing == 0:
        (here / "first").touch()
        wait("reading")
"""
READS = """
from ldp_jupyter.engine.sizing import begin_small
spark = pipeline.session()
begin_small(spark, {})
rows = lambda text: [tuple(row) for row in spark.sql(text).collect()]
wait("first")
rows("CREATE TABLE main.default.mine AS SELECT k, v, 'first' AS source FROM main.default.raw VERSION AS OF 1")
seen = {"raw": [], "totals": []}

def look():
    seen["raw"] += rows("SELECT count(*), sum(v), count(DISTINCT k) FROM main.default.raw")
    seen["totals"] += rows("SELECT n, s, 0 FROM main.default.totals")

look()
(here / "reading").touch()
while not (here / "holding").exists():
    look()
look()
refused = ""
try:
    pipeline.run()
except LdpError as error:
    refused = f"{error.code} {error.message} {error.hint}"
spark.table("main.default.raw").groupBy("k").count().write.saveAsTable("main.default.counts")
rows('''MERGE INTO main.default.mine AS m USING (SELECT DISTINCT k FROM main.default.raw WHERE k < 2) AS r ON m.k = r.k
        WHEN MATCHED AND m.v > 0 THEN UPDATE SET source = 'merged' WHEN MATCHED THEN DELETE''')
rows("DELETE FROM mine WHERE k > 9")
rows("CREATE VIEW main.default.merged AS SELECT * FROM mine WHERE source = 'merged'")
rows("CREATE FUNCTION main.default.twice(x BIGINT) RETURNS BIGINT RETURN x * 2")
before = rows("SELECT count(*), sum(v) FROM mine VERSION AS OF 0")
feed = rows("SELECT _commit_version, count(*), sum(v) FROM table_changes('main.default.raw', 2) GROUP BY ALL ORDER BY 1")
(here / "go").touch()
print(json.dumps({"seen": seen, "refused": refused, "before": before, "feed": feed}))
"""
FINDS = """
from ldp_jupyter.engine.sizing import begin_small
spark = pipeline.session()
begin_small(spark, {})
rows = lambda text: [tuple(row) for row in spark.sql(text).collect()]
print(json.dumps({
    "tables": rows("SELECT table_name, table_type FROM main.information_schema.tables "
                   "WHERE table_schema = 'default' AND table_name NOT LIKE 'event_log%' ORDER BY 1"),
    "totals": rows("SELECT n, s FROM main.default.totals"),
    "mine": rows("SELECT source, count(*), sum(main.default.twice(v)) FROM main.default.mine GROUP BY ALL ORDER BY 1"),
    "merged": rows("SELECT count(*) FROM merged"),
    "counts": rows("SELECT count(*), min(count), max(count) FROM main.default.counts"),
}))
"""


def start(project: Path, code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + textwrap.dedent(code)], cwd=project, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LDP_ARCHIVE": "use"},
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    return out


@pytest.mark.long
def test_one_updates_while_another_reads_and_makes_tables_and_a_third_finds_everything(
    make_project: Callable[[Mapping[str, str]], Path],
) -> None:
    project = make_project(PROJECT)
    updates = start(project, UPDATES)
    reads = start(project, READS)
    found = json.loads(ended(reads))
    ended(updates)

    # Each read is of one version: whole landings, never a part of one.
    for table, looks in found["seen"].items():
        assert {total for _, total, _ in looks} == {0}, table
        assert {n % LANDED for n, _, _ in looks} == {0}, table
        assert [n for n, _, _ in looks] == sorted(n for n, _, _ in looks), table
    assert (found["seen"]["raw"][0][0], found["seen"]["raw"][-1][0]) == (LANDED, 3 * LANDED)
    assert f"process {updates.pid} on " in found["refused"]
    assert found["refused"].startswith(f'LDP-3003 an update of "{project.name}" is running in process {updates.pid} on ')
    assert f"`kill {updates.pid}`" in found["refused"]
    assert found["before"] == [[LANDED, 0]]
    assert found["feed"] == [[2, LANDED, 0], [3, LANDED, 0]]

    later = json.loads(ended(start(project, FINDS)))
    assert later["tables"] == [
        ["counts", "MANAGED"], ["merged", "VIEW"], ["mine", "MANAGED"], ["raw", "STREAMING_TABLE"],
        ["totals", "MATERIALIZED_VIEW"],
    ]  # fmt: skip
    assert later["totals"] == [[3 * LANDED, 0]]
    assert later["mine"] == [["first", 16, 0], ["merged", 2, 8]]
    assert later["merged"] == [[2]]
    assert later["counts"] == [[100, 6, 6]]
