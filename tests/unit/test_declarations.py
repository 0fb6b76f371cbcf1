from __future__ import annotations

import dataclasses

import pytest
from core_samples import NAMESPACE

from ldp_jupyter.declarations import (
    Action,
    CdcSpec,
    Dataset,
    Declarations,
    Expectation,
    Flow,
    Kind,
    Location,
    Note,
    PythonQuery,
    SnapshotSpec,
    SourceUnit,
    SqlQuery,
    TableOptions,
)


class Incomparable:
    """Like a Spark Column: comparing two gives something that is neither true nor false."""

    def __eq__(self, other: object) -> Incomparable:
        return self

    __hash__ = None

    def __bool__(self) -> bool:
        raise TypeError("no truth in it")

    def __str__(self) -> str:
        return "Column<'a > 0'>"


def dataset(table: str = "t", kind: Kind = Kind.TABLE, **more: object) -> Dataset:
    return Dataset(NAMESPACE.qualify(table), kind, **more)


def test_words_of_kinds_and_which_are_stored() -> None:
    assert Kind.MATERIALIZED_VIEW.words == "materialized view"
    assert {k for k in Kind if k.stored} == {Kind.STREAMING_TABLE, Kind.MATERIALIZED_VIEW, Kind.TABLE}


def test_what_others_see() -> None:
    assert dataset().published
    assert dataset(kind=Kind.VIEW).published
    assert not dataset(kind=Kind.TEMPORARY_VIEW).published
    assert not dataset(options=TableOptions(private=True)).published


def test_declared_values_are_frozen() -> None:
    values = [dataset(), Expectation("r", "a", Action.WARN), CdcSpec("s", ("k",), "q"), SnapshotSpec("s", ("k",))]
    for value in values:
        with pytest.raises(dataclasses.FrozenInstanceError):
            value.name = "other"


def test_which_flows_are_change_capture() -> None:
    def flow(query: object) -> Flow:
        return Flow("f", NAMESPACE.qualify("t"), query, NAMESPACE)

    assert flow(CdcSpec("s", ("k",), "q")).is_cdc
    assert flow(SnapshotSpec("s", ("k",))).is_cdc
    assert not flow(PythonQuery(dict)).is_cdc
    assert not flow(SqlQuery("SELECT 1", Location())).is_cdc


def test_a_rule_is_shown_by_its_condition() -> None:
    assert Expectation("r", "a > 0", Action.DROP).to_json() == {"name": "r", "condition": "a > 0", "action": "drop"}
    assert Expectation("r", Incomparable(), Action.FAIL).text == "Column<'a > 0'>"


def test_a_note_says_where() -> None:
    assert str(Note("warning", "odd", Location("a.sql", 3))) == "odd at a.sql:3"
    assert str(Note("warning", "odd", Location())) == str(Note("warning", "odd")) == "odd"


def test_a_changed_dataset_takes_the_place_of_the_old_one_whatever_its_rules_are() -> None:
    def ruled() -> Dataset:
        return dataset(expectations=(Expectation("r", Incomparable(), Action.WARN),))

    first, second, third = ruled(), ruled(), ruled()
    declared = Declarations(SourceUnit("k", "s"), [first, second])
    declared.replace_dataset(second, third)
    assert declared.datasets[0] is first
    assert declared.datasets[1] is third


def test_two_units_share_nothing() -> None:
    one, two = Declarations(SourceUnit("1", "1")), Declarations(SourceUnit("2", "2"))
    one.datasets.append(dataset())
    assert two.datasets == []
