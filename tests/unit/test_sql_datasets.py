"""Statements that declare datasets: what each form becomes."""

from __future__ import annotations

import pytest

from ldp_jupyter.declarations import Action, Declarations, Kind, Location, SourceUnit, SqlQuery
from ldp_jupyter.names import Namespace
from ldp_jupyter.sql import SqlScope, read_sql

ST, MV, TEMP, VIEW = Kind.STREAMING_TABLE, Kind.MATERIALIZED_VIEW, Kind.TEMPORARY_VIEW, Kind.VIEW


def read(text: str, parameters: dict[str, str] | None = None, scope: SqlScope | None = None) -> Declarations:
    """Declarations of a text that must have no problem."""
    into = Declarations(SourceUnit("p.sql", "p.sql", "SQL"))
    scope = scope or SqlScope(Namespace("main", "default"), {}, parameters or {})
    assert read_sql(text, scope, Location("p.sql", 1, 1), into) == []
    assert [str(problem) for problem in into.problems] == []
    return into


def only(text: str, parameters: dict[str, str] | None = None):
    """The one dataset of a text, its query or None, and everything declared."""
    into = read(text, parameters)
    assert len(into.datasets) == 1
    flow = into.flows[0] if into.flows else None
    return into.datasets[0], (flow.query if flow else None), into


HEADS = [
    ("CREATE STREAMING TABLE t AS SELECT 1", ST, False),
    ("CREATE OR REFRESH STREAMING TABLE t AS SELECT 1", ST, False),
    ("create or refresh streaming table t as select 1", ST, False),
    ("CREATE OR REFRESH STREAMING TABLE IF NOT EXISTS t AS SELECT 1", ST, False),
    ("CREATE OR REFRESH PRIVATE STREAMING TABLE t AS SELECT 1", ST, True),
    ("CREATE TEMPORARY STREAMING TABLE t AS SELECT 1", ST, True),
    ("CREATE STREAMING TABLE t", ST, False),
    ("CREATE MATERIALIZED VIEW t AS SELECT 1", MV, False),
    ("CREATE OR REFRESH MATERIALIZED VIEW t AS SELECT 1", MV, False),
    ("CREATE OR REFRESH PRIVATE MATERIALIZED VIEW t AS SELECT 1", MV, True),
    ("CREATE OR REFRESH TEMP MATERIALIZED VIEW t AS SELECT 1", MV, True),
    ("CREATE LIVE TABLE t AS SELECT 1", MV, False),
    ("CREATE OR REPLACE LIVE TABLE t AS SELECT 1", MV, False),
    ("CREATE OR REFRESH TEMPORARY LIVE TABLE t AS SELECT 1", MV, True),
    ("CREATE OR REFRESH STREAMING LIVE TABLE t AS SELECT 1", ST, False),
    ("CREATE OR REPLACE STREAMING LIVE TABLE t AS SELECT 1", ST, False),
    ("CREATE TEMPORARY STREAMING LIVE TABLE t AS SELECT 1", ST, True),
    ("CREATE INCREMENTAL LIVE TABLE t AS SELECT 1", ST, False),
    ("CREATE STREAMING LIVE TABLE t", ST, False),
    ("CREATE LIVE VIEW t AS SELECT 1", TEMP, False),
    ("CREATE STREAMING LIVE VIEW t AS SELECT 1", TEMP, False),
    ("CREATE TEMPORARY LIVE VIEW t AS SELECT 1", TEMP, False),
    ("CREATE INCREMENTAL LIVE VIEW t AS SELECT 1", TEMP, False),
    ("CREATE TEMPORARY VIEW t AS SELECT 1", TEMP, False),
    ("CREATE TEMP VIEW t AS SELECT 1", TEMP, False),
    ("CREATE OR REPLACE TEMPORARY VIEW t AS SELECT 1", TEMP, False),
    ("CREATE OR REFRESH TEMPORARY VIEW t AS SELECT 1", TEMP, False),
    ("CREATE TEMPORARY STREAMING VIEW t AS SELECT 1", TEMP, False),
    ("CREATE VIEW t AS SELECT 1", VIEW, False),
    ("CREATE OR REPLACE VIEW t AS SELECT 1", VIEW, False),
    ("CREATE VIEW IF NOT EXISTS t AS SELECT 1", VIEW, False),
]


