"""What is stopped in the middle, and what is tried again.

- A stopped update keeps what was done; what runs and what waits is STOPPED (open-source Spark: waiting ones are SKIPPED).
- In production mode a failed flow is tried twice more, each try a warning, the last failure an error. Open-source Spark
  tries every failed flow again. Here, as the platform advises, only what may heal is: not errors that the source or its
  data raise, nor violated rules.
"""

from __future__ import annotations

import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from seen import FILES, Watched, failed, land, levels, progress, project, rows, states, update_states

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from seen import Make

    from ldp_jupyter.engine import Update
    from ldp_jupyter.events import Event, UpdateView

pytestmark = pytest.mark.spark


def test_a_stop_in_the_middle_keeps_what_is_done(spark_main: Any, make_project: Make) -> None:
    text = f"""
        CREATE OR REFRESH STREAMING TABLE quick AS SELECT * FROM {FILES % "numbers"};
        CREATE OR REFRESH STREAMING TABLE slow AS
        SELECT value, reflect('java.lang.Thread', 'sleep', 60000L) AS slept FROM STREAM quick;
        CREATE OR REFRESH STREAMING TABLE after AS SELECT value FROM STREAM slow;
    """
    pipeline = project(make_project, {"t.sql": text})
    root = pipeline.project.root
    land(root / "numbers", "1", 1, 2)
    stopped: list[float] = []

    def stop(update: Update) -> None:
        stopped.append(time.monotonic())
        update.stop()

    def hear(event: Event, update: Update) -> None:
        progressed = event.details.get("flow_progress", {})
        if event.origin.get("flow_name") == "slow" and progressed.get("status") == "RUNNING":
            threading.Timer(0.5, stop, [update]).start()

    watched = Watched(hear)
    with pytest.raises(LdpError) as caught:
        pipeline.run(begun=watched.begun)
    assert caught.value.code == "LDP-3008"
    assert time.monotonic() - stopped[0] < 10, "it does not wait for the flow's end"
    view = watched.view
    assert update_states(view)[-1] == "CANCELED"
    assert {flow: states(view, flow)[-1] for flow in ("quick", "slow", "after")} == {
        "quick": "COMPLETED", "slow": "STOPPED", "after": "STOPPED"}  # fmt: skip
    assert "STARTING" not in states(view, "after")
    assert (rows(pipeline, "quick"), rows(pipeline, "slow")) == ([1, 2], [])
    source = root / "transformations" / "t.sql"
    source.write_text(source.read_text().replace("60000L", "0L"))
    pipeline.run()
    assert (rows(pipeline, "quick"), rows(pipeline, "after")) == ([1, 2], [1, 2])



OUT_OF_REACH = """
    from pathlib import Path

    from pyspark import pipelines as dp

    ROOT = Path(spark.conf.get("root"))


    def service(name):
        left = int((ROOT / name).read_text()) if (ROOT / name).exists() else 0
        if left:
            (ROOT / name).write_text(str(left - 1))
            raise ConnectionError(f"{name} does not answer")
        return spark.range(3)


    @dp.materialized_view
    def heals():
        return service("heals")


    @dp.materialized_view
    def never():
        return service("never")


    @dp.materialized_view
    def after_never():
        return spark.read.table("never")


    @dp.table
    def landed():
        return spark.readStream.schema("id BIGINT").parquet(f"{ROOT}/files")


    @dp.materialized_view
    def raised():
        return spark.sql("SELECT CAST(raise_error('no') AS INT) AS id")


    @dp.materialized_view
    @dp.expect_or_fail("small", "id < 2")
    def violated():
        return spark.range(3)
"""
QUICKLY = {
    "spark.sql.pipelines.execution.watchdog.minRetryTime": "1s",  # Spark takes no less
    "spark.sql.pipelines.execution.watchdog.maxRetryTime": "1s",
    "pipelines.numUpdateRetryAttempts": "1",
}


def retries(view: UpdateView, flow: str) -> list[dict[str, Any]]:
    told = [e for e in progress(view, flow) if "retry" in e.details["flow_progress"]]
    assert {e.level.value for e in told} <= {"WARN"}
    assert not any(e.error["fatal"] for e in told)
    return [e.details["flow_progress"]["retry"] for e in told]


def test_what_may_heal_is_tried_again_in_production(spark_main: Any, make_project: Make) -> None:
    pipeline = project(make_project, {"t.py": OUT_OF_REACH}, QUICKLY)
    root = pipeline.project.root
    pipeline.session().range(2).coalesce(1).write.parquet(f"{root}/good")
    (good,) = (root / "good").glob("*.parquet")
    (root / "files").mkdir()
    (root / "files" / "1.parquet").write_text("not yet whole")
    graph = pipeline.dry_run()
    (root / "heals").write_text("1")
    (root / "never").write_text("100")

    def hear(event: Event, update: Update) -> None:
        if event.origin.get("flow_name") == "landed" and "retry" in event.details.get("flow_progress", {}):
            shutil.copy(good, root / "files" / "1.parquet")

    watched = Watched(hear)
    selected = ["heals", "never", "after_never", "landed"]
    (problem,) = failed(pipeline, watched, graph=graph, production=True, refresh=selected)
    assert (problem.dataset, problem.because) == ("never", ["after_never"])
    first, second = (update.view for update in watched.updates)
    assert [e.details["create_update"]["cause"] for v in (first, second) for e in v.events if e.event_type == "create_update"] == [
        "USER_ACTION", "RETRY_ON_FAILURE"]  # fmt: skip

    assert [(r["attempt"], r["attempts"]) for r in retries(first, "heals")] == [(2, 3)]
    assert states(first, "heals")[-1] == "COMPLETED"
    assert [(r["attempt"], r["attempts"]) for r in retries(first, "landed")] == [(2, 3)]
    assert states(first, "landed")[-1] == "COMPLETED"
    assert (rows(pipeline, "heals"), rows(pipeline, "landed")) == ([0, 1, 2], [0, 1])
    for view in (first, second):
        assert [(r["attempt"], r["attempts"], r["seconds"]) for r in retries(view, "never")] == [(2, 3, 1.0), (3, 3, 1.0)]
        assert [level for level, state in levels(view, "never") if state == "FAILED"] == ["ERROR"]
        assert states(view, "after_never") == ["QUEUED", "SKIPPED"]
        assert update_states(view)[-1] == "FAILED"
    assert retries(second, "heals") == []

    lasting = Watched()
    problems = failed(pipeline, lasting, graph=graph, production=True, refresh=["raised", "violated"])
    told = {problem.dataset: problem for problem in problems}
    assert told["violated"].code == "LDP-4001"
    assert "USER_RAISED_EXCEPTION" in (told["raised"].detail or "")
    assert [retries(lasting.view, flow) for flow in ("raised", "violated")] == [[], []]

    (root / "heals").write_text("1")  # development never tries again
    once = Watched()
    failed(pipeline, once, graph=graph, refresh=["heals"])
    assert retries(once.view, "heals") == []


