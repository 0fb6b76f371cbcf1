"""Violating rows that are kept with the counts: the first few, in the pass that writes, without masked values."""

from __future__ import annotations

import json

import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark

PROJECT = {
    "databricks.yml": """
        bundle: {name: numbers}
        resources:
          pipelines:
            numbers: {name: numbers, catalog: main, schema: default, configuration: {%s}}
    """,
    "transformations/numbers.sql": """
        CREATE TEMPORARY VIEW seen (CONSTRAINT small EXPECT (n < 90)) AS
        SELECT n, concat('text ', n) AS secret FROM VALUES (1), (50), (95) AS t(n);

        CREATE OR REFRESH MATERIALIZED VIEW many (
            n INT, secret STRING MASK hide,
            CONSTRAINT low EXPECT (n < 10) ON VIOLATION DROP ROW,
            CONSTRAINT any EXPECT (n > 0)
        ) AS SELECT n, secret FROM seen UNION ALL SELECT explode(sequence(10, 40)), NULL;
    """,
    "transformations/stream.py": """
        from pyspark import pipelines as dp

        @dp.table
        @dp.expect("even", "n % 2 = 0")
        def landed():
            return (spark.readStream.schema("n INT").option("maxFilesPerTrigger", 1).json(spark.conf.get("data")))
    """,
}


def samples(view, dataset):
    return {r.name: [json.loads(row) for row in r.samples] for r in view.datasets[dataset].expectations.values()}


def project(make_project, tmp_path, **configuration):
    data = tmp_path / "data"
    data.mkdir()
    for part in range(4):
        (data / f"{part}.json").write_text("".join(f'{{"n": {part * 8 + n}}}\n' for n in range(8)))
    configuration["data"] = str(data)
    text = ", ".join(f'"{k}": "{v}"' for k, v in configuration.items())
    return Pipeline(make_project(PROJECT | {"databricks.yml": PROJECT["databricks.yml"] % text}))


def test_first_violating_rows_of_each_rule_come_with_the_counts(spark_main, make_project, tmp_path):
    view = project(make_project, tmp_path).run()

    many = samples(view, "many")
    assert len(many["low"]) == 10
    assert {tuple(row) for row in many["low"]} == {("n", "secret")}
    assert all(10 <= row["n"] < 100 and row["secret"] == "(masked)" for row in many["low"])
    assert many["any"] == []
    assert samples(view, "seen") == {"small": [{"n": 95, "secret": "text 95"}]}
    odd = samples(view, "landed")["even"]  # over four micro-batches, four odd numbers in each
    assert len(odd) == len({row["n"] for row in odd}) == 10
    assert all(row["n"] % 2 for row in odd)
    told = {d["name"]: d for d in view.to_json()["datasets"]}
    assert len(told["many"]["expectations"][0]["samples"]) == 10
    assert "samples" not in told["many"]["expectations"][1]


def test_samples_are_switched_off_by_a_setting(spark_main, make_project, tmp_path):
    view = project(make_project, tmp_path, **{"ldp.violationSamples": "0"}).run()
    assert view.datasets["many"].expectations["low"].failed == 33
    assert samples(view, "many") == {"low": [], "any": []}
