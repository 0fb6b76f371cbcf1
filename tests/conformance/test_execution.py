"""How an update runs its flows: order, states, events, failures.

The rules are those of open-source Spark's pipelines (its suites of triggered execution and of what happens to a failed
flow), in words of our own:

- E1 each flow is QUEUED, STARTING, (a materialized view: PLANNING,) RUNNING, COMPLETED, and starts when its inputs are done;
- E2 the order of declarations does not matter, parts that do not meet run all the same, several inputs are waited for;
- E3 events are the same where there is no data;
- E4 a failed flow is FAILED, what depends on it SKIPPED, everything else goes on; the update is FAILED;
- E5 a stream whose sources were added or removed says so, and is not tried again;
- E6 what is not selected is EXCLUDED, and its table is read as it is;
- E7 what cannot be resolved fails the update before any flow is queued, with every cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from seen import FILES, Watched, failed, land, levels, moment, progress, project, rows, states, update_states

from ldp_jupyter.errors import PipelineInvalid

if TYPE_CHECKING:
    from seen import Make

pytestmark = pytest.mark.spark

VIEW = ["QUEUED", "STARTING", "PLANNING", "RUNNING", "COMPLETED"]
STREAM = ["QUEUED", "STARTING", "RUNNING", "COMPLETED"]


# ---- E1, E2, E3

READS = {
    "integers": [], "doubled": ["integers"], "texts": [], "merged": ["doubled", "texts"],
    "pairs": [], "halves": ["pairs"], "rejoined": ["halves", "pairs"],
    "evens": [], "fours": ["evens"], "eights": ["fours"], "through": ["integers"], "nothing": [],
}  # fmt: skip
STREAMS = ("evens", "fours", "eights", "through", "nothing")
MANY = f"""
    CREATE OR REFRESH MATERIALIZED VIEW rejoined AS SELECT x, y FROM halves FULL OUTER JOIN (SELECT y FROM pairs) ON x = y;
    CREATE OR REFRESH MATERIALIZED VIEW halves AS SELECT x FROM pairs;
    CREATE OR REFRESH MATERIALIZED VIEW pairs AS SELECT * FROM VALUES (1, 1), (1, 2), (2, 3), (2, 4) AS v(x, y);

    CREATE OR REFRESH MATERIALIZED VIEW merged AS
    SELECT d.value AS number, t.value AS text FROM doubled d FULL OUTER JOIN texts t ON CAST(d.value AS STRING) = t.value;
    CREATE OR REFRESH MATERIALIZED VIEW doubled AS SELECT value * 2 AS value FROM integers;
    CREATE OR REFRESH MATERIALIZED VIEW texts AS SELECT * FROM VALUES ('a'), ('4') AS v(value);
    CREATE OR REFRESH MATERIALIZED VIEW integers AS SELECT * FROM VALUES (1), (2), (3) AS v(value);

    CREATE OR REFRESH STREAMING TABLE eights AS SELECT value * 2 AS value FROM STREAM fours;
    CREATE OR REFRESH STREAMING TABLE fours AS SELECT value * 2 AS value FROM STREAM evens;
    CREATE OR REFRESH STREAMING TABLE evens AS SELECT * FROM STREAM input WHERE value % 2 = 0;
    CREATE TEMPORARY VIEW input AS SELECT * FROM {FILES % "numbers"};

    CREATE OR REFRESH STREAMING TABLE through AS SELECT * FROM STREAM view_of_integers;
    CREATE TEMPORARY VIEW view_of_integers AS SELECT * FROM STREAM integers;
    CREATE OR REFRESH STREAMING TABLE nothing AS SELECT * FROM {FILES % "empty"};
