"""CREATE FLOW, FLOW clauses, AUTO CDC and APPLY CHANGES."""

from __future__ import annotations

from dataclasses import fields

import pytest

from ldp_jupyter.declarations import CdcSpec, Declarations, Flow, Kind, Location, SourceUnit, SqlQuery
from ldp_jupyter.names import Namespace
from ldp_jupyter.sql import SqlScope, read_sql


def read(text: str, parameters: dict[str, str] | None = None) -> Declarations:
    into = Declarations(SourceUnit("p.sql", "p.sql", "SQL"))
    read_sql(text, SqlScope(Namespace("main", "default"), {}, parameters or {}), Location("p.sql", 1, 1), into)
    assert [str(problem) for problem in into.problems] == []
    return into


def flow_of(text: str) -> Flow:
    into = read(text)
    assert len(into.flows) == 1
    return into.flows[0]


@pytest.mark.parametrize(
    ("operation", "once", "by_name"),
    [
        ("INSERT INTO t BY NAME SELECT * FROM STREAM s", False, True),
        ("INSERT INTO t SELECT * FROM STREAM s", False, False),
        ("INSERT INTO ONCE t BY NAME SELECT * FROM STREAM s", True, True),
        ("INSERT ONCE INTO t BY NAME SELECT * FROM STREAM s", True, True),
        ("insert into live.t by name select * from stream s", False, True),
        ("INSERT INTO TABLE t SELECT * FROM STREAM s", False, False),
        ("INSERT INTO IDENTIFIER('t') BY NAME WITH a AS (SELECT 1) SELECT * FROM a", False, True),
        ("INSERT INTO t (SELECT 1)", False, False),
    ],
)
def test_insert_flow(operation: str, once: bool, by_name: bool) -> None:
    flow = flow_of(f"CREATE FLOW `my flow` AS {operation}")
    assert (flow.name, str(flow.target), flow.default) == ("my flow", "main.default.t", False)
    assert (flow.once, flow.by_name, flow.language) == (once, by_name, "SQL")
    assert isinstance(flow.query, SqlQuery)
    assert operation.endswith(flow.query.text)


def test_flow_keeps_its_comment_and_place() -> None:
    flow = flow_of("-- x\n  CREATE FLOW f COMMENT 'the first'\nAS INSERT INTO a.b.t BY NAME\n  SELECT 1")
    assert (flow.comment, str(flow.target)) == ("the first", "a.b.t")
    assert flow.location == Location("p.sql", 2, 3)
    assert flow.query.location == Location("p.sql", 4, 3)


@pytest.mark.parametrize(
    ("clause", "once"),
    [("INSERT BY NAME SELECT * FROM STREAM s", False), ("INSERT ONCE BY NAME SELECT * FROM s", True)],
)
def test_flow_clause_of_a_table(clause: str, once: bool) -> None:
    into = read(f"CREATE OR REFRESH STREAMING TABLE t (a INT) COMMENT 'c' FLOW {clause}")
    flow = into.flows[0]
    assert (flow.name, flow.default, flow.once) == ("main.default.t", True, once)
    assert clause.endswith(flow.query.text)
    assert into.datasets[0].options.schema == "a INT"


def test_managed_table_with_a_flow_is_a_streaming_table() -> None:
    into = read("CREATE TABLE t (a INT) FLOW INSERT ONCE BY NAME SELECT 1 AS a")
    assert (into.datasets[0].kind, into.flows[0].once) == (Kind.STREAMING_TABLE, True)


@pytest.mark.parametrize(
    ("head", "name", "default", "once"),
    [
        ("CREATE FLOW f AS AUTO CDC INTO t", "f", False, False),
        ("CREATE FLOW f AS AUTO CDC ONCE INTO t", "f", False, True),
        ("CREATE FLOW f AS APPLY CHANGES INTO t", "f", False, False),
        ("APPLY CHANGES INTO LIVE.t", "main.default.t", True, False),
        ("apply changes into t", "main.default.t", True, False),
        ("AUTO CDC INTO t", "main.default.t", True, False),
        ("CREATE STREAMING TABLE t FLOW AUTO CDC", "main.default.t", True, False),
        ("CREATE STREAMING TABLE t FLOW AUTO CDC ONCE", "main.default.t", True, True),
    ],
)
def test_cdc_head(head: str, name: str, default: bool, once: bool) -> None:
    flow = flow_of(f"{head}\nFROM STREAM(s) KEYS (id) SEQUENCE BY ts")
    assert (flow.name, flow.default, flow.once, str(flow.target)) == (name, default, once, "main.default.t")
    assert flow.query == CdcSpec(source="s", keys=("id",), sequence_by="ts")


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("s", "s"), ("STREAM s", "s"), ("STREAM(s)", "s"), ("stream (LIVE.s)", "LIVE.s"), ("STREAM a.b.s", "a.b.s"),
        ("STREAM(`my source`)", "`my source`"), ("STREAM IDENTIFIER('x.s')", "x.s"), ("stream", "stream"),
    ],
)
def test_cdc_source(written: str, source: str) -> None:
    assert flow_of(f"APPLY CHANGES INTO t FROM {written} KEYS (id) SEQUENCE BY ts").query.source == source


