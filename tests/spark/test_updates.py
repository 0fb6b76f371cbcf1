"""Updates: selections, full refreshes, once flows, several flows, private tables, views, sinks, what did not change."""

from __future__ import annotations

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.cli import main
from ldp_jupyter.errors import LdpError, UpdateFailed, UsageProblem

pytestmark = pytest.mark.spark

SOURCE = {
    "a/1.json": '{"id": 1, "kind": "x"}\n{"id": 2, "kind": "y"}\n',
    "b/1.json": '{"id": 10, "kind": "x"}\n',
    "transformations/t.sql": """
        CREATE OR REFRESH STREAMING TABLE events (id BIGINT, kind STRING COMMENT 'x or y')
        COMMENT 'all events' TBLPROPERTIES ('quality' = 'bronze') CLUSTER BY (id);
        CREATE FLOW from_a AS INSERT INTO events BY NAME SELECT * FROM STREAM read_files('${root}/a', format => 'json', schema => 'id BIGINT, kind STRING');
        CREATE FLOW from_b AS INSERT INTO events BY NAME SELECT * FROM STREAM read_files('${root}/b', format => 'json', schema => 'id BIGINT, kind STRING');
        CREATE FLOW backfill AS INSERT INTO ONCE events BY NAME SELECT 100 + id AS id, kind FROM VALUES (1L, 'x'), (2L, 'z') AS v(id, kind);
        CREATE OR REFRESH PRIVATE MATERIALIZED VIEW kinds AS SELECT kind, count(*) AS n FROM events GROUP BY kind;
        CREATE OR REFRESH MATERIALIZED VIEW top AS SELECT max(n) AS n FROM kinds;
        CREATE VIEW only_x COMMENT 'of kind x' AS SELECT id FROM events WHERE kind = 'x';
    """,
    "transformations/sink.py": """
        from pyspark import pipelines as dp

        dp.create_sink("outside", "delta", {"path": spark.conf.get("root") + "/outside"})

        dp.create_sink("named", "delta", {"tableName": "other.exports.events"})

        @dp.append_flow(target="outside")
        def to_outside():
            return spark.readStream.table("events")

        @dp.append_flow(target="named")
        def to_named():
            return spark.readStream.table("events")
    """,
}


@pytest.fixture
def pipeline(spark_main, make_project):
    project = make_project(SOURCE)
    return Pipeline(project, settings={"root": str(project)})


def ids(pipeline, table="events"):
    return sorted(r[0] for r in delta_files.rows(delta_files.of(pipeline, table), ["id"]))


def test_an_update_does_each_thing_once_and_again_only_when_asked(pipeline, capsys):
    root = pipeline.project.root
    first = pipeline.run()
    assert ids(pipeline) == [1, 2, 10, 101, 102]
    assert first.datasets["events"].rows_written == 5
    assert {f.name: f.rows_written for f in first.datasets["events"].flows.values()} == {"from_a": 2, "from_b": 1, "backfill": 2}
    session = pipeline.session()
    assert delta_files.rows(delta_files.of(pipeline, "top")) == [(3,)]
    assert session.table("main.default.only_x").count() == 3
    listed = session.sql("SELECT comment FROM main.information_schema.tables WHERE table_name = 'only_x'").collect()
    assert [row[0] for row in listed] == ["of kind x"]
    assert delta_files.count(root / "outside") == 5
    assert session.table("other.exports.events").count() == 5  # its catalog and schema were made
    assert {t["name"]: (t["kind"], t["rows"]) for t in pipeline.tables()} == {
        "events": ("streaming_table", 5), "kinds": ("materialized_view", 3), "top": ("materialized_view", 1)}
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        session.table("main.default.kinds")
    main(["show", "kinds", "--project", str(root), "--set", f"root={root}"])
    assert "3 rows" in capsys.readouterr().out
    described = {r[0]: (r[1], r[2]) for r in session.sql("DESCRIBE main.default.events").collect()}
    assert described["kind"] == ("string", "x or y")
    detail = session.sql("DESCRIBE DETAIL main.default.events").collect()[0]
    assert detail["description"] == "all events"
    assert detail["clusteringColumns"] == ["id"]
    assert detail["properties"]["quality"] == "bronze"

    (root / "b" / "2.json").write_text('{"id": 11, "kind": "x"}\n')
    second = pipeline.run()
    assert ids(pipeline) == [1, 2, 10, 11, 101, 102]
    assert {f.name: f.rows_written for f in second.datasets["events"].flows.values()} == {"from_a": None, "from_b": 1, "backfill": None}
    assert delta_files.count(root / "outside") == 6

    pipeline.layout.memory.unlink()  # a kill between the commit of a once flow and the note that it ran loses the note alone
    pipeline.run(refresh=["events"])
    assert ids(pipeline) == [1, 2, 10, 11, 101, 102]

    third = pipeline.run(full_refresh=["events"])
    assert ids(pipeline) == [1, 2, 10, 11, 101, 102]
    assert third.datasets["events"].rows_written == 6
    assert third.datasets["top"].status == "EXCLUDED"
    checkpoints = pipeline.layout.home / "checkpoints" / "main.default.events"
    assert len(list(checkpoints.iterdir())) == 1