"""
CONTENTS = {
    "doubled": [2, 4, 6],
    "merged": [(2, None), (4, "4"), (6, None), (None, "a")],
    "rejoined": [(1, 1), (1, 1), (2, 2), (2, 2), (None, 3), (None, 4)],
    "evens": [2, 4, 6, 8],
    "fours": [12, 16, 4, 8],
    "eights": [16, 24, 32, 8],
    "through": [1, 2, 3],
    "nothing": [],
}


def test_flows_run_each_after_its_inputs_and_tell_every_state(spark_main: Any, make_project: Make) -> None:
    pipeline = project(make_project, {"many.sql": MANY})
    root = pipeline.project.root
    land(root / "numbers", "1", *range(1, 10))
    (root / "empty").mkdir()

    view = pipeline.run()
    assert update_states(view) == ["INITIALIZING", "SETTING_UP_TABLES", "RUNNING", "COMPLETED"]
    told = {flow: states(view, flow) for flow in READS}
    assert told == {flow: STREAM if flow in STREAMS else VIEW for flow in READS}
    assert {level for flow in READS for level, _ in levels(view, flow)} == {"INFO", "METRICS"}
    early = {
        (flow, source)
        for flow, sources in READS.items()
        for source in sources
        if moment(view, flow, "STARTING") < moment(view, source, "COMPLETED")
    }
    assert early == set()
    queued = max(moment(view, flow, "QUEUED") for flow in READS)
    assert queued < min(moment(view, flow, "STARTING") for flow in READS)
    assert {table: rows(pipeline, table) for table in CONTENTS} == CONTENTS

    again = pipeline.run()  # nothing new: no query runs, nothing is written, every flow is told of
    assert {flow: states(again, flow) for flow in READS} == {
        flow: [s for s in (STREAM if flow in STREAMS else VIEW) if s != "RUNNING" or flow == "nothing"] for flow in READS
    }
    assert {d.refresh for name, d in again.datasets.items() if name not in STREAMS and d.flows} == {"NO_OP"}
    assert {table: rows(pipeline, table) for table in CONTENTS} == CONTENTS


# ---- E4

BROKEN = f"""
    CREATE OR REFRESH STREAMING TABLE input AS SELECT * FROM {FILES % "numbers"};
    CREATE OR REFRESH STREAMING TABLE sound AS SELECT * FROM STREAM input;
    CREATE OR REFRESH STREAMING TABLE broken AS SELECT value + CAST(raise_error('bad ' || value) AS INT) AS value FROM STREAM input;
    CREATE OR REFRESH STREAMING TABLE x AS SELECT * FROM STREAM broken;
    CREATE TEMPORARY VIEW y AS SELECT * FROM STREAM x;
    CREATE OR REFRESH STREAMING TABLE z AS SELECT * FROM STREAM y;
    CREATE OR REFRESH MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM z;
    CREATE VIEW shown AS SELECT * FROM x;
