"""Pipeline statements of open-source Spark's grammar: each is read here with the meaning that it has there.

The cases restate what Spark checks of its own parser: CREATE of streaming tables and materialized views, CREATE FLOW,
AUTO CDC in both places, and streams in FROM. Where the platform takes more than Spark, the platform's rule counts.
"""

from __future__ import annotations

import pytest

from ldp_jupyter.declarations import CdcSpec, Declarations, Flow, Kind, Location, SourceUnit
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import Namespace
from ldp_jupyter.sql import SqlScope, read_sql
from ldp_jupyter.sql.relations import RelationProblem, complete_query, read_options
from ldp_jupyter.sql.tokens import scan


def read(text: str) -> Declarations:
    into = Declarations(SourceUnit("g.sql", "g.sql", "SQL"))
    read_sql(text, SqlScope(Namespace("main", "default")), Location("g.sql", 1, 1), into)
    return into


def declared(text: str) -> Declarations:
    into = read(text)
    assert not into.problems, [str(problem) for problem in into.problems]
    return into


def refused(text: str) -> LdpError:
    problems = read(text).problems
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def only_flow(text: str) -> Flow:
    (flow,) = declared(text).flows
    return flow


CDC_DOORS = {
    "flow": "CREATE FLOW changes AS AUTO CDC INTO silver.orders",
    "table": "CREATE OR REFRESH STREAMING TABLE silver.orders FLOW AUTO CDC",
    "if not exists": "CREATE STREAMING TABLE IF NOT EXISTS silver.orders FLOW AUTO CDC",
    "old": "APPLY CHANGES INTO silver.orders",
}
CDC_CLAUSES = [
    ("", {}),
    ("APPLY AS DELETE WHEN op = 'D'", {"apply_as_deletes": "op = 'D'"}),
    ("APPLY AS TRUNCATE WHEN op = 'T'", {"apply_as_truncates": "op = 'T'"}),
    ("IGNORE NULL UPDATES", {"ignore_null_updates": True}),
    ("COLUMNS order_id, total", {"column_list": ("order_id", "total")}),
    ("COLUMNS (order_id, total)", {"column_list": ("order_id", "total")}),
    ("COLUMNS * EXCEPT (op, at)", {"except_column_list": ("op", "at")}),
    ("STORED AS SCD TYPE 1", {"scd_type": "1"}),
    ("STORED AS SCD TYPE 2", {"scd_type": "2"}),
    ("STORED AS SCD TYPE 2 TRACK HISTORY ON total", {"scd_type": "2", "track_history_columns": ("total",)}),
    ("STORED AS SCD TYPE 2 TRACK HISTORY ON * EXCEPT (at)", {"scd_type": "2", "track_history_except": ("at",)}),
]


@pytest.mark.parametrize("door", CDC_DOORS.values(), ids=CDC_DOORS)
@pytest.mark.parametrize(("clauses", "expected"), CDC_CLAUSES, ids=[text or "none" for text, _ in CDC_CLAUSES])
def test_auto_cdc_means_the_same_at_every_door(door: str, clauses: str, expected: dict[str, object]) -> None:
    flow = only_flow(f"{door} FROM STREAM feed KEYS (order_id, `line no`) {clauses} SEQUENCE BY at")
    spec = flow.query
    assert isinstance(spec, CdcSpec)
    assert str(flow.target) == "main.silver.orders"
    assert (spec.source, spec.keys, spec.sequence_by) == ("feed", ("order_id", "line no"), "at")
    assert {name: getattr(spec, name) for name in expected} == expected


def test_comment_of_a_flow_and_its_name() -> None:
    flow = only_flow("CREATE FLOW changes COMMENT 'of orders' AS AUTO CDC INTO orders FROM STREAM feed KEYS (id) SEQUENCE BY at")
    assert (flow.name, flow.comment, flow.default) == ("changes", "of orders", False)


@pytest.mark.parametrize("name", ["silver.changes", "main.silver.changes"])
@pytest.mark.parametrize("what", ["INSERT INTO t BY NAME SELECT 1", "AUTO CDC INTO t FROM s KEYS (a) SEQUENCE BY b"])
def test_the_name_of_a_flow_has_one_part(name: str, what: str) -> None:
    assert refused(f"CREATE FLOW {name} AS {what}").code == "LDP-2021"


@pytest.mark.parametrize("door", CDC_DOORS.values(), ids=CDC_DOORS)
@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("KEYS (id)", "needs SEQUENCE BY"),
        ("SEQUENCE BY at", "needs KEYS"),
        ("KEYS (id) SEQUENCE BY at SEQUENCE BY later", "SEQUENCE BY stands twice"),
        ("KEYS (id) APPLY AS DELETE WHEN a APPLY AS DELETE WHEN b SEQUENCE BY at", "APPLY AS DELETE WHEN stands twice"),
        ("KEYS (id) SEQUENCE BY at COLUMNS a, b COLUMNS c", "COLUMNS stands twice"),
        ("KEYS (id) SEQUENCE BY at STORED AS SCD TYPE 3", "SCD TYPE 3 is unknown"),
        ("KEYS (id) SEQUENCE BY at TRACK HISTORY ON a", "needs STORED AS SCD TYPE 2"),
    ],
)
def test_auto_cdc_that_lacks_or_repeats_a_clause(door: str, rest: str, message: str) -> None:
    problem = refused(f"{door} FROM STREAM feed {rest}")
    assert problem.code == "LDP-2017"
    assert message in problem.message


