"""`create_auto_cdc_flow`, `create_auto_cdc_from_snapshot_flow` and their older names."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from core_samples import declaring, here, problem_of

from ldp_jupyter import pipelines as dp
from ldp_jupyter.declarations import CdcSpec, SnapshotSpec
from ldp_jupyter.names import Namespace

LEAST: dict[str, Any] = {"target": "customers", "source": "changes", "keys": ["id"], "sequence_by": "ts"}


def spec_of(**arguments: Any) -> CdcSpec:
    with declaring() as declared:
        dp.create_auto_cdc_flow(**{**LEAST, **arguments})
    assert isinstance(declared.flows[0].query, CdcSpec)
    return declared.flows[0].query


def problem_with(**arguments: Any) -> Any:
    with declaring() as declared:
        problem = problem_of(lambda: dp.create_auto_cdc_flow(**{**LEAST, **arguments}))
    assert declared.flows == []
    assert problem.location.file == __file__
    return problem


def test_the_least_that_must_be_said() -> None:
    with declaring() as declared:
        line = here() + 1
        dp.create_auto_cdc_flow(target="customers", source="changes", keys=["id"], sequence_by="ts")
    (flow,) = declared.flows
    assert (flow.name, str(flow.target), flow.default, flow.once) == (
        "main.default.customers", "main.default.customers", True, False,
    )  # fmt: skip
    assert flow.query == CdcSpec("changes", ("id",), "ts")
    assert flow.query.scd_type == "1"
    assert flow.location.line == line
    assert declared.datasets == [], "its target is declared by create_streaming_table"


def test_all_that_can_be_said() -> None:
    with declaring(namespace=Namespace("prod", "gold"), confs={"x": "1"}) as declared:
        dp.create_auto_cdc_flow(
            target="silver.customers",
            source="changes",
            keys=["id", "region"],
            sequence_by="struct(ts, n)",
            system_sequence_by="seen",
            ignore_null_updates=True,
            ignore_null_updates_column_list=["a"],
            where="region = 1",
            apply_as_deletes="op = 'D'",
            except_column_list=["op"],
            stored_as_scd_type="2",
            track_history_column_list=["name"],
            name="load",
            once=True,
            spark_conf={"y": 2},
        )
    (flow,) = declared.flows
    assert (flow.name, str(flow.target), flow.once, flow.default) == ("load", "prod.silver.customers", True, False)
    assert flow.confs == {"x": "1", "y": "2"}
    assert flow.query == CdcSpec(
        source="changes", keys=("id", "region"), sequence_by="struct(ts, n)", system_sequence_by="seen",
        ignore_null_updates=True, ignore_null_updates_columns=("a",), where="region = 1", apply_as_deletes="op = 'D'",
        except_column_list=("op",), scd_type="2", track_history_columns=("name",),
    )  # fmt: skip


def test_the_older_name_by_place() -> None:
    with declaring() as declared:
        dp.apply_changes(
            "t", "s", ["k"], "q", "w", False, "d", "tr", ["a"], None, 1, None, None, "f", True, None, None, "cols"
        )
    (flow,) = declared.flows
    assert (flow.name, flow.once) == ("f", True)
    assert flow.query == CdcSpec(
        "s", ("k",), "q", where="w", apply_as_deletes="d", apply_as_truncates="tr", column_list=("a",),
        columns_to_update="cols",
    )  # fmt: skip


def test_both_spellings_of_the_flows_name() -> None:
    with declaring() as declared:
        dp.apply_changes(**LEAST, flow_name="old")
        dp.apply_changes(**LEAST, name="new")
    assert [f.name for f in declared.flows] == ["old", "new"]


def test_every_optional_parameter_may_be_none() -> None:
    names = set(inspect.signature(dp.create_auto_cdc_flow).parameters) - set(LEAST)
    assert len(names) > 15
    assert spec_of(**dict.fromkeys(names)) == spec_of()


@pytest.mark.parametrize(
    ("given", "kept"), [(1, "1"), ("1", "1"), (2, "2"), ("2", "2"), (None, "1"), ("BITEMPORAL", "bitemporal")]
)
def test_scd_types(given: Any, kept: str) -> None:
    assert spec_of(stored_as_scd_type=given).scd_type == kept


@pytest.mark.parametrize("keys", [["id"], ("id",), "id", ["`id`"]])
def test_forms_of_keys(keys: Any) -> None:
    assert spec_of(keys=keys).keys == ("id",)


def test_backticks_are_no_part_of_a_name() -> None:
    spec = spec_of(keys=["`a.b`", "it's"], except_column_list=["`c``d`", "`", "e"])
    assert (spec.keys, spec.except_column_list) == (("a.b", "it's"), ("c`d", "`", "e"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"keys": []}, "LDP-2017", "needs at least one key column"),
        ({"keys": None}, "LDP-2017", "needs at least one key column"),
        ({"keys": [1]}, "LDP-2011", "create_auto_cdc_flow(keys=...) got int 1"),
        ({"keys": 1}, "LDP-2011", "a list of column names"),
        ({"sequence_by": None}, "LDP-2017", "needs sequence_by"),
        ({"sequence_by": ["a", "b"]}, "LDP-2011", "create_auto_cdc_flow(sequence_by=...)"),
        ({"target": None}, "LDP-2011", "create_auto_cdc_flow(target=...)"),
        ({"target": "a.b.c.d"}, "LDP-2021", "more than three parts"),
        ({"source": None}, "LDP-2011", "the name of a table or view, not a DataFrame"),
        ({"source": object()}, "LDP-2011", "the name of a table or view, not a DataFrame"),
        ({"stored_as_scd_type": 3}, "LDP-2011", "create_auto_cdc_flow(stored_as_scd_type=...) got int 3"),
        ({"stored_as_scd_type": True}, "LDP-2011", "create_auto_cdc_flow(stored_as_scd_type=...) got bool True"),
        ({"apply_as_deletes": True}, "LDP-2011", "create_auto_cdc_flow(apply_as_deletes=...) got bool True"),
        ({"apply_as_truncates": 1}, "LDP-2011", "create_auto_cdc_flow(apply_as_truncates=...)"),
        ({"where": 1}, "LDP-2011", "create_auto_cdc_flow(where=...)"),
        ({"ignore_null_updates": "yes"}, "LDP-2011", "create_auto_cdc_flow(ignore_null_updates=...)"),
        ({"once": 1}, "LDP-2011", "create_auto_cdc_flow(once=...)"),
        ({"name": 1}, "LDP-2011", "create_auto_cdc_flow(name=...)"),
        ({"columns_to_update": ["a", "b"]}, "LDP-2011", "the name of one column"),
        ({"spark_conf": 1}, "LDP-2011", "create_auto_cdc_flow(spark_conf=...)"),
        ({"column_list": {"a": 1}}, "LDP-2011", "create_auto_cdc_flow(column_list=...)"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], code: str, said: str) -> None:
    problem = problem_with(**arguments)
    assert problem.code == code
    assert said in problem.message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"column_list": ["a"], "except_column_list": ["b"]}, "column_list and except_column_list exclude each other"),
        (
            {"stored_as_scd_type": 2, "track_history_column_list": ["a"], "track_history_except_column_list": ["b"]},
            "track_history_column_list and track_history_except_column_list exclude each other",
        ),
        (
            {"ignore_null_updates_column_list": ["a"], "ignore_null_updates_except_column_list": ["b"]},
            "ignore_null_updates_column_list and ignore_null_updates_except_column_list exclude each other",
        ),
        ({"columns_to_update": "c", "ignore_null_updates": True}, "columns_to_update and ignore_null_updates"),
        ({"track_history_column_list": ["a"]}, "track_history_* needs stored_as_scd_type=2"),
        ({"track_history_except_column_list": ["a"]}, "track_history_* needs stored_as_scd_type=2"),
        ({"apply_as_truncates": "x", "stored_as_scd_type": 2}, "apply_as_truncates is for SCD type 1 only"),
    ],
)
def test_what_excludes_what(arguments: dict[str, Any], said: str) -> None:
    problem = problem_with(**arguments)
    assert (problem.code, said in problem.message) == ("LDP-2017", True)


def test_an_empty_list_says_nothing() -> None:
    """So in open-source Spark: neither excludes its counterpart nor asks for history."""
    assert spec_of(track_history_column_list=[], track_history_except_column_list=[]) == spec_of()
    assert spec_of(column_list=[], except_column_list=["op"]) == spec_of(except_column_list=["op"])


def test_the_name_that_was_called_is_the_one_in_the_error() -> None:
    with declaring():
        problem = problem_of(lambda: dp.apply_changes(target="t", source=1))
        unknown = problem_of(lambda: dp.apply_changes(sequence="ts"))
        snapshot = problem_of(lambda: dp.apply_changes_from_snapshot("t", 1, ["id"]))
    assert problem.message.startswith("apply_changes(source=...) got int 1")
    assert unknown.message == 'apply_changes() has no parameter "sequence"'
    assert snapshot.message.startswith("apply_changes_from_snapshot(source=...)")


def test_the_snapshot_function_takes_the_latest_version() -> None:
    with declaring() as declared:
        problem = problem_of(lambda: dp.create_auto_cdc_from_snapshot_flow("t", lambda: None, ["id"]))
    assert "a function of the latest version" in problem.message
    assert declared.flows == []


def test_an_unknown_keyword() -> None:
    problem = problem_with(apply_as_delete="x")
    assert problem.message == 'create_auto_cdc_flow() has no parameter "apply_as_delete"'
    assert problem.hint == 'did you mean "apply_as_deletes"?'


def test_a_column_names_a_key() -> None:
    from pyspark.sql import Column

    class Named(Column):
        def __new__(cls) -> Named:
            return object.__new__(cls)

        def __str__(self) -> str:
            return "Column<'id'>"

    column = Named()
    spec = spec_of(keys=[column, "region"], sequence_by=column)
    assert spec.keys == ("id", "region")
    assert spec.sequence_by is column


# ---- from snapshots


def test_periodic_snapshots() -> None:
    with declaring(confs={"x": "1"}) as declared:
        line = here() + 1
        dp.create_auto_cdc_from_snapshot_flow("s.customers", "crm", ["id"])
    (flow,) = declared.flows
    assert (flow.name, flow.default, flow.confs) == ("main.s.customers", True, {"x": "1"})
    assert flow.query == SnapshotSpec("crm", ("id",), "1")
    assert flow.location.line == line


def test_historical_snapshots() -> None:
    def next_snapshot(latest: Any) -> None: ...

    with declaring() as declared:
        dp.create_auto_cdc_from_snapshot_flow(
            target="t", source=next_snapshot, keys=["id"], stored_as_scd_type=2, track_history_except_column_list=["a"]
        )
        dp.apply_changes_from_snapshot(target="t", snapshot_and_version=next_snapshot, keys=["id"], flow_name="f")
        dp.apply_changes_from_snapshot("t", None, ["id"], None, next_snapshot)
    first, second, third = declared.flows
    assert first.query == SnapshotSpec(next_snapshot, ("id",), "2", None, ("a",))
    assert (second.name, second.query.source) == ("f", next_snapshot)
    assert third.query == SnapshotSpec(next_snapshot, ("id",), "1")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"source": None}, "LDP-2011", "a table name, or a function of the latest version"),
        ({"source": 1}, "LDP-2011", "create_auto_cdc_from_snapshot_flow(source=...) got int 1"),
        ({"keys": []}, "LDP-2017", "at least one key column"),
        ({"target": 1}, "LDP-2011", "create_auto_cdc_from_snapshot_flow(target=...)"),
        ({"stored_as_scd_type": 0}, "LDP-2011", "create_auto_cdc_from_snapshot_flow(stored_as_scd_type=...)"),
        ({"name": 1}, "LDP-2011", "create_auto_cdc_from_snapshot_flow(name=...)"),
        (
            {"track_history_column_list": ["a"], "track_history_except_column_list": ["b"]},
            "LDP-2017", "exclude each other",
        ),
        ({"sequence_by": "ts"}, "LDP-2011", 'has no parameter "sequence_by"'),
        ({"track_history_column_list": ["a"]}, "LDP-2017", "track_history_* needs stored_as_scd_type=2"),
    ],
)  # fmt: skip
def test_wrong_arguments_of_snapshots(arguments: dict[str, Any], code: str, said: str) -> None:
    least: dict[str, Any] = {"target": "t", "source": "s", "keys": ["id"]}
    with declaring() as declared:
        problem = problem_of(lambda: dp.create_auto_cdc_from_snapshot_flow(**{**least, **arguments}))
    assert (problem.code, said in problem.message) == (code, True)
    assert problem.location.file == __file__
    assert declared.flows == []
