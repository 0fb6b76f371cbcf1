"""Worked examples of change capture: small tables and what becomes of them."""

import shutil

import pytest
from cdc_targets import Target

from ldp_jupyter.cdc import apply_snapshot, finish_snapshots, snapshot_schema
from ldp_jupyter.cdc.snapshot import StoredSnapshot
from ldp_jupyter.declarations import CdcSpec, SnapshotSpec
from ldp_jupyter.errors import LdpError

pytestmark = pytest.mark.spark

USERS = "userId INT, name STRING, city STRING, operation STRING, seq INT"
CHANGES = [
    (124, "Raul", "Oaxaca", "INSERT", 1), (123, "Isabel", "Monterrey", "INSERT", 1),
    (125, "Mercedes", "Tijuana", "INSERT", 2), (126, "Lily", "Cancun", "INSERT", 2),
    (123, None, None, "DELETE", 6), (125, "Mercedes", "Guadalajara", "UPDATE", 6),
    (125, "Mercedes", "Mexicali", "UPDATE", 5), (123, "Isabel", "Chihuahua", "UPDATE", 5),
]


def users(**arguments):
    given = {"source": "users_cdf", "keys": ("userId",), "sequence_by": "seq", "apply_as_deletes": "operation = 'DELETE'",
             "except_column_list": ("operation", "seq")}
    return CdcSpec(**(given | arguments))


def test_type_1_keeps_the_newest_row_and_truncate_removes_what_is_older(spark, tmp_path):
    flow = users(apply_as_truncates="operation = 'TRUNCATE'")
    truncate = [(None, None, None, "TRUNCATE", 3)]
    late = [(124, "Raul", "late", "UPDATE", 2), (126, "Lily", "after", "UPDATE", 3)]
    target = Target(spark, tmp_path)
    assert target.apply(flow, spark.createDataFrame(CHANGES, USERS), 0) == [
        (124, "Raul", "Oaxaca"), (125, "Mercedes", "Guadalajara"), (126, "Lily", "Cancun")]
    assert target.apply(flow, spark.createDataFrame(truncate, USERS), 1) == [(125, "Mercedes", "Guadalajara")]
    assert target.counts[1].deleted == 2
    assert target.apply(flow, spark.createDataFrame(late, USERS), 2) == [
        (125, "Mercedes", "Guadalajara"), (126, "Lily", "after")]


def test_type_2_keeps_history_and_a_late_row_splits_a_run(spark, tmp_path):
    flow = users(scd_type="2")
    run = [(1, name, "x", "UPDATE", at) for name, at in (("Alice", 5), ("Alice", 10), ("Alice", 15), ("Charlie", 20))]
    history = [
        (123, "Isabel", "Chihuahua", 5, 6), (123, "Isabel", "Monterrey", 1, 5), (124, "Raul", "Oaxaca", 1, None),
        (125, "Mercedes", "Guadalajara", 6, None), (125, "Mercedes", "Mexicali", 5, 6), (125, "Mercedes", "Tijuana", 2, 5),
        (126, "Lily", "Cancun", 2, None),
    ]
    target = Target(spark, tmp_path)
    assert target.apply(flow, spark.createDataFrame(CHANGES + run, USERS), 0) == [
        (1, "Alice", "x", 5, 20), (1, "Charlie", "x", 20, None), *history]
    assert target.apply(flow, spark.createDataFrame([(1, "Bob", "x", "UPDATE", 12)], USERS), 1) == [
        (1, "Alice", "x", 15, 20), (1, "Alice", "x", 5, 12), (1, "Bob", "x", 12, 15), (1, "Charlie", "x", 20, None), *history]
    assert (target.counts[1].upserted, target.counts[1].deleted) == (3, 0)


def test_an_untracked_column_and_a_late_row_that_joins_two_rows_of_history(spark, tmp_path):
    flow = users(scd_type="2", track_history_except=("city",))
    two = [(1, "A", "x", "UPDATE", 1), (1, "B", "y", "UPDATE", 5)]
    history = [(123, "Isabel", "Chihuahua", 1, 6), (124, "Raul", "Oaxaca", 1, None),
               (125, "Mercedes", "Guadalajara", 2, None), (126, "Lily", "Cancun", 2, None)]
    target = Target(spark, tmp_path)
    assert target.apply(flow, spark.createDataFrame(CHANGES + two, USERS), 0) == [
        (1, "A", "x", 1, 5), (1, "B", "y", 5, None), *history]
    rows = target.apply(flow, spark.createDataFrame([(1, "B", "z", "UPDATE", 3)], USERS), 1)
    assert rows == [(1, "A", "x", 1, 3), (1, "B", "y", 3, None), *history]
    assert target.counts[1].deleted == 1


@pytest.mark.parametrize(("scd_type", "expected"), [
    ("1", [(1, "a"), (3, "d")]),
    ("2", [(1, "a", 1, None), (2, "b", 1, 2), (2, "c", 2, 3), (3, "d", 2, None)]),
])
@pytest.mark.long
def test_snapshots(spark, tmp_path, monkeypatch, scd_type, expected):
    snapshots = {1: [(1, "a"), (2, "b")], 2: [(1, "a"), (2, "c"), (3, "d")], 3: [(1, "a"), (3, "d")]}
    spec = SnapshotSpec("s", ("id",), scd_type)
    target = Target(spark, tmp_path)
    flow = {"flow_name": "f", "flow_id": "id", "target": target.place}
    for version, rows in snapshots.items():
        df = spark.createDataFrame(rows, "id INT, v STRING")
        if version == 1:
            target.create(snapshot_schema(spec, df, version))
        if version < 3:
            apply_snapshot(spark, spec, df, version, **flow)
    with monkeypatch.context() as killed:  # after the last one was stored
        killed.setattr("ldp_jupyter.cdc.snapshot.publish_batch", lambda *_, **__: None)
        apply_snapshot(spark, spec, df, version, **flow)
    assert target.rows() != expected
    assert finish_snapshots(spark, **flow) == finish_snapshots(spark, **flow) == StoredSnapshot(3, 2)
    assert target.rows() == expected
    # A version that is not newer is passed over.
    old = spark.createDataFrame([(9, "z")], "id INT, v STRING")
    assert apply_snapshot(spark, spec, old, 3, **flow) is None
    assert target.rows() == expected
    # What was stored of them is needed for the next one.
    shutil.rmtree(target.place.changes_path)
    with pytest.raises(LdpError, match="the stored changes of t are gone"):
        apply_snapshot(spark, spec, old, 4, **flow)


def test_a_once_flow_and_a_feed_share_a_target(spark, tmp_path):
    base = users(sequence_by="0", apply_as_deletes=None)
    feed = users()
    target = Target(spark, tmp_path)
    target.apply(feed, spark.createDataFrame([(1, "new", "x", "UPDATE", 5), (2, None, None, "DELETE", 6)], USERS), 0, flow="feed")
    old = [(1, "old", "x", None, None), (2, "gone", "x", None, None), (3, "kept", "x", None, None)]
    assert target.apply(base, spark.createDataFrame(old, USERS), 0, flow="base") == [(1, "new", "x"), (3, "kept", "x")]
