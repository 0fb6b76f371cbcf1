"""One batch after another: bad rows, counts, new columns, changed definitions, unusual columns."""

import dataclasses
import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import delta_files
import pytest
from cdc_targets import Target
from pyspark.sql.types import StructType

from ldp_jupyter.cdc import check_definition, plan_changes, publish_batch, store_batch
from ldp_jupyter.cdc.delta_table import table_state
from ldp_jupyter.cdc.settings import settings
from ldp_jupyter.declarations import CdcSpec
from ldp_jupyter.errors import LdpError

pytestmark = pytest.mark.spark

SOURCE = "id INT, v STRING, seq INT, op STRING"


def spec(**arguments):
    given = {"source": "s", "keys": ("id",), "sequence_by": "seq", "apply_as_deletes": "op = 'd'",
             "except_column_list": ("op", "seq")}
    return CdcSpec(**(given | arguments))


def rows(spark, *values, columns=SOURCE):
    return spark.createDataFrame(list(values), columns)


def test_a_bad_row_stops_its_batch_and_counts_are_of_rows_that_it_writes(spark, tmp_path):
    flow = spec(where="id < 100")
    target = Target(spark, tmp_path, name="customers")
    first = [(1, "a", 1, "u"), (2, "b", 1, "u"), (3, "c", 1, "u"), (4, "d", 2, "d")]
    before = target.apply(flow, rows(spark, *first), 0)
    for bad, reason in [((None, "Ann", 2, "u"), 'key "id" is NULL'), ((7, "Ann", None, "u"), "sequence is NULL"),
                        ((None, "Ann", None, "u"), "sequence is NULL"),
                        ((700, "Ann", 2, "u"), "violates the condition id < 100")]:
        with pytest.raises(LdpError) as caught:
            target.apply(flow, rows(spark, (2, "c", 2, "u"), bad), 1)
        assert caught.value.code == "LDP-4002"
        assert reason in caught.value.message
        assert "v=Ann" in caught.value.message
        assert "\n" not in caught.value.message
        assert target.rows() == before
        assert len(delta_files.rows(Path(target.place.changes_path))) == len(first)

    batch = rows(spark, (1, "a", 2, "u"), (2, "B", 2, "u"), (3, "c", 2, "d"), (4, "late", 1, "u"), (5, "e", 1, "u"))
    assert target.apply(flow, batch, 1) == [(1, "a"), (2, "B"), (5, "e")]
    assert target.apply(flow, batch, 1) == [(1, "a"), (2, "B"), (5, "e")]
    assert [(c.upserted, c.deleted) for c in target.counts] == [(3, 0), (3, 1), (0, 0)]
    assert not [key for key in ("txnAppId", "txnVersion") if spark.conf.get(f"spark.databricks.delta.write.{key}", None)]


@pytest.mark.parametrize("scd_type", ["1", "2"])
@pytest.mark.long
def test_columns_and_fields_that_come_and_go(spark, tmp_path, scd_type):
    """Rows written keep what they have; NULL is what later changes have of a column that the source has no more."""
    flow = spec(scd_type=scd_type, except_column_list=("op", "seq"))
    target = Target(spark, tmp_path)
    first = "id INT, s STRUCT<x: INT>, list ARRAY<STRUCT<x: INT>>, gone STRING, seq INT, op STRING"
    target.apply(flow, rows(spark, (1, (1,), [(1,)], "g", 1, "u"), (9, (9,), [], "g", 1, "u"), columns=first), 0)
    wider = "id INT, s STRUCT<x: INT, y: INT>, list ARRAY<STRUCT<x: INT, y: INT>>, more STRING, seq INT, op STRING"
    target.apply(flow, rows(spark, (2, (1, 2), [(1, 2)], "m", 1, "u"), columns=wider), 1)
    narrower = "id INT, s STRUCT<y: INT>, list ARRAY<STRUCT<Y: INT>>, More STRING, seq INT, op STRING"
    target.apply(flow, rows(spark, (1, (5,), [(6,)], None, 2, "u"), (3, (7,), [(8,)], "n", 1, "u"), columns=narrower), 2)
    old = [(1, (1, None), [(1, None)], "g", None)] if scd_type == "2" else []
    found = [(row["id"], tuple(row["s"]), [tuple(item) for item in row["list"]], row["gone"], row["more"])
             for row in target.read().orderBy("id", "s.x").collect()]
    assert sorted(found, key=repr) == sorted([
        *old, (1, (None, 5), [(None, 6)], None, None), (2, (1, 2), [(1, 2)], None, "m"),
        (3, (None, 7), [(None, 8)], None, "n"), (9, (9, None), [], "g", None)], key=repr)
    history = ["__START_AT", "__END_AT"] if scd_type == "2" else []
    assert target.read().columns == ["id", "s", "list", "gone", "more", *history]


