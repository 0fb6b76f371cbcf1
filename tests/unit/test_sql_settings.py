"""SET, USE, placeholders, parameters and queries in cells."""

from __future__ import annotations

import pytest

from ldp_jupyter.declarations import Declarations, Location, SourceUnit, SqlQuery
from ldp_jupyter.names import Namespace
from ldp_jupyter.sql import SqlScope, read_sql


def read(text: str, scope: SqlScope, *, allow_queries: bool = False) -> tuple[Declarations, list[SqlQuery]]:
    into = Declarations(SourceUnit("p.sql", "p.sql", "SQL"))
    queries = read_sql(text, scope, Location("p.sql", 1, 1), into, allow_queries=allow_queries)
    assert [str(problem) for problem in into.problems] == []
    return into, queries


def scope_of(**parameters: str) -> SqlScope:
    return SqlScope(Namespace("main", "default"), {}, parameters)


@pytest.mark.parametrize(
    ("statement", "key", "value"),
    [
        ("SET a = 1", "a", "1"),
        ("set spark.sql.shuffle.partitions=8", "spark.sql.shuffle.partitions", "8"),
        ("SET a.b = 'two words'", "a.b", "two words"),
        ('SET a.b = "x"', "a.b", "x"),
        ("SET `a.b` = `x y`", "a.b", "x y"),
        ("SET path = /Volumes/a/b-c/d.json", "path", "/Volumes/a/b-c/d.json"),
        ("SET path=dbfs:/a  -- where", "path", "dbfs:/a"),
        ("SET expr = a = 'b'", "expr", "a = 'b'"),
        ("SET k = ${other}_x", "k", "o_x"),
        ("SET TIME ZONE 'Europe/Berlin'", "spark.sql.session.timeZone", "Europe/Berlin"),
    ],
)
def test_set(statement: str, key: str, value: str) -> None:
    scope = scope_of(other="o")
    read(statement, scope)
    assert scope.confs == {key: value}


def test_set_gives_placeholders_their_text_quotes_included() -> None:
    scope = scope_of(day="old")
    into, _ = read("SET day = '2024-01-01';\nSET dir = /a/b;\nCREATE LIVE TABLE t AS SELECT * FROM csv.`${dir}/x` WHERE d > ${day}", scope)
    assert into.flows[0].query.text == "SELECT * FROM csv.`/a/b/x` WHERE d > '2024-01-01'"
    assert into.flows[0].confs == {"day": "2024-01-01", "dir": "/a/b"}


@pytest.mark.parametrize(
    ("statement", "catalog", "schema"),
    [
        ("USE CATALOG c", "c", "default"),
        ("SET CATALOG c", "c", "default"),
        ("USE CATALOG 'c'", "c", "default"),
        ("USE CATALOG IDENTIFIER(:cat)", "prod", "default"),
        ("USE CATALOG ${cat}", "prod", "default"),
        ("USE SCHEMA s", "main", "s"),
        ("USE DATABASE s", "main", "s"),
        ("use s", "main", "s"),
        ("USE `my schema`", "main", "my schema"),
        ("USE SCHEMA c.s", "c", "s"),
        ("USE CATALOG c; USE SCHEMA s", "c", "s"),
    ],
)
def test_use(statement: str, catalog: str, schema: str) -> None:
    scope = scope_of(cat="prod")
    read(statement, scope)
    assert scope.namespace == Namespace(catalog, schema)


def test_scope_goes_on_to_the_next_text() -> None:
    scope = scope_of()
    read("USE SCHEMA s; SET k = v", scope)
    into, _ = read("CREATE LIVE TABLE t COMMENT '${k}' AS SELECT 1", scope)
    assert (str(into.datasets[0].name), into.datasets[0].comment) == ("main.s.t", "v")


