"""What source may do with the session: at the top of a file, and in dataset functions.

The calls are those that open-source Spark blocks in files that define a pipeline. The platform lets most of them pass;
here they are kept to the source, or refused with their place. Each case is one file; all share one dry run.
"""

from __future__ import annotations

import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark

VIEW = """
from pyspark import pipelines as dp

{0}

@dp.materialized_view
def {1}():
    {2}
    return spark.range(1)
"""

# What is taken, with what holds afterwards (at the top of the file, in its dataset function).
TAKEN = {
    "conf_set": ("spark.conf.set('spark.sql.shuffle.partitions', 3)",
                 "assert spark.conf.get('spark.sql.shuffle.partitions') == '3'"),
    "conf_set_int": ("spark.conf.set('spark.test.int', 42)\nassert spark.conf.get('spark.test.int') == '42'", ""),
    "conf_set_bool": ("spark.conf.set('spark.test.bool', True)\nassert spark.conf.get('spark.test.bool') == 'true'", ""),
    "conf_of_builder": ("from pyspark.sql import SparkSession\nmine = SparkSession.builder.getOrCreate()\n"
                        "mine.conf.set('spark.sql.ansi.enabled', 'true')",
                        "assert mine.conf.get('spark.sql.ansi.enabled') == 'true'"),
    "sql_set": ("spark.sql('SET spark.sql.shuffle.partitions = 7')",
                "assert spark.conf.get('spark.sql.shuffle.partitions') == '7'"),
    "sql_set_own": ("spark.sql(\"SET my.key = 'seven'\")\nassert spark.conf.get('my.key') == 'seven'", ""),
    "temp_view": ("spark.range(5).createOrReplaceTempView('five_of_file')",
                  "assert spark.table('five_of_file').columns == ['id']"),
    "new_temp_view": ("spark.range(5).createTempView('new_of_file')", "spark.sql('SELECT id FROM new_of_file')"),
    "global_temp_view": ("spark.range(5).createOrReplaceGlobalTempView('everywhere')",
                         "spark.table('global_temp.everywhere')"),
    "drop_views": ("spark.catalog.dropTempView('nothing')\nspark.catalog.dropGlobalTempView('nothing')", ""),
    "udf": ("spark.udf.register('plus_one', lambda x: x + 1, 'bigint')", "spark.sql('SELECT plus_one(1)')"),
    "sql_temp_view": ("spark.sql('CREATE OR REPLACE TEMP VIEW tv AS SELECT 1 AS a')", "spark.table('tv').select('a')"),
    "sql_temp_function": ("spark.sql('CREATE TEMPORARY FUNCTION two() RETURNS INT RETURN 2')",
                          "spark.sql('SELECT two()')"),
    "sql_query": ("row = spark.sql('SELECT 1 AS a').schema.names\nassert row == ['a']", ""),
    "sql_show": ("spark.sql('SHOW TABLES')\nspark.sql('DESCRIBE FUNCTION upper')", ""),
    "stop": ("spark.stop()", "spark.stop()"),
    "catalog_reads": ("assert not spark.catalog.tableExists('foo')\nassert spark.catalog.currentDatabase() == 'default'", ""),
    "own_source": ("""
from pyspark.sql.datasource import DataSource
class Mine(DataSource):
    @classmethod
    def name(cls):
        return "mine"
spark.dataSource.register(Mine)""", ""),
}  # fmt: skip

# Where the datasets of the file land.
MOVED = {
    "set_catalog": ("spark.catalog.setCurrentCatalog('dev')", "dev.default.set_catalog"),
    "set_schema": ("spark.catalog.setCurrentDatabase('silver')", "silver.set_schema"),
    "set_both": ("spark.catalog.setCurrentDatabase('dev.gold')", "dev.gold.set_both"),
    "use_schema": ("spark.sql('USE SCHEMA silver')", "silver.use_schema"),
    "use_catalog": ("spark.sql('USE CATALOG dev')", "dev.default.use_catalog"),
    "use_both": ("spark.sql('USE dev.gold')", "dev.gold.use_both"),
}

