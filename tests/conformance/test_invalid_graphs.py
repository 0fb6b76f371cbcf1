"""Wrong graphs: one error for each cause, what only fails because of it listed under it, circles with their path.

The cases restate those that open-source Spark's pipelines hold against their own graph resolution.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.spark


def test_a_missing_source_is_one_error(sql):
    found = sql("CREATE VIEW b AS SELECT * FROM a;\nCREATE MATERIALIZED VIEW ok AS SELECT 1 AS id;").problem()
    assert (found.code, found.dataset) == ("LDP-2003", "b")
    assert str(found.location) == "transformations/a.sql:1:32"
    assert '"a"' in found.message


def test_own_failures_and_those_of_inputs_are_told_apart(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW a AS SELECT id FROM range(5);
        CREATE MATERIALIZED VIEW b AS SELECT * FROM nowhere;
        CREATE MATERIALIZED VIEW c AS SELECT * FROM b;
        CREATE MATERIALIZED VIEW d AS SELECT id FROM range(5);
        CREATE MATERIALIZED VIEW e AS SELECT no_such_column FROM range(5);
        CREATE MATERIALIZED VIEW f AS SELECT * FROM e;
        CREATE MATERIALIZED VIEW g AS SELECT * FROM f JOIN a USING (id);
    """)
    problems = {p.dataset: p for p in checked.graph.problems}
    assert {name: (p.code, p.because) for name, p in problems.items()} == {
        "b": ("LDP-2003", ["c"]),
        "e": ("LDP-2004", ["f", "g"]),
    }


