"""An update reads one version of each table from outside, while another process goes on to write it."""

from __future__ import annotations

import delta_files
import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark

SQL = """
    CREATE OR REFRESH MATERIALIZED VIEW first AS SELECT count(*) AS n FROM outside.numbers;
    CREATE OR REFRESH MATERIALIZED VIEW by_name AS SELECT f.n, count(*) AS m FROM outside.numbers, first f GROUP BY f.n;
    CREATE OR REFRESH MATERIALIZED VIEW by_path AS
    SELECT f.n, (SELECT count(*) FROM delta.`${path}`) AS m FROM first f;
    CREATE OR REFRESH MATERIALIZED VIEW by_version AS
    WITH old AS (SELECT count(*) AS n FROM outside.numbers VERSION AS OF 0)
    SELECT f.n, old.n AS m FROM first f, old;
    CREATE OR REFRESH STREAMING TABLE followed;
    CREATE FLOW once_only AS INSERT INTO ONCE followed BY NAME SELECT n.id, f.n FROM outside.numbers n, first f;
"""
PYTHON = """
    from pyspark import pipelines as dp
    from pyspark.sql import functions as F

    @dp.temporary_view
    @dp.expect("all", "id >= 0")
    def seen():
        return spark.read.format("delta").load(spark.conf.get("path"))

    @dp.materialized_view
    def by_reader():
        return spark.read.table("seen").join(spark.read.table("first")).groupBy("n").agg(F.count("*").alias("m"))
"""


@pytest.mark.long
def test_an_update_reads_one_version_of_a_table_that_grows(spark_main, make_project):
    root = make_project({"transformations/a.sql": SQL, "transformations/b.py": PYTHON})
    pipeline = Pipeline(root, settings={"path": str(root / ".ldp" / "warehouse" / "main" / "outside" / "numbers")})
    session = pipeline.session()
    session.sql("CREATE SCHEMA main.outside")
    session.range(3).write.saveAsTable("main.outside.numbers")

    def write_meanwhile(event):
        """Somebody appends when the first view is done and the others have not begun."""
        progress = event.details.get("flow_progress", {})
        if event.origin.get("flow_name") == "first" and progress.get("status") == "COMPLETED":
            session.range(2).write.mode("append").saveAsTable("main.outside.numbers")

    def row(table):
        (found,) = delta_files.rows(delta_files.of(pipeline, table))
        return found

    views = ("by_name", "by_path", "by_reader")
    done = pipeline.run(subscribers=[write_meanwhile])
    assert {view: row(view) for view in views} == dict.fromkeys(views, (3, 3))
    assert row("by_version") == (3, 3)
    assert sorted(session.table("main.default.followed").collect()) == [(0, 3), (1, 3), (2, 3)]
    assert done.datasets["seen"].expectations["all"].passed == 3
    told = {e.origin["flow_name"]: e.details["planning_information"]["source_table_information"]
            for e in done.events if e.event_type == "planning_information" and "flow_name" in e.origin}
    assert {t["version"] for t in told["by_reader"] if t["table_name"].endswith("numbers")} == {0}

    again = pipeline.run()  # what came meanwhile is the next update's
    assert {view: row(view) for view in views} == dict.fromkeys(views, (5, 5))
    assert row("by_version") == (5, 3)
    assert {again.datasets[view].refresh for view in ("first", *views)} == {"COMPLETE_RECOMPUTE"}
    reasons = [i["incrementalization_issues"] for e in again.events if e.event_type == "planning_information"
               for i in e.details["planning_information"].get("technique_information", ())]
    assert {r["issue_type"] for issues in reasons for r in issues} == {"DATA_HAS_CHANGED"}, "a version is no definition"
    assert {pipeline.run().datasets[view].refresh for view in ("first", *views)} == {"NO_OP"}
