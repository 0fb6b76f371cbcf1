"""Flows in which nothing can have changed are not evaluated again; whatever may change one is noticed."""

from __future__ import annotations

import json

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.engine.flows import FlowRun

pytestmark = pytest.mark.spark

PROJECT = {
    "transformations/stream.py": """
        from pyspark import pipelines as dp

        @dp.table
        def landed():
            return spark.readStream.schema("id BIGINT, v BIGINT").json(spark.conf.get("data"))

        @dp.table
        def copied():
            return spark.readStream.table("landed").where("v > 0")

        dp.create_streaming_table("latest")
        dp.create_auto_cdc_flow(target="latest", source="landed", keys=["id"], sequence_by="v")
    """,
    "transformations/views.sql": """
        CREATE TEMPORARY VIEW big AS SELECT * FROM copied WHERE v > 1;
        CREATE MATERIALIZED VIEW by_sql AS
        WITH t AS (SELECT id, v FROM big) SELECT a.id, count(*) AS n FROM t a JOIN t b ON a.id = b.id GROUP BY a.id;
        CREATE MATERIALIZED VIEW over_view AS SELECT max(n) AS n FROM by_sql;
        CREATE MATERIALIZED VIEW outside AS SELECT id FROM main.other.given;
    """,
    "transformations/views.py": """
        from pathlib import Path
        from pyspark import pipelines as dp
        from pyspark.sql import functions as F

        @dp.materialized_view
        def by_code():
            least = int(Path(spark.conf.get("least")).read_text())
            return spark.read.table("copied").where(F.col("v") >= least)

        @dp.materialized_view
        def counting():
            return spark.range(spark.read.table("copied").count())
    """,
}
ALL = {"landed", "copied", "latest", "by_sql", "over_view", "outside", "by_code", "counting"}


class Project:
    """A pipeline whose updates tell which flows were evaluated, and which of them wrote."""

    def __init__(self, make_project, tmp_path, monkeypatch) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "least").write_text("2")
        configuration = json.dumps({"data": str(tmp_path / "data"), "least": str(tmp_path / "least")})
        self.root = make_project(PROJECT | {
            "databricks.yml": "bundle: {name: p}\nresources: {pipelines: {p: {name: p, catalog: main, schema: default, "
                              f"configuration: {configuration}}}}}}}\n"})  # fmt: skip
        self.pipeline = Pipeline(self.root)
        self.evaluated: set[str] = set()
        evaluate = FlowRun.frame

        def frame(run: FlowRun, observe):
            self.evaluated.add(run.name)
            return evaluate(run, observe)

        monkeypatch.setattr(FlowRun, "frame", frame)

    def land(self, *rows: tuple[int, int]) -> None:
        files = self.root / "data"
        text = "".join(f'{{"id": {key}, "v": {v}}}\n' for key, v in rows)
        (files / f"{len(list(files.iterdir()))}.json").write_text(text)

    def sql(self, text: str) -> None:
        self.pipeline.session().sql(text)

    def delete_from_outside(self, table: str, condition: str) -> None:
        """As another program would: by SQL here, materialized views take no changes."""
        from delta.tables import DeltaTable

        path = str(self.pipeline.layout.warehouse / "main" / "default" / table)
        DeltaTable.forPath(self.pipeline.session().newSession(), path).delete(condition)

    def edit(self, file: str, before: str, after: str) -> None:
        path = self.root / "transformations" / file
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))

    def run(self, **arguments) -> tuple[set[str], set[str]]:
        """Flows evaluated, and datasets with a new version."""
        self.evaluated.clear()
        before = self.versions()
        self.pipeline.run(**arguments)
        after = self.versions()
        return set(self.evaluated), {name for name in after if after[name] != before.get(name)}

    def versions(self) -> dict[str, int]:
        return {table["name"]: table["version"] for table in self.pipeline.tables()}


@pytest.fixture
def project(spark_main, make_project, tmp_path, monkeypatch) -> Project:
    project = Project(make_project, tmp_path, monkeypatch)
    project.sql("CREATE SCHEMA main.other")
    project.sql("CREATE TABLE main.other.given AS SELECT 1 AS id")
    project.land((1, 1), (2, 2), (3, 3))
    assert project.run() == (ALL, ALL)
    return project


@pytest.mark.long
def test_what_is_settled_is_left_alone_and_any_change_is_noticed(project: Project) -> None:
    data(project)
    graph(project)
    definitions(project)


def data(project: Project) -> None:
    # code that counts rows may do anything with the number
    assert project.run() == ({"counting"}, set())

    project.sql("INSERT INTO main.other.given VALUES (2)")
    (project.root / "least").write_text("3")
    assert project.run() == ({"counting", "outside", "by_code"}, {"outside", "by_code"})
    assert project.pipeline.query("SELECT v FROM by_code").rows == [(3,)]

    project.delete_from_outside("by_sql", "id = 2")
    assert project.run() == ({"counting", "by_sql", "over_view"}, {"by_sql", "over_view"})
    assert len(project.pipeline.query("SELECT * FROM by_sql").rows) == 2

    project.sql("INSERT INTO main.default.copied VALUES (9, 9)")
    assert project.run()[0] == {"counting", "by_sql", "over_view", "by_code"}
    assert len(project.pipeline.query("SELECT * FROM by_sql").rows) == 3

    project.land((4, 0))
    evaluated, written = project.run()
    assert {"landed", "copied", "latest"} <= evaluated
    assert {"landed", "latest"} <= written
    assert len(project.pipeline.query("SELECT * FROM latest").rows) == 4


def graph(project: Project) -> None:
    """What code gave counts for one update; the next one with the same graph asks it again."""
    graph = project.pipeline.dry_run()
    assert project.run(graph=graph)[0] == {"counting"}
    (project.root / "least").write_text("9")
    assert {"by_code", "landed", "copied"} <= project.run(graph=graph)[0]
    assert project.pipeline.query("SELECT v FROM by_code").rows == [(9,)]


def definitions(project: Project) -> None:
    project.edit("views.sql", "WHERE v > 1;", "WHERE v > 2;")
    assert project.run()[0] == {"counting", "by_sql", "over_view"}
    assert project.pipeline.query("SELECT id FROM by_sql ORDER BY id").rows == [(3,), (9,)]

    project.edit("views.sql", "VIEW big AS", "VIEW big (CONSTRAINT c EXPECT (v > 5) ON VIOLATION DROP ROW) AS")
    project.edit("views.sql", "VIEW outside AS", "VIEW outside COMMENT 'of others' AS")
    project.edit("views.py", "@dp.materialized_view\ndef by_code", '@dp.materialized_view(spark_conf={"spark.sql.ansi.enabled": "true"})\ndef by_code')
    assert {"outside", "by_code"} <= project.run()[1]
    assert project.pipeline.query("SELECT id FROM by_sql").rows == [(9,)]

    assert "by_code" in project.run(full_refresh=["by_code"])[1]
    assert project.run(refresh=["by_code"]) == (set(), set())