@pytest.mark.parametrize(("text", "kind", "private"), HEADS, ids=[head[0] for head in HEADS])
def test_head(text: str, kind: Kind, private: bool) -> None:
    dataset, query, into = only(text)
    assert (str(dataset.name), dataset.kind, dataset.options.private) == ("main.default.t", kind, private)
    assert dataset.language == "SQL"
    assert dataset.location == Location("p.sql", 1, 1)
    if query is None:
        assert into.flows == []
    else:
        assert query.text.upper() == "SELECT 1"


def test_default_flow_bears_the_full_name_and_the_state_of_its_statement() -> None:
    scope = SqlScope(Namespace("main", "default"), {"spark.sql.ansi.enabled": "true"}, {})
    into = read("SET a.b = 1;\nUSE SCHEMA silver;\nCREATE MATERIALIZED VIEW Orders AS SELECT 1;\nSET c = 2", scope=scope)
    flow = into.flows[0]
    assert (flow.name, str(flow.target), flow.default, flow.once) == ("main.silver.orders", "main.silver.orders", True, False)
    assert flow.confs == {"spark.sql.ansi.enabled": "true", "a.b": "1"}
    assert flow.namespace == Namespace("main", "silver")
    assert flow.location == Location("p.sql", 3, 1)
    assert scope.confs["c"] == "2"


NAMES = [
    ("t", "main.default.t"),
    ("s.t", "main.s.t"),
    ("c.s.t", "c.s.t"),
    ("LIVE.t", "main.default.t"),
    ("live . t", "main.default.t"),
    ("`my table`", "main.default.my table"),
    ("`a-b`.`c``d`", "main.a-b.c`d"),
    ("s.`2024`", "main.s.2024"),
    ("2024_sales", "main.default.2024_sales"),
    ("straße", "main.default.straße"),
    ("${catalog}.${schema}.t", "prod.gold.t"),
    ("${catalog}.gold.t_${suffix}", "prod.gold.t_x"),
    ("`${schema}`.t", "main.gold.t"),
    ("IDENTIFIER('s.t')", "main.s.t"),
    ("IDENTIFIER(:full)", "c.s.t"),
    ("IDENTIFIER(:schema || '.t')", "main.gold.t"),
    ("identifier(concat(:catalog, '.', :schema, '.', 'orders'))", "prod.gold.orders"),
    ("IDENTIFIER(concat('${catalog}', '.s.', \"t\"))", "prod.s.t"),
    ("IDENTIFIER(('a' || '_') || 'b')", "main.default.a_b"),
]


@pytest.mark.parametrize(("name", "full"), NAMES, ids=[name[0] for name in NAMES])
def test_name(name: str, full: str) -> None:
    parameters = {"catalog": "prod", "schema": "gold", "suffix": "x", "full": "c.s.t"}
    dataset, _, _ = only(f"CREATE OR REFRESH MATERIALIZED VIEW {name} AS SELECT 1", parameters)
    assert str(dataset.name) == full


