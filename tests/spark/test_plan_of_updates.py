"""What a plan tells before an update, datasets that left the source, checkpoints that begin anew, and cleaning."""

from __future__ import annotations

import json

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.display import CleanView, DryRunView, PlanView
from ldp_jupyter.errors import LdpError, UsageProblem

pytestmark = pytest.mark.spark

BRONZE = """
    CREATE OR REFRESH STREAMING TABLE bronze AS
    SELECT id, kind FROM STREAM read_files('${root}/source', format => 'json', schema => 'id INT, kind STRING');
"""
SILVER = """
    CREATE OR REFRESH STREAMING TABLE silver (CONSTRAINT known EXPECT (kind IS NOT NULL))
    TBLPROPERTIES ('quality' = 'silver') AS SELECT * FROM STREAM bronze;
    CREATE OR REFRESH STREAMING TABLE passing AS SELECT id FROM STREAM(bronze) WITH (skipChangeCommits => true);
"""
GOLD = """
    from pyspark import pipelines as dp

    LEAST = 1

    @dp.temporary_view
    def selected():
        return spark.read.table("silver").where(f"id >= {LEAST}")

    @dp.materialized_view
    def counted():
        return spark.read.table("selected").groupBy("kind").count()

    @dp.materialized_view
    def stamped():
        return spark.sql("SELECT count(*) AS n, current_timestamp() AS at FROM silver")
"""
SHOWN = """
    CREATE VIEW shown AS SELECT kind FROM counted;
    CREATE OR REFRESH MATERIALIZED VIEW kinds AS SELECT count(*) AS n FROM shown;
"""


@pytest.fixture
def pipeline(spark_main, make_project):
    project = make_project(
        {
            "source/1.json": '{"id": 1, "kind": "x"}\n',
            "transformations/bronze.sql": BRONZE,
            "transformations/silver.sql": SILVER.replace(
                "SELECT id FROM STREAM(bronze) WITH (skipChangeCommits => true)", "SELECT id FROM STREAM bronze"
            ),
            "transformations/gold.py": GOLD,
        }
    )
    return Pipeline(project, settings={"root": str(project)})


def rewrite(pipeline, file, old, new):
    path = pipeline.project.root / "transformations" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def planned(pipeline, **selection):
    return {d.name: d for d in pipeline.plan(**selection).plan.datasets}


def states(pipeline, **selection):
    return {name: (d.state, d.refresh) for name, d in planned(pipeline, **selection).items()}


def rows(pipeline, table):
    return sorted(delta_files.rows(delta_files.of(pipeline, table)))


def jobs(pipeline):
    """Jobs that Spark has run so far."""
    return len(pipeline.session().sparkContext.statusTracker().getJobIdsForGroup(None))