SQL = "spark.sql() in pipeline source takes queries, SET, USE, SHOW and DESCRIBE, not "
# What is refused: the call, the sentence. The datasets of the file are there all the same.
REFUSED = {
    "create_table": ("spark.sql('CREATE TABLE foo (a INT)')", SQL + "CREATE TABLE"),
    "create_function": ("spark.sql('CREATE OR REPLACE FUNCTION ff() RETURNS INT RETURN 1')", SQL + "CREATE FUNCTION"),
    "insert": ("spark.sql('INSERT INTO foo VALUES (1)')", SQL + "INSERT INTO"),
    "drop": ("spark.sql('DROP TABLE IF EXISTS foo')", SQL + "DROP TABLE"),
    "merge": ("spark.sql('DELETE FROM foo')", SQL + "DELETE FROM"),
    "pipeline_sql": ("spark.sql('CREATE OR REFRESH STREAMING TABLE q AS SELECT 1')", SQL + "CREATE STREAMING"),
}

# What is left out: the call. It is told, and the datasets of the file are there.
LEFT_OUT = {
    "create_schema": "spark.sql('CREATE SCHEMA IF NOT EXISTS foo_schema')",
    "save_as_table": "spark.range(1).write.saveAsTable('foo')",
    "save": "spark.range(1).write.format('parquet').save('/nowhere/at/all')",
    "json": "spark.range(1).write.mode('overwrite').json('/nowhere/at/all')",
    "insert_into": "spark.range(1).write.insertInto('foo')",
    "write_to": "spark.range(1).writeTo('foo').createOrReplace()",
    "create_by_catalog": "spark.catalog.createTable('foo', schema=spark.range(1).schema)",
}

# What ends the file: the code and a part of the sentence.
ENDS = {
    "start": ("spark.readStream.format('rate').load().writeStream.format('noop').start()", "LDP-2012", "start() at the top"),
    "to_table": ("spark.readStream.format('rate').load().writeStream.toTable('foo')", "LDP-2012", "toTable() at the top"),
    "java_function": ("spark.udf.registerJavaFunction('jf', 'com.example.No', 'string')", "LDP-2002", "Can not load class"),
    "java_aggregate": ("spark.udf.registerJavaUDAF('ju', 'com.example.No')", "LDP-2002", "Can not load class"),
    "read_function": ("dp.read('ok')", "LDP-2012", "read() was called at the top of a file"),
}


@pytest.fixture(scope="module")
def checked(spark_main, tmp_path_factory):
    root = tmp_path_factory.mktemp("session")
    files = {f"{name}.py": VIEW.format(top, name, inside or "pass") for name, (top, inside) in TAKEN.items()}
    files |= {f"{name}.py": VIEW.format(top, name, "pass") for name, (top, _) in MOVED.items()}
    files |= {f"{name}.py": VIEW.format(top, name, "pass") for name, (top, _) in REFUSED.items()}
    files |= {f"{name}.py": VIEW.format(top, name, "pass") for name, (top, _, _) in ENDS.items()}
    files |= {f"{name}.py": VIEW.format(top, name, "pass") for name, top in LEFT_OUT.items()}
    # beside them, before and after: what the files above set is theirs alone
    for name in ("a_plain", "z_plain"):
        files[f"{name}.py"] = VIEW.format(
            "partitions = spark.conf.get('spark.sql.shuffle.partitions')", name,
            "assert partitions not in ('3', '7')\n    assert spark.conf.get('spark.sql.shuffle.partitions') not in ('3', '7')\n"
            "    assert spark.conf.get('spark.sql.ansi.enabled') == 'false'")  # fmt: skip
    (root / "transformations").mkdir()
    for name, text in files.items():
        (root / "transformations" / name).write_text(text.lstrip("\n"), encoding="utf-8")
    return root, Pipeline(root).dry_run()