SCHEMAS = [
    ("a INT, b STRING", "a INT, b STRING"),
    ("a int not null, `b c` DECIMAL(10, 2)", "a int NOT NULL, `b c` DECIMAL(10, 2)"),
    ("a INT COMMENT 'it''s', b INT COMMENT \"x \\\"y\\\"\"", "a INT COMMENT 'it\\'s', b INT COMMENT 'x \"y\"'"),
    ("a INT -- first\n, /* second */ b INT", "a INT, b INT"),
    ("a STRUCT<x: INT, from: STRING COMMENT 'c'>, b MAP<STRING, ARRAY<INT>>",
     "a STRUCT<x: INT, from: STRING COMMENT 'c'>, b MAP<STRING, ARRAY<INT>>"),
    ("a INT, b INT GENERATED ALWAYS AS (a + (1))", "a INT, b INT GENERATED ALWAYS AS (a + (1))"),
    ("i BIGINT GENERATED ALWAYS AS IDENTITY", "i BIGINT GENERATED ALWAYS AS IDENTITY"),
    ("i BIGINT GENERATED BY DEFAULT AS IDENTITY (START WITH 10 INCREMENT BY 2)",
     "i BIGINT GENERATED BY DEFAULT AS IDENTITY (START WITH 10 INCREMENT BY 2)"),
    ("a INT DEFAULT 5 COMMENT 'five', b TIMESTAMP DEFAULT current_timestamp() NOT NULL",
     "a INT DEFAULT 5 COMMENT 'five', b TIMESTAMP DEFAULT current_timestamp() NOT NULL"),
    ("a STRING COLLATE UTF8_BINARY NOT NULL", "a STRING COLLATE UTF8_BINARY NOT NULL"),
    ("a INTERVAL DAY TO SECOND", "a INTERVAL DAY TO SECOND"),
    ("from STRING, to STRING", "from STRING, to STRING"),
    ("constraint STRING, b INT", "constraint STRING, b INT"),
    ("a INT PRIMARY KEY, b INT", "a INT, b INT"),
    ("a INT NOT NULL PRIMARY KEY RELY COMMENT 'k'", "a INT NOT NULL COMMENT 'k'"),
    ("a INT CONSTRAINT pk PRIMARY KEY NOT NULL", "a INT NOT NULL"),
    ("a INT, CONSTRAINT pk PRIMARY KEY (a) NOT ENFORCED RELY", "a INT"),
    ("a INT, PRIMARY KEY (a), FOREIGN KEY (a) REFERENCES o (id) MATCH FULL", "a INT"),
    ("a INT REFERENCES other (id) NOT NULL", "a INT NOT NULL"),
    ("a STRING MASK hide USING COLUMNS (b), b INT", "a STRING, b INT"),
    ("a STRING MASK c.s.hide NOT NULL, b INT", "a STRING NOT NULL, b INT"),
    ("a INT, CONSTRAINT ok CHECK (a > 0)", "a INT"),
    ("a INT, CONSTRAINT ok EXPECT (a > 0)", "a INT"),
]


@pytest.mark.parametrize(("columns", "schema"), SCHEMAS, ids=[columns[0] for columns in SCHEMAS])
def test_typed_columns_become_ddl(columns: str, schema: str) -> None:
    dataset, _, _ = only(f"CREATE OR REFRESH STREAMING TABLE t ({columns}) AS SELECT 1")
    assert dataset.options.schema == schema
    assert dataset.column_comments == {}


def test_untyped_columns_keep_their_order_and_comments() -> None:
    dataset, _, _ = only("CREATE VIEW v (a COMMENT 'first', `b c`, c COMMENT '') AS SELECT 1, 2, 3")
    assert dataset.options.schema is None
    assert list(dataset.column_comments.items()) == [("a", "first"), ("b c", ""), ("c", "")]


EXPECTATIONS = [
    ("CONSTRAINT ok EXPECT (id IS NOT NULL)", [("ok", "id IS NOT NULL", Action.WARN)]),
    ("CONSTRAINT ok EXPECT (a > 0) ON VIOLATION DROP ROW", [("ok", "a > 0", Action.DROP)]),
    ("constraint ok expect (a > 0) on violation fail update", [("ok", "a > 0", Action.FAIL)]),
    ("CONSTRAINT ok EXPECT (a > 0) ON VIOLATION FAIL", [("ok", "a > 0", Action.FAIL)]),
    ("CONSTRAINT `valid id` EXPECT (id IN (1, 2))", [("valid id", "id IN (1, 2)", Action.WARN)]),
    ("CONSTRAINT a EXPECT ((x) or (y)), CONSTRAINT b EXPECT (z = ')')", [("a", "(x) or (y)", Action.WARN), ("b", "z = ')'", Action.WARN)]),
    ("CONSTRAINT a EXPECT (\n  x > 0 -- must\n  AND y\n)", [("a", "x > 0  \n  AND y", Action.WARN)]),
    ("x INT, CONSTRAINT a EXPECT (x > 0), y INT", [("a", "x > 0", Action.WARN)]),
]


@pytest.mark.parametrize(("columns", "expected"), EXPECTATIONS, ids=[columns[0] for columns in EXPECTATIONS])
def test_expectations(columns: str, expected: list[tuple[str, str, Action]]) -> None:
    dataset, _, _ = only(f"CREATE OR REFRESH STREAMING TABLE t ({columns}) AS SELECT 1")
    assert [(rule.name, rule.condition, rule.action) for rule in dataset.expectations] == expected


