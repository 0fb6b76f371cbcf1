"""The target is a function of the set of events: whatever the order, the batches, repetition or a kill in between."""

import os
import random
from pathlib import Path

import delta_files
import pytest
from cdc_model import bitemporal, scd1, scd2

from ldp_jupyter.cdc import BatchCounts, ChangeTarget, output_schema, plan_changes, publish_batch, store_batch
from ldp_jupyter.declarations import CdcSpec
from ldp_jupyter.spark.tables import create_table

pytestmark = pytest.mark.spark

KEYS = int(os.environ.get("LDP_CDC_KEYS", "60"))
SEEDS = int(os.environ.get("LDP_CDC_SEEDS", "1"))
BATCHES = int(os.environ.get("LDP_CDC_BATCHES", "2"))
SOURCE = ("id INT, region STRING, a INT, b STRING, s STRUCT<x: INT, y: STRING>, op STRING, ts INT, tie INT, "
          "cols ARRAY<STRING>")
COLUMNS = ["a", "b", "s"]
DROPPED = ("op", "ts", "tie", "cols")


def spec(**arguments):
    given = {"source": "s", "keys": ("id", "region"), "sequence_by": "ts", "apply_as_deletes": "op = 'd'",
             "except_column_list": DROPPED} | arguments
    return CdcSpec(**given)


TRUNCATES = {"apply_as_truncates": "op = 't'"}
SETTINGS = {
    "scd1 struct sequence": spec(sequence_by="struct(ts, tie)"),
    "scd1 truncates": spec(**TRUNCATES),
    "scd1": spec(),
    "scd1 ignore nulls, truncates": spec(ignore_null_updates=True, **TRUNCATES),
    "scd1 columns to update": spec(columns_to_update="cols"),
    "scd2": spec(scd_type="2"),
    "scd2 struct sequence, tracked": spec(scd_type="2", sequence_by="struct(ts, tie)", track_history_columns=("a",)),
    "scd2 ignore some nulls, all but": spec(scd_type="2", ignore_null_updates=True,
                                            ignore_null_updates_columns=("a", "s"), track_history_except=("b",)),
    "bitemporal": spec(scd_type="bitemporal", system_sequence_by="tie", track_history_columns=("a", "s")),
}

# Ways in which rows of the target are exchanged: small files written anew, deletion vectors, MERGE for a change feed.
WAYS = ("rewritten", "vectors", "merged")
CASES = [(name, seed, WAYS[(number + seed) % len(WAYS)]) for seed in range(SEEDS) for number, name in enumerate(SETTINGS)]


def random_events(rng, settings):
    """Source rows: few values, so that runs, ties and late rows are frequent."""
    rows = []
    for key in range(KEYS):
        for _ in range(rng.randint(1, 7)):
            struct = rng.choice([None, (1, "p"), (None, "q"), (2, None), (1, None)])
            row = (key, rng.choice(["eu", "us"]) if key % 5 == 0 else "eu", rng.choice([None, 1, 2]),
                   rng.choice([None, "m", "n"]), struct, rng.choice("uuuud"), rng.randint(1, 8), rng.randint(1, 3),
                   rng.choice([None, ["a"], ["b", "S"], ["a", "b", "s"]]))
            rows.append(row)
            if rng.random() < 0.15:
                rows.append(row)
    if settings.apply_as_truncates is not None:
        rows += [(None, None, None, None, None, "t", at, 0, None) for at in (3, rng.randint(1, 4))]
    rng.shuffle(rows)
    return rows


def as_event(row, settings):
    key_id, region, a, b, s, op, ts, tie, cols = row
    event = {"key": (key_id, region), "op": op if op != "t" or settings.apply_as_truncates else "u",
             "seq": (ts, tie) if "struct" in settings.sequence_by else ts,
             "row": {"a": a, "b": b, "s": None if s is None else {"x": s[0], "y": s[1]}}}
    if settings.system_sequence_by:
        event["sys"] = tie
    if settings.columns_to_update:
        event["sets"] = None if cols is None else [c.lower() for c in cols]
    if settings.ignore_null_updates:
        only, but = settings.ignore_null_updates_columns, settings.ignore_null_updates_except
        event["ignores"] = [c for c in COLUMNS if (only is None or c in only) and (but is None or c not in but)]
    return event