def test_a_selection_refreshes_only_what_it_names(pipeline):
    pipeline.run()
    root = pipeline.project.root
    (root / "a" / "2.json").write_text('{"id": 3, "kind": "x"}\n')
    view = pipeline.run(refresh=["kinds"])
    assert ids(pipeline) == [1, 2, 10, 101, 102]
    assert {name: d.status for name, d in view.datasets.items() if d.flows} == {
        "events": "EXCLUDED", "kinds": "COMPLETED", "top": "EXCLUDED", "only_x": "EXCLUDED", "outside": "EXCLUDED",
        "named": "EXCLUDED"}
    before = len(pipeline.events())
    for wrong, code in ((["evnts"], "LDP-1007"), (["only_x"], "LDP-1007")):
        with pytest.raises(UsageProblem) as caught:
            pipeline.run(refresh=wrong)
        assert caught.value.code == code
    with pytest.raises(UsageProblem) as caught:
        pipeline.run(refresh=["events"], full_refresh=["events"])
    assert caught.value.code == "LDP-1008"
    assert len(pipeline.events()) == before, "no update was begun"


def test_a_stream_over_a_rewritten_table_says_what_to_do(spark_main, make_project):
    project = make_project({"a/1.json": '{"id": 1}\n', "transformations/t.sql": """
        CREATE OR REFRESH MATERIALIZED VIEW now AS SELECT * FROM read_files('${root}/a', format => 'json', schema => 'id INT');
        CREATE OR REFRESH STREAMING TABLE follows AS SELECT * FROM STREAM now;
    """})
    pipeline = Pipeline(project, settings={"root": str(project)})
    pipeline.run()
    (project / "a" / "2.json").write_text('{"id": 2}\n')
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    (problem,) = caught.value.problems
    assert problem.code == "LDP-3004"
    assert problem.message.startswith('"follows" reads "now" as a stream, which was changed')
    assert "skipChangeCommits" in problem.hint
    assert ids(pipeline, "follows") == [1]


def test_changed_definitions(spark_main, make_project):
    files = {"a/1.json": '{"id": 1, "name": "x"}\n', "transformations/t.sql": """
        CREATE OR REFRESH STREAMING TABLE t (id INT COMMENT 'a number', past INT) AS SELECT id, id AS past FROM STREAM read_files('${root}/a', format => 'json', schema => 'id INT, name STRING');
        CREATE OR REFRESH MATERIALIZED VIEW v AS SELECT count(*) AS n FROM t;
    """}
    project = make_project(files)
    pipeline = Pipeline(project, settings={"root": str(project)})
    pipeline.run()

    def rewrite(old: str, new: str) -> None:
        path = project / "transformations" / "t.sql"
        path.write_text(path.read_text().replace(old, new))

    rewrite("SELECT id, id AS past FROM", "SELECT id, name FROM")  # a new column: old rows have none; one that went stays
    rewrite("t (id INT COMMENT 'a number', past INT)", "t (id INT COMMENT 'the key', name STRING COMMENT 'of it')")
    (project / "a" / "2.json").write_text('{"id": 2, "name": "y"}\n')
    pipeline.run()
    table = pipeline.session().table("t")
    assert sorted(delta_files.rows(delta_files.of(pipeline, "t"))) == [(1, 1, None), (2, None, "y")]
    assert [field.metadata for field in table.schema] == [{"comment": "the key"}, {}, {"comment": "of it"}]
    rewrite("SELECT id, name", "SELECT cast(id AS STRING) AS id, name")
    rewrite("id INT", "id STRING")
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    assert [p.code for p in caught.value.problems] == ["LDP-3005"]
    assert {name: d.status for name, d in pipeline.last_update().datasets.items()} == {"t": "FAILED", "v": "SKIPPED"}
    with pytest.raises(UpdateFailed):
        pipeline.run(refresh_failed=True)  # there is something to do
    pipeline.run(full_refresh_all=True)
    assert sorted(delta_files.rows(delta_files.of(pipeline, "t"))) == [("1", "x"), ("2", "y")]
    rewrite("MATERIALIZED VIEW v AS SELECT count(*) AS n", "MATERIALIZED VIEW v AS SELECT 'all' AS what, count(*) AS n")
    view = pipeline.run()
    assert view.datasets["v"].refresh == "COMPLETE_RECOMPUTE"
    assert delta_files.rows(delta_files.of(pipeline, "v")) == [("all", 2)]


def test_two_pipelines_do_not_share_a_table_and_two_updates_do_not_meet(spark_main, make_project):
    from ldp_jupyter.state import UpdateLock

    project = make_project({"transformations/t.sql": "CREATE OR REFRESH MATERIALIZED VIEW v AS SELECT 1 AS id"})
    pipeline = Pipeline(project)
    pipeline.run()
    other = Pipeline(project, overrides={"name": "other"})
    with pytest.raises(UpdateFailed) as caught:
        other.run()
    assert [p.code for p in caught.value.problems] == ["LDP-3007"]
    with UpdateLock(pipeline.layout), pytest.raises(LdpError) as busy:
        pipeline.run()
    assert busy.value.code == "LDP-3003"