@pytest.mark.parametrize("source", ["feed", "STREAM feed", "STREAM(feed)"])
def test_options_of_the_stream_of_auto_cdc(source: str) -> None:
    flow = only_flow(
        f"APPLY CHANGES INTO t FROM {source} WITH (SKIPCHANGECOMMITS, startingVersion = 5) KEYS (id) SEQUENCE BY at"
    )
    assert isinstance(flow.query, CdcSpec)
    assert dict(flow.query.source_options) == {"SKIPCHANGECOMMITS": "true", "startingVersion": "5"}


@pytest.mark.parametrize(
    ("text", "once", "by_name"),
    [
        ("INSERT INTO t SELECT * FROM STREAM s", False, False),
        ("INSERT INTO t BY NAME SELECT * FROM STREAM s", False, True),
        ("INSERT INTO ONCE t BY NAME SELECT * FROM s", True, True),
        ("INSERT ONCE INTO t BY NAME SELECT * FROM s", True, True),
        ("INSERT INTO TABLE t BY NAME TABLE s", False, True),
        ("INSERT INTO t BY NAME (SELECT 1 AS a)", False, True),
    ],
)
def test_insert_of_a_flow(text: str, once: bool, by_name: bool) -> None:
    flow = only_flow(f"CREATE FLOW f AS {text}")
    assert (flow.once, flow.by_name, str(flow.target)) == (once, by_name, "main.default.t")


@pytest.mark.parametrize(
    "text",
    [
        "INSERT OVERWRITE t SELECT 1",
        "INSERT INTO t PARTITION (a) SELECT 1 AS a",
        "INSERT INTO t PARTITION (a = 1) IF NOT EXISTS SELECT 1 AS b",
        "INSERT INTO t (a, b) SELECT 1, 2",
        "SELECT 1",
        "MERGE INTO t USING s ON true",
    ],
)
def test_what_a_flow_cannot_do(text: str) -> None:
    assert refused(f"CREATE FLOW f AS {text}").code == "LDP-2001"


@pytest.mark.parametrize(("words", "kind"), [("STREAMING TABLE", Kind.STREAMING_TABLE), ("MATERIALIZED VIEW", Kind.MATERIALIZED_VIEW)])
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["forward", "backward"])
def test_clauses_of_a_table_in_any_order(words: str, kind: Kind, order: slice) -> None:
    clauses = ["USING delta", "PARTITIONED BY (a)", "COMMENT 'text'", "TBLPROPERTIES ('k' = 'v', x.y = 1)"]
    (dataset,) = declared(f"CREATE {words} IF NOT EXISTS s.t {' '.join(clauses[order])} AS SELECT 1 AS a").datasets
    assert (dataset.kind, dataset.comment, str(dataset.name)) == (kind, "text", "main.s.t")
    assert (dataset.options.partition_cols, dataset.options.properties) == (("a",), {"k": "v", "x.y": "1"})


def test_a_streaming_table_may_get_its_flows_later_and_a_materialized_view_may_not() -> None:
    assert declared("CREATE STREAMING TABLE t COMMENT 'filled later'").flows == []
    assert refused("CREATE MATERIALIZED VIEW t").code == "LDP-2001"


@pytest.mark.parametrize("clause", ["USING parquet", "OPTIONS ('a' = 'b')", "PARTITIONED BY (a) CLUSTER BY (b)", "COMMENT 'a' COMMENT 'b'"])
@pytest.mark.parametrize("words", ["STREAMING TABLE", "MATERIALIZED VIEW"])
def test_clauses_that_a_table_cannot_have(words: str, clause: str) -> None:
    assert refused(f"CREATE {words} t {clause} AS SELECT 1 AS a").code in ("LDP-2001", "LDP-2011")


@pytest.mark.parametrize("kind", ["VIEW", "TEMPORARY VIEW", "MATERIALIZED VIEW"])
def test_a_list_without_types_names_the_columns_of_the_query(kind: str) -> None:
    flow = only_flow(f"CREATE {kind} v (a COMMENT 'first', b) AS SELECT 1, 2")
    assert flow.query.columns == ("a", "b")  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", ["BINDING", "COMPENSATION", "EVOLUTION", "TYPE EVOLUTION"])
