"""Seventeen cases whose results were measured on the platform, each named by what it shows.

The customer's number stands for the case, so that cases with the same flow share one target.
"""

from datetime import datetime
from pathlib import Path

import delta_files
import pytest
from cdc_targets import Target

from ldp_jupyter.cdc import output_schema
from ldp_jupyter.declarations import CdcSpec

pytestmark = pytest.mark.spark

T0 = 1788084000  # 2026-08-30 10:00:00 UTC
COLUMNS = ("customer_id INT, name STRING, email STRING, city STRING, status STRING, source_updated_at LONG, "
           "source_sequence INT, transaction_sequence INT, ingested_at LONG, operation STRING, last_synced_at LONG")
TIMES = ("source_updated_at", "ingested_at", "last_synced_at")


def change(case, status, sequence, t=0, ingested=None, txn=1, operation="UPDATE", synced=None, **other):
    ingested = t if ingested is None else ingested
    row = {"customer_id": case, "name": "Ivan", "email": "ivan@example.com", "city": "Antalya", "status": status,
           "source_updated_at": t, "source_sequence": sequence, "transaction_sequence": txn, "ingested_at": ingested,
           "operation": operation, "last_synced_at": ingested if synced is None else synced}
    return tuple((row | other).values())


def deletion(case, sequence):
    return change(case, None, sequence, operation="DELETE", name=None, email=None, city=None)


def frame(spark, rows):
    seconds = {name: f"timestamp_seconds({T0} + {name})" for name in TIMES}
    df = spark.createDataFrame(rows, COLUMNS)
    return df.selectExpr(*[f"{seconds[c]} AS {c}" if c in seconds else c for c in df.columns])


def spec(**arguments):
    given = {"source": "s", "keys": ("customer_id",), "sequence_by": "source_sequence",
             "apply_as_deletes": "operation = 'DELETE'", "except_column_list": ("operation", "last_synced_at")}
    return CdcSpec(**(given | arguments))


def run(spark, folder, flow, *batches):
    """After each batch: {case: rows}, a row being a dict; times are seconds after T0."""
    target, after = Target(spark, folder), []
    for number, rows in enumerate(batches):
        target.apply(flow, frame(spark, rows), number)
        cases = {}
        for values in delta_files.rows(Path(target.place.target_path)):
            row = {name: int(v.timestamp()) - T0 if isinstance(v, datetime) else v
                   for name, v in zip(target.names, values, strict=True)}  # fmt: skip
            cases.setdefault(row["customer_id"], []).append(row)
        for found in cases.values():
            found.sort(key=lambda row: row.get("__START_AT") or 0)
        after.append(cases)
    return after


def statuses(rows, *names):
    return [tuple(row[name] for name in ("status", *names)) for row in rows]


HISTORY = ("__START_AT", "__END_AT")
LIFE = [("PENDING", 10, "INSERT", "Antalya"), ("ACTIVE", 20, "UPDATE", "Antalya"), ("ACTIVE", 30, "UPDATE", "Izmir"),
        ("SUSPENDED", 40, "UPDATE", "Ankara")]


def life(case):
    return [change(case, status, at, operation=op, city=city) for status, at, op, city in LIFE] + [deletion(case, 50)]


@pytest.fixture(scope="module")
def latest(spark_main, tmp_path_factory):
    """Cases 1, 2A, 3A, 5A, 6A, 7A: SCD type 1 by the source's sequence."""
    first = [
        change(11, "ACTIVE", 10), change(12, "ACTIVE", 10), change(21, "ACTIVE", 12, t=20, ingested=0),
        change(31, "ACTIVE", 10, txn=1), change(31, "SUSPENDED", 10, txn=2),
        change(51, "ACTIVE", 10, email="x@example.com"), change(51, "ACTIVE", 20, email=None, city="Istanbul"),
        change(61, "ACTIVE", 17), deletion(61, 20), *life(71),
    ]
    first.append(first[0])
    late = [change(12, "ACTIVE", 10), change(21, "PENDING", 10, t=0, ingested=10), change(61, "SUSPENDED", 18), *life(71)]
    return run(spark_main, tmp_path_factory.mktemp("latest"), spec(), first, late)


@pytest.fixture(scope="module")
def history(spark_main, tmp_path_factory):
    """Cases 2B, 6B, 7B: SCD type 2; a column that is not in the target may be in the list of untracked ones."""
    flow = spec(scd_type="2", track_history_except=("last_synced_at",))
    first = [change(22, "ACTIVE", 12, t=20, ingested=0), change(62, "ACTIVE", 17), deletion(62, 20), *life(72)]
    late = [change(22, "PENDING", 10, t=0, ingested=10), change(62, "SUSPENDED", 18), *life(72)]
    return run(spark_main, tmp_path_factory.mktemp("history"), flow, first, late)


def test_1a_a_duplicate_gives_one_row(latest):
    assert statuses(latest[0][11]) == [("ACTIVE",)]


def test_1b_a_replayed_row_changes_nothing(latest):
    assert latest[0][12] == latest[1][12]
    assert statuses(latest[1][12]) == [("ACTIVE",)]


def test_2a_a_late_row_loses_in_type_1(latest):
    assert statuses(latest[0][21], "source_sequence") == [("ACTIVE", 12)]
    assert statuses(latest[1][21], "source_sequence") == [("ACTIVE", 12)]