def test_a_plan_tells_what_an_update_would_do(pipeline):
    (pipeline.project.root / "transformations" / "shown.sql").write_text(SHOWN)
    before = states(pipeline)
    assert before == {
        "bronze": ("NEW", "INCREMENTAL"), "silver": ("NEW", "INCREMENTAL"), "passing": ("NEW", "INCREMENTAL"),
        "counted": ("NEW", "COMPLETE_RECOMPUTE"), "stamped": ("NEW", "COMPLETE_RECOMPUTE"),
        "kinds": ("NEW", "COMPLETE_RECOMPUTE")}  # fmt: skip
    assert planned(pipeline)["counted"].reasons == ["FIRST_REFRESH"]
    assert not pipeline.layout.home.exists(), "a plan writes nothing"
    assert pipeline.next_update(pipeline.dry_run()) is None

    pipeline.run()
    ran = jobs(pipeline)
    assert states(pipeline) == {
        "bronze": ("UNCHANGED", "INCREMENTAL"), "silver": ("UNCHANGED", "INCREMENTAL"),
        "passing": ("UNCHANGED", "INCREMENTAL"),
        "counted": ("UNCHANGED", "COMPLETE_RECOMPUTE_IF_INPUTS_CHANGE"),
        "stamped": ("UNCHANGED", "COMPLETE_RECOMPUTE"),
        "kinds": ("UNCHANGED", "COMPLETE_RECOMPUTE_IF_INPUTS_CHANGE")}  # fmt: skip
    selected = planned(pipeline, refresh=["counted", "stamped"])
    assert {n: d.refresh for n, d in selected.items()} == {
        "bronze": "EXCLUDED", "silver": "EXCLUDED", "passing": "EXCLUDED", "counted": "NO_OP",
        "stamped": "COMPLETE_RECOMPUTE", "kinds": "EXCLUDED"}  # fmt: skip
    assert selected["stamped"].reasons == ["PLAN_NOT_DETERMINISTIC"]
    everything = planned(pipeline, full_refresh_all=True)
    assert {d.refresh for d in everything.values()} == {"FULL_REFRESH", "COMPLETE_RECOMPUTE"}
    assert everything["counted"].reasons == ["FULL_REFRESH"]

    # the readers of what is emptied, and those of them that pass over changes
    (first, second) = pipeline.plan(full_refresh=["bronze"]).plan.warnings
    assert "`silver` reads `bronze` as a stream" in first.text
    assert "--full-refresh bronze,silver,passing" in first.text
    assert "`passing`" in second.text
    assert pipeline.plan(full_refresh=["bronze", "silver", "passing"]).plan.warnings == []
    assert pipeline.plan(full_refresh=["silver"]).plan.warnings == []
    rewrite(pipeline, "silver.sql", "SELECT id FROM STREAM bronze", "SELECT id FROM STREAM(bronze) WITH (skipChangeCommits = true)")
    (only,) = pipeline.plan(full_refresh=["bronze"]).plan.warnings
    assert "`silver`" in only.text

    # changed definitions: what changed, and what cannot be done without a full refresh
    rewrite(pipeline, "silver.sql", "kind IS NOT NULL", "kind <> ''")
    rewrite(pipeline, "silver.sql", "'quality' = 'silver'", "'quality' = 'gold'")
    rewrite(pipeline, "gold.py", "LEAST = 1", "LEAST = 2")
    rewrite(pipeline, "shown.sql", "SELECT kind", "SELECT kind AS sort")
    rewrite(pipeline, "bronze.sql", "SELECT id, kind", "SELECT cast(id AS STRING) AS id, kind, 1 AS one")
    found = planned(pipeline)
    assert {n: d.state for n, d in found.items()} == {
        "bronze": "CHANGED", "silver": "CHANGED", "passing": "CHANGED", "counted": "CHANGED", "stamped": "UNCHANGED",
        "kinds": "CHANGED"}
    assert found["bronze"].changes == ["query", "columns: +one int, id int to string"]
    assert found["silver"].changes == [
        "columns: +one int, id int to string", "expectation known changed", "properties: quality"]  # fmt: skip
    assert found["counted"].changes == ["view selected changed"]
    assert found["kinds"].changes == ["view shown changed"]
    assert found["counted"].reasons == ["QUERY_FINGERPRINT_CHANGED"]
    assert (found["bronze"].needs_full_refresh, found["bronze"].problem.code) == (True, "LDP-3005")
    assert not planned(pipeline, full_refresh_all=True)["bronze"].needs_full_refresh
    assert json.loads(json.dumps(pipeline.plan().to_json()))["datasets"][0]["needs_full_refresh"] is True
    assert jobs(pipeline) == ran, "plans start no Spark job"

    graph = pipeline.dry_run()
    card = DryRunView(graph, "", pipeline.next_update(graph))
    view = PlanView(pipeline.plan().plan, "local .ldp")
    for shown in (card.text(), str(card.html())):
        assert "Next update" in shown
        assert "column &quot;id&quot;" in shown or 'column "id" of "bronze" changed from int to string' in shown
    assert "3 need a full refresh" in view.text()
    assert "Full recompute" in str(view.html())