CLAUSES = [
    ("KEYS (id, `my key`)", {"keys": ("id", "my key")}),
    ("WHERE op <> 'X'", {"where": "op <> 'X'"}),
    ("IGNORE NULL UPDATES", {"ignore_null_updates": True}),
    ("IGNORE NULL UPDATES ON (a, b)", {"ignore_null_updates": True, "ignore_null_updates_columns": ("a", "b")}),
    ("IGNORE NULL UPDATES ON * EXCEPT (a)", {"ignore_null_updates": True, "ignore_null_updates_except": ("a",)}),
    ("APPLY AS DELETE WHEN op = 'DELETE'", {"apply_as_deletes": "op = 'DELETE'"}),
    ("APPLY AS DELETE WHEN columns = 1 AND keys IN (SELECT 1)", {"apply_as_deletes": "columns = 1 AND keys IN (SELECT 1)"}),
    ("APPLY AS DELETE WHEN CASE WHEN a THEN b ELSE c END -- why\n", {"apply_as_deletes": "CASE WHEN a THEN b ELSE c END"}),
    ("APPLY AS TRUNCATE WHEN op = 'T' AND id IS NULL", {"apply_as_truncates": "op = 'T' AND id IS NULL"}),
    ("SEQUENCE BY `event time`", {"sequence_by": "`event time`"}),
    ("SEQUENCE BY STRUCT(a, b)", {"sequence_by": "STRUCT(a, b)"}),
    ("SEQUENCE BY cast(ts AS timestamp)", {"sequence_by": "cast(ts AS timestamp)"}),
    ("COLUMNS (a, b)", {"column_list": ("a", "b")}),
    ("COLUMNS a, b", {"column_list": ("a", "b")}),
    ("COLUMNS * EXCEPT (op, ts)", {"except_column_list": ("op", "ts")}),
    ("COLUMNS *", {}),
    ("COLUMNS TO UPDATE changed", {"columns_to_update": "changed"}),
    ("STORED AS SCD TYPE 1", {"scd_type": "1"}),
    ("STORED AS SCD TYPE 2", {"scd_type": "2"}),
    ("STORED AS BITEMPORAL SYSTEM SEQUENCE BY s", {"scd_type": "bitemporal", "system_sequence_by": "s"}),
    ("STORED AS SCD TYPE 2 TRACK HISTORY ON (a)", {"scd_type": "2", "track_history_columns": ("a",)}),
    ("TRACK HISTORY ON a, b STORED AS SCD TYPE 2", {"scd_type": "2", "track_history_columns": ("a", "b")}),
    ("STORED AS SCD TYPE 2 TRACK HISTORY ON * EXCEPT (a)", {"scd_type": "2", "track_history_except": ("a",)}),
]


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("clause", "changed"), CLAUSES, ids=[clause[0] for clause in CLAUSES])
def test_cdc_clause_in_any_order(clause: str, changed: dict[str, object], first: bool) -> None:
    rest = [text for text in ("KEYS (id)", "SEQUENCE BY ts") if not clause.startswith(text.split()[0])]
    ordered = [clause, *rest] if first else [*rest, clause]
    spec = flow_of("CREATE FLOW f AS AUTO CDC INTO t FROM STREAM s\n" + "\n".join(ordered)).query
    expected = {"source": "s", "keys": ("id",), "sequence_by": "ts", **changed}
    unset = {field.name: field.default for field in fields(CdcSpec) if field.name not in expected}
    assert {field.name: getattr(spec, field.name) for field in fields(CdcSpec)} == {**unset, **expected}


def test_query_as_source_becomes_a_temporary_view() -> None:
    into = read("CREATE FLOW f AS AUTO CDC INTO s.t FROM (\n  SELECT * FROM STREAM x -- all\n) KEYS (id) SEQUENCE BY ts")
    view, flow = into.flows
    assert (into.datasets[0].kind, str(into.datasets[0].name)) == (Kind.TEMPORARY_VIEW, "main.s.__f_source")
    assert view.query == SqlQuery("SELECT * FROM STREAM x", Location("p.sql", 2, 3))
    assert flow.query.source == "main.s.__f_source"


def test_flows_carry_settings_and_namespace() -> None:
    into = read("USE CATALOG c; USE SCHEMA s; SET x.y = 1; APPLY CHANGES INTO t FROM u KEYS (a) SEQUENCE BY b")
    flow = into.flows[0]
    assert (str(flow.target), flow.namespace, flow.confs) == ("c.s.t", Namespace("c", "s"), {"x.y": "1"})
