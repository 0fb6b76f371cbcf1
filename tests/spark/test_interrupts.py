"""An interrupt while Python sleeps in a query, a stream runs, files are looked at, a further try waits: soon CANCELED."""

from __future__ import annotations

import gzip
import signal
import threading
import time

import pytest

from ldp_jupyter import Pipeline

pytestmark = [pytest.mark.spark, pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals")]

# Each sleeps, or fails, as long as the file is there.
SOURCE = """
    import time
    from pathlib import Path

    from pyspark import pipelines as dp
    from pyspark.sql import functions as F

    ROOT = spark.conf.get("root")

    @F.udf("bigint")
    def slow(id):
        if Path(f"{ROOT}/slow").exists():
            Path(f"{ROOT}/reached").touch()
            time.sleep(60)
        return id

    @F.udf("bigint")
    def lost(id):
        if Path(f"{ROOT}/lost").exists():
            Path(f"{ROOT}/reached").touch()
            raise ConnectionError("no answer")
        return id
"""
BATCH = """
    @dp.materialized_view
    def t():
        return spark.range(3).select(slow("id").alias("id"))
"""
STREAM = """
    @dp.table
    def t():
        return spark.readStream.schema("id BIGINT").json(f"{ROOT}/in").select(slow("id").alias("id"))
"""
CHANGES = """
    @dp.temporary_view
    def changes():
        return spark.readStream.schema("id BIGINT").json(f"{ROOT}/in").select(slow("id").alias("id"))

    dp.create_streaming_table("t")
    dp.create_auto_cdc_flow(target="t", source="changes", keys=["id"], sequence_by="id")
"""
RETRIED = """
    @dp.materialized_view
    def t():
        return spark.range(3).select(lost("id").alias("id"))
"""


def interrupt(when, after: float) -> threading.Thread:
    """Interrupts the main thread a moment after something is there; its result is when."""

    def wait() -> None:
        end = time.monotonic() + 60
        while not when() and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(after)
        thread.at = time.monotonic()  # type: ignore[attr-defined]
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def interrupts_raise():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def stopped_after(call, when, after: float = 0.2) -> float:
    """Seconds from an interrupt of a call to its end."""
    thread = interrupt(when, after)
    with pytest.raises(KeyboardInterrupt):
        call()
    ended = time.monotonic()
    thread.join()
    return ended - thread.at  # type: ignore[attr-defined]


def state(pipeline: Pipeline) -> str:
    return [e for e in pipeline.events() if e.event_type == "update_progress"][-1].details["update_progress"]["state"]


@pytest.mark.parametrize("source", [BATCH, STREAM, CHANGES, RETRIED], ids=["batch", "stream", "changes", "retried"])
def test_an_interrupt_ends_an_update_soon_and_the_next_one_is_right(spark_main, make_project, source):
    project = make_project({"transformations/t.py": SOURCE + source, "in/1.json": '{"id": 0}\n{"id": 1}\n{"id": 2}\n'})
    settings = {"root": str(project), "spark.sql.pipelines.execution.watchdog.minRetryTime": "60s"}
    pipeline = Pipeline(project, settings=settings)
    graph = pipeline.dry_run()
    holds = [project / "slow", project / "lost"]
    for file in holds:
        file.touch()
    seconds = stopped_after(lambda: pipeline.run(graph=graph, production=True), (project / "reached").exists)
    assert seconds < 5  # two at most on a quiet machine; the function sleeps for sixty
    assert state(pipeline) == "CANCELED"
    assert {f.status for d in pipeline.last_update().datasets.values() for f in d.flows.values()} == {"STOPPED"}
    for file in holds:
        file.unlink()
    pipeline.run()
    assert sorted(pipeline.session().table("t").collect()) == [(0,), (1,), (2,)]


def test_an_interrupt_ends_a_dry_run_that_looks_at_files_and_its_jobs(spark_main, make_project):
    project = make_project({"transformations/t.sql": """
        CREATE OR REFRESH MATERIALIZED VIEW t AS SELECT count(*) AS n FROM read_files('${root}/in', format => 'json');
    """})
    (project / "in").mkdir()
    # a gigabyte in a few files of a few kilobytes
    lines = "".join(f'{{"a{n % 50}": {{"b": [{n}, {n}.5], "c": "x{n}"}}}}\n' for n in range(20_000)).encode()
    for number in range(4):
        (project / "in" / f"{number}.json.gz").write_bytes(gzip.compress(lines, 1) * 250)
    pipeline = Pipeline(project, settings={"root": str(project)})
    tracker = pipeline.session().sparkContext.statusTracker()
    seconds = stopped_after(pipeline.dry_run, tracker.getActiveJobsIds, 0.5)
    assert seconds < 5
    end = time.monotonic() + 10
    while tracker.getActiveJobsIds() and time.monotonic() < end:
        time.sleep(0.05)
    assert not tracker.getActiveJobsIds()
