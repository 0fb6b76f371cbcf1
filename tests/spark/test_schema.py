"""A schema other than `default`: a dry run makes no folder for it, an update does."""

from __future__ import annotations

import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark


def test_a_dry_run_in_a_new_schema_writes_nothing(spark_main, make_project):
    project = make_project({
        "databricks.yml": """
            bundle: {name: b}
            resources: {pipelines: {p: {name: p, catalog: shop, schema: sales}}}
        """,
        "transformations/a.sql": """
            CREATE OR REFRESH MATERIALIZED VIEW v AS SELECT 1 AS id;
            USE SCHEMA other;
            CREATE OR REFRESH MATERIALIZED VIEW w AS SELECT id + 1 AS id FROM sales.v;
        """,
    })
    pipeline = Pipeline(project)
    graph = pipeline.dry_run()
    assert graph.ok, graph.problems
    assert not (project / ".ldp").exists()
    pipeline.run()
    assert pipeline.session().table("shop.other.w").collect() == [(2,)]
    assert pipeline.session().sql("SELECT id FROM v").collect() == [(1,)]
