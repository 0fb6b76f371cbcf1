"""What of a definition is stored, and which types fit stored ones."""

import pytest
from pyspark.sql import types as t

from ldp_jupyter.cdc import ChangePlan, check_together
from ldp_jupyter.cdc.definition import Definition, fits
from ldp_jupyter.cdc.refusal import raise_refused
from ldp_jupyter.cdc.values import is_orderable
from ldp_jupyter.errors import LdpError


def test_definition_survives_its_json():
    definition = Definition(("id", "Region"), ("int", "string"), "2", "struct<a:int>", "except", ("city",))
    assert Definition.from_json(definition.to_json()) == definition


@pytest.mark.parametrize(("track", "columns", "expected"), [
    ("all", (), ("A", "b")), ("only", ("a", "c"), ("A",)), ("except", ("a", "c"), ("b",)),
])
def test_tracked_columns(track, columns, expected):
    assert Definition(("id",), ("int",), "2", "int", track, columns).tracked(["A", "b"]) == expected


def struct(**fields):
    return t.StructType([t.StructField(name, kind) for name, kind in fields.items()])


@pytest.mark.parametrize(("new", "stored", "expected"), [
    (t.IntegerType(), t.IntegerType(), True),
    (t.IntegerType(), t.LongType(), True),
    (t.LongType(), t.IntegerType(), False),
    (t.StringType(), t.DateType(), False),
    (t.DecimalType(5, 2), t.DecimalType(10, 2), True),
    (t.DecimalType(10, 4), t.DecimalType(10, 2), False),
    (struct(x=t.IntegerType(), y=t.IntegerType()), struct(X=t.LongType()), True),
    (struct(x=t.StringType()), struct(x=t.LongType()), False),
    (t.ArrayType(t.IntegerType()), t.ArrayType(t.LongType()), True),
    (t.MapType(t.StringType(), t.LongType()), t.MapType(t.StringType(), t.IntegerType()), False),
])
def test_types_that_fit(new, stored, expected):
    assert fits(new, stored) is expected


def test_orderable_types():
    assert is_orderable(struct(x=t.ArrayType(t.StringType())))
    assert not is_orderable(struct(x=t.MapType(t.StringType(), t.StringType())))


def test_only_refusals_are_translated():
    with pytest.raises(ValueError, match="other"):
        raise_refused(ValueError("other"), "t")
    in_a_plan = ValueError("[CAST_INVALID] CASE WHEN x THEN raise_error(concat(LDP-4002: its key is NULL; the row: ")
    with pytest.raises(ValueError, match="CAST_INVALID"):
        raise_refused(in_a_plan, "t")
    text = "org.x.SparkException: [USER_RAISED_EXCEPTION] LDP-4002: its key is NULL; the row: id=NULL SQLSTATE: P0001\n\tat x.y"
    with pytest.raises(LdpError) as caught:
        raise_refused(RuntimeError(text), "t")
    assert caught.value.message == "a change of t cannot be applied: its key is NULL; the row: id=NULL"
    assert caught.value.detail == text


def plan(*, keys=("id",), scd_type="2", sequence=None, track=("all", ()), payload=("a", "b")):
    sequence = sequence or t.IntegerType()
    definition = Definition(keys, ("int",) * len(keys), scd_type, sequence.simpleString(), *track)
    kept = tuple(t.StructField(name, t.StringType()) for name in (*keys, *payload))
    return ChangePlan(definition, (), kept, None, sequence)


@pytest.mark.parametrize(("one", "other"), [
    (plan(keys=("x", "y")), plan(keys=("Y", "X"))),
    (plan(), plan(track=("only", ("b", "A")))),
    (plan(), plan(track=("except", ("elsewhere",)))),
    (plan(track=("except", ("A",))), plan(track=("only", ("b",)))),
    (plan(track=("only", ("a",))), plan(track=("only", ("a",)), payload=("a", "b", "new"))),
    (plan(scd_type="1"), plan(scd_type="1", payload=("a", "new"))),
])
def test_definitions_that_mean_the_same(one, other):
    check_together("t", ("f", one), ("g", other))


@pytest.mark.parametrize(("one", "other", "message"), [
    (plan(), plan(keys=("id", "a")), "keys: (id) and (id, a)"),
    (plan(keys=("id", "a")), plan(keys=("id", "c")), "keys: (id, a) and (id, c)"),
    (plan(), plan(scd_type="1"), "the SCD type: 2 and 1"),
    (plan(), plan(sequence=t.LongType()), "the type of the sequence: int and bigint"),
    (plan(track=("only", ("a",))), plan(track=("only", ("b",))), "the tracked columns: (a) and (b)"),
    (plan(), plan(track=("only", ("a",))), "the tracked columns: (a, b) and (a)"),
])
def test_definitions_that_do_not(one, other, message):
    with pytest.raises(LdpError) as caught:
        check_together("t", ("f", one), ("g", other))
    assert caught.value.code == "LDP-2017"
    assert caught.value.message == f'AUTO CDC flows "f" and "g" of t differ in {message}'