def test_a_declared_schema_of_other_types_and_letters(spark, tmp_path):
    """The files have the declared types, from the first row on: other readers than Spark cast nothing."""
    flow = spec(except_column_list=("op", "seq"))
    declared = "ID BIGINT, Day STRING, amount DECIMAL(12,4), by_hand INT, __START_AT INT"
    target = Target(spark, tmp_path).create(StructType.fromDDL(declared))
    source = "id INT, day DATE, amount DECIMAL(5,2), __start_at INT, seq INT, op STRING"
    day, amount = date(2026, 1, 2), Decimal("1.25")
    target.apply(flow, rows(spark, (1, day, amount, 1, 1, "u"), (2, day, amount, 2, 1, "u"), columns=source), 0)
    assert target.rows() == [(n, "2026-01-02", Decimal("1.2500"), None, n) for n in (1, 2)]
    again = target.apply(flow, rows(spark, (2, None, amount, 3, 2, "u"), (3, day, None, 4, 1, "u"), columns=source), 1)
    assert again == [(1, "2026-01-02", Decimal("1.2500"), None, 1), (2, None, Decimal("1.2500"), None, 3),
                     (3, "2026-01-02", None, None, 4)]
    assert target.read().dtypes == [
        ("ID", "bigint"), ("Day", "string"), ("amount", "decimal(12,4)"), ("by_hand", "int"), ("__START_AT", "int")]

    narrow = Target(spark, tmp_path / "narrow").create(StructType.fromDDL(declared.replace("12,4", "3,2")))
    with pytest.raises(LdpError, match="a value of amount does not fit its type decimal"):
        narrow.apply(flow, rows(spark, (1, day, Decimal("10.25"), 1, 1, "u"), columns=source), 0)
    assert narrow.rows() == []


def test_a_target_whose_stored_changes_are_gone(spark, tmp_path):
    flow = spec(scd_type="2")
    target = Target(spark, tmp_path)
    before = target.apply(flow, rows(spark, (1, "a", 5, "u")), 0)
    shutil.rmtree(target.place.changes_path)
    with pytest.raises(LdpError) as caught:
        target.apply(flow, rows(spark, (1, "b", 6, "u")), 1)
    assert (caught.value.code, caught.value.message) == ("LDP-5006", "the stored changes of t are gone")
    assert target.rows() == before