def test_expectation_stands_where_its_constraint_does() -> None:
    dataset, _, _ = only("-- rules\nCREATE LIVE VIEW t (\n  CONSTRAINT a EXPECT (x),\n    CONSTRAINT b EXPECT (y)\n) AS SELECT 1")
    assert [str(rule.location) for rule in dataset.expectations] == ["p.sql:3:3", "p.sql:4:5"]


PROPERTIES = [
    ("('quality' = 'gold')", {"quality": "gold"}),
    ('("quality" = "gold", "a.b"="c")', {"quality": "gold", "a.b": "c"}),
    ("('quality' 'gold')", {"quality": "gold"}),
    ("(quality = 'gold')", {"quality": "gold"}),
    ("(delta.enableChangeDataFeed = true, pipelines.reset.allowed=FALSE)",
     {"delta.enableChangeDataFeed": "true", "pipelines.reset.allowed": "false"}),
    ("(a = 5, b 1.5, c = -1)", {"a": "5", "b": "1.5", "c": "-1"}),
    ("('delta.feature.variantType-preview' = 'supported')", {"delta.feature.variantType-preview": "supported"}),
    ("(`a b`.c = 'x')", {"a b.c": "x"}),
    ("('x' = 'a;b--c')", {"x": "a;b--c"}),
]


@pytest.mark.parametrize(("written", "properties"), PROPERTIES, ids=[written[0] for written in PROPERTIES])
def test_table_properties(written: str, properties: dict[str, str]) -> None:
    dataset, _, _ = only(f"CREATE MATERIALIZED VIEW t TBLPROPERTIES {written} AS SELECT 1")
    assert dataset.options.properties == properties


def test_clauses_stand_in_any_order() -> None:
    dataset, query, into = only("""
        CREATE OR REFRESH MATERIALIZED VIEW t
          CLUSTER BY (a, b.c)
          (a INT, b STRUCT<c: INT>)
          COMMENT 'so many' TBLPROPERTIES ('k' = 'v') USING DELTA
          SCHEDULE CRON '0 0 * * * ?' AT TIME ZONE 'UTC'
          REFRESH POLICY INCREMENTAL STRICT
          DEFAULT COLLATION UTF8_BINARY
          WITH ROW FILTER main.s.mine ON (a, 'x')
          LOCATION '/somewhere'
        AS WITH x AS (SELECT 1) SELECT * FROM x
    """)
    options = dataset.options
    assert (dataset.comment, options.schema, options.cluster_by) == ("so many", "a INT, b STRUCT<c: INT>", ("a", "b.c"))
    assert (options.properties, options.path, options.refresh_policy) == ({"k": "v"}, "/somewhere", "incremental strict")
    assert options.row_filter == "main.s.mine ON (a, 'x')"
    assert query.text == "WITH x AS (SELECT 1) SELECT * FROM x"
    assert [note.kind for note in into.notes] == ["no_effect"] * 4


