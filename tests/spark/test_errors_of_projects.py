"""What a dry run says of wrong pipelines: one coded error per cause, its place, a hint; all at once."""

from __future__ import annotations

import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark

WRONG_PYTHON = """
from pyspark import pipelines as dp
from pyspark.sql import functions as F

@dp.materialized_view
def numbers():
    return spark.range(10).withColumn("double", F.col("id") * 2)

@dp.materialized_view
def bad_column():
    return spark.read.table("numbers").select("id", "dubble")

@dp.materialized_view
def cyc_a():
    return spark.read.table("cyc_b")

@dp.materialized_view
def cyc_b():
    return spark.read.table("cyc_a")

@dp.materialized_view
def boom():
    return spark.range({}["missing"])

@dp.materialized_view
def none_returned():
    spark.range(1)

@dp.table
@dp.expect_or_drop("ok", "dubble > 1")
def ruled():
    return spark.read.table("numbers")

@dp.materialized_view
def reader():
    return spark.sql("select * from numberz")
"""
WRONG_SQL = """
CREATE OR REFRESH STREAMING TABLE st_batch AS SELECT * FROM numbers;

CREATE OR REFRESH MATERIALIZED VIEW numbers AS SELECT 1 AS id;

CREATE OR REFRESH MATERIALIZED VIEW gold AS
SELECT n.id
FROM numbers n
JOIN bad_column b ON n.id = b.id;

CREATE OR REFRESH MATERIALIZED VIEW unknown_t AS
SELECT *
FROM number AS x;

CREATE OR REFRESH MATERIALIZED VIEW synt AS
SELECT FROM WHERE id IN;

CREATE OR REFRESH MATERIALIZED VIEW gold2 AS
SELECT n.id,
       n.doubel
FROM numbers n;
"""


@pytest.fixture
def problems(spark_main, make_project):
    project = make_project({
        "transformations/a.py": WRONG_PYTHON, "transformations/b.sql": WRONG_SQL, "transformations/c.py": "def broken(:\n",
        "transformations/d.sql": "-- nothing\n",
    })
    return {(p.code, p.dataset): p for p in Pipeline(project).dry_run().problems}


@pytest.mark.parametrize(
    ("code", "dataset", "place", "hint"),
    [
        ("LDP-2004", "bad_column", "transformations/a.py:10", 'did you mean "double"?'),
        ("LDP-2005", "cyc_b", "transformations/a.py:18", "break the circle"),
        ("LDP-2009", "boom", "transformations/a.py:22", None),
        ("LDP-2010", "none_returned", "transformations/a.py:24", "return the DataFrame"),
        ("LDP-2016", "ruled", "transformations/a.py:29", 'did you mean "double"?'),
        ("LDP-2003", "reader", "transformations/a.py:35", 'did you mean "numbers"?'),
        ("LDP-2007", "st_batch", "transformations/b.sql:1:47", "STREAM"),
        ("LDP-2006", "numbers", "transformations/b.sql:3:1", "transformations/a.py:4"),
        ("LDP-2003", "unknown_t", "transformations/b.sql:12:6", 'did you mean "numbers"?'),
        ("LDP-2001", "synt", "transformations/b.sql:15:22", None),
        ("LDP-2004", "gold2", "transformations/b.sql:19:8", 'did you mean "n.double"?'),
        ("LDP-2001", None, "transformations/c.py:1:12", None),
    ],
)
def test_each_mistake_has_its_place_and_hint(problems, code, dataset, place, hint):
    problem = problems[code, dataset]
    assert str(problem.location) == place
    if hint:
        assert hint in problem.hint


def test_there_are_no_other_errors(problems):
    assert len(problems) == 12


def test_a_dataset_that_fails_with_its_input_is_listed_under_it(problems):
    assert problems["LDP-2004", "bad_column"].because == ["gold"]


def test_a_cycle_shows_its_path(problems):
    assert "cyc_a -> cyc_b -> cyc_a" in problems["LDP-2005", "cyc_b"].message


def test_an_exception_keeps_the_users_traceback_and_nothing_of_ours(problems):
    trace = problems["LDP-2009", "boom"].user_traceback
    assert "KeyError: 'missing'" in trace
    assert "in boom" in trace
    assert "ldp_jupyter/" not in trace.replace("/tests/", "")


def test_streams_and_batches_mixed_up(spark_main, make_project):
    project = make_project({
        "data/a.json": '{"id": 1}\n',
        "transformations/a.sql": """
            CREATE OR REFRESH STREAMING TABLE src AS SELECT * FROM STREAM read_files('${data}', format => 'json', schema => 'id INT');
            CREATE OR REFRESH STREAMING TABLE other;
            CREATE OR REFRESH MATERIALIZED VIEW mv AS SELECT * FROM STREAM src;
            CREATE TEMPORARY VIEW sv AS SELECT * FROM STREAM src;
            CREATE OR REFRESH MATERIALIZED VIEW of_view AS SELECT * FROM sv;
            CREATE FLOW once_flow AS INSERT INTO ONCE other BY NAME SELECT * FROM STREAM src;
            CREATE FLOW lost AS INSERT INTO scr BY NAME SELECT * FROM STREAM src;
            CREATE STREAMING TABLE empty_one;
        """,
    })
    found = {(p.code, p.dataset): p for p in Pipeline(project, settings={"data": str(project / "data")}).dry_run().problems}
    assert set(found) == {("LDP-2008", "mv"), ("LDP-2018", "of_view"), ("LDP-2008", "other"), ("LDP-2013", None),
                          ("LDP-2014", "empty_one")}
    assert found["LDP-2013", None].hint == 'did you mean "src"?'


def test_dry_run_writes_nothing(spark_main, make_project):
    project = make_project({
        "transformations/a.py": """
            from pyspark import pipelines as dp
            import helper

            @dp.table
            def t():
                return spark.readStream.format("cloudFiles").option("cloudFiles.format", "json").load(helper.PATH)
        """,
        "helper.py": "from pathlib import Path\nPATH = str(Path(__file__).parent / 'data')\n",
        "data/a.json": '{"id": 1}\n',
        "transformations/b.sql": "CREATE OR REFRESH MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t",
    })
    before = {(str(p), p.stat().st_mtime_ns) for p in project.rglob("*")}
    graph = Pipeline(project).dry_run()
    assert graph.ok, graph.problems
    assert {(str(p), p.stat().st_mtime_ns) for p in project.rglob("*")} == before


def test_an_invalid_pipeline_touches_no_table(spark_main, make_project):
    from ldp_jupyter.errors import PipelineInvalid

    project = make_project({"transformations/a.sql": """
        CREATE OR REFRESH MATERIALIZED VIEW good AS SELECT 1 AS id;
        CREATE OR REFRESH MATERIALIZED VIEW bad AS SELECT * FROM goood;
    """})
    pipeline = Pipeline(project)
    with pytest.raises(PipelineInvalid) as caught:
        pipeline.run()
    assert [p.code for p in caught.value.problems] == ["LDP-2003"]
    assert pipeline.tables() == []
    reports = list((project / ".ldp").glob("pipelines/*/runs/*/report.html"))
    assert len(reports) == 1
    assert "goood" in reports[0].read_text()