def test_a_reader_of_two_failed_datasets_is_listed_under_the_first(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW b AS SELECT * FROM nowhere;
        CREATE MATERIALIZED VIEW e AS SELECT no_such_column FROM range(5);
        CREATE MATERIALIZED VIEW g AS SELECT * FROM b, e;
    """)
    assert {p.dataset: p.because for p in checked.graph.problems} == {"b": ["g"], "e": []}


def test_one_failed_flow_of_several_fails_the_readers_of_its_table(python):
    problem = python("""
        dp.create_streaming_table("a")

        @dp.append_flow(target="a")
        def first():
            return spark.readStream.table("numbers_a")

        @dp.append_flow(target="a")
        def second():
            return spark.readStream.table("numbers_a").select("no_such_column")

        @dp.materialized_view
        def b():
            return spark.read.table("a")
    """).problem()
    assert (problem.code, problem.because) == ("LDP-2004", ["b"])
    assert str(problem.location) == "transformations/a.py:11"


def test_every_failed_flow_of_a_table_is_told(python):
    checked = python("""
        dp.create_streaming_table("a")

        @dp.append_flow(target="a")
        def first():
            return spark.readStream.table("numbers_a").select("missing_one")

        @dp.append_flow(target="a")
        def second():
            return spark.readStream.table("nowhere")
    """)
    assert checked.found() == [("LDP-2003", "a"), ("LDP-2004", "a")]


def test_a_column_that_the_input_lacks(sql):
    problem = sql("""
        CREATE VIEW a AS SELECT 1 AS z;
        CREATE MATERIALIZED VIEW b AS
        SELECT x
        FROM a;
    """).problem()
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2004", "b", "transformations/a.sql:3:8")
    assert "z" in problem.hint


def test_a_join_using_a_column_of_one_side(sql):
    problem = sql("""
        CREATE VIEW a AS SELECT 1 AS x;
        CREATE VIEW b AS SELECT 'm' AS y;
        CREATE MATERIALIZED VIEW c AS SELECT * FROM a JOIN b USING (x);
    """).problem()
    assert (problem.code, problem.dataset) == ("LDP-2004", "c")
    assert '"x"' in problem.message
    assert "right" in problem.message
    assert problem.location.line == 3


def test_a_union_of_columns_that_do_not_fit(sql):
    problem = sql("""
        CREATE VIEW a AS SELECT 1 AS x;
        CREATE VIEW b AS SELECT true AS x;
        CREATE MATERIALIZED VIEW c AS SELECT x FROM a UNION SELECT x FROM b;
    """).problem()
    assert (problem.code, problem.dataset) == ("LDP-2015", "c")
    assert "compatible column types" in problem.message
    assert problem.location.line == 3


@pytest.mark.parametrize(("kind", "read"), [
    ("VIEW", "a"), ("MATERIALIZED VIEW", "a"), ("TEMPORARY VIEW", "a"), ("MATERIALIZED VIEW", "main.default.A"),
    ("MATERIALIZED VIEW", "LIVE.`a`"), ("STREAMING TABLE", "STREAM(a)"),
])
def test_a_dataset_that_reads_itself_is_a_circle(sql, kind, read):
    problem = sql(f"CREATE {kind} a AS SELECT * FROM {read}; CREATE MATERIALIZED VIEW ok AS SELECT 1 AS id;").problem()
    assert (problem.code, problem.dataset) == ("LDP-2005", "a")
    assert problem.message.endswith(": a -> a")
    assert problem.location.column


CIRCLES = {
    "of two views": (
        "CREATE VIEW a AS SELECT * FROM b; CREATE VIEW b AS SELECT * FROM a;", "a -> b -> a"),
    "of three views, with an entry": (
        """CREATE VIEW a AS SELECT 1 AS x;
           CREATE VIEW b AS SELECT * FROM a UNION SELECT * FROM d;
           CREATE VIEW c AS SELECT * FROM b;
           CREATE VIEW d AS SELECT * FROM c;""", "b -> d -> c -> b"),
    "of tables": (
        """CREATE MATERIALIZED VIEW a AS SELECT 1 AS x;
           CREATE MATERIALIZED VIEW b AS SELECT * FROM a UNION SELECT * FROM d;
           CREATE MATERIALIZED VIEW c AS SELECT * FROM b;
           CREATE MATERIALIZED VIEW d AS SELECT * FROM c;""", "b -> d -> c -> b"),
    "made by a second flow": (
        """CREATE STREAMING TABLE b;
           CREATE FLOW b1 AS INSERT INTO b BY NAME SELECT * FROM STREAM numbers_a;
           CREATE FLOW b2 AS INSERT INTO b BY NAME SELECT * FROM STREAM d;
           CREATE STREAMING TABLE c AS SELECT * FROM STREAM b;
           CREATE STREAMING TABLE d AS SELECT * FROM STREAM c;""", "b -> d -> c -> b"),
    "of named flows": (
        """CREATE STREAMING TABLE b; CREATE STREAMING TABLE c; CREATE STREAMING TABLE d;
           CREATE FLOW `b-name` AS INSERT INTO b BY NAME SELECT * FROM STREAM numbers_a UNION ALL SELECT * FROM STREAM d;
           CREATE FLOW `c-name` AS INSERT INTO c BY NAME SELECT * FROM STREAM b;
           CREATE FLOW `d-name` AS INSERT INTO d BY NAME SELECT * FROM STREAM c;""", "b -> d -> c -> b"),
}


@pytest.mark.parametrize("circle", CIRCLES)
def test_a_circle_is_one_error_with_its_path(sql, circle):
    text, path = CIRCLES[circle]
    problem = sql(text + " CREATE MATERIALIZED VIEW reader AS SELECT * FROM b;").problem()
    assert problem.code == "LDP-2005"
    assert problem.message.endswith(f": {path}")
    assert problem.because == ["reader"]  # the members of the circle are told by its path
    assert problem.location.line


def test_a_circle_through_python_has_the_place_of_a_read(python):
    problem = python("""
        @dp.materialized_view
        def a():
            return spark.read.table("b")

        @dp.materialized_view
        def b():
            frame = spark.range(1)
            return frame.join(spark.table("a"), "id")
    """).problem()
    assert problem.code == "LDP-2005"
    assert (problem.dataset, str(problem.location)) == ("b", "transformations/a.py:10")


def test_two_circles_are_two_errors(sql):
    checked = sql("""
        CREATE VIEW a AS SELECT * FROM b; CREATE VIEW b AS SELECT * FROM a;
        CREATE VIEW c AS SELECT * FROM d; CREATE VIEW d AS SELECT * FROM c;
    """)
    assert [p.code for p in checked.graph.problems] == ["LDP-2005", "LDP-2005"]


def test_a_batch_view_read_as_a_stream(sql):
    problem = sql("CREATE VIEW a AS SELECT 1 AS id;\nCREATE STREAMING TABLE b AS SELECT * FROM STREAM(a);").problem()
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2018", "b", "transformations/a.sql:2:50")
    assert 'batch view "a"' in problem.message


def test_a_streaming_view_read_as_a_batch(sql):
    problem = sql("""
        CREATE TEMPORARY VIEW a AS SELECT * FROM STREAM numbers_a;
        CREATE MATERIALIZED VIEW b AS SELECT * FROM a;
    """).problem()
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2018", "b", "transformations/a.sql:2:45")
    assert "STREAM(a)" in problem.hint


def test_the_check_of_view_reads_can_be_switched_off_as_in_spark(sql):
    text = "CREATE TEMPORARY VIEW a AS SELECT * FROM STREAM numbers_a; CREATE STREAMING TABLE b AS SELECT * FROM a;"
    assert sql(text).problem().code == "LDP-2018"
    sql(text, **{"pipelines.incompatibleViewCheck.enabled": "false"}).fine()


def test_a_streaming_table_with_a_batch_query(sql):
    problem = sql("CREATE STREAMING TABLE a AS SELECT * FROM numbers_a").problem()
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2007", "a", "transformations/a.sql:1:29")
    assert "STREAM" in problem.hint


def test_a_materialized_view_with_a_streaming_query(python):
    problem = python("""
        @dp.materialized_view
        def a():
            return spark.readStream.table("numbers_a")
    """).problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2008", "a", 3)


def test_a_persisted_view_with_a_streaming_query(sql):
    assert sql("CREATE VIEW a AS SELECT * FROM STREAM numbers_a").problem().code == "LDP-2008"


def test_a_once_flow_with_a_streaming_query(python):
    problem = python("""
        dp.create_streaming_table("a")

        @dp.append_flow(target="a", once=True)
        def once_flow():
            return spark.readStream.table("numbers_a")
    """).problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2008", "a", 5)
    assert "once_flow" in problem.message


def test_the_same_setting_from_a_view_and_its_reader_is_a_conflict(python):
    # a view has no query of its own: it runs in its reader's session
    problem = python("""
        @dp.temporary_view(spark_conf={"spark.sql.shuffle.partitions": "3"})
        def a():
            return spark.range(1)

        @dp.materialized_view(spark_conf={"spark.sql.shuffle.partitions": "4"})
        def b():
            return spark.read.table("a")
    """).problem()
    assert (problem.code, problem.dataset) == ("LDP-2011", "b")
    assert problem.message == 'views and flows of "b" set spark.sql.shuffle.partitions differently: "3" in "a", "4" in "b"'
    assert problem.location.line == 7


def test_the_same_setting_from_two_views_is_a_conflict_of_their_reader(python):
    problem = python("""
        @dp.temporary_view(spark_conf={"spark.sql.shuffle.partitions": "3"})
        def a():
            return spark.range(1)

        @dp.temporary_view(spark_conf={"spark.sql.shuffle.partitions": "4"})
        def b():
            return spark.range(1)

        @dp.materialized_view(spark_conf={"spark.sql.ansi.enabled": "true"})
        def c():
            return spark.sql("SELECT * FROM a UNION SELECT * FROM b")
    """).problem()
    assert (problem.code, problem.dataset) == ("LDP-2011", "c")
    assert '"3" in "a", "4" in "b"' in problem.message


def test_a_column_that_the_declared_schema_lacks(sql):
    problem = sql("CREATE MATERIALIZED VIEW a (x INT) AS SELECT 1 AS `incorrect-name`").problem()
    assert (problem.code, problem.dataset) == ("LDP-2020", "a")
    assert "incorrect-name" in problem.message


def test_a_type_that_the_declared_schema_cannot_take(python):
    # Names the types; a table that exists would need a full refresh after its schema is changed.
    problem = python("""
        dp.create_streaming_table("a", schema="x INT")

        @dp.append_flow(target="a", once=True)
        def fill():
            return spark.sql("SELECT array(true) AS x")
    """).problem()
    assert (problem.code, problem.dataset) == ("LDP-2020", "a")
    assert "array<boolean>" in problem.message
    assert "int" in problem.message