def test_binding_of_a_view(mode: str) -> None:
    into = declared(f"CREATE VIEW v WITH SCHEMA {mode} AS SELECT 1 AS a")
    assert [note.kind for note in into.notes] == ["no_effect"]
    assert only_flow("CREATE VIEW v WITH schema AS (SELECT 1 AS a) SELECT * FROM schema").query.text.startswith("WITH")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        ("SELECT * FROM STREAM t WITH (SKIPCHANGECOMMITS)", "SELECT * FROM STREAM t WITH (SKIPCHANGECOMMITS = true)"),
        ("FROM STREAM a.`b`.c WITH (readChangeFeed, startingVersion = 5) AS x",
         "FROM STREAM a.`b`.c WITH (readChangeFeed = true, startingVersion = 5) AS x"),
        ("FROM STREAM(t) WITH ('skipChangeCommits', maxFilesPerTrigger = 1)",
         "FROM STREAM(t) WITH ('skipChangeCommits' = true, maxFilesPerTrigger = 1)"),
        ("FROM STREAM t WITH ('skipChangeCommits' = 'true')", "FROM STREAM t WITH ('skipChangeCommits' = 'true')"),
        ("WITH (x) AS (SELECT 1) SELECT 'STREAM t WITH (a)'", "WITH (x) AS (SELECT 1) SELECT 'STREAM t WITH (a)'"),
        ("SELECT * FROM t WITH (anything)", "SELECT * FROM t WITH (anything)"),
        ("SELECT read_pubsub FROM t", "SELECT read_pubsub FROM t"),
    ],
)  # fmt: skip
def test_options_of_a_stream_without_a_value_are_switched_on(text: str, completed: str) -> None:
    assert complete_query(text) == completed


def test_an_unknown_option_of_a_stream_stands_at_its_place() -> None:
    with pytest.raises(RelationProblem, match='no option "skipChangeCommit"') as found:
        complete_query("SELECT *\nFROM STREAM t WITH (startingVersion = 1, skipChangeCommit)")
    assert found.value.at == (2, 42)
    assert found.value.hint == 'did you mean "skipChangeCommits"?'


@pytest.mark.parametrize("function", ["read_pubsub", "read_kinesis", "READ_PULSAR", "read_stream"])
@pytest.mark.parametrize("before", ["FROM STREAM ", "FROM STREAM(", "FROM a JOIN "])
def test_functions_of_the_platform_alone(function: str, before: str) -> None:
    with pytest.raises(RelationProblem, match=f"{function.lower()} is not there") as found:
        complete_query(f"SELECT * {before}{function}('x')")
    assert (found.value.code, found.value.at) == ("LDP-2023", (1, 10 + len(before)))


def test_options_as_a_mapping() -> None:
    assert read_options(scan("skipChangeCommits, 'startingTimestamp' = '2024-01-01', maxFilesPerTrigger = 5")) == {
        "skipChangeCommits": "true",
        "startingTimestamp": "2024-01-01",
        "maxFilesPerTrigger": "5",
    }


@pytest.mark.parametrize(
    ("head", "name"),
    [("FUNCTION", "f"), ("OR REPLACE FUNCTION", "f"), ("TEMPORARY FUNCTION", "`my f`"), ("OR REPLACE TEMP FUNCTION IF NOT EXISTS", "f")],
)
def test_functions_in_sql(head: str, name: str) -> None:
    into = declared(f"CREATE {head} {name}(x INT COMMENT 'n') RETURNS INT RETURN x + 1; CREATE VIEW v AS SELECT 1 AS a")
    (function,) = into.functions
    assert function.name == name.strip("`")
    assert function.text.startswith("CREATE OR REPLACE TEMPORARY FUNCTION ")
    assert function.text.endswith("(x INT COMMENT 'n') RETURNS INT RETURN x + 1")
    assert [note.kind for note in into.notes] == ["not_checked"]


def test_parameters_come_before_the_configuration_and_only_for_names_with_a_colon() -> None:
    into = Declarations(SourceUnit("g.sql", "g.sql", "SQL"))
    scope = SqlScope(Namespace("main", "default"), parameters={"v": "set", "k": "key"}, named={"v": "named"})
    read_sql("CREATE VIEW IDENTIFIER(:v) AS SELECT '${v}' AS a, :k AS b", scope, Location("g.sql", 1, 1), into)
    assert not into.problems
    assert str(into.datasets[0].name) == "main.default.named"
    assert into.flows[0].query.text == "SELECT 'set' AS a, 'key' AS b"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("column", "message"),
    [("k BIGINT GENERATED ALWAYS AS IDENTITY", "no identity column"), ("k BIGINT DEFAULT 1", "no DEFAULT")],
)
def test_what_a_materialized_view_cannot_have_is_told_once_and_left_out(column: str, message: str) -> None:
    into = read(f"CREATE MATERIALIZED VIEW t (a INT, {column}) AS SELECT 1 AS a")
    (problem,) = into.problems
    assert message in problem.message
    assert into.datasets[0].options.schema == "a INT, k BIGINT"
