"""Sessions in one JVM: who gets which, and what is set in them."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.engine import sizing
from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark import session as sessions
from ldp_jupyter.spark.session import SessionSettings, clone, current, forget, get_session
from ldp_jupyter.state import reads_much

pytestmark = pytest.mark.spark


@pytest.fixture
def settings(spark, storage):
    return SessionSettings(warehouse=str(storage / "warehouse"))


def value(spark, sql):
    return spark.sql(sql).collect()[0][0]


def test_same_settings_same_session(spark, settings):
    assert get_session(settings) is spark
    assert get_session(replace(settings, catalog="MAIN", cores=7)) is spark


def test_another_warehouse_is_another_session_in_the_same_jvm(spark, settings, tmp_path):
    other = get_session(SessionSettings(warehouse=str(tmp_path / "other"), schema="sales"))
    try:
        assert other is not spark
        assert other.sparkContext is spark.sparkContext
        assert current() is other
        assert other.conf.get("spark.ldp.warehouse") == str(tmp_path / "other")
        assert spark.conf.get("spark.ldp.warehouse") == settings.warehouse
        assert value(other, "SELECT current_schema()") == "sales"
        assert value(spark, "SELECT current_schema()") == "default"
        assert value(spark, "SELECT current_catalog()") == "main"
    finally:
        forget(other)
    assert get_session(settings) is current() is spark


def test_tables_stay_in_their_warehouse(spark, settings, tmp_path):
    spark.sql("CREATE SCHEMA IF NOT EXISTS main.default")
    spark.sql("CREATE TABLE t AS SELECT 1 AS one")
    other = get_session(SessionSettings(warehouse=str(tmp_path / "other")))
    assert not other.catalog.tableExists("main.default.t")
    forget(other)
    assert (tmp_path / ".ldp" / "warehouse" / "main" / "default" / "t" / "_delta_log").is_dir()


def test_settings_of_one_pipeline_do_not_reach_another(spark, settings):
    before = spark.conf.get("spark.sql.shuffle.partitions")
    mine = get_session(replace(settings, confs={"spark.sql.shuffle.partitions": "3", "mine.key": "x"}))
    assert mine.conf.get("spark.sql.shuffle.partitions") == "3"
    assert mine.conf.get("mine.key") == "x"
    assert spark.conf.get("spark.sql.shuffle.partitions") == before != "3"
    assert spark.conf.get("mine.key", None) is None
    forget(mine)


def test_refused_setting_is_an_error_of_the_user(spark, settings):
    with pytest.raises(LdpError, match=r"LDP-2011.*spark\.sql\.shuffle\.partitions=many"):
        get_session(replace(settings, confs={"spark.sql.shuffle.partitions": "many"}))


def test_setting_of_the_jvm_that_comes_too_late_is_told(spark, settings):
    said = []
    late = get_session(replace(settings, confs={"spark.driver.memory": "123m"}), said.append)
    forget(late)
    assert len(said) == 1
    assert "spark.driver.memory" in said[0]


def test_file_system_setting_of_a_later_pipeline_counts(spark, settings):
    later = get_session(replace(settings, confs={"spark.hadoop.fs.example.key": "secret"}))
    forget(later)
    assert later._jsparkSession.sessionState().newHadoopConf().get("fs.example.key") == "secret"


def test_defaults_of_the_platform(spark):
    assert value(spark, "SELECT CAST('a' AS INT)") is None  # ANSI off
    assert value(spark, 'SELECT "text"') == "text"
    assert value(spark, "SELECT current_timezone()") == "UTC"
    assert spark.conf.get("spark.sql.sources.default") == "delta"
    assert value(spark, "SELECT count(*) FROM VALUES (1) AS a(x), VALUES (2) AS b(y) "
                        "INNER JOIN VALUES (1) AS c(z) ON x = z") == 1


def test_free_table_properties_are_accepted(spark):
    spark.sql("CREATE SCHEMA IF NOT EXISTS main.default")
    spark.sql("CREATE TABLE p (x INT) TBLPROPERTIES ('delta.ofTomorrow' = '1', 'quality' = 'silver')")
    found = {row.key: row.value for row in spark.sql("SHOW TBLPROPERTIES p").collect()}
    assert found["quality"] == "silver"


def test_functions_run_in_this_python(spark):
    from pyspark.sql.functions import udf

    @udf("string")
    def program(_x):
        return sys.executable

    assert spark.range(1).select(program("id")).collect()[0][0] == sys.executable


def test_clone_begins_as_a_copy_and_goes_its_own_way(spark):
    spark.range(3).createOrReplaceTempView("three")
    spark.conf.set("mine.key", "x")
    spark.sql("CREATE SCHEMA main.elsewhere")
    spark.sql("USE main.elsewhere")
    copy = clone(spark)
    assert copy.table("three").count() == 3
    assert copy.conf.get("mine.key") == "x"
    assert value(copy, "SELECT current_schema()") == "elsewhere"
    copy.conf.set("mine.key", "y")
    copy.sql("USE main.default")
    assert spark.conf.get("mine.key") == "x"
    assert value(spark, "SELECT current_schema()") == "elsewhere"


def test_clones_work_on_threads(spark):
    def count(number):
        return clone(spark).sql(f"SELECT count(*) FROM range({number})").collect()[0][0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, range(1, 9))) == list(range(1, 9))


def test_builder_gives_a_session_of_ours(spark):
    from pyspark.sql import SparkSession

    assert SparkSession.builder.getOrCreate().sparkContext is spark.sparkContext
    assert SparkSession.builder.getOrCreate().conf.get("spark.ldp.warehouse")


def test_errors_are_raised_and_not_printed_as_well(spark, capfd):
    from pyspark.errors import AnalysisException

    with pytest.raises(AnalysisException):
        spark.sql("SELECT no_such_column FROM range(1)")
    with pytest.raises(Exception, match="boom"):
        spark.sql("SELECT raise_error('boom')").collect()
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_jvm_is_out_of_reach_of_the_terminals_interrupt(spark):
    jvm = sessions._jvm.process.pid
    assert os.getpgid(jvm) != os.getpgid(os.getpid())
    assert os.getsid(jvm) != os.getsid(os.getpid())


def test_log_of_the_jvm_can_be_named(spark):
    assert sessions.jvm_log().is_file()


def test_java_has_both_compilers_once_a_pipeline_has_read_much(spark_main, make_project, monkeypatch):
    project = make_project({
        "transformations/a.sql": """
            CREATE STREAMING TABLE read AS SELECT * FROM STREAM read_files('${root}/data', format => 'json', schema => 'n INT');
            CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM read;
        """,
        "data/1.json": '{"n": 1}',
    })
    pipeline = Pipeline(project, settings={"root": str(project)}, say=lambda _: None)
    pipeline.run()
    assert not reads_much(pipeline.layout)
    (project / "data" / "2.json").write_text('{"n": 2}')
    monkeypatch.setattr(sizing, "MUCH", 10)
    pipeline.run()
    assert reads_much(pipeline.layout)
    quick = "-XX:TieredStopAtLevel=1"
    launches = [sessions.plan_launch({}, None, print, much=much).options for much in (False, True)]
    assert [quick in options for options in launches] == [True, False]