def test_2b_a_late_row_becomes_history_in_type_2(history):
    assert statuses(history[0][22], *HISTORY) == [("ACTIVE", 12, None)]
    assert statuses(history[1][22], *HISTORY) == [("PENDING", 10, 12), ("ACTIVE", 12, None)]


def test_3a_a_tie_gives_one_row(latest):
    assert statuses(latest[0][31]) == [("SUSPENDED",)]
    assert latest[1][31] == latest[0][31]


def test_3c_a_struct_settles_the_tie(spark, tmp_path):
    flow = spec(sequence_by="struct(source_updated_at, transaction_sequence)")
    rows = [change(33, "SUSPENDED", 10, txn=2), change(33, "ACTIVE", 10, txn=1)]
    assert statuses(run(spark, tmp_path, flow, rows)[0][33]) == [("SUSPENDED",)]


@pytest.mark.parametrize(("clock", "winner"), [("ingested_at", "ACTIVE"), ("source_updated_at", "SUSPENDED")])
def test_4_the_clock_chosen_decides(spark, tmp_path, clock, winner):
    rows = [change(41, "SUSPENDED", 20, t=300, ingested=360), change(41, "ACTIVE", 10, t=0, ingested=600)]
    assert statuses(run(spark, tmp_path, spec(sequence_by=clock), rows)[0][41]) == [(winner,)]


def test_5a_null_overwrites(latest):
    assert statuses(latest[1][51], "email", "city") == [("ACTIVE", None, "Istanbul")]


def test_5b_null_is_ignored_when_asked(spark, tmp_path):
    rows = [change(52, "ACTIVE", 10, email="x@example.com"), change(52, "ACTIVE", 20, email=None, city="Istanbul")]
    after = run(spark, tmp_path, spec(ignore_null_updates=True), rows)
    assert statuses(after[0][52], "email", "city") == [("ACTIVE", "x@example.com", "Istanbul")]


def test_6a_a_deleted_row_stays_away_in_type_1(latest):
    assert 61 not in latest[0]
    assert 61 not in latest[1]


def test_6b_a_late_row_cuts_a_closed_one(history):
    assert statuses(history[0][62], *HISTORY) == [("ACTIVE", 17, 20)]
    assert statuses(history[1][62], *HISTORY) == [("ACTIVE", 17, 18), ("SUSPENDED", 18, 20)]


def test_7a_a_life_replayed_leaves_nothing(latest):
    assert 71 not in latest[0]
    assert 71 not in latest[1]


def test_7b_a_life_replayed_leaves_the_same_history(history):
    expected = [("PENDING", "Antalya", 10, 20), ("ACTIVE", "Antalya", 20, 30), ("ACTIVE", "Izmir", 30, 40),
                ("SUSPENDED", "Ankara", 40, 50)]
    assert statuses(history[0][72], "city", *HISTORY) == expected
    assert history[1][72] == history[0][72]


NOISE = {"scd_type": "2", "sequence_by": "source_updated_at", "apply_as_deletes": None,
         "except_column_list": ("operation", "source_updated_at", "source_sequence", "ingested_at", "transaction_sequence")}


def noise(case):
    return [change(case, "ACTIVE", 10, t=i, synced=60 * i, operation="UPDATE" if i else "INSERT") for i in range(51)]


def test_8a_each_change_of_a_tracked_column_is_a_row(spark, tmp_path):
    rows = run(spark, tmp_path, spec(**NOISE), noise(81))[0][81]
    assert statuses(rows, *HISTORY) == [("ACTIVE", i, i + 1 if i < 50 else None) for i in range(51)]


def test_8b_an_untracked_column_is_updated_in_place(spark, tmp_path):
    flow = spec(**NOISE, track_history_except=("last_synced_at",))
    rows = run(spark, tmp_path, flow, noise(82))[0][82]
    assert rows == [{"customer_id": 82, "name": "Ivan", "email": "ivan@example.com", "city": "Antalya", "status": "ACTIVE",
                     "last_synced_at": 3000, "__START_AT": 0, "__END_AT": None}]


@pytest.mark.long
def test_9_bitemporal_history_is_known_from_when_it_came_in(spark, tmp_path):
    flow = spec(scd_type="bitemporal", sequence_by="source_updated_at", system_sequence_by="ingested_at")
    changes = [change(9, "PENDING", 10, t=0, ingested=60), change(9, "ACTIVE", 20, t=120, ingested=180),
               change(9, "SUSPENDED", 30, t=240, ingested=300)]
    expected = {("PENDING", 0, None, 60, 180), ("PENDING", 0, 120, 180, None), ("ACTIVE", 120, None, 180, 300),
                ("ACTIVE", 120, 240, 300, None), ("SUSPENDED", 240, None, 300, None)}
    columns = (*HISTORY, "__SYSTEM_START_AT", "__SYSTEM_END_AT")
    for number, batches in enumerate(([changes], [changes[1:], [changes[0], changes[2]]])):
        after = run(spark, tmp_path / str(number), flow, *batches)[-1][9]
        assert len(after) == 5
        assert set(statuses(after, *columns)) == expected


def test_type_2_columns_come_last_typed_like_the_sequence(spark):
    schema = output_schema(spec(scd_type="2", sequence_by="source_updated_at"), frame(spark, []))
    assert [(f.name, f.dataType.simpleString()) for f in schema.fields[-2:]] == [
        ("__START_AT", "timestamp"), ("__END_AT", "timestamp")]
    assert not {"operation", "last_synced_at"} & set(schema.names)
