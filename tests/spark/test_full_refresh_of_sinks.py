"""What a full refresh does to a sink that reads a table of the pipeline as a stream."""

from __future__ import annotations

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed

pytestmark = pytest.mark.spark

SOURCE = """
    from pyspark import pipelines as dp

    ROOT = spark.conf.get("root")

    @dp.table
    def events():
        return spark.readStream.schema("id INT").json(f"{ROOT}/in")

    dp.create_sink("outside", "delta", {"path": f"{ROOT}/outside"})

    @dp.append_flow(target="outside")
    def to_outside():
        return spark.readStream.table("events")
"""


def test_it_gets_everything_again_and_a_refresh_of_the_table_alone_wants_its_checkpoint_reset(spark_main, make_project):
    project = make_project({"transformations/t.py": SOURCE, "in/1.json": '{"id": 1}\n'})
    pipeline = Pipeline(project, settings={"root": str(project)})

    def written() -> list[int]:
        return sorted(row[0] for row in delta_files.rows(project / "outside", ["id"]))

    pipeline.run()
    pipeline.run(full_refresh_all=True)
    assert written() == [1, 1]
    pipeline.run(full_refresh=["events"])
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    (problem,) = caught.value.problems
    assert (problem.code, problem.dataset) == ("LDP-3004", "to_outside")
    assert "--reset-checkpoint to_outside" in problem.hint
    pipeline.run(reset_checkpoints=["to_outside"])
    assert written() == [1, 1, 1]
