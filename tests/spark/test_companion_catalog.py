"""The catalog of folders: names, statements and interfaces of Spark over `<warehouse>/<catalog>/<schema>/<table>`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ldp_jupyter.spark import bridge

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


def rows(spark: SparkSession, sql: str, **kwargs: object) -> list[tuple]:
    return sorted((tuple(row) for row in spark.sql(sql, **kwargs).collect()), key=repr)


@pytest.fixture
def warehouse(storage: Path) -> Path:
    return storage / "warehouse"


def test_table_of_the_default_schema_lies_in_the_folder_of_its_name(spark: SparkSession, warehouse: Path) -> None:
    assert rows(spark, "SHOW TABLES IN default") == []
    assert not (warehouse / "main").exists(), "reading must not make folders"
    spark.sql("CREATE TABLE t (id INT, v STRING) COMMENT 'kept'")
    spark.sql("INSERT INTO main.default.t VALUES (1, 'a'), (2, 'b')")
    assert (warehouse / "main" / "default" / "t" / "_delta_log").is_dir()
    assert rows(spark, "SELECT main.default.t.v FROM MAIN.Default.T") == [("a",), ("b",)]
    assert spark.read.format("delta").load(str(warehouse / "main" / "default" / "t")).count() == 2
    spark.range(3).write.format("delta").save(str(warehouse / "main" / "default" / "by_path"))
    assert spark.table("by_path").count() == 3, "a table written by path is there at once"


def test_dataframe_writers_and_replace_do_not_touch_the_session_catalog(spark: SparkSession) -> None:
    spark.sql("CREATE SCHEMA s")
    spark.range(2).write.saveAsTable("main.s.a")
    spark.range(1).selectExpr("id", "'x' AS n").write.mode("overwrite").option("overwriteSchema", "true").saveAsTable("s.a")
    assert rows(spark, "SELECT * FROM s.a") == [(0, "x")]
    spark.sql("CREATE OR REPLACE TABLE s.a (other INT)")
    assert spark.table("s.a").columns == ["other"]
    spark.sql("CREATE OR REPLACE TABLE s.a AS SELECT 7 AS n")
    spark.range(5, 6).selectExpr("CAST(id AS INT) n").write.insertInto("main.s.a")
    spark.range(6, 7).selectExpr("CAST(id AS INT) n").writeTo("main.s.a").append()
    assert rows(spark, "SELECT n FROM main.s.a") == [(5,), (6,), (7,)]
    assert rows(spark, "SHOW TABLES IN spark_catalog.default") == []


def test_changes_and_time_travel_by_name(spark: SparkSession) -> None:
    spark.sql("CREATE TABLE t (id INT, n INT)")
    spark.sql("INSERT INTO t VALUES (1, 1), (2, 2)")
    spark.sql("MERGE INTO main.default.t USING (SELECT 2 id, 9 n UNION SELECT 3, 3) s ON t.id = s.id "
              "WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT *")
    spark.sql("DELETE FROM default.t WHERE id = 1")
    assert rows(spark, "SELECT * FROM t") == [(2, 9), (3, 3)]
    assert rows(spark, "SELECT * FROM main.default.t VERSION AS OF 1") == [(1, 1), (2, 2)]
    spark.sql("ALTER TABLE t ADD COLUMN extra STRING")
    spark.sql("ALTER TABLE main.default.t RENAME TO default.renamed")
    assert spark.table("renamed").columns == ["id", "n", "extra"]
    spark.sql("RESTORE TABLE default.renamed TO VERSION AS OF 1")
    assert spark.table("main.default.renamed").count() == 2
    spark.sql("DROP TABLE main.default.renamed")
    assert not spark.catalog.tableExists("main.default.renamed")


def test_streams_by_name(spark: SparkSession, tmp_path: Path) -> None:
    spark.range(3).write.saveAsTable("src")
    feed = bridge.ProgressFeed(spark)
    query = (spark.sql("SELECT id FROM STREAM main.default.src").writeStream
             .option("checkpointLocation", str(tmp_path / "checkpoint")).trigger(availableNow=True).toTable("main.default.out"))
    assert [p["numInputRows"] for p in feed.of(query) if p["numInputRows"]] == [3]
    feed.close()
    assert not query.isActive
    assert spark.table("default.out").count() == 3


def test_parameters_reach_the_parser(spark: SparkSession) -> None:
    spark.range(4).write.saveAsTable("t")
    assert rows(spark, "SELECT id FROM t WHERE id > :least", args={"least": 2}) == [(3,)]
    assert rows(spark, "SELECT id FROM t WHERE id = ?", args=[1]) == [(1,)]


def test_two_parts_are_schema_and_table_even_when_a_catalog_has_the_name(spark: SparkSession, warehouse: Path) -> None:
    spark.sql("CREATE SCHEMA sales")
    spark.sql("CREATE TABLE sales.orders AS SELECT 1 AS id")
    spark.sql("CREATE CATALOG IF NOT EXISTS Sales")
    spark.sql("CREATE TABLE sales.default.orders AS SELECT 2 AS id")
    assert rows(spark, "SELECT id FROM sales.orders") == [(1,)]
    assert rows(spark, "SELECT id FROM SALES.default.orders") == [(2,)]
    spark.range(7, 8).selectExpr("CAST(id AS INT) id").write.mode("append").saveAsTable("sales.orders")
    assert rows(spark, "SELECT id FROM main.sales.orders") == [(1,), (7,)]
    assert ("sales",) in rows(spark, "SHOW CATALOGS")
    (warehouse / "beside" / "default").mkdir(parents=True)
    assert ("beside",) in rows(spark, "SHOW CATALOGS")
    spark.sql("USE CATALOG sales")
    assert rows(spark, "SELECT id FROM orders") == [(2,)]
    spark.sql("USE CATALOG main")
    spark.sql("USE sales")
    assert rows(spark, "SELECT current_catalog(), current_schema(), id FROM orders WHERE id = 1") == [("main", "sales", 1)]
    with pytest.raises(Exception, match="already exists"):
        spark.sql("CREATE CATALOG sales")


def test_sessions_have_warehouses_of_their_own_on_any_thread(spark: SparkSession, tmp_path: Path) -> None:
    spark.sql("CREATE TABLE t AS SELECT 1 AS id")
    other = spark.newSession()
    bridge.prepare_session(other, str(tmp_path / "elsewhere"), "main", "default")
    other.sql("CREATE TABLE t AS SELECT 2 AS id")
    other.sql("CREATE SCHEMA deep")
    other.sql("USE deep")
    clone = bridge.clone_session(other)
    seen: list[object] = []

    def work() -> None:
        clone.range(5).write.saveAsTable("main.deep.made")
        seen.append(clone.sql("SELECT id, current_schema() FROM main.default.t").collect()[0])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [tuple(row) for row in seen] == [(2, "deep")]
    assert (tmp_path / "elsewhere" / "main" / "deep" / "made").is_dir()
    assert rows(spark, "SELECT id FROM main.default.t") == [(1,)]
    assert not spark.catalog.tableExists("main.deep.made")


def test_views_are_kept_with_what_they_were_made_under(spark: SparkSession, warehouse: Path) -> None:
    spark.sql("CREATE SCHEMA s")
    spark.sql("CREATE TABLE s.t AS SELECT 1 AS id")
    spark.sql("USE s")
    spark.sql("CREATE VIEW v AS SELECT id + 1 AS j FROM t")
    spark.sql("USE default")
    assert rows(spark, "SELECT j FROM main.s.v") == [(2,)]
    spark.sql("CREATE OR REPLACE VIEW s.v AS SELECT 5 AS k")
    assert rows(spark, "SELECT * FROM s.v") == [(5,)]
    other = spark.newSession()
    bridge.prepare_session(other, str(warehouse), "main", "default")
    assert rows(other, "SELECT * FROM s.v") == [(5,)]
    spark.sql("ALTER VIEW s.v RENAME TO s.w")
    assert rows(spark, "SHOW VIEWS IN s") == [("s", "w", False)]
    with pytest.raises(Exception, match="ALREADY_EXISTS"):
        spark.sql("CREATE TABLE s.w (id INT)")
    with pytest.raises(Exception, match="ALREADY_EXISTS"):
        spark.sql("CREATE VIEW s.t AS SELECT 1")
    spark.sql("DROP SCHEMA s CASCADE")
    assert rows(spark, "SHOW SCHEMAS") == [("default",), ("information_schema",)]


def test_information_schema_tells_kinds_columns_and_views(spark: SparkSession) -> None:
    spark.sql("CREATE TABLE st (id INT NOT NULL, d DECIMAL(5, 2) COMMENT 'money') PARTITIONED BY (id) "
              "TBLPROPERTIES ('ldp.kind' = 'STREAMING_TABLE')")
    spark.sql("CREATE TABLE mv (id INT) TBLPROPERTIES ('ldp.kind' = 'MATERIALIZED_VIEW')")
    spark.sql("CREATE TABLE plain (id INT)")
    spark.sql("CREATE VIEW v AS SELECT 1 AS one")
    kinds = rows(spark, "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'default'")
    assert kinds == [("mv", "MATERIALIZED_VIEW"), ("plain", "MANAGED"), ("st", "STREAMING_TABLE"), ("v", "VIEW")]
    columns = rows(spark, "SELECT ordinal_position, column_name, is_nullable, full_data_type, data_type, comment, "
                          "partition_ordinal_position FROM main.information_schema.columns WHERE table_name = 'st'")
    assert columns == [(0, "id", "NO", "int", "INT", None, 0), (1, "d", "YES", "decimal(5,2)", "DECIMAL", "money", None)]
    assert rows(spark, "SELECT view_definition FROM information_schema.views") == [("SELECT 1 AS one",)]
    spark.sql("CREATE CATALOG other")
    spark.sql("CREATE TABLE other.default.far (id INT)")
    everywhere = rows(spark, "SELECT table_catalog, table_name FROM system.information_schema.tables")
    assert ("other", "far") in everywhere
    assert ("main", "st") in everywhere
    with pytest.raises(Exception, match="read-only"):
        spark.sql("CREATE TABLE information_schema.mine (id INT)")


@pytest.mark.parametrize(("statement", "message"), [
    ("CREATE TABLE t (id INT) LOCATION '/tmp/elsewhere'", "LOCATION"),
    ("CREATE TABLE t (id INT) USING parquet", "Delta tables only"),
    ("CREATE TABLE nowhere.t (id INT)", "SCHEMA_NOT_FOUND"),
    ("SELECT * FROM nowhere.s.t", "TABLE_OR_VIEW_NOT_FOUND"),
    ("CREATE TABLE `..`.t (id INT)", "INVALID_ATTRIBUTE_NAME_SYNTAX"),
    ("CREATE TABLE `a/b` (id INT)", "cannot be the name"),
])
def test_refusals_say_why_and_leave_nothing(spark: SparkSession, warehouse: Path, statement: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        spark.sql(statement)
    assert not list(warehouse.rglob("_delta_log"))


def test_guarded_tables_refuse_statements_of_others(spark: SparkSession) -> None:
    spark.sql("CREATE TABLE t (id INT) TBLPROPERTIES ('pipelines.pipelineId' = 'p1')")
    spark.conf.set("spark.ldp.guard.property", "pipelines.pipelineId")
    for statement in ("DROP TABLE t", "ALTER TABLE t ADD COLUMN x INT", "CREATE OR REPLACE TABLE t (y INT)"):
        with pytest.raises(Exception, match="a pipeline manages this table"):
            spark.sql(statement)
    spark.conf.set("spark.ldp.guard.value", "p1")
    spark.sql("ALTER TABLE t ADD COLUMN x INT")
    spark.sql("DROP TABLE t")