def test_a_dataset_that_leaves_the_source_stays_readable_and_is_inactive(pipeline):
    pipeline.run()
    gone = pipeline.project.root / "transformations" / "gold.py"
    text = gone.read_text()
    gone.unlink()
    assert states(pipeline)["counted"] == ("INACTIVE", None)
    assert not any(t["inactive"] for t in pipeline.tables()), "it becomes so in the next update"
    view = pipeline.run(refresh=["passing"])
    assert view.inactive == ["counted", "stamped"]
    assert view.to_json()["inactive"] == ["counted", "stamped"]
    assert {t["name"]: t["inactive"] for t in pipeline.tables()} == {
        "bronze": False, "silver": False, "passing": False, "counted": True, "stamped": True}  # fmt: skip
    assert rows(pipeline, "counted") == [("x", 1)]

    # a cell that another process ran has not left anything, nor has one of this kernel's notebook that did not run
    from ldp_jupyter.engine.inactive import ORIGIN
    from ldp_jupyter.state import Memory

    memory = Memory(pipeline.layout)
    place = memory.get("main.default.counted", ORIGIN)
    memory.set("main.default.counted", ORIGIN, {**place, "cell": "cell [3]", "process": "another"})
    assert states(pipeline)["counted"] == ("NOT_LOADED", None)
    assert states(pipeline)["stamped"] == ("INACTIVE", None)

    gone.write_text(text)
    assert states(pipeline)["counted"][0] == "UNCHANGED"
    # cleaning: what goes is told, then it goes with all that belongs to it
    cleaning = pipeline.cleaning("bronze", "main.default.counted")
    assert [(i.name, i.kind, i.rows) for i in cleaning.items] == [
        ("bronze", "streaming_table", 1), ("counted", "materialized_view", 1)]  # fmt: skip
    assert len(cleaning.items[0].paths) == 2, "the table and its checkpoints"
    assert "`bronze` is read by `silver`, `passing`" in cleaning.warnings[0]
    with pytest.raises(UsageProblem, match="LDP-1007"):
        pipeline.cleaning("bronce")
    from ldp_jupyter.state import UpdateLock

    with UpdateLock(pipeline.layout), pytest.raises(LdpError, match="LDP-3003"):
        cleaning.delete()
    assert rows(pipeline, "bronze") == [(1, "x")]
    cleaning.delete()
    assert "deleted" in CleanView(cleaning).text()
    assert not any(path.exists() for item in cleaning.items for path in item.paths)
    assert not (pipeline.layout.root / "trash").exists()
    assert {n: d.state for n, d in planned(pipeline).items()} == {
        "bronze": "NEW", "silver": "UNCHANGED", "passing": "UNCHANGED", "counted": "NEW", "stamped": "UNCHANGED"}
    pipeline.run(refresh=["bronze", "counted"])
    assert rows(pipeline, "bronze") == [(1, "x")]

    everything = pipeline.cleaning()
    assert {i.kind for i in everything.items} == {"streaming_table", "materialized_view", "event log", "state"}
    everything.delete()
    assert pipeline.tables() == []
    assert pipeline.cleaning().items == []
    assert not pipeline.layout.home.exists()


def test_checkpoints_of_change_flows_begin_anew(spark_main, make_project):
    """Changes that are read again are applied again: the target is the same, and later changes still arrive."""
    project = make_project(
        {
            "source/1.json": '{"id": 1, "n": 1}\n{"id": 2, "n": 1}\n',
            "transformations/t.sql": """
                CREATE TEMPORARY VIEW changes AS
                SELECT * FROM STREAM read_files('${root}/source', format => 'json', schema => 'id INT, n INT');
                CREATE OR REFRESH STREAMING TABLE target;
                CREATE FLOW apply AS AUTO CDC INTO target FROM STREAM changes KEYS (id) SEQUENCE BY n;
                CREATE OR REFRESH MATERIALIZED VIEW plain AS SELECT 1 AS id;
            """,
        }
    )
    pipeline = Pipeline(project, settings={"root": str(project)})
    pipeline.run()
    (project / "source" / "1.json").unlink()
    (project / "source" / "2.json").write_text('{"id": 1, "n": 2}\n{"id": 3, "n": 1}\n')
    # batch 0 of the new checkpoint is not the batch 0 that the target has already
    view = pipeline.run(refresh=["target"], reset_checkpoints=["main.default.apply"])
    assert view.datasets["target"].rows_upserted == 2
    assert rows(pipeline, "target") == [(1, 2), (2, 1), (3, 1)]
    assert planned(pipeline, reset_checkpoints=["apply"])["target"].resets == ["apply"]
    for selection, code, said in (
        ({"reset_checkpoints": ["plain"]}, "LDP-1007", "not a streaming flow"),
        ({"reset_checkpoints": ["aply"]}, "LDP-1007", 'unknown flow "aply"'),
        ({"reset_checkpoints": ["apply"], "refresh": ["plain"]}, "LDP-1008", "not refreshed"),
        ({"reset_checkpoints": ["apply"], "full_refresh": ["target"]}, "LDP-1008", "fully refreshed"),
        ({"refresh_files": ["transformations/s.sql"]}, "LDP-1007", 'no source "transformations/s.sql"'),
    ):
        with pytest.raises(UsageProblem, match=code) as caught:
            pipeline.plan(**selection)
        assert said in caught.value.message
    assert planned(pipeline, refresh_files=["transformations/t.sql"])["plain"].refresh == "NO_OP"
    assert not planned(pipeline)["target"].needs_full_refresh
    rewrite(pipeline, "t.sql", "SEQUENCE BY n", "SEQUENCE BY n STORED AS SCD TYPE 2")
    changed = planned(pipeline)["target"]
    assert changed.changes[0] == "flow apply changed"
    assert "the SCD type changed from 1 to 2" in changed.problem.message
    assert changed.needs_full_refresh