"""


def test_a_failed_flow_skips_what_depends_on_it_and_nothing_else(spark_main: Any, make_project: Make) -> None:
    pipeline = project(make_project, {"t.sql": BROKEN})
    root = pipeline.project.root
    land(root / "numbers", "1", 1, 2)
    watched = Watched()
    (problem,) = failed(pipeline, watched)
    view = watched.view
    assert problem.dataset == "broken"
    assert "bad " in problem.message
    assert sorted(problem.because) == ["counted", "shown", "x", "z"]
    assert update_states(view)[-1] == "FAILED"
    assert [(e.level.value, e.error is not None) for e in view.events if e.event_type == "update_progress"][-1] == ("ERROR", True)
    assert states(view, "broken") == ["QUEUED", "STARTING", "RUNNING", "FAILED"]
    last = progress(view, "broken")[-1]
    assert last.level.value == "ERROR"
    assert "bad " in last.error["exceptions"][0]["message"]
    for flow in ("x", "z", "counted", "shown"):
        assert states(view, flow) == ["QUEUED", "SKIPPED"]
    assert [states(view, flow)[-1] for flow in ("input", "sound")] == ["COMPLETED", "COMPLETED"]
    assert rows(pipeline, "sound") == [1, 2]

    source = root / "transformations" / "t.sql"  # mended, the flow goes on with what it could not take
    source.write_text(source.read_text().replace("value + CAST(raise_error('bad ' || value) AS INT)", "-value"))
    land(root / "numbers", "2", 3)
    assert {d.status for d in pipeline.run().datasets.values() if d.flows} == {"COMPLETED"}
    assert [rows(pipeline, table) for table in ("sound", "z", "counted")] == [[1, 2, 3], [-1, -2, -3], [3]]


# ---- E5


def test_a_stream_that_lost_a_source_says_so_and_is_not_tried_again(spark_main: Any, make_project: Make) -> None:
    text = f"""
        CREATE TEMPORARY VIEW input AS SELECT * FROM {FILES % "a"} UNION ALL SELECT * FROM {FILES % "b"};
        CREATE OR REFRESH STREAMING TABLE t AS SELECT * FROM STREAM input;
    """
    pipeline = project(make_project, {"t.sql": text})
    root = pipeline.project.root
    land(root / "a", "1", 1)
    land(root / "b", "1", 2)
    pipeline.run()
    source = root / "transformations" / "t.sql"
    source.write_text(source.read_text().replace(f" UNION ALL SELECT * FROM {FILES % 'b'}", ""))
    land(root / "a", "2", 3)
    watched = Watched()
    (problem,) = failed(pipeline, watched, production=True)
    assert problem.code == "LDP-3005"
    assert problem.message == 'the stream of flow "t" has 1 source now and had 2'
    assert "--full-refresh t" in problem.hint
    assert "--reset-checkpoint t" in problem.hint
    assert states(watched.view, "t") == ["QUEUED", "STARTING", "RUNNING", "FAILED"]
    assert rows(pipeline, "t") == [1, 2]
    pipeline.run(full_refresh=["t"])
    assert rows(pipeline, "t") == [1, 3]


# ---- E6


def test_what_is_not_selected_is_excluded_and_read_as_it_is(spark_main: Any, make_project: Make) -> None:
    text = f"""
        CREATE OR REFRESH STREAMING TABLE source AS SELECT * FROM {FILES % "numbers"};
        CREATE OR REFRESH STREAMING TABLE whole AS SELECT * FROM STREAM source;
        CREATE TEMPORARY VIEW evens AS SELECT * FROM whole WHERE value % 2 = 0;
        CREATE OR REFRESH MATERIALIZED VIEW max_evens AS SELECT max(value) AS value FROM evens;
    """
    pipeline = project(make_project, {"t.sql": text})
    root = pipeline.project.root
    land(root / "numbers", "1", 1, 2, 3)
    view = pipeline.run(refresh=["source", "whole"])
    assert states(view, "max_evens") == ["EXCLUDED"]
    assert [states(view, flow) for flow in ("source", "whole")] == [STREAM, STREAM]
    assert sorted(table["name"] for table in pipeline.tables()) == ["source", "whole"]

    land(root / "numbers", "2", 4)
    view = pipeline.run(refresh=["source", "max_evens"])
    assert states(view, "whole") == ["EXCLUDED"]
    assert [level for level, _ in levels(view, "whole")] == ["INFO"]
    assert [states(view, flow) for flow in ("source", "max_evens")] == [STREAM, VIEW]
    assert [rows(pipeline, table) for table in ("source", "whole", "max_evens")] == [[1, 2, 3, 4], [1, 2, 3], [2]]


# ---- E7


def test_what_cannot_be_resolved_fails_the_update_before_any_flow(spark_main: Any, make_project: Make) -> None:
    text = """
        CREATE OR REFRESH MATERIALIZED VIEW first AS SELECT * FROM missing_1;
        CREATE OR REFRESH MATERIALIZED VIEW second AS SELECT * FROM missing_2;
        CREATE OR REFRESH MATERIALIZED VIEW third AS SELECT * FROM first;
        CREATE OR REFRESH MATERIALIZED VIEW sound AS SELECT 1 AS id;
    """
    pipeline = project(make_project, {"t.sql": text})
    watched = Watched()
    with pytest.raises(PipelineInvalid) as caught:
        pipeline.run(begun=watched.begun)
    assert [(p.code, p.dataset, p.because) for p in caught.value.problems] == [
        ("LDP-2003", "first", ["third"]), ("LDP-2003", "second", [])]  # fmt: skip
    assert update_states(watched.view) == ["INITIALIZING", "FAILED"]
    assert not any(e.event_type == "flow_progress" for e in watched.view.events)
    assert pipeline.tables() == []