@pytest.mark.parametrize(
    ("clause", "field", "value"),
    [
        ("PARTITIONED BY (a, `b c`)", "partition_cols", ("a", "b c")),
        ("CLUSTER BY AUTO", "cluster_by_auto", True),
        ("CLUSTER BY NONE", "cluster_by", ()),
        ("ROW FILTER f ON ()", "row_filter", "f ON ()"),
        ("SCHEDULE REFRESH EVERY 2 HOURS", "path", None),
        ("TRIGGER ON UPDATE", "path", None),
        ("TRIGGER ON UPDATE AT MOST EVERY INTERVAL 1 HOUR", "path", None),
        ("TRIGGER ON UPDATE AT MOST EVERY INTERVAL '5 minutes'", "path", None),
        ("USING delta", "path", None),
    ],
)
def test_clause(clause: str, field: str, value: object) -> None:
    dataset, query, _ = only(f"CREATE OR REFRESH STREAMING TABLE t {clause} AS SELECT 1")
    assert getattr(dataset.options, field) == value
    assert query == SqlQuery("SELECT 1", query.location)


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("CREATE STREAMING TABLE t (a INT PRIMARY KEY)", "no_effect", "PRIMARY KEY"),
        ("CREATE STREAMING TABLE t (a INT, FOREIGN KEY (a) REFERENCES o)", "no_effect", "FOREIGN KEY"),
        ("CREATE STREAMING TABLE t (a INT REFERENCES o)", "no_effect", "FOREIGN KEY"),
        ("CREATE STREAMING TABLE t (a INT, CONSTRAINT c CHECK (a > 0))", "not_checked", "CHECK"),
        ("CREATE STREAMING TABLE t (a INT MASK f)", "no_effect", 'mask on "a"'),
        ("CREATE STREAMING TABLE t WITH ROW FILTER f ON (a)", "no_effect", 'row filter on "t"'),
        ("CREATE STREAMING TABLE t CLUSTER BY AUTO", "no_effect", "CLUSTER BY AUTO"),
        ("CREATE STREAMING TABLE t SCHEDULE EVERY 1 DAY", "no_effect", "SCHEDULE"),
        ("CREATE STREAMING TABLE t LOCATION 'x'", "no_effect", "LOCATION"),
        ("CREATE MATERIALIZED VIEW t REFRESH POLICY FULL AS SELECT 1", "no_effect", "REFRESH POLICY FULL"),
        ("CREATE MATERIALIZED VIEW t USING ICEBERG AS SELECT 1", "no_effect", "ICEBERG"),
        ("CREATE MATERIALIZED VIEW t DEFAULT COLLATION DE_CI AS SELECT 1", "not_checked", "DE_CI"),
        ("CREATE OR REPLACE MATERIALIZED VIEW t AS SELECT 1", "local_only", "OR REFRESH"),
        ("CREATE TEMPORARY VIEW t (CONSTRAINT a EXPECT (x)) AS SELECT 1 AS x", "local_only", "view in SQL (t)"),
        ("CREATE TABLE t (a INT) FLOW INSERT BY NAME SELECT 1", "local_only", "CREATE TABLE with a flow (t)"),
        ("AUTO CDC INTO t FROM s KEYS (id) SEQUENCE BY ts", "local_only", "CREATE FLOW"),
        ("APPLY CHANGES INTO t FROM (SELECT * FROM STREAM s) KEYS (id) SEQUENCE BY ts", "local_only", "query as the source"),
        ("APPLY CHANGES INTO t FROM s KEYS (id) SEQUENCE BY ts APPLY AS DELETE WHEN d", "local_only", "SEQUENCE BY"),
    ],
)
def test_note(text: str, kind: str, part: str) -> None:
    notes = read(text).notes
    assert [note.kind for note in notes] == [kind]
    assert part in notes[0].text
    assert notes[0].location is not None


def test_what_is_plainly_right_leaves_no_note() -> None:
    into = read("""
        CREATE OR REFRESH STREAMING TABLE t (a INT NOT NULL COMMENT 'x', CONSTRAINT c EXPECT (a > 0) ON VIOLATION DROP ROW)
          USING DELTA CLUSTER BY (a) COMMENT 'x' TBLPROPERTIES ('k' = 'v') AS SELECT * FROM STREAM s;
        CREATE LIVE VIEW v (CONSTRAINT c EXPECT (a > 0)) AS SELECT 1 AS a;
        CREATE FLOW f AS AUTO CDC INTO u FROM STREAM(v) KEYS (a) APPLY AS DELETE WHEN b SEQUENCE BY c""")
    assert [note.kind for note in into.notes] == ["deprecated"]


def test_old_live_syntax_is_noted_once() -> None:
    into = read("CREATE LIVE TABLE a AS SELECT 1;\nCREATE STREAMING LIVE TABLE b AS SELECT 1;\nCREATE LIVE VIEW c AS SELECT 1")
    assert [(note.kind, note.location.line) for note in into.notes] == [("deprecated", 1)]


