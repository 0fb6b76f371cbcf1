"""Right graphs: columns and inputs of every dataset, whatever the order of the text; settings; several flows.

The cases restate those that open-source Spark's pipelines hold against their own graph resolution.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.spark


def test_columns_and_inputs_whatever_the_order_of_declarations(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW c AS SELECT y AS z FROM b;
        CREATE VIEW b AS SELECT x AS y FROM a;
        CREATE MATERIALIZED VIEW a AS SELECT 1 AS x;
    """).fine()
    assert [checked.columns(name) for name in "abc"] == [["x int"], ["y int"], ["z int"]]
    assert [checked.inputs(name) for name in "abc"] == [[], ["a"], ["b"]]
    assert checked.order() == ["a", "b", "c"]


def test_columns_go_through_several_hops(sql):
    checked = sql("""
        CREATE VIEW b AS SELECT * FROM VALUES (1) AS v(col1) FULL OUTER JOIN d ON false;
        CREATE MATERIALIZED VIEW e AS SELECT * FROM b;
        CREATE VIEW d AS SELECT 'n' AS y;
    """).fine()
    assert checked.columns("b") == checked.columns("e") == ["col1 int", "y string"]


def test_joins_and_unions_of_datasets(sql):
    checked = sql("""
        CREATE VIEW a AS SELECT 1 AS x, 'p' AS y;
        CREATE VIEW b AS SELECT 1 AS x, 'q' AS z;
        CREATE MATERIALIZED VIEW crossed AS SELECT a.x, b.z FROM a CROSS JOIN b;
        CREATE MATERIALIZED VIEW joined AS SELECT * FROM a JOIN b USING (x);
        CREATE MATERIALIZED VIEW united AS SELECT y AS v FROM a UNION SELECT z FROM b;
    """).fine()
    assert checked.columns("crossed") == ["x int", "z string"]
    assert checked.columns("joined") == ["x int", "y string", "z string"]
    assert checked.columns("united") == ["v string"]
    assert [checked.inputs(name) for name in ("crossed", "joined", "united")] == [["a", "b"]] * 3


def test_a_union_of_two_streams(sql):
    checked = sql("""
        CREATE TEMPORARY VIEW a AS SELECT id FROM STREAM numbers_a;
        CREATE TEMPORARY VIEW b AS SELECT id FROM STREAM numbers_b;
        CREATE STREAMING TABLE c AS SELECT * FROM STREAM a UNION ALL SELECT * FROM STREAM b;
    """).fine()
    assert (checked.columns("c"), checked.inputs("c"), checked.node("c").streaming) == (["id bigint"], ["a", "b"], True)


def test_a_union_of_a_stream_and_a_batch_resolves_and_cannot_run(sql):
    # Open-source Spark lets the graph pass and fails when the query starts; here the dry run tells it.
    problem = sql("""
        CREATE TEMPORARY VIEW a AS SELECT id FROM STREAM numbers_a;
        CREATE VIEW b AS SELECT id FROM numbers_b;
        CREATE STREAMING TABLE c AS SELECT * FROM STREAM a UNION ALL SELECT * FROM b;
    """).problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2015", "c", 3)
    assert "nion between streaming and batch" in problem.message


def test_settings_of_views_join_those_of_their_readers(python):
    # Equal values are no conflict, and settings end where a table is: it has a query of its own.
    python("""
        @dp.temporary_view(spark_conf={"spark.sql.shuffle.partitions": "3"})
        def a():
            return spark.range(1)

        @dp.temporary_view(spark_conf={"spark.sql.shuffle.partitions": "3"})
        def b():
            return spark.read.table("a")

        @dp.materialized_view(spark_conf={"spark.sql.shuffle.partitions": "3"})
        def c():
            return spark.read.table("a").union(spark.read.table("b"))

        @dp.materialized_view(spark_conf={"spark.sql.shuffle.partitions": "4"})
        def d():
            return spark.read.table("c")
    """).fine()


def test_a_setting_of_a_dataset_beats_the_one_of_the_pipeline(python):
    checked = python("""
        def seen():
            return spark.sql("SELECT 1 AS id").withColumn("v", F.lit(spark.conf.get("my.key")))

        @dp.materialized_view(name="plain")
        def plain():
            assert spark.conf.get("my.key") == "of the pipeline"
            return seen()

        @dp.materialized_view(name="own", spark_conf={"my.key": "its own"})
        def own():
            assert spark.conf.get("my.key") == "its own"
            return seen()
    """, **{"my.key": "of the pipeline"})
    checked.fine()


def test_a_table_of_named_flows_alone(python):
    checked = python("""
        dp.create_streaming_table("b")

        @dp.append_flow(target="b", name="b-query")
        def any_name():
            return spark.readStream.table("numbers_a")
    """).fine()
    assert (checked.flow_names("b"), checked.columns("b")) == (["b-query"], ["id bigint"])