# Events of one key, batches apart by "|": letters are values, "-" is a delete, numbers are sequences. Then the rows of
# type 2, and the value of type 1.
EVENTS = {
    "an insert": ("a10", "a10-", "a"),
    "two updates in one batch": ("a10 b20", "a10-20 b20-", "b"),
    "a delete in the same batch": ("a10 -20", "a10-20", ""),
    "a whole life in one batch": ("a10 b20 -30 c40", "a10-20 b20-30 c40-", "c"),
    "a value repeated": ("a10 a20", "a10-", "a"),
    "a delete of a key that is not there": ("-5", "", ""),
    "an update": ("a10 | b20", "a10-20 b20-", "b"),
    "a delete": ("a10 | -20", "a10-20", ""),
    "an update leaves what has ended": ("a5 b10 | c20", "a5-10 b10-20 c20-", "c"),
    "before all that is there": ("a10 | b5", "b5-10 a10-", "a"),
    "late, within a row": ("a10 c20 | b15", "a10-15 b15-20 c20-", "c"),
    "a late delete within a row": ("a10 b30 | -20", "a10-20 b30-", "b"),
    "a late delete within the last row": ("a10 -20 | -15", "a10-15", ""),
    "the delete that it hid counts for what comes between": ("a10 -20 | -15 | b17", "a10-15 b17-20", ""),
    "two late ones, each in a row of its own": (
        "a1 b5 c10 d20 | y7 z15", "a1-5 b5-7 y7-10 c10-15 z15-20 d20-", "d"),
    "again after a delete": ("-20 | y30", "y30-", "y"),
    "a value repeated until a change": ("a10 | a20 | b30", "a10-30 b30-", "b"),
    "late, within a run": ("a5 a10 a15 | c20 | b12", "a5-12 b12-15 a15-20 c20-", "c"),
    "late, the same value within its row": ("a10 b20 | a15", "a10-20 b20-", "b"),
    "late, the same value before and within": ("a10 b20 | a5 a15", "a5-20 b20-", "b"),
    "after a run that a delete ended": ("a10 a11 | -12 | b20", "a10-12 b20-", "b"),
    "before a delete that came first": ("-20 | y10", "y10-20", ""),
    "twice in a batch": ("a10 a10", "a10-", "a"),
    "again in a later batch": ("a10 | a10", "a10-", "a"),
    "two values at one sequence": ("a10 b10", "b10-", "b"),
    "two values at one sequence, the lesser one later": ("b10 | a10", "b10-", "b"),
    "an upsert and a delete at one sequence": ("a10 -10", "", "a"),
    "a delete later at the sequence of the upsert": ("a10 | -10", "", "a"),
    "an upsert later at the sequence of the delete": ("-10 | a10", "", "a"),
    "a late delete before the newest": ("a1 b3 | c2 d4 | -2", "a1-2 b3-4 d4-", "d"),
    "late before a delete": ("a1 b3 | c2 -5 | y4", "a1-2 c2-3 b3-4 y4-5", ""),
}


@pytest.mark.parametrize("scd_type", ["1", "2"])
@pytest.mark.long
def test_orders_of_events(spark, tmp_path, scd_type):
    batches = [[], [], []]
    for number, (text, *_) in enumerate(EVENTS.values()):
        for batch, part in zip(batches, text.split("|"), strict=False):
            batch += [(number, value, int(at), "d" if value == "-" else "u") for value, at in re.findall(r"([a-z-])(\d+)", part)]
    flow, target = spec(scd_type=scd_type), Target(spark, tmp_path)
    if scd_type == "1":  # the first batch of a stream may have no rows
        batches.insert(0, [])
    for number, batch in enumerate(batches):
        found = target.apply(flow, rows(spark, *batch), number)
    if scd_type == "2":
        assert target.apply(flow, rows(spark), len(batches)) == found
    for number, (name, (_, history, latest)) in enumerate(EVENTS.items()):
        own = [row[1:] for row in found if row[0] == number]
        runs = re.findall(r"([a-z])(\d+)-(\d*)", history)
        expected = [(value, int(start), int(end) if end else None) for value, start, end in runs]
        assert own == ([(value,) for value in latest] if scd_type == "1" else sorted(expected, key=repr)), name


def test_a_changed_definition_needs_a_full_refresh(spark, tmp_path):
    source = rows(spark, (1, "a", 1, "u"))
    flow = spec(scd_type="2", track_history_except=("v",))
    target = Target(spark, tmp_path)
    target.apply(flow, source, 0)
    same = [{}, {"apply_as_deletes": "op = 'x'"}, {"sequence_by": "seq + 1"}, {"keys": ("ID",)}, {"track_history_except": ("V", "op")},
            {"track_history_except": None, "track_history_columns": ("op",)}]
    for arguments in same:  # tracked are no columns of the target, however that is said
        check_definition(spark, dataclasses.replace(flow, **arguments), source, target.place)
    changed = {
        "keys changed from (id) to (id, v)": {"keys": ("id", "v")},
        "the SCD type changed from 2 to 1": {"scd_type": "1", "track_history_except": None},
        "the type of the sequence changed from int to bigint": {"sequence_by": "cast(seq AS BIGINT)"},
        "the tracked columns changed from () to (v)": {"track_history_except": None},
    }
    for message, arguments in changed.items():
        with pytest.raises(LdpError) as caught:
            check_definition(spark, dataclasses.replace(flow, **arguments), source, target.place)
        assert caught.value.code == "LDP-3005"
        assert message in caught.value.message
    other_type = source.selectExpr("id", "cast(v AS DATE) AS v", "seq", "op")
    with pytest.raises(LdpError, match="type of column v changed from string to date"):
        check_definition(spark, flow, other_type, target.place)


