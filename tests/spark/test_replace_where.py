"""REPLACE WHERE flows: each update replaces a part of the table and leaves the rest, also of what the query lost."""

from __future__ import annotations

import delta_files
import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark

FILES = {
    "transformations/orders.sql": """
        CREATE OR REFRESH STREAMING TABLE recent (CONSTRAINT small EXPECT (amount < 100) ON VIOLATION DROP ROW)
        FLOW REPLACE WHERE day >= '2026-02' BY NAME SELECT amount, day FROM shop.orders;

        CREATE OR REFRESH STREAMING TABLE both;
        CREATE FLOW first AS INSERT INTO both REPLACE WHERE day < '2026-02' BY NAME SELECT * FROM shop.orders;
        CREATE FLOW second AS INSERT INTO both REPLACE WHERE day >= '2026-02' BY NAME SELECT * FROM shop.orders;
    """,
    "transformations/days.py": """
        from pyspark import pipelines as dp

        @dp.table(replace_where="day >= '2026-02'")
        def days():
            return spark.read.table("shop.orders").groupBy("day").sum("amount").withColumnRenamed("sum(amount)", "total")
    """,
}


def test_a_part_of_the_table_is_replaced(spark_main, make_project):
    pipeline = Pipeline(make_project(FILES))
    session = pipeline.session()

    def rows(table):
        return sorted(delta_files.rows(delta_files.of(pipeline, table)))

    def orders(*values):
        session.sql("CREATE OR REPLACE TABLE main.shop.orders (day STRING, amount INT)")
        session.sql("INSERT INTO main.shop.orders VALUES " + ", ".join(map(str, values)))

    session.sql("CREATE SCHEMA main.shop")
    orders(("2026-01", 1), ("2026-02", 2), ("2026-02", 500), ("2026-03", 3))
    view = pipeline.run()
    assert rows("recent") == [(2, "2026-02"), (3, "2026-03")]
    assert view.datasets["recent"].rows_dropped == 1
    assert rows("days") == [("2026-02", 502), ("2026-03", 3)]

    orders(("2026-01", 10), ("2026-02", 20))
    session.sql("INSERT INTO main.default.days VALUES ('2025-12', 7)")
    pipeline.run()
    assert rows("recent") == [(20, "2026-02")]
    assert rows("both") == [("2026-01", 10), ("2026-02", 20)]
    assert rows("days") == [("2025-12", 7), ("2026-02", 20)], "what lies outside of the condition stays"


def test_the_condition_is_checked(spark_main, make_project):
    graph = Pipeline(make_project({
        "transformations/a.py": """
            from pyspark import pipelines as dp

            @dp.table(replace_where="dya > 1")
            def days():
                return spark.range(3).withColumnRenamed("id", "day")

            @dp.table(replace_where="day > 1")
            def streamed():
                return spark.readStream.format("rate").load()
        """,
    })).dry_run()
    assert [(p.code, p.dataset, p.location.line) for p in graph.problems] == [
        ("LDP-2011", "days", 3), ("LDP-2008", "streamed", 7),
    ]  # fmt: skip
    assert "dya" in graph.problems[0].message