QUERIES = [
    ("AS SELECT 1", "SELECT 1"),
    ("SELECT 1", "SELECT 1"),
    ("AS (SELECT 1)", "(SELECT 1)"),
    ("(SELECT 1)", "(SELECT 1)"),
    ("((SELECT 1) UNION ALL (SELECT 2))", "((SELECT 1) UNION ALL (SELECT 2))"),
    ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
    ("AS FROM x SELECT a", "FROM x SELECT a"),
    ("FROM x SELECT a", "FROM x SELECT a"),
    ("AS (FROM x)", "(FROM x)"),
    ("AS VALUES (1), (2)", "VALUES (1), (2)"),
    ("AS TABLE x", "TABLE x"),
    ("COMMENT 'c' SELECT 1", "SELECT 1"),
    ("AS SELECT 1 -- why\n/* and */ ;", "SELECT 1"),
    ("AS SELECT 1, -- why\n 2", "SELECT 1, -- why\n 2"),
    ("AS SELECT '; -- x', \"a;b\", `c;d` FROM t /* ; /* ; */ ; */ WHERE x", "SELECT '; -- x', \"a;b\", `c;d` FROM t /* ; /* ; */ ; */ WHERE x"),
    ("AS SELECT 'it''s', 'a\\'b;', r'\\d;' FROM t", "SELECT 'it''s', 'a\\'b;', r'\\d;' FROM t"),
    ("AS SELECT * EXCEPT (a), b::int, c:d.e[0]::string FROM t", "SELECT * EXCEPT (a), b::int, c:d.e[0]::string FROM t"),
    ("AS SELECT * FROM STREAM(LIVE.x) WHERE {{ template }}", "SELECT * FROM STREAM(LIVE.x) WHERE {{ template }}"),
    ("AS SELECT /*+ BROADCAST(a) */ a FROM a", "SELECT /*+ BROADCAST(a) */ a FROM a"),
    ("AS SELECT created, create_date, `create` AS update FROM t", "SELECT created, create_date, `create` AS update FROM t"),
    ("AS SELECT * FROM x LATERAL VIEW explode(a) AS b", "SELECT * FROM x LATERAL VIEW explode(a) AS b"),
]


@pytest.mark.parametrize(("rest", "text"), QUERIES, ids=[query[0] for query in QUERIES])
def test_query_stays_as_it_is(rest: str, text: str) -> None:
    source = f"\n\nCREATE OR REFRESH MATERIALIZED VIEW t\n  {rest}"
    _, query, _ = only(source)
    assert query.text == text
    start = source.index(text, source.index(" t\n") + 3)
    lines = source[:start].split("\n")
    assert (query.location.line, query.location.column) == (len(lines), len(lines[-1]) + 1)


def test_text_in_a_cell_that_begins_elsewhere() -> None:
    into = Declarations(SourceUnit("cell", "cell [3]", "SQL"))
    place = Location(None, 2, 6, "cell [3]", "<cell>")
    read_sql("CREATE LIVE TABLE t\nAS SELECT 1", SqlScope(Namespace("m", "d")), place, into)
    assert into.datasets[0].location == Location(None, 2, 6, "cell [3]", "<cell>")
    assert into.flows[0].query.location == Location(None, 3, 4, "cell [3]", "<cell>")


@pytest.mark.parametrize(
    "text",
    ["", "  \n", "-- nothing\n", "/* CREATE LIVE TABLE x AS SELECT 1; */", "-- a\n;\n;-- COMMAND ----------\n;", "\ufeff-- bom\n",
     "-- Databricks notebook source\n-- MAGIC %md x\n\n-- COMMAND ----------\n\n-- CREATE TABLE `broken\n"],
)
def test_nothing_declared(text: str) -> None:
    into = read(text)
    assert (into.datasets, into.flows, into.notes) == ([], [], [])


def test_byte_order_mark() -> None:
    dataset, _, _ = only("\ufeffCREATE LIVE TABLE t AS SELECT 1")
    assert dataset.location == Location("p.sql", 1, 1)


def test_statements_end_at_cells_too() -> None:
    into = read("""-- Databricks notebook source
CREATE OR REFRESH STREAMING TABLE a AS SELECT * FROM STREAM(x)

-- COMMAND ----------

-- MAGIC %md the second; one

-- COMMAND ----------

CREATE OR REFRESH MATERIALIZED VIEW b AS SELECT 1 -- no end
-- COMMAND ----------
CREATE LIVE VIEW c AS SELECT 2;
""")
    assert [(d.name.table, d.location.line) for d in into.datasets] == [("a", 2), ("b", 10), ("c", 12)]
    assert into.flows[1].query.text == "SELECT 1"


def test_windows_line_ends() -> None:
    into = read("SET a = 1;\r\nCREATE LIVE TABLE t -- x\r\nAS SELECT 1\r\n, 2;\r\n")
    assert into.flows[0].query == SqlQuery("SELECT 1\r\n, 2", Location("p.sql", 3, 4))
    assert into.flows[0].confs == {"a": "1"}