def test_a_batch_that_another_flow_stored_and_did_not_publish(spark, tmp_path):
    """Killed between its two commits, it is published by its flow's next run, whatever came in between."""
    flow = spec(scd_type="2")
    target = Target(spark, tmp_path)
    target.apply(flow, rows(spark, (1, "a", 1, "u"), (2, "a", 1, "u")), 0)
    names = {"flow_name": "other", "flow_id": "id of other", "target": target.place}
    both = rows(spark, (1, "b", 5, "u"), (2, "b", 4, "u"))
    store_batch(spark, plan_changes(flow, both), both, 0, **names)
    target.apply(flow, rows(spark, (1, "b", 5, "u"), (1, "c", 3, "u")), 1)
    publish_batch(spark, 0, **names)
    assert target.rows() == [(1, "a", 1, 3), (1, "b", 5, None), (1, "c", 3, 5), (2, "a", 1, 4), (2, "b", 4, None)]


def test_a_batch_starts_no_job_for_what_the_logs_tell(spark, tmp_path):
    """Whether it was applied, which files there are, and putting few files together: none of it is worth a job."""
    flow = spec()
    place = Target(spark, tmp_path).create(StructType.fromDDL("id INT, v STRING")).place
    jobs = spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs
    took = []
    for number in range(3):
        batch = rows(spark, *[(key, f"{number}", number, "u") for key in range(number, number + 5)])
        plan = plan_changes(flow, batch)
        with settings(spark, {"spark.sql.adaptive.enabled": "false"}):  # which splits a query into several
            before = jobs()
            store_batch(spark, plan, batch, number, flow_name="f", flow_id="f", target=place)
            publish_batch(spark, number, flow_name="f", flow_id="f", target=place)
            took.append(jobs() - before)
    assert took[1:] == [6, 6]
    assert table_state(spark, place.changes_path).version == 2  # of which none is an OPTIMIZE
    assert sorted(delta_files.rows(Path(place.target_path), ["id", "v"])) == [(0, "0"), (1, "1"), *[(n, "2") for n in range(2, 7)]]


def test_columns_to_update(spark, tmp_path):
    source = "id INT, a STRING, b STRING, seq INT, cols ARRAY<STRING>"
    flow = spec(apply_as_deletes=None, columns_to_update="cols", except_column_list=("seq", "cols"))
    target = Target(spark, tmp_path)
    target.apply(flow, rows(spark, (1, "a1", "b1", 1, None), (1, "a2", "b2", 2, ["A"]), columns=source), 0)
    assert target.rows() == [(1, "a2", "b1")]
    with pytest.raises(LdpError, match="lists a column that the source does not have"):
        target.apply(flow, rows(spark, (1, "a3", "b3", 3, ["nope"]), columns=source), 1)


def test_unusual_names_and_types(spark, tmp_path):
    source = ("`the id` STRING, `it's` INT, `a\"b` INT, `c\\d` INT, `a.b` MAP<STRING, INT>, day DATE, amount DECIMAL(10,2), "
              "bin BINARY, seq INT, __START_AT DATE")
    flow = spec(keys=("The ID", "it's", 'a"b', "c\\d"), apply_as_deletes=None, except_column_list=("__START_AT",), scd_type="2",
                track_history_except=("seq",))
    target = Target(spark, tmp_path)
    k = ("k", 1, 2, 3)
    target.apply(flow, rows(spark, (*k, {"x": 1, "y": 2}, None, None, b"1", 1, None), columns=source), 0)
    batch = rows(spark, (*k, {"y": 2, "x": 1}, None, None, b"1", 2, None), (*k, {"x": 9}, None, None, b"1", 3, None), columns=source)
    target.apply(flow, batch, 1)
    found = [(row["a.b"], row["seq"], row["__START_AT"], row["__END_AT"]) for row in target.read().orderBy("__START_AT").collect()]
    assert found == [({"x": 1, "y": 2}, 2, 1, 3), ({"x": 9}, 3, 3, None)]
    with pytest.raises(LdpError, match="its key \"it's\" is NULL"):  # one of several
        target.apply(flow, rows(spark, ("k", None, 2, 3, {}, None, None, b"1", 4, None), columns=source), 2)


