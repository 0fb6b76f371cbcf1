"""Where flows keep their checkpoints, and when they begin new ones.

The rules are those of open-source Spark's pipelines (its suites of system metadata and of sinks), in words of our own:

- C1 each streaming flow has a checkpoint of its own, below its table (or sink), under its own name;
- C2 a refresh goes on with it;
- C3 a full refresh of the table begins a new one beside it, of a higher number.

Ours beside them: the old one is removed (C4), other tables keep theirs (C5), tables of one name in two schemas have
two (C6), a reset begins a new one while the table keeps its rows (C7), and flows of one table may have other columns:
it has them all (C8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.dataset
import pytest
from seen import land, rows

from ldp_jupyter import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytestmark = pytest.mark.spark

READ = "SELECT value FROM STREAM read_files('${root}/source', format => 'json', schema => 'value INT')"
SOURCES = {
    "transformations/t.sql": f"""
        CREATE OR REFRESH STREAMING TABLE st AS {READ};
        CREATE OR REFRESH STREAMING TABLE other.st AS {READ.replace("SELECT value", "SELECT value * 10 AS value")};
        CREATE OR REFRESH STREAMING TABLE named;
        CREATE FLOW one AS INSERT INTO named BY NAME SELECT * FROM STREAM st;
        CREATE FLOW `two; 100%` AS INSERT INTO named BY NAME SELECT *, 'x' AS more FROM STREAM other.st;
    """,
    "transformations/sink.py": """
        from pyspark import pipelines as dp

        dp.create_sink("outside", "delta", {"path": spark.conf.get("root") + "/outside"})

        @dp.append_flow(target="outside", name="to_outside")
        def to_outside():
            return spark.readStream.table("other.st")

        dp.create_sink("files", "parquet", {"path": spark.conf.get("root") + "/files"})

        @dp.append_flow(target="files", name="to_files")
        def to_files():
            return spark.readStream.table("other.st")
    """,
}
FLOWS = {
    "main.default.st": ["main.default.st"],
    "main.other.st": ["main.other.st"],
    "main.default.named": ["one", "two%3B%20100%25"],
    "sink%20outside": ["to_outside"],
    "sink%20files": ["to_files"],
}


def checkpoints(pipeline: Pipeline) -> dict[str, dict[str, dict[str, int]]]:
    """Committed batches by target, generation (the part of it that counts) and flow."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for flow in (pipeline.layout.home / "checkpoints").glob("*/*/*"):
        if flow.is_dir():
            generation = flow.parent.name.split("-")[0]
            done = len([f for f in (flow / "commits").iterdir() if f.name.isdigit()])
            found.setdefault(flow.parent.parent.name, {}).setdefault(generation, {})[flow.name] = done
    return found


def expected(done: int) -> dict[str, dict[str, dict[str, int]]]:
    """All checkpoints in their first life, with so many batches."""
    return {target: {"0": dict.fromkeys(flows, done)} for target, flows in FLOWS.items()}


def written_files(root: Path) -> list[int]:
    return sorted(pyarrow.dataset.dataset(root / "files").to_table().column("value").to_pylist())


@pytest.mark.long
def test_each_flow_has_a_checkpoint_in_each_life_of_its_table(
    spark_main: Any, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    root = make_project(SOURCES)
    pipeline = Pipeline(root, settings={"root": str(root)})
    land(root / "source", "1", 1, 2)
    pipeline.run()
    assert checkpoints(pipeline) == expected(1)  # C1, C6
    assert (rows(pipeline, "st"), rows(pipeline, "st", "other")) == ([1, 2], [10, 20])
    assert written_files(root) == [10, 20]

    land(root / "source", "2", 3)
    pipeline.run()
    assert checkpoints(pipeline) == expected(2)  # C2

    pipeline.run(full_refresh=["st", "named"])
    begun = checkpoints(pipeline)
    assert begun["main.default.st"] == {"1": {"main.default.st": 1}}  # C3, C4
    assert begun["main.default.named"] == {"1": dict.fromkeys(FLOWS["main.default.named"], 1)}
    assert {t: begun[t] for t in ("main.other.st", "sink%20outside")} == {
        t: expected(2)[t] for t in ("main.other.st", "sink%20outside")}  # C5  # fmt: skip
    assert rows(pipeline, "st") == [1, 2, 3]
    assert rows(pipeline, "named") == [(1, None), (10, "x"), (2, None), (20, "x"), (3, None), (30, "x")]  # C8

    pipeline.run(reset_checkpoints=["one", "to_files"])
    again = checkpoints(pipeline)
    assert again["main.default.named"] == {"1": {"one~1": 1, FLOWS["main.default.named"][1]: 1}}  # C7
    assert [value for value, _ in rows(pipeline, "named")] == [1, 1, 10, 2, 2, 20, 3, 3, 30]
    assert written_files(root) == [10, 10, 20, 20, 30, 30]