def test_a_default_flow_beside_a_named_one(python):
    checked = python("""
        @dp.temporary_view
        def a():
            return spark.readStream.table("numbers_a")

        @dp.table
        def b():
            return spark.readStream.table("numbers_b").select(F.col("id").alias("y"))

        @dp.append_flow(target="b")
        def b2():
            return spark.readStream.table("a")
    """).fine()
    default, named = checked.node("b").flows
    assert (default.flow.default, default.inputs, default.external_inputs) == (True, [], ["numbers_b"])
    assert (named.flow.name, [str(i) for i in named.inputs]) == ("b2", ["main.default.a"])
    assert checked.columns("b") == ["y bigint", "id bigint"]
    assert checked.inputs("b") == ["a"]


def test_kinds_after_resolution(python):
    checked = python("""
        @dp.temporary_view(name="batch-view")
        def batch_view():
            return spark.range(1)

        @dp.temporary_view(name="stream-view")
        def stream_view():
            return spark.readStream.table("numbers_a")

        @dp.table(name="`batch-table`")
        def batch_table():
            return spark.read.table("`batch-view`")

        @dp.table(name="`stream-table`")
        def stream_table():
            return spark.readStream.table("`stream-view`")

        @dp.append_flow(target="`stream-table`", name="fill-once", once=True)
        def fill():
            return spark.range(1)
    """).fine()
    assert checked.kind("batch-table") == "materialized view"
    assert checked.kind("stream-table") == "streaming table"
    assert [(f.streaming, f.flow.once) for f in checked.node("stream-table").flows] == [(True, False), (False, True)]
    assert [checked.node(name).streaming for name in ("batch-view", "stream-view")] == [False, True]


def test_batch_flows_into_one_streaming_table_are_refused_each_for_itself(python):
    # Open-source Spark speaks of a materialized view with several queries, which the table is not.
    checked = python("""
        dp.create_streaming_table("a")

        @dp.append_flow(target="a")
        def a1():
            return spark.range(5)

        @dp.append_flow(target="a")
        def a2():
            return spark.range(6)
    """)
    assert [(p.code, p.dataset, p.location.line) for p in checked.graph.problems] == [
        ("LDP-2007", "a", 5), ("LDP-2007", "a", 9)]
    assert '"a1"' in checked.graph.problems[0].message


@pytest.mark.parametrize(("flow", "once"), [("readStream.table('numbers_a')", ""), ("range(6)", ", once=True")])
def test_a_materialized_view_has_one_query(python, flow, once):
    problem = python(f"""
        @dp.table
        def a():
            return spark.range(5)

        @dp.append_flow(target="a"{once})
        def more():
            return spark.{flow}
    """).problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2013", "a", 7)
    assert 'flow "more" writes to the materialized view "a"' in problem.message


def test_reach_over_a_diamond_and_beside_it(sql):
    checked = sql("""
        CREATE MATERIALIZED VIEW a AS SELECT 1 AS x;
        CREATE MATERIALIZED VIEW b AS SELECT * FROM a;
        CREATE MATERIALIZED VIEW c AS SELECT * FROM a;
        CREATE MATERIALIZED VIEW d AS SELECT * FROM b JOIN c USING (x);
        CREATE MATERIALIZED VIEW e AS SELECT * FROM d;
        CREATE MATERIALIZED VIEW other AS SELECT 1 AS x;
        CREATE MATERIALIZED VIEW reader AS SELECT * FROM other;
    """).fine()
    graph = checked.graph

    def downstream(name):
        direct = {graph.shown(n.name) for n in graph.readers(checked.node(name).name)}
        return direct.union(*(downstream(n) for n in direct))

    assert {name: downstream(name) for name in ("a", "b", "d", "e", "other")} == {
        "a": {"b", "c", "d", "e"}, "b": {"d", "e"}, "d": {"e"}, "e": set(), "other": {"reader"}}
    order = checked.order()
    assert all(order.index(i) < order.index(name) for name in order for i in checked.inputs(name))


def test_inputs_are_known_although_the_frame_comes_resolved(python):
    # A frame made in one function and used in another is found by its read, not by its plan.
    checked = python("""
        def source():
            return spark.read.table("bronze")

        @dp.materialized_view
        def bronze():
            return spark.range(3).toDF("x")

        @dp.materialized_view
        def silver():
            return source().where("x > 1").select("x")
    """).fine()
    assert checked.inputs("silver") == ["bronze"]


def test_a_long_chain_that_is_declared_from_its_end(python):
    checked = python("""
        def declare(number):
            @dp.materialized_view(name=f"t{number}")
            def t():
                return spark.read.table(f"t{number - 1}") if number else spark.range(1)

        for number in reversed(range(90)):
            declare(number)
    """).fine()
    assert checked.order() == [f"t{number}" for number in range(90)]