def expected(events, settings):
    if settings.scd_type == "1":
        return sorted(((*key, *row.values()) for key, row in scd1(events, COLUMNS).items()), key=repr)
    tracked = settings.track_history_columns or [c for c in COLUMNS if c not in (settings.track_history_except or ())]
    model = bitemporal if settings.scd_type == "bitemporal" else scd2
    return sorted(((*key, *row.values(), *interval) for key, rows in model(events, COLUMNS, tracked).items()
                   for row, *interval in rows), key=repr)


def plain(value):
    return value.asDict() if hasattr(value, "asDict") else value


def actual(spark, target, way):
    found = []
    if way == "vectors":  # which files alone do not tell of
        rows = [[plain(value) for value in row] for row in spark.read.format("delta").load(target.target_path).collect()]
    else:
        rows = delta_files.rows(Path(target.target_path))
    for row in rows:
        values = list(row)
        values[5:] = [tuple(v.values()) if isinstance(v, dict) else v for v in values[5:]]
        found.append(tuple(values))
    return sorted(found, key=repr)


@pytest.mark.parametrize(("name", "seed", "way"), CASES, ids=[f"{name}, {seed}, {way}" for name, seed, way in CASES])
@pytest.mark.long
def test_target_equals_the_model(spark, tmp_path, monkeypatch, name, seed, way):
    settings = SETTINGS[name]
    rng = random.Random(f"{seed} {settings}")
    if way == "vectors":
        monkeypatch.setattr("ldp_jupyter.cdc.publish.REWRITE_UP_TO", 0)
    rows = random_events(rng, settings)
    frame = spark.createDataFrame(rows, SOURCE)
    target = ChangeTarget("t", str(tmp_path / "target"), str(tmp_path / "changes"))
    plan = plan_changes(settings, frame)
    feed = {"delta.enableChangeDataFeed": "true"} if way == "merged" else {}
    create_table(spark, target.target_path, output_schema(settings, frame), [], [], feed, None)

    cuts = sorted(rng.sample(range(1, len(rows)), BATCHES - 1))
    batches = [rows[i:j] for i, j in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    # Some of what was there comes again, in a batch with a number of its own.
    batches[-1] += rng.sample(rows, len(rows) // 4)
    killed_at = rng.randrange(len(batches))
    flow = {"flow_name": "f", "flow_id": "flow-id", "target": target}
    for number, batch in enumerate(batches):
        batch_df = spark.createDataFrame(batch, SOURCE)
        store_batch(spark, plan, batch_df, number, **flow)
        if number == killed_at:  # between the two commits: the batch comes again, whole
            store_batch(spark, plan, batch_df, number, **flow)
        publish_batch(spark, number, **flow)
        so_far = [as_event(row, settings) for b in batches[: number + 1] for row in b]
        assert actual(spark, target, way) == expected(so_far, settings), f"after batch {number}"

    # Killed after both commits, or an old checkpoint: a batch that is there already changes nothing.
    number = rng.randrange(len(batches))
    store_batch(spark, plan, spark.createDataFrame(batches[number], SOURCE), number, **flow)
    assert publish_batch(spark, number, **flow) == BatchCounts(0, 0)
    assert delta_files.count(Path(target.changes_path)) == sum(map(len, batches))
    assert actual(spark, target, way) == expected(so_far, settings)
    # A truncate makes the whole table anew, by MERGE.
    if settings.apply_as_truncates is None:
        features = spark.sql(f"DESCRIBE DETAIL delta.`{target.target_path}`").collect()[0]["tableFeatures"]
        assert ("deletionVectors" in features) == (way == "vectors")