def found(graph, name):
    return [p for p in graph.problems if p.location and p.location.file == f"transformations/{name}.py"]


@pytest.mark.parametrize("name", [*TAKEN, "a_plain", "z_plain"])
def test_what_is_taken_holds_for_the_source_that_says_it(checked, name):
    _, graph = checked
    assert [str(p) for p in found(graph, name)] == []
    assert name in {graph.shown(n) for n in graph.nodes}


@pytest.mark.parametrize(("name", "full"), [(n, full) for n, (_, full) in MOVED.items()])
def test_the_current_schema_is_that_of_the_datasets_declared_below(checked, name, full):
    _, graph = checked
    assert found(graph, name) == []
    assert full in {graph.shown(n) for n in graph.nodes}


@pytest.mark.parametrize(("name", "message"), [(n, message) for n, (_, message) in REFUSED.items()])
def test_what_is_refused_is_one_error_and_the_file_is_read_on(checked, name, message):
    _, graph = checked
    (problem,) = found(graph, name)
    assert problem.code == "LDP-2012"
    assert problem.message.startswith(message)
    assert problem.location.line == 3
    assert problem.hint
    assert name in {graph.shown(n) for n in graph.nodes}


@pytest.mark.parametrize(("name", "code", "message"), [(n, code, message) for n, (_, code, message) in ENDS.items()])
def test_what_ends_the_file(checked, name, code, message):
    _, graph = checked
    (problem,) = found(graph, name)
    assert (problem.code, message in problem.message) == (code, True)
    assert problem.location.line == 3
    assert name not in {graph.shown(n) for n in graph.nodes}


def test_nothing_was_written(checked):
    root, _ = checked
    assert [p for p in root.rglob("*") if "foo" in p.name] == []


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_is_left_out_is_told(checked, name):
    _, graph = checked
    assert found(graph, name) == []
    told = [n for n in graph.not_checked if n.location and n.location.file == f"transformations/{name}.py"]
    assert ["is left out" in n.text for n in told] == [True]
    assert told[0].location.line == 3
    assert name in {graph.shown(n) for n in graph.nodes}


def test_statements_in_dataset_functions(spark_main, make_project):
    project = make_project({"transformations/a.py": """
        from pyspark import pipelines as dp

        @dp.materialized_view
        def creates():
            spark.sql("CREATE TABLE foo (a INT)")
            return spark.range(1)

        @dp.materialized_view
        def inserts():
            return spark.sql("INSERT INTO creates VALUES (1)")

        @dp.materialized_view
        def queries():
            spark.sql("SET spark.sql.ansi.enabled = true")
            spark.sql("SHOW TABLES")
            return spark.sql("SELECT 1 AS a")
    """})
    graph = Pipeline(project).dry_run()
    assert [(p.code, p.dataset, p.location.line) for p in graph.problems] == [
        ("LDP-2012", "creates", 5), ("LDP-2012", "inserts", 10),
    ]  # fmt: skip


def test_writes_in_dataset_functions_are_for_updates_alone(spark_main, make_project, tmp_path):
    """A dry run evaluates them over frames without rows: an overwrite would empty what is there."""
    project = make_project({"transformations/a.py": f"""
        from pyspark import pipelines as dp

        @dp.materialized_view
        def beside():
            frame = spark.range(3)
            frame.write.mode("overwrite").parquet("{tmp_path}/copy")
            return frame

        @dp.table
        def started():
            frame = spark.readStream.format("rate").load()
            frame.writeStream.format("noop").start()
            return frame
    """})
    graph = Pipeline(project).dry_run()
    assert not (tmp_path / "copy").exists()
    assert [(p.code, p.dataset, p.location.line) for p in graph.problems] == [("LDP-2012", "started", 12)]
