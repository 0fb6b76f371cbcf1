"""Continuous updates: what arrives while one runs reaches the tables; nothing is told where nothing is new."""

from __future__ import annotations

import threading

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import LdpError, UpdateFailed
from ldp_jupyter.events import FlowStatus, UpdateState

pytestmark = pytest.mark.spark

SOURCE = {
    "transformations/numbers.py": """
        from pyspark import pipelines as dp
        from pyspark.sql import functions as F

        @dp.table(table_properties={"pipelines.trigger.interval": "1 second"})
        @dp.expect_or_fail("small", "n < 100")
        def landed():
            return spark.readStream.schema("n INT").json(spark.conf.get("data"))

        @dp.materialized_view
        def total():
            return spark.read.table("landed").agg(F.sum("n").alias("n"))

        @dp.materialized_view
        def unrelated():
            return spark.range(3)
    """,
}


class Running:
    """A continuous update in a thread, with what its events tell."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.told: list = []
        self.changed = threading.Condition()
        self.update = None
        self.failure: LdpError | None = None
        self.thread = threading.Thread(target=self._run, args=(pipeline,))
        self.thread.start()

    def _run(self, pipeline: Pipeline) -> None:
        try:
            pipeline.run(continuous=True, begun=self._begun, subscribers=[self._hear])
        except LdpError as error:
            self.failure = error

    def _begun(self, update):
        self.update = update
        return ()

    def _hear(self, event) -> None:
        with self.changed:
            self.told.append(event)
            self.changed.notify_all()

    def wait_for(self, dataset: str, count: int) -> None:
        """Wait until a dataset has written for the so-manieth time."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.written(dataset)) >= count, 120), self.told[-5:]

    def written(self, dataset: str) -> list[int]:
        return [
            e.details["flow_progress"]["metrics"]["num_output_rows"]
            for e in self.told
            if e.event_type == "flow_progress"
            and e.origin["dataset_name"] == dataset
            and "num_output_rows" in e.details["flow_progress"].get("metrics", {})
        ]

    def stop(self) -> None:
        self.update.stop()
        self.thread.join(30)
        assert not self.thread.is_alive()


def land(folder, name: str, *numbers: int) -> None:
    draft = folder / f".{name}"  # a file is there whole, or not at all
    draft.write_text("".join(f'{{"n": {n}}}\n' for n in numbers))
    draft.rename(folder / name)


@pytest.fixture
def pipeline(spark_main, make_project, tmp_path):
    (tmp_path / "data").mkdir()
    land(tmp_path / "data", "1.json", 1, 2)
    return Pipeline(make_project(SOURCE), settings={"data": str(tmp_path / "data")})


def test_what_arrives_later_reaches_the_tables_until_it_is_stopped(pipeline, tmp_path):
    running = Running(pipeline)
    running.wait_for("total", 1)
    land(tmp_path / "data", "2.json", 4)
    running.wait_for("total", 2)
    land(tmp_path / "data", "3.json", 8, 16)
    running.wait_for("total", 3)
    running.stop()

    assert running.failure.code == "LDP-3008"
    assert running.update.view.state == UpdateState.CANCELED
    assert running.update.view.datasets["landed"].status == FlowStatus.IDLE.value
    assert running.written("landed") == [2, 1, 2]
    assert running.written("unrelated") == [3]
    assert delta_files.rows(delta_files.of(pipeline, "total")) == [(31,)]
    assert pipeline.run().datasets["landed"].rows_written is None  # a triggered update goes on from there


def test_a_violated_rule_ends_it(pipeline, tmp_path):
    running = Running(pipeline)
    running.wait_for("total", 1)
    land(tmp_path / "data", "2.json", 100)
    running.thread.join(60)
    assert isinstance(running.failure, UpdateFailed)
    assert running.failure.problems[0].code == "LDP-4001"
    assert running.update.view.state == UpdateState.FAILED
    assert running.update.view.datasets["landed"].status == FlowStatus.FAILED.value
    assert delta_files.rows(delta_files.of(pipeline, "total")) == [(3,)]


def test_a_wrong_interval_is_told_before_anything_is_written(spark_main, make_project):
    pipeline = Pipeline(make_project({
        "transformations/a.py": """
            from pyspark import pipelines as dp

            @dp.materialized_view(table_properties={"pipelines.trigger.interval": "soon"})
            def a():
                return spark.range(3)
        """,
    }))
    with pytest.raises(LdpError) as caught:
        pipeline.run(continuous=True)
    assert (caught.value.code, str(caught.value.location)) == ("LDP-1003", "transformations/a.py:3")
    assert '"soon"' in caught.value.message
    assert pipeline.tables() == []