def test_placeholder_may_hold_columns_and_lines_stay_right() -> None:
    scope = scope_of(columns="a INT,\n\n  b STRING COMMENT 'it; -- x',\n", checks="CONSTRAINT ok EXPECT (a > 0)\n")
    into, _ = read("CREATE OR REFRESH STREAMING TABLE t (\n  ${columns} ${checks})\nCOMMENT 'x'\nAS SELECT 1 -- ${nothing}\n;\nCREATE LIVE VIEW v AS SELECT 2", scope)
    assert into.datasets[0].options.schema == "a INT, b STRING COMMENT 'it; -- x'"
    assert into.datasets[0].expectations[0].location == Location("p.sql", 2, 14)
    assert into.flows[0].query == SqlQuery("SELECT 1", Location("p.sql", 4, 4))
    assert into.datasets[1].location == Location("p.sql", 6, 1)


def test_placeholder_may_hold_whole_statements_and_other_placeholders() -> None:
    scope = scope_of(all="CREATE LIVE TABLE a AS SELECT ${n}; CREATE LIVE TABLE b AS SELECT 2", n="1")
    into, _ = read("${all};", scope)
    assert [flow.query.text for flow in into.flows] == ["SELECT 1", "SELECT 2"]


@pytest.mark.parametrize("key", ["n", " n ", "spark:n", "hiveconf:n"])
def test_placeholder_spellings(key: str) -> None:
    into, _ = read(f"CREATE LIVE TABLE a AS SELECT '${{{key}}}'", scope_of(n="1"))
    assert into.flows[0].query.text == "SELECT '1'"


PARAMETERS = [
    ("SELECT :day", "SELECT 'it\\'s'"),
    ("SELECT :day AS x, f(:day,:day) FROM t WHERE a >:day AND b = :day", "SELECT 'it\\'s' AS x, f('it\\'s','it\\'s') FROM t WHERE a >'it\\'s' AND b = 'it\\'s'"),
    ("SELECT date(:day)::string", "SELECT date('it\\'s')::string"),
    ("SELECT :day::date", "SELECT 'it\\'s'::date"),
    ("SELECT CASE WHEN x THEN :day ELSE :day END", "SELECT CASE WHEN x THEN 'it\\'s' ELSE 'it\\'s' END"),
    ("SELECT * FROM IDENTIFIER(:day)", "SELECT * FROM IDENTIFIER('it\\'s')"),
    ("SELECT raw:day, raw:day.day, raw:day[0]:day, a[1]:day, f(x):day, `raw`:day", None),
    ("SELECT a::day, map(1, 2):day", None),
    ("SELECT CAST(a AS STRUCT<when:DAY, day: INT>), when:day FROM t", None),
    ("SELECT ':day', \":day\", `:day` -- :day\nFROM t /* :day */ WHERE x", None),
]


@pytest.mark.parametrize(("query", "filled"), PARAMETERS, ids=[parameter[0] for parameter in PARAMETERS])
def test_parameters_stand_where_values_may(query: str, filled: str | None) -> None:
    into, _ = read(f"CREATE LIVE TABLE t AS {query}", scope_of(day="it's"))
    assert into.flows[0].query.text == (filled or query)


def test_parameters_keep_lines_and_columns_before_them() -> None:
    into, _ = read("CREATE LIVE TABLE t COMMENT :c\nAS SELECT :c,\n:c", scope_of(c="a\nb\\"))
    assert into.datasets[0].comment == "a\nb\\"
    assert into.flows[0].query == SqlQuery("SELECT 'a\\nb\\\\',\n'a\\nb\\\\'", Location("p.sql", 2, 4))


def test_queries_of_cells_come_back_in_order() -> None:
    text = "SELECT 1;\nCREATE LIVE TABLE t AS SELECT 2;\n  SHOW TABLES -- all\n;(SELECT ${n}) ; DESCRIBE t; EXPLAIN CREATE MATERIALIZED VIEW m AS SELECT 1; WITH a AS (SELECT 1) FROM a SELECT :n"
    into, queries = read(text, scope_of(n="3"), allow_queries=True)
    assert [query.text for query in queries] == [
        "SELECT 1", "SHOW TABLES", "(SELECT 3)", "DESCRIBE t", "EXPLAIN CREATE MATERIALIZED VIEW m AS SELECT 1",
        "WITH a AS (SELECT 1) FROM a SELECT '3'",
    ]
    assert queries[1].location == Location("p.sql", 3, 3)
    assert len(into.datasets) == 1
