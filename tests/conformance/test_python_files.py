"""Pipelines in Python files: reads of every spelling, names, flows, schemas, what functions may do.

The cases restate those that open-source Spark's pipelines hold against Python source. Where the platform's rule is
another one, the test says so.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.spark


def test_datasets_in_any_order(python):
    checked = python("""
        @dp.table()
        def b():
            return spark.readStream.table("a")

        @dp.table()
        def c():
            return spark.readStream.table("a")

        @dp.materialized_view()
        def d():
            return spark.read.table("a")

        @dp.materialized_view()
        def a():
            return spark.range(5)
    """).fine()
    assert checked.order() == ["a", "b", "c", "d"]
    assert [checked.kind(name) for name in "bcd"] == ["streaming table", "streaming table", "materialized view"]


def test_a_stream_over_a_materialized_view_passes_with_a_warning(python):
    # Updates rewrite a materialized view: the stream ends at the first change.
    checked = python("""
        @dp.materialized_view
        def src():
            return spark.range(5)

        @dp.table
        def b():
            return spark.readStream.table("src")

        @dp.table
        def knows():
            return spark.readStream.option("skipChangeCommits", "true").table("src")
    """).fine()
    assert checked.inputs("b") == checked.inputs("knows") == ["src"]
    assert [str(w).split(" reads ")[0] for w in checked.graph.warnings if "materialized view" in str(w)] == ["`b`"]


def test_a_failure_has_the_line_of_the_users_code(python):
    problem = python("""
        @dp.table()
        def table1():
            df = spark.createDataFrame([(25,), (30,), (45,)], ["age"])
            return df.select("name")
    """).problem()
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2004", "table1", "transformations/a.py:6")


def test_places_of_datasets_and_flows(python):
    checked = python("""
        @dp.table(
            comment="my table"
        )
        def table1():
            return spark.readStream.table("numbers_a")

        @dp.append_flow(
            target="table1"
        )
        def standalone_flow1():
            return spark.readStream.table("numbers_b")
    """).fine()
    assert [f.flow.location.line for f in checked.node("table1").flows] == [3, 9]


READS = {
    "spark.read.table": 'spark.read.table("src")',
    "spark.table": 'spark.table("src")',
    "a full name": 'spark.table("main.default.src")',
    "a name of two parts": 'spark.read.table("default.src")',
    "LIVE": 'spark.read.table("LIVE.src")',
    "backticks": 'spark.read.table("`main`.`default`.`SRC`")',
    "dp.read": 'dp.read("src")',
    "read with a format": 'spark.read.format("delta").table("src")',
    "read with options": 'spark.read.option("a", "b").table("src")',
    "spark.sql": 'spark.sql("SELECT * FROM src")',
    "spark.sql with parameters": 'spark.sql("SELECT * FROM src WHERE id > :low", {"low": 1})',
    "spark.sql with positional parameters": 'spark.sql("SELECT * FROM src WHERE id > ?", args=[1])',
    "spark.sql with IDENTIFIER": 'spark.sql("SELECT * FROM IDENTIFIER(:t)", {"t": "src"})',
    "spark.sql with a frame": 'spark.sql("SELECT src.* FROM src JOIN {other} o ON o.id = src.id", other=spark.range(3))',
    "the active session": 'SparkSession.getActiveSession().table("src")',
    "a session of the builder": 'SparkSession.builder.getOrCreate().read.table("src")',
    "the session of another frame": 'spark.range(1).sparkSession.table("src")',
    "two spellings": 'spark.table("src").union(spark.read.table("main.default.src")).union(dp.read("LIVE.src"))',
    "a read that only columns come from": 'spark.range(3).select(spark.table("src").columns)',
    "a temporary view of its own": '(spark.table("src").createOrReplaceTempView("mine"), spark.sql("SELECT * FROM mine"))[1]',
    "a function of a frame": 'spark.range(3).transform(lambda df: df.join(spark.table("src"), "id"))',
    "SELECT of a temporary view named like a column": 'spark.sql("SELECT id FROM src AS other")',
}


def test_reads_of_every_spelling_are_one_edge(python):
    datasets = "".join(
        f"\n@dp.materialized_view(name='r{number}')\ndef r{number}():\n    return {code}\n"
        for number, code in enumerate(READS.values())
    )
    checked = python(
        "from pyspark.sql import SparkSession\n\n@dp.materialized_view\ndef src():\n    return spark.range(5)\n" + datasets
    ).fine()
    found = {form: checked.inputs(f"r{number}") for number, form in enumerate(READS)}
    assert found == {form: ["src"] for form in READS}
    assert {form: checked.outside(f"r{number}") for number, form in enumerate(READS) if checked.outside(f"r{number}")} == {}
    assert {tuple(checked.columns(f"r{number}")) for number in range(len(READS))} == {("id bigint",)}


STREAM_READS = {
    "readStream.table": 'spark.readStream.table("src")',
    "dp.read_stream": 'dp.read_stream("src")',
    "a format": 'spark.readStream.format("delta").table("main.default.src")',
    "options": 'spark.readStream.option("maxFilesPerTrigger", 1).options(a="b").table("LIVE.src")',
    "spark.sql": 'spark.sql("SELECT * FROM STREAM(src)")',
    "spark.sql without parentheses": 'spark.sql("SELECT * FROM STREAM src")',
    "a stream beside a batch": 'spark.sql("SELECT s.id FROM STREAM(src) s JOIN src b ON s.id = b.id")',
}


def test_streaming_reads_of_every_spelling_are_one_edge(python):
    datasets = "".join(
        f"\n@dp.table(name='r{number}')\ndef r{number}():\n    return {code}\n" for number, code in enumerate(STREAM_READS.values())
    )
    checked = python("@dp.table\ndef src():\n    return spark.readStream.table('numbers_a')\n" + datasets).fine()
    assert {form: checked.inputs(f"r{number}") for number, form in enumerate(STREAM_READS)} == {form: ["src"] for form in STREAM_READS}
    assert {checked.kind(f"r{number}") for number in range(len(STREAM_READS))} == {"streaming table"}


def test_tables_from_outside_are_no_edges_of_the_pipeline(python):
    checked = python("""
        @dp.materialized_view
        def a():
            return spark.read.table("main.default.numbers_a")

        @dp.materialized_view
        def b():
            return spark.table("numbers_a").join(spark.table("main.default.numbers_a"), "id")

        @dp.table
        def c():
            return spark.readStream.table("numbers_a")
    """).fine()
    assert [checked.inputs(name) for name in "abc"] == [[], [], []]
    assert [len(checked.outside(name)) for name in "abc"] == [1, 1, 1]
    assert [checked.node(name).streaming for name in "abc"] == [False, False, True]


@pytest.mark.parametrize("name", ["src", "main.default.src", "nowhere.src", "no.such.src"])
def test_tables_that_are_nowhere(python, name):
    checked = python(f"""
        @dp.table
        def a():
            return spark.read.table("{name}")

        @dp.table
        def b():
            return spark.table("{name}")

        @dp.table
        def c():
            return spark.readStream.table("{name}")

        @dp.table
        def d():
            return spark.sql("SELECT * FROM {name}")
    """)
    assert [(p.code, p.dataset, p.location.line) for p in checked.graph.problems] == [
        ("LDP-2003", "a", 5), ("LDP-2003", "b", 9), ("LDP-2003", "c", 13), ("LDP-2003", "d", 17)]
    assert all(p.message == f'unknown table "{name.removeprefix("main.default.")}"' for p in checked.graph.problems)


def test_two_datasets_of_one_name(python):
    problem = python("""
        @dp.materialized_view
        def a():
            return spark.range(1)

        @dp.materialized_view(name="A")
        def b():
            return spark.range(1)
    """).problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2006", "a", 7)
    assert problem.hint == "also declared at transformations/a.py:3"


def test_names_of_one_to_three_parts(python):
    # A batch query under @dp.table is a materialized view, as on the platform; open-source Spark refuses it.
    checked = python("""
        @dp.table
        def mv_1():
            return spark.range(5)

        @dp.table(name="schema_a.mv_2")
        def irrelevant_1():
            return spark.range(5)

        @dp.table(name="st_1")
        def irrelevant_2():
            return spark.readStream.format("rate").load()

        @dp.table(name="some_catalog.some_schema.st")
        def irrelevant_3():
            return spark.readStream.format("rate").load()
    """).fine()
    assert {str(name): node.kind.words for name, node in checked.graph.nodes.items()} == {
        "main.default.mv_1": "materialized view", "main.schema_a.mv_2": "materialized view",
        "main.default.st_1": "streaming table", "some_catalog.some_schema.st": "streaming table"}


def test_temporary_views_read_each_other(python):
    checked = python("""
        @dp.table
        def mv_1():
            return spark.read.table("view_2")

        @dp.temporary_view
        def view_1():
            return spark.range(5)

        @dp.temporary_view(name="view_2")
        def irrelevant_1():
            return spark.read.table("view_1")

        @dp.temporary_view(name="view_3")
        def irrelevant_2():
            return spark.read.table("view_1")
    """).fine()
    assert {name: checked.inputs(name) for name in ("mv_1", "view_2", "view_3")} == {
        "mv_1": ["view_2"], "view_2": ["view_1"], "view_3": ["view_1"]}


def test_a_private_table_hides_a_table_of_the_catalog(python):
    checked = python("""
        @dp.materialized_view(name="numbers_a", private=True)
        def numbers():
            return spark.sql("SELECT 'x' AS word")

        @dp.materialized_view
        def reader():
            return spark.read.table("numbers_a")
    """).fine()
    assert (checked.columns("reader"), checked.inputs("reader")) == (["word string"], ["numbers_a"])
    assert not checked.node("numbers_a").dataset.published


def test_the_name_of_a_flow_has_one_part(python):
    checked = python("""
        @dp.table
        def src():
            return spark.readStream.table("numbers_a")

        @dp.append_flow(name="some_schema.some_flow", target="src")
        def some_flow():
            return spark.readStream.table("numbers_a")
    """)
    problem = checked.problem()
    assert (problem.code, problem.location.line) == ("LDP-2021", 7)
    assert "some_schema.some_flow" in problem.message


@pytest.mark.parametrize("name", ["", ', name="something"'])
def test_a_flow_into_a_target_by_its_full_name(python, name):
    checked = python(f"""
        @dp.table()
        def a():
            return spark.readStream.format("rate").load()

        @dp.append_flow(target="main.default.a"{name})
        def supplement():
            return spark.readStream.format("rate").load()
    """).fine()
    assert checked.flow_names("a") == ["main.default.a", "something" if name else "supplement"]


def test_groups_and_rollups_by_columns_and_names(python):
    checked = python("""
        @dp.materialized_view
        def src():
            return spark.range(3)

        @dp.materialized_view
        def by_column():
            return spark.read.table("src").groupBy(F.col("id")).agg(F.sum("id").alias("s"), F.count("*").alias("n"))

        @dp.materialized_view
        def by_name():
            return spark.read.table("src").rollup("id").agg(F.sum("id").alias("s"), F.count("*").alias("n"))
    """).fine()
    assert checked.columns("by_column") == checked.columns("by_name") == ["id bigint", "s bigint", "n bigint"]


def test_partition_columns(python):
    checked = python("""
        @dp.materialized_view(partition_cols=["id_mod"])
        def mv():
            return spark.range(5).withColumn("id_mod", F.col("id") % 2)

        @dp.materialized_view(partition_cols=["mod"])
        def wrong():
            return spark.table("mv")
    """)
    assert checked.node("mv").dataset.options.partition_cols == ("id_mod",)
    problem = checked.problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2004", "wrong", 7)


@pytest.mark.parametrize("text", ["spark.range(1)", "x = 1"])
def test_source_that_declares_nothing(python, text):
    assert python(text).problem().code == "LDP-2019"


def test_a_temporary_view_alone(python):
    assert python("@dp.temporary_view\ndef view_1():\n    return spark.range(5)\n").problem().code == "LDP-2019"


def test_a_flow_alone_names_its_missing_target(python):
    problem = python("@dp.append_flow(target='a')\ndef flow():\n    return spark.range(5)\n").problem()
    assert (problem.code, problem.location.line) == ("LDP-2013", 3)


SCHEMAS = {
    "text": '"id LONG, name STRING"',
    "StructType": 'T.StructType([T.StructField("id", T.LongType(), True), T.StructField("name", T.StringType(), True)])',
}


@pytest.mark.parametrize("form", SCHEMAS)
def test_a_declared_schema_that_fits(python, form):
    checked = python(f"""
        from pyspark.sql import types as T

        @dp.materialized_view(schema={SCHEMAS[form]})
        def a():
            return spark.range(5).withColumn("name", F.lit("test"))
    """).fine()
    assert checked.columns("a") == ["id bigint", "name string"]


@pytest.mark.parametrize("form", SCHEMAS)
def test_a_declared_schema_that_does_not_fit(python, form):
    problem = python(f"""
        from pyspark.sql import types as T

        @dp.materialized_view(schema={SCHEMAS[form]})
        def a():
            return spark.range(5).withColumn("wrong_column", F.lit("test"))
    """).problem()
    assert (problem.code, problem.dataset) == ("LDP-2020", "a")
    assert "wrong_column" in problem.message


def test_what_functions_may_ask_of_frames(python):
    # Open-source Spark refuses analysis in a function; the platform's pipelines use it.
    checked = python("""
        @dp.materialized_view
        def src():
            return spark.range(5).withColumn("name", F.lit("n"))

        @dp.materialized_view
        def renamed():
            df = spark.read.table("src")
            assert df.schema["id"].dataType.simpleString() == "bigint"
            return df.select([F.col(c).alias(f"{c}_new") for c in df.columns])

        @dp.materialized_view
        def from_outside():
            wanted = [row["id"] for row in spark.table("numbers_a").where("id < 2").orderBy("id").collect()]
            return spark.range(5).where(F.col("id").isin(wanted)).withColumn("count", F.lit(len(wanted)))

        @dp.materialized_view
        def with_function():
            @F.udf("int")
            def double(x):
                return x * 2

            return spark.read.table("src").select(double("id").alias("d"))
    """).fine()
    assert checked.columns("renamed") == ["id_new bigint", "name_new string"]
    assert checked.columns("from_outside") == ["id bigint", "count int"]
    assert checked.columns("with_function") == ["d int"]


def test_rows_of_tables_from_outside_are_seen_by_functions(python):
    checked = python("""
        @dp.materialized_view
        def counted():
            return spark.range(1).withColumn(f"n_{spark.table('numbers_b').count()}", F.lit(1))
    """).fine()
    assert checked.columns("counted") == ["id bigint", "n_4 int"]


def test_temporary_views_of_source_hide_datasets_as_in_spark(python):
    checked = python("""
        spark.sql("SELECT 'mine' AS word").createOrReplaceTempView("src")

        @dp.materialized_view
        def src():
            return spark.range(5)

        @dp.materialized_view
        def by_one_part():
            return spark.sql("SELECT * FROM src")

        @dp.materialized_view
        def by_full_name():
            return spark.table("main.default.src")
    """).fine()
    assert (checked.columns("by_one_part"), checked.inputs("by_one_part")) == (["word string"], [])
    assert (checked.columns("by_full_name"), checked.inputs("by_full_name")) == (["id bigint"], ["src"])


def test_what_a_function_does_to_its_session_stays_its_own(python):
    # An update gives each flow a session of its own; a dry run that shared one would pass what an update refuses.
    checked = python("""
        @dp.materialized_view
        def a():
            spark.sql("SELECT 'mine' AS word").createOrReplaceTempView("left_over")
            spark.conf.set("spark.sql.session.timeZone", "Europe/Paris")
            return spark.table("left_over")

        @dp.materialized_view
        def b():
            assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
            return spark.table("left_over")
    """)
    problem = checked.problem()
    assert (problem.code, problem.dataset, problem.message) == ("LDP-2003", "b", 'unknown table "left_over"')


def test_a_failed_input_behind_the_sources_own_exception(python):
    problem = python("""
        def load(name):
            try:
                return spark.read.table(name)
            except Exception as error:
                raise RuntimeError(f"cannot load {name}") from error

        @dp.materialized_view
        def a():
            return spark.read.table("nowhere")

        @dp.materialized_view
        def b():
            return load("a")
    """).problem()
    assert (problem.code, problem.dataset, problem.because) == ("LDP-2003", "a", ["b"])


def test_a_sink_flow_that_fails_with_its_input(python):
    problem = python("""
        dp.create_sink("out", "delta", {"path": "/somewhere"})

        @dp.table
        def a():
            return spark.readStream.table("nowhere")

        @dp.append_flow(target="out")
        def to_out():
            return spark.readStream.table("a")
    """).problem()
    assert (problem.code, problem.because) == ("LDP-2003", ["flow to_out"])


def test_columns_answer_to_the_name_of_their_table(python):
    checked = python("""
        @dp.temporary_view
        def v():
            return spark.range(3)

        @dp.materialized_view
        def a():
            return spark.range(3)

        @dp.materialized_view
        def b():
            one = spark.read.table("a").select("a.id", "main.default.a.id")
            return one.crossJoin(spark.table("v").select("v.id")).toDF("x", "y", "z")

        @dp.table
        def c():
            return spark.readStream.option("skipChangeCommits", "true").table("main.default.a").select("a.id")
    """).fine()
    assert checked.inputs("b") == ["a", "v"]
