"""Which tables an update refreshes and which it empties first.

The rules are those of open-source Spark's pipelines (its suite of functional tests of refreshes), in words of our own:

- R1 a selective full refresh empties the named table and takes its source from the start; the others are EXCLUDED;
- R2 a full refresh of one table and a refresh of another: the one holds what is there now, the other gets what is new;
- R3 without a selection each table keeps its rows and gets what is new;
- R4 a full refresh of all empties each table;
- R5 a full refresh of all takes no further selection; no table stands in both selections, under whichever of its names.

Beside them the platform's: the checkpoint of a flow can begin anew while the table keeps its rows (R6), failed and
skipped tables can be refreshed alone (R7), and so can the tables of a source file (R8). An update that finds nothing
new starts no Spark job and writes nothing but the journal and its report (R9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytestmark = pytest.mark.spark

READ = "SELECT id FROM STREAM read_files('${root}/source', format => 'json', schema => 'id INT')"
TWO_TABLES = {
    "source/1.json": '{"id": 1}\n',
    "transformations/a.sql": f"CREATE OR REFRESH STREAMING TABLE a AS {READ};",
    "transformations/b.sql": f"CREATE OR REFRESH STREAMING TABLE b AS {READ};",
}


@pytest.fixture
def pipeline(spark_main: Any, make_project: Callable[[Mapping[str, str]], Path]) -> Pipeline:
    root = make_project(TWO_TABLES)
    return Pipeline(root, settings={"root": str(root)})


def ids(pipeline: Pipeline, table: str) -> list[int]:
    return sorted(row[0] for row in delta_files.rows(delta_files.of(pipeline, table)))


def source(pipeline: Pipeline, *ids: int) -> None:
    """Let the source hold these and nothing else."""
    folder = pipeline.project.root / "source"
    for file in folder.iterdir():
        if int(file.stem) not in ids:
            file.unlink()
    for number in ids:
        if not (folder / f"{number}.json").exists():
            (folder / f"{number}.json").write_text(f'{{"id": {number}}}\n')


def stored(pipeline: Pipeline) -> dict[str, int]:
    """All files of the state with the times of their last change; those of this pipeline by their name there."""
    home, root = pipeline.layout.home, pipeline.layout.root
    return {
        str(file.relative_to(home if file.is_relative_to(home) else root)): file.stat().st_mtime_ns
        for file in root.rglob("*")
        if file.is_file()
    }


def jobs(pipeline: Pipeline) -> int:
    """Jobs that Spark has run so far."""
    return len(pipeline.session().sparkContext.statusTracker().getJobIdsForGroup(None))


def messages(pipeline: Pipeline) -> list[str]:
    return [event.message for event in pipeline.events()]


def test_selections_of_updates(pipeline: Pipeline) -> None:
    pipeline.run()
    assert (ids(pipeline, "a"), ids(pipeline, "b")) == ([1], [1])

    source(pipeline, 2, 3)
    view = pipeline.run(full_refresh=["a"])  # R1
    assert (ids(pipeline, "a"), ids(pipeline, "b")) == ([2, 3], [1])
    assert {name: dataset.status for name, dataset in view.datasets.items()} == {"a": "COMPLETED", "b": "EXCLUDED"}
    said = messages(pipeline)
    assert "Flow 'b' is EXCLUDED." in said
    assert "Flow 'a' is COMPLETED." in said
    assert said[-1].endswith("is COMPLETED.")

    pipeline.run(full_refresh=["a"], refresh=["b"])  # R2
    assert (ids(pipeline, "a"), ids(pipeline, "b")) == ([2, 3], [1, 2, 3])

    source(pipeline, 4)
    pipeline.run()  # R3
    assert (ids(pipeline, "a"), ids(pipeline, "b")) == ([2, 3, 4], [1, 2, 3, 4])

    pipeline.run(reset_checkpoints=["b"], refresh_files=["transformations/b.sql"])  # R6, R8
    assert (ids(pipeline, "a"), ids(pipeline, "b")) == ([2, 3, 4], [1, 2, 3, 4, 4])

    view = pipeline.run(full_refresh_all=True)  # R4
    assert (ids(pipeline, "a"), ids(pipeline, "b")) == ([4], [4])
    assert [e.details["update_progress"]["state"] for e in view.events if e.event_type == "update_progress"] == [
        "INITIALIZING", "RESETTING", "SETTING_UP_TABLES", "RUNNING", "COMPLETED"]  # fmt: skip
    lives = [sorted(p.name for p in folder.rglob("*") if p.name.startswith(("~", "main.default.b")))
             for folder in pipeline.layout.lives(pipeline.namespace.qualify("b"))]  # fmt: skip
    assert lives == [["main.default.b"], []], "what a reset left goes with the generation"

    before, ran = stored(pipeline), jobs(pipeline)
    pipeline.run()  # R9
    assert jobs(pipeline) == ran
    changed = {file for file, time in stored(pipeline).items() if before.get(file) != time}
    assert {file.split("/")[0] for file in changed} == {"journal.jsonl", "runs"}, changed


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ({"full_refresh_all": True, "refresh": ["a"]}, "--full-refresh-all cannot be combined"),
        ({"full_refresh_all": True, "full_refresh": ["a"]}, "--full-refresh-all cannot be combined"),
        ({"full_refresh_all": True, "refresh_failed": True}, "--full-refresh-all cannot be combined"),
        ({"full_refresh_all": True, "reset_checkpoints": ["a"]}, "--full-refresh-all cannot be combined"),
        ({"refresh": ["a"], "full_refresh": ["a"]}, "a stands in --refresh and in --full-refresh"),
        ({"refresh": ["a", "b"], "full_refresh": ["a", "b"]}, "a, b stands in --refresh and in --full-refresh"),
        ({"refresh": ["main.default.a"], "full_refresh": ["a"]}, "a stands in --refresh and in --full-refresh"),
        ({"refresh": ["DEFAULT.A"], "full_refresh": ["a"]}, "a stands in --refresh and in --full-refresh"),
    ],
)
def test_selections_that_exclude_each_other(pipeline: Pipeline, selection: dict[str, Any], said: str) -> None:
    """R5, for a plan and for an update, which touches nothing."""
    graph = pipeline.dry_run()
    for verb in (pipeline.plan, pipeline.run):
        with pytest.raises(UsageProblem, match="LDP-1008") as caught:
            verb(graph=graph, **selection)
        assert said in caught.value.message
    assert pipeline.tables() == []


def test_what_failed_and_what_was_skipped_is_refreshed_alone(spark_main, make_project) -> None:
    """R7."""
    root = make_project({"transformations/t.sql": """
        CREATE OR REFRESH MATERIALIZED VIEW whole AS SELECT 1 AS id;
        CREATE OR REFRESH MATERIALIZED VIEW broken AS SELECT raise_error('no') AS id;
        CREATE OR REFRESH MATERIALIZED VIEW reader AS SELECT id FROM broken;
        CREATE OR REFRESH MATERIALIZED VIEW gone AS SELECT raise_error('no') AS id;
    """})
    pipeline = Pipeline(root)
    with pytest.raises(UsageProblem, match="LDP-1010"):
        pipeline.plan(refresh_failed=True)
    with pytest.raises(UpdateFailed):
        pipeline.run()
    (root / "transformations/t.sql").write_text("""
        CREATE OR REFRESH MATERIALIZED VIEW whole AS SELECT 2 AS id;
        CREATE OR REFRESH MATERIALIZED VIEW broken AS SELECT 2 AS id;
        CREATE OR REFRESH MATERIALIZED VIEW reader AS SELECT id FROM broken;
    """)
    view = pipeline.run(refresh_failed=True)
    assert {n: d.status for n, d in view.datasets.items()} == {
        "whole": "EXCLUDED", "broken": "COMPLETED", "reader": "COMPLETED"}  # fmt: skip
    assert (ids(pipeline, "whole"), ids(pipeline, "reader")) == ([1], [2])
    with pytest.raises(UsageProblem, match="LDP-1010"):
        pipeline.run(refresh_failed=True)
