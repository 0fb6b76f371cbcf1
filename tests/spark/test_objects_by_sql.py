"""What users make by SQL beside the pipeline's tables, functions and volumes, and what they may not do to its views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyspark.errors import AnalysisException

from ldp_jupyter import Pipeline
from ldp_jupyter.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytestmark = pytest.mark.spark


def rows(session: Any, text: str) -> list[tuple]:
    return [tuple(row) for row in session.sql(text).collect()]


def refused(session: Any, text: str) -> str:
    with pytest.raises(AnalysisException) as caught:
        session.sql(text)
    return str(caught.value).splitlines()[0]


def test_functions_are_kept_with_their_schema_and_used_by_queries_and_by_other_sessions(spark: Any) -> None:
    spark.sql("CREATE SCHEMA main.tools")
    spark.sql("CREATE FUNCTION main.tools.twice(x BIGINT COMMENT 'any') RETURNS BIGINT COMMENT 'doubles' RETURN x * 2")
    spark.sql("CREATE FUNCTION next(x BIGINT DEFAULT 4) RETURNS BIGINT RETURN x + 1")
    spark.sql("CREATE FUNCTION tools.upto(n INT) RETURNS TABLE (a INT) RETURN SELECT explode(sequence(1, n))")
    assert rows(spark, "SELECT main.tools.twice(next()), Tools.Twice(abs(-1))") == [(10, 2)]
    assert rows(spark, "SELECT u.a FROM main.tools.upto(3) u WHERE main.tools.twice(a) > 4") == [(3,)]
    other = spark.newSession()
    for key in ("spark.ldp.warehouse", "spark.sql.defaultCatalog"):
        other.conf.set(key, spark.conf.get(key))
    assert rows(other, "SELECT main.tools.twice(2)") == [(4,)]

    spark.sql("CREATE VIEW doubled AS SELECT tools.twice(id) AS d FROM range(3)")
    assert rows(spark, "SELECT max(d) FROM doubled") == [(4,)]
    assert "already exists" in refused(spark, "CREATE FUNCTION main.tools.twice(x BIGINT) RETURNS BIGINT RETURN x")
    spark.sql("CREATE FUNCTION IF NOT EXISTS main.tools.twice(x BIGINT) RETURNS BIGINT RETURN x")
    spark.sql("CREATE OR REPLACE FUNCTION main.tools.twice(x BIGINT) RETURNS BIGINT RETURN x * 3")
    assert [rows(s, "SELECT main.tools.twice(2)") for s in (spark, other)] == [[(6,)], [(6,)]]
    assert rows(spark, "SELECT max(d) FROM doubled") == [(6,)]

    assert rows(spark, "SHOW USER FUNCTIONS IN main.tools") == [("main.tools.twice",), ("main.tools.upto",)]
    assert ("Function: main.tools.twice",) in rows(spark, "DESCRIBE FUNCTION main.tools.twice")
    spark.sql("CREATE FUNCTION f(x BIGINT) RETURNS STRING RETURN concat('f(', main.tools.twice(x) + next(x), ')')")
    spark.sql("CREATE FUNCTION tools.last(n INT) RETURNS TABLE (a STRING) RETURN SELECT default.f(max(a)) FROM tools.upto(n)")
    assert rows(other, "SELECT f(2), a FROM main.tools.last(3)") == [("f(9)", "f(13)")]
    spark.sql("CREATE OR REPLACE FUNCTION main.tools.twice(x BIGINT) RETURNS BIGINT RETURN x * 2")
    assert rows(spark, "SELECT f(2), a FROM main.tools.last(3)") == [("f(7)", "f(10)")]
    body = [text.split(None, 1)[1] for (text,) in rows(spark, "DESCRIBE FUNCTION EXTENDED f") if text.startswith("Body:")]
    assert body == ["concat('f(', main.tools.twice(x) + main.default.next(x), ')')"]
    assert "cannot call itself" in refused(spark, "CREATE OR REPLACE FUNCTION next(x BIGINT) RETURNS STRING RETURN f(x)")
    assert "main.none does not exist" in refused(spark, "CREATE FUNCTION main.none.f(x INT) RETURNS INT RETURN x")
    assert "`y` cannot be resolved" in refused(spark, "CREATE FUNCTION bad(x INT) RETURNS INT RETURN y")
    spark.sql("CREATE TEMPORARY FUNCTION mine(x INT) RETURNS INT RETURN x")  # Spark's own business
    assert rows(spark, "SELECT mine(1)") == [(1,)]

    spark.sql("DROP FUNCTION main.tools.twice")
    spark.sql("DROP FUNCTION IF EXISTS main.tools.twice")
    assert "does not exist" in refused(spark, "DROP FUNCTION main.tools.twice")
    assert "UNRESOLVED_ROUTINE" in refused(spark, "SELECT main.tools.twice(1)")
    assert "main.default.f calls main.tools.twice, which does not exist" in refused(spark, "SELECT f(1)")


def test_volumes_are_folders_of_the_project_and_views_take_no_rows_by_hand(
    spark_main: Any, make_project: Callable[[Mapping[str, str]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project({"transformations/t.sql": """
        CREATE OR REFRESH STREAMING TABLE raw AS SELECT * FROM STREAM read_files(
            '/Volumes/main/default/landing', format => 'json', schema => 'id BIGINT');
        CREATE OR REFRESH MATERIALIZED VIEW total AS SELECT count(*) AS n FROM raw;
    """})  # fmt: skip
    pipeline = Pipeline(project)
    (problem,) = pipeline.dry_run().problems
    assert (problem.code, problem.message) == ("LDP-2024", "no files at /Volumes/main/default/landing")
    assert "put files into Volumes/main/default/landing of the project" in (problem.hint or "")

    session = pipeline.session()
    session.sql("CREATE VOLUME landing COMMENT 'of files'")
    assert "already exists" in refused(session, "CREATE VOLUME main.default.landing")
    session.sql("CREATE VOLUME IF NOT EXISTS main.default.landing")
    assert rows(session, "SHOW VOLUMES IN main.default") == [("default", "landing")]
    assert "ldp.path./Volumes/main/default/far" in refused(
        session, "CREATE EXTERNAL VOLUME main.default.far LOCATION 's3://b/x'"
    )
    folder = project / "Volumes" / "main" / "default" / "landing"
    (described,) = rows(session, "DESCRIBE VOLUME landing")
    assert described[-1] == str(folder)
    (folder / "1.json").write_text('{"id": 1}\n{"id": 2}\n')
    assert [row[1:3] for row in rows(session, "LIST '/Volumes/main/default/landing'")] == [("1.json", 20)]
    assert rows(session, "SELECT count(*) FROM json.`/Volumes/main/default/landing`") == [(2,)]

    pipeline.run()
    session = pipeline.session()
    for statement in (
        "DELETE FROM total", "UPDATE total SET n = 1", "INSERT INTO total VALUES (1)", "TRUNCATE TABLE total",
        "INSERT OVERWRITE total VALUES (1)", "MERGE INTO total USING (SELECT 2 AS n) s ON s.n = total.n WHEN MATCHED THEN DELETE",
        "DROP TABLE total", "ALTER TABLE total SET TBLPROPERTIES ('a' = 'b')", "DROP TABLE raw",
    ):  # fmt: skip
        assert "a pipeline manages this table" in refused(session, statement), statement
    for text, told in (
        ("DELETE FROM total", "LDP-2015 DELETE of main.default.total is refused: a pipeline manages this table"),
        ("SELECT * FROM totals", 'LDP-2003 unknown table "totals"\n  did you mean "total"?'),
        ("CREATE TABLE main.absent.t (a INT)", 'LDP-2015 unknown schema "main.absent"\n  by hand: CREATE SCHEMA main.absent'),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["query", "--project", str(project), text])
        assert ended.value.code == 1
        assert capsys.readouterr().err.startswith(told)
    assert rows(session, "SELECT n FROM total") == [(2,)]
    session.sql("INSERT INTO raw VALUES (7)")  # streaming tables take rows by hand
    assert pipeline.run().datasets["total"].refresh == "COMPLETE_RECOMPUTE"
    assert rows(pipeline.session(), "SELECT n FROM total") == [(3,)]
    session.sql("DROP VOLUME landing")
    assert not folder.exists()