def test_storage_is_as_documented(spark, tmp_path):
    flow = spec(apply_as_truncates="op = 't'", ignore_null_updates=True)
    target = Target(spark, tmp_path)
    target.apply(flow, rows(spark, (1, "a", 1, "u"), (2, None, 2, "d"), (None, None, 3, "t")), 4)
    assert target.stored().dtypes == [
        ("__ldp_batch", "bigint"), ("__ldp_flow", "string"), ("__ldp_seq", "int"), ("__ldp_op", "string"),
        ("__ldp_cut", "int"), ("__ldp_ignore", "array<string>"), ("id", "int"), ("v", "string")]
    stored = sorted(tuple(row) for row in target.stored().select("__ldp_seq", "__ldp_op", "__ldp_batch").collect())
    assert stored == [(1, "u", 4), (2, "d", 4), (3, "t", 4)]


ARGUMENTS = {
    "keys are missing": {"keys": ()},
    'unknown column "idd" in keys': {"keys": ("idd",)},
    "column_list and except_column_list exclude each other": {"column_list": ("id",)},
    'key "id" is not among the columns kept': {"except_column_list": ("id",)},
    'unknown column "vv" in except_column_list': {"except_column_list": ("vv",)},
    "history is tracked with SCD type 2 only": {"track_history_columns": ("v",)},
    "apply_as_truncates works with SCD type 1 only": {"scd_type": "2", "apply_as_truncates": "op = 't'"},
    "columns_to_update and ignore_null_updates exclude each other": {"columns_to_update": "v", "ignore_null_updates": True},
    "it must be an array<string>": {"columns_to_update": "v"},
    'sequence_by cannot be resolved: unknown column "sq"': {"sequence_by": "sq"},
    "which cannot be ordered": {"sequence_by": "map(1, seq)"},
    "apply_as_deletes is not a condition: its type is string": {"apply_as_deletes": "op"},
    "unknown SCD type '3'": {"scd_type": "3"},
}


@pytest.mark.parametrize(("message", "arguments"), ARGUMENTS.items(), ids=ARGUMENTS.keys())
def test_wrong_arguments(spark, message, arguments):
    with pytest.raises(LdpError) as caught:
        plan_changes(spec(**arguments), rows(spark))
    assert caught.value.code == "LDP-2017"
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_wrong_column_gets_a_proposal(spark):
    for arguments in ({"keys": ("i",), "sequence_by": "seq"}, {"sequence_by": "seqq"}, {"apply_as_deletes": "opp = 1"}):
        with pytest.raises(LdpError) as caught:
            plan_changes(spec(**arguments), rows(spark))
        assert "did you mean" in caught.value.hint


def test_reserved_names_in_the_source(spark):
    for scd_type, name in (("2", "__start_at"), ("2", "__END_AT"), ("1", "__ldp_seq"), ("1", "__LDP_x")):
        with pytest.raises(LdpError, match="reserves"):
            plan_changes(spec(scd_type=scd_type), rows(spark, columns=f"{SOURCE}, {name} INT"))


def test_a_streaming_source_and_column_objects(spark):
    from pyspark.sql import functions as fn

    source = spark.readStream.format("rate").load()
    flow = CdcSpec("s", ("value",), fn.struct("timestamp", "value"), apply_as_deletes=fn.col("value") == 1, scd_type="2")
    assert plan_changes(flow, source).schema.simpleString() == (
        "struct<timestamp:timestamp,value:bigint,__START_AT:struct<timestamp:timestamp,value:bigint>,"
        "__END_AT:struct<timestamp:timestamp,value:bigint>>")
