"""AUTO CDC in a pipeline: rules of the target, its change feed, rows changed by hand, counts; one pipeline, four updates."""

import json

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import LdpError

pytestmark = pytest.mark.spark

SQL = """
    CREATE TEMPORARY VIEW changes AS SELECT * FROM STREAM read_files('data', format => 'json',
      schema => 'id INT, name STRING, op STRING, seq INT');
    CREATE OR REFRESH STREAMING TABLE customers (
      CONSTRAINT known EXPECT (name <> 'bad') ON VIOLATION DROP ROW,
      CONSTRAINT short EXPECT (length(name) < 5),
      CONSTRAINT possible EXPECT (id >= 0) ON VIOLATION FAIL UPDATE
    ) TBLPROPERTIES (delta.enableChangeDataFeed = true);
    CREATE FLOW f AS AUTO CDC INTO customers FROM STREAM(changes) KEYS (id)
      APPLY AS DELETE WHEN op = 'd' SEQUENCE BY seq COLUMNS * EXCEPT (op, seq);
    CREATE OR REFRESH STREAMING TABLE history (CONSTRAINT known EXPECT (name <> 'bad') ON VIOLATION DROP ROW);
    CREATE FLOW h AS AUTO CDC INTO history FROM STREAM(changes) KEYS (id)
      APPLY AS DELETE WHEN op = 'd' SEQUENCE BY seq COLUMNS * EXCEPT (op, seq) STORED AS SCD TYPE 2;
"""
PYTHON = """
    from pyspark import pipelines as dp

    @dp.table
    def feed():
        return spark.readStream.option("readChangeFeed", "true").table("customers")
"""


def land(folder, number, *events):
    rows = [dict(zip(("id", "name", "op", "seq"), event, strict=True)) for event in events]
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / f"{number}.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def rows(spark, query):
    return sorted((tuple(row) for row in spark.sql(query).collect()), key=repr)


@pytest.mark.long
def test_rules_change_feed_and_rows_changed_by_hand(make_project):
    folder = make_project({"transformations/a.sql": SQL, "transformations/feed.py": PYTHON})
    pipeline = Pipeline(folder, say=lambda _: None)
    spark = pipeline.session()
    land(folder, 1, (1, "ann", "u", 1), (2, "bob", "u", 1), (3, "cleo", "u", 1), (4, "dora-lee", "u", 1))
    pipeline.run()

    # 2 goes, 3 violates a rule that drops, 4 has a late change, 5 is violated before it is mended.
    land(folder, 2, (1, "anna", "u", 2), (2, None, "d", 2), (3, "bad", "u", 2), (4, "late", "u", 0), (5, "bad", "u", 1))
    view = pipeline.run()
    assert rows(spark, "SELECT * FROM customers") == [(1, "anna"), (4, "dora-lee")]
    assert rows(spark, "SELECT * FROM history WHERE id > 2") == [
        (3, "cleo", 1, 2), (4, "dora-lee", 1, None), (4, "late", 0, 1)]
    found = {d["name"]: d for d in view.to_json()["datasets"]}
    counts = {e["name"]: (e["passed"], e["failed"]) for e in found["customers"]["expectations"]}
    assert counts == {"known": (2, 2), "short": (4, 0), "possible": (4, 0)}
    assert (found["customers"]["rows_upserted"], found["customers"]["rows_deleted"]) == (1, 2)
    assert found["customers"]["rows_dropped"] == 2

    # By hand: what the stored changes say of a key comes back with its next change, and only of that key.
    spark.sql("DELETE FROM customers WHERE id = 1")
    spark.sql("UPDATE customers SET name = 'x' WHERE id = 4")
    spark.sql("INSERT INTO customers VALUES (9, 'mine')")
    land(folder, 3, (1, "andy", "u", 3), (3, "cora", "u", 3), (5, "emil", "u", 2))
    pipeline.run()
    assert rows(spark, "SELECT * FROM customers") == [(1, "andy"), (3, "cora"), (4, "x"), (5, "emil"), (9, "mine")]
    assert rows(spark, "SELECT * FROM history WHERE id = 3") == [(3, "cleo", 1, 2), (3, "cora", 3, None)]

    feed = rows(spark, "SELECT id, name, _change_type FROM feed WHERE _change_type <> 'update_preimage'")
    assert feed == sorted([
        *[(1, "ann", "insert"), (2, "bob", "insert"), (3, "cleo", "insert"), (4, "dora-lee", "insert")],
        *[(1, "anna", "update_postimage"), (2, "bob", "delete"), (3, "cleo", "delete")],
        *[(1, "anna", "delete"), (4, "x", "update_postimage"), (9, "mine", "insert")],
        *[(1, "andy", "insert"), (3, "cora", "insert"), (5, "emil", "insert")],
    ], key=repr)

    # A violated rule that fails: nothing of the batch is stored or applied.
    land(folder, 4, (7, "gus", "u", 1), (-1, "hal", "u", 1))
    with pytest.raises(LdpError) as caught:
        pipeline.run(refresh=["customers"])
    assert "possible" in str(caught.value)
    assert rows(spark, "SELECT * FROM customers WHERE id IN (-1, 7)") == []
    land(folder, 4, (7, "gus", "u", 1))
    pipeline.run(refresh=["customers"])
    assert rows(spark, "SELECT * FROM customers WHERE id IN (-1, 7)") == [(7, "gus")]


SNAPSHOTS = """
    from pyspark import pipelines as dp

    dp.create_streaming_table("latest", expect_all={"known": "id > 0"})
    dp.create_auto_cdc_from_snapshot_flow("latest", lambda version: None, ["id"])
"""


def test_a_target_of_snapshots_cannot_have_rules(make_project):
    pipeline = Pipeline(make_project({"transformations/a.py": SNAPSHOTS.replace("lambda version: None", '"source"') + """
    @dp.materialized_view
    def source():
        return spark.range(3)
    """}), say=lambda _: None)
    problem = pipeline.dry_run().problems[0]
    assert (problem.code, problem.dataset) == ("LDP-2017", "latest")
    assert "which a target of snapshots cannot have" in problem.message
