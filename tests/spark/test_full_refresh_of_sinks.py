"""What a full refresh of a table does to the table and the sink that read it as a stream, and what plans tell of it."""

from __future__ import annotations

from pathlib import Path

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.display import PlanView
from ldp_jupyter.errors import UpdateFailed

pytestmark = pytest.mark.spark

SOURCE = """
    from pyspark import pipelines as dp

    ROOT = spark.conf.get("root")

    @dp.table
    def events():
        return spark.readStream.schema("id INT").json(f"{ROOT}/in")

    @dp.table
    def follows():
        return spark.readStream.table("events")

    @dp.table
    def passes():
        return spark.readStream.option("skipChangeCommits", "true").table("events")

    dp.create_sink("outside", "delta", {"path": f"{ROOT}/outside"})

    @dp.append_flow(target="outside")
    def to_outside():
        return spark.readStream.table("events")
"""


@pytest.mark.long
def test_they_get_everything_again_and_a_refresh_of_the_table_alone_wants_them_reset(spark_main, make_project):
    project = make_project({"transformations/t.py": SOURCE, "in/1.json": '{"id": 1}\n'})
    pipeline = Pipeline(project, settings={"root": str(project)})

    def written() -> list[int]:
        return sorted(row[0] for row in delta_files.rows(project / "outside", ["id"]))

    def refusals(plan: PlanView) -> list[str]:
        return [d.name for d in plan.plan.datasets if d.needs_full_refresh]

    # a kill while the plan of the first batch was written: Spark refuses to begin over it
    rest = Path(pipeline.layout.checkpoint("outside", "0", "to_outside"), "offsets", ".0.5d1e.tmp")
    rest.parent.mkdir(parents=True)
    rest.touch()
    pipeline.run()
    assert not rest.exists()
    pipeline.run(full_refresh_all=True)
    assert written() == [1, 1]
    before = pipeline.plan(full_refresh=["events"]).plan.warnings
    assert ["`follows` reads" in before[0].text, "`to_outside` reads" in before[1].text] == [True, True]
    assert "add --refresh outside --reset-checkpoint to_outside" in before[1].text
    assert refusals(pipeline.plan()) == []
    pipeline.run(full_refresh=["events"])

    # the next plan tells what the next update will
    plan = pipeline.plan()
    assert refusals(plan) == ["follows"]
    assert "1 needs a full refresh" in plan.text()
    (told,) = plan.plan.warnings
    assert '"to_outside" reads "events" as a stream, which was emptied' in told.text
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    hints = {problem.dataset: problem.hint for problem in caught.value.problems if problem.code == "LDP-3004"}
    assert sorted(hints) == ["follows", "to_outside"]
    for flow, option in (("follows", "--full-refresh follows"), ("to_outside", "--reset-checkpoint to_outside")):
        assert option in hints[flow]

    asked = {"full_refresh": ["follows"], "refresh": ["outside"], "reset_checkpoints": ["to_outside"]}
    plan = pipeline.plan(**asked)
    assert (refusals(plan), plan.plan.warnings) == ([], [])
    pipeline.run(**asked)
    assert written() == [1, 1, 1]
    assert refusals(pipeline.plan()) == []
    assert {table: delta_files.count(delta_files.of(pipeline, table)) for table in ("follows", "passes")} == {
        "follows": 1, "passes": 2}  # fmt: skip
