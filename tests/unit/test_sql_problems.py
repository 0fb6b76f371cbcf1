"""What is wrong in pipeline SQL: code, message, exact place, and that reading goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ldp_jupyter.declarations import Declarations, Location, SourceUnit
from ldp_jupyter.names import Namespace
from ldp_jupyter.sql import SqlScope, read_sql

if TYPE_CHECKING:
    from ldp_jupyter.errors import LdpError


def problems_of(text: str, parameters: dict[str, str] | None = None) -> tuple[list[LdpError], Declarations]:
    into = Declarations(SourceUnit("p.sql", "p.sql", "SQL"))
    read_sql(text, SqlScope(Namespace("main", "default"), {}, parameters or {}), Location("p.sql", 1, 1), into)
    return into.problems, into


# The statement with a mark (^) where the problem must stand, the code, a part of its message, and of its hint.
PROBLEMS = [
    # Syntax
    ("^CREAT LIVE TABLE t AS SELECT 1", "LDP-2001", 'expected a statement, found "CREAT"', 'did you mean "CREATE"?'),
    ("^`x`", "LDP-2001", "expected a statement", "CREATE, APPLY CHANGES, SET and USE"),
    ("CREATE ^BANANA t AS SELECT 1", "LDP-2001", 'expected STREAMING TABLE, MATERIALIZED VIEW, TEMPORARY VIEW, VIEW or FLOW, found "BANANA"', "datasets are"),
    ("CREATE OR ^REFERSH LIVE TABLE t AS SELECT 1", "LDP-2001", 'expected REFRESH or REPLACE, found "REFERSH"', None),
    ("CREATE MATERIALIZED ^TABLE t AS SELECT 1", "LDP-2001", 'expected VIEW, found "TABLE"', None),
    ("CREATE STREAMING ^PRIVATE TABLE t AS SELECT 1", "LDP-2001", "expected TABLE or VIEW", None),
    ("CREATE INCREMENTAL ^TABLE t AS SELECT 1", "LDP-2001", "expected LIVE", "STREAMING TABLE"),
    ("CREATE LIVE TABLE ^'t' AS SELECT 1", "LDP-2001", "expected the name of the materialized view", "backticks"),
    ("CREATE LIVE TABLE^", "LDP-2001", "found the end of the statement", None),
    ("CREATE LIVE TABLE ^{{ catalog }}.t AS SELECT 1", "LDP-2001", "the name of the materialized view", "template"),
    ("CREATE LIVE TABLE a.^(SELECT 1)", "LDP-2001", "a name after the dot", None),
    ("CREATE MATERIALIZED VIEW t ^COMENT 'x' AS SELECT 1", "LDP-2001", 'found "COMENT"', 'did you mean "COMMENT"?'),
    ("CREATE MATERIALIZED VIEW t COMMENT ^x AS SELECT 1", "LDP-2001", "expected the comment's text", "write 'x' in quotes"),
    ("CREATE MATERIALIZED VIEW t ^CONSTRAINT a EXPECT (x) AS SELECT 1", "LDP-2001", "a clause or AS query", "parentheses"),
    ("CREATE MATERIALIZED VIEW t^", "LDP-2001", "expected AS and a query", "needs a query"),
    ("CREATE TEMPORARY VIEW t^", "LDP-2001", "expected AS and a query", None),
    ("CREATE LIVE TABLE t^", "LDP-2001", "expected AS and a query", None),
    ("CREATE MATERIALIZED VIEW t AS^", "LDP-2001", "expected a query, found the end of the statement", "SELECT"),
    ("CREATE MATERIALIZED VIEW t AS ^SELCT 1", "LDP-2001", 'expected a query, found "SELCT"', "SELECT"),
    ("CREATE STREAMING TABLE t (a INT, b STRING ^AS SELECT 1", "LDP-2001", 'found "AS"', None),
    ("CREATE STREAMING TABLE t ^(a INT", "LDP-2001", '"(" is never closed', None),
    ("CREATE STREAMING TABLE t (a INT ^b STRING)", "LDP-2001", 'expected "," or ")", found "b"', '"," may be missing'),
    ("CREATE STREAMING TABLE t (a INT^,) AS SELECT 1", "LDP-2001", 'expected more after ","', 'remove the ","'),
    ("CREATE STREAMING TABLE t (CONSTRAINT a EXPECT (x) ^CONSTRAINT b EXPECT (y))", "LDP-2001", "expected , or )", '"," may be missing'),
    ("CREATE STREAMING TABLE t (CONSTRAINT a EXPECT ^x > 0)", "LDP-2001", '"(" and the condition', None),
    ("CREATE STREAMING TABLE t (CONSTRAINT a EXPECT ^())", "LDP-2001", 'expectation "a" has no condition', None),
    ("CREATE STREAMING TABLE t (CONSTRAINT a ^EXPCT (x))", "LDP-2001", "expected EXPECT, PRIMARY KEY or FOREIGN KEY", None),
    ("CREATE STREAMING TABLE t (^EXPECT (x))", "LDP-2001", "CONSTRAINT and a name", None),
    ("CREATE STREAMING TABLE t (a INT, ^b COMMENT 'x')", "LDP-2001", 'column "b" has no type', "b STRING"),
    ("CREATE MATERIALIZED VIEW t ^(a INT, b) AS SELECT 1", "LDP-2001", "some columns have a type", "give one to b"),
    ("CREATE STREAMING TABLE t (a INT GENERATED ^AS (1))", "LDP-2001", "expected ALWAYS", "IDENTITY"),
    ("CREATE STREAMING TABLE t (a INT DEFAULT^)", "LDP-2001", "the default's expression", None),
    ("CREATE MATERIALIZED VIEW t TBLPROPERTIES ^x AS SELECT 1", "LDP-2001", "expected (", None),
    ("CREATE MATERIALIZED VIEW t TBLPROPERTIES ('a'^) AS SELECT 1", "LDP-2001", 'a value for property "a"', None),
    ("CREATE MATERIALIZED VIEW t TBLPROPERTIES ('a' = 'b' ^'c' = 'd') AS SELECT 1", "LDP-2001", "expected , or )", '"," may be missing'),
    ("CREATE MATERIALIZED VIEW t CLUSTER BY ^a AS SELECT 1", "LDP-2001", 'expected "("', "parentheses"),
    ("CREATE MATERIALIZED VIEW t SCHEDULE ^HOURLY AS SELECT 1", "LDP-2001", "expected CRON", "EVERY n HOURS"),
    ("CREATE MATERIALIZED VIEW t COMMENT ^'abc AS SELECT 1", "LDP-2001", "the quote ' begins is never closed", None),
    ("CREATE MATERIALIZED VIEW ^`abc AS SELECT 1", "LDP-2001", "the quote ` begins is never closed", None),
    ("CREATE MATERIALIZED VIEW abc AS SELECT 1 ^/* /* x */", "LDP-2001", '"/*" begins is never closed', None),
    ("SET ^= x", "LDP-2001", "key = value", None),
    ("SET a^", "LDP-2001", "key = value", None),
    ("SET a =^", "LDP-2001", "a value for a", None),
    ("USE CATALOG^", "LDP-2001", "expected the name of a catalog", None),
    ("USE SCHEMA s ^t", "LDP-2001", "expected the end of the statement", '";"'),
    # Values
    ("^CREATE OR REFRESH FLOW f AS INSERT INTO t SELECT 1", "LDP-2011", "FLOW is unknown", "CREATE FLOW"),
    ("CREATE ^PRIVATE VIEW t AS SELECT 1", "LDP-2011", "PRIVATE is for tables", "TEMPORARY VIEW"),
    ("CREATE STREAMING TABLE t (CONSTRAINT a EXPECT (x) ^ON VIOLATION DELETE ROW)", "LDP-2011", "ON VIOLATION DELETE ROW is unknown", "DROP ROW"),
    ("CREATE STREAMING TABLE t (CONSTRAINT a EXPECT (x) ^ON VIOLATION DROP)", "LDP-2011", "ON VIOLATION DROP is unknown", "DROP ROW"),
    ("CREATE STREAMING TABLE t (CONSTRAINT a EXPECT (x), ^CONSTRAINT A EXPECT (y))", "LDP-2006", 'expectation "A" stands twice on dataset "t"', None),
    ("CREATE STREAMING TABLE t (a INT, ^A STRING)", "LDP-2011", 'column "A" stands twice', None),
    ("CREATE VIEW t (^a INT) AS SELECT 1", "LDP-2011", "cannot have a type", "cast"),
    ("CREATE VIEW t ^(CONSTRAINT a EXPECT (x)) AS SELECT 1", "LDP-2011", "takes no expectations", "TEMPORARY VIEW"),
    ("CREATE VIEW t ^PARTITIONED BY (a) AS SELECT 1", "LDP-2011", "PARTITIONED BY has no meaning for a view", "stores nothing"),
    ("CREATE MATERIALIZED VIEW t USING ^parquet AS SELECT 1", "LDP-2011", "USING parquet", "USING DELTA"),
    ("CREATE MATERIALIZED VIEW t PARTITIONED BY (a) ^CLUSTER BY (b) AS SELECT 1", "LDP-2011", "exclude each other", None),
    ("CREATE MATERIALIZED VIEW t COMMENT 'a' ^COMMENT 'b' AS SELECT 1", "LDP-2011", "COMMENT stands twice", None),
    ("CREATE MATERIALIZED VIEW t TBLPROPERTIES ('a' = 'b', ^'a' = 'c') AS SELECT 1", "LDP-2011", 'property "a" stands twice', None),
    ("CREATE MATERIALIZED VIEW t TBLPROPERTIES (quality = ^gold) AS SELECT 1", "LDP-2011", "without quotes", "'gold'"),
    ("CREATE MATERIALIZED VIEW t REFRESH POLICY ^SOMETIMES AS SELECT 1", "LDP-2011", "SOMETIMES is unknown", "INCREMENTAL"),
    ("CREATE STREAMING TABLE t ^REFRESH POLICY FULL", "LDP-2011", "has no REFRESH POLICY", None),
    ("CREATE MATERIALIZED VIEW t (i BIGINT ^GENERATED ALWAYS AS IDENTITY) AS SELECT 1", "LDP-2011", "identity", None),
    ("CREATE MATERIALIZED VIEW t (i BIGINT ^DEFAULT 1) AS SELECT 1", "LDP-2011", "DEFAULT", None),
    ("CREATE MATERIALIZED VIEW t ^FLOW INSERT BY NAME SELECT 1", "LDP-2011", "FLOW is for streaming tables", "AS query"),
    ("SET ^a b = 1", "LDP-2011", '"a b" is no key', None),
    # Not allowed
    ("^SELECT 1", "LDP-2012", "a query alone declares nothing", "MATERIALIZED VIEW"),
    ("^(SELECT 1)", "LDP-2012", "a query alone declares nothing", None),
    ("^SHOW TABLES", "LDP-2012", "a query alone declares nothing", None),
    ("^INSERT INTO t SELECT 1", "LDP-2012", "INSERT is not allowed", "CREATE FLOW"),
    ("^merge INTO t USING s ON a WHEN MATCHED THEN DELETE", "LDP-2012", "MERGE is not allowed", "AUTO CDC"),
    ("^DROP TABLE t", "LDP-2012", "DROP is not allowed", "remove"),
    ("^ALTER TABLE t SET TBLPROPERTIES ('a' = 'b')", "LDP-2012", "ALTER is not allowed", None),
    ("^GRANT SELECT ON t TO `x`", "LDP-2012", "GRANT is not allowed", None),
    ("^OPTIMIZE t", "LDP-2012", "OPTIMIZE is not allowed", None),
    ("^REFRESH MATERIALIZED VIEW t", "LDP-2012", "REFRESH is not allowed", "--refresh"),
    ("^COPY INTO t FROM 'x'", "LDP-2012", "COPY is not allowed", "read_files"),
    ("^BEGIN INSERT INTO t SELECT 1; IF a THEN SELECT CASE WHEN b THEN 1 END; END IF; END", "LDP-2012", "BEGIN is not allowed", None),
    ("^CREATE TABLE t (a INT)", "LDP-2012", "CREATE TABLE is not allowed", "STREAMING TABLE"),
    ("^CREATE TABLE t AS SELECT 1", "LDP-2012", "CREATE TABLE is not allowed", "MATERIALIZED VIEW"),
    ("^CREATE OR REPLACE TABLE t AS SELECT 1", "LDP-2012", "CREATE OR REPLACE TABLE is not allowed", None),
    ("^CREATE GLOBAL TEMPORARY VIEW t AS SELECT 1", "LDP-2012", "global temporary views", None),
    ("CREATE FUNCTION ^s.f(x INT) RETURNS INT RETURN x", "LDP-2023", "functions of the catalog", "CREATE TEMPORARY FUNCTION f"),
    ("CREATE FUNCTION f(x INT) RETURNS INT ^LANGUAGE PYTHON AS $$ return x; $$", "LDP-2023", "functions in PYTHON", "spark.udf.register"),
    ("CREATE LIVE TABLE t (CONSTRAINT a EXPECT ^id > 0) AS SELECT 1", "LDP-2001", '"(" and the condition', "in parentheses"),
    ("CREATE FUNCTION f ^RETURNS INT RETURN 1", "LDP-2001", '"(" and the parameters', "for example"),
    ("^CREATE SCHEMA s", "LDP-2012", "CREATE SCHEMA is not allowed", None),
    ("^CREATE SINK s", "LDP-2012", "CREATE SINK is not allowed", "create_sink"),
    ("^SET VARIABLE x = 1", "LDP-2012", "variables", "${key}"),
    # Names
    ("CREATE LIVE TABLE ^a.b.c.d AS SELECT 1", "LDP-2021", "more than three parts", None),
    ("CREATE LIVE TABLE ^my-table AS SELECT 1", "LDP-2021", "needs backticks", "`my-table`"),
    ("CREATE LIVE TABLE ^`` AS SELECT 1", "LDP-2021", "empty", None),
    ("CREATE LIVE TABLE ^IDENTIFIER('') AS SELECT 1", "LDP-2021", "is not a name", None),
    ("CREATE LIVE TABLE IDENTIFIER(^lower('T')) AS SELECT 1", "LDP-2021", "string literals", "concat"),
    ("CREATE FLOW ^a.f AS INSERT INTO t SELECT 1", "LDP-2021", "one part", "write f"),
    ("USE CATALOG ^a.b", "LDP-2021", "no catalog", "USE SCHEMA b"),
    ("USE ^a.b.c", "LDP-2021", "no schema", None),
    # Flows
    ("CREATE FLOW f ^INSERT INTO t SELECT 1", "LDP-2001", "expected AS", None),
    ("CREATE FLOW f AS ^SELECT 1", "LDP-2001", "INSERT INTO or AUTO CDC INTO", "INSERT INTO target BY NAME"),
    ("CREATE FLOW f AS INSERT ^OVERWRITE t SELECT 1", "LDP-2001", "expected INTO", "appends"),
    ("CREATE FLOW f AS INSERT INTO t ^(a, b) SELECT 1", "LDP-2001", "BY NAME or a query", "cannot be listed"),
    ("CREATE FLOW f AS INSERT INTO t ^PARTITION (a = 1) SELECT 1", "LDP-2001", "BY NAME or a query", "PARTITION"),
    ("CREATE FLOW f AS INSERT INTO t BY NAME^", "LDP-2001", "expected BY NAME or a query", None),
    ("CREATE FLOW f AS INSERT INTO t BY NAME ^REPLACE USING (a) SEQUENCE BY b SELECT 1", "LDP-2023", "not supported here", None),
    ("CREATE STREAMING TABLE t FLOW ^REPLACE USING (a) SEQUENCE BY b BY NAME SELECT 1", "LDP-2023", "not supported here",
     "AUTO CDC"),
    ("CREATE STREAMING TABLE t FLOW REPLACE WHERE ^BY NAME SELECT 1", "LDP-2001", "a condition", None),
    ("^CREATE TABLE t FLOW REPLACE WHERE a > 1 BY NAME SELECT 1", "LDP-2011", "takes no REPLACE WHERE flow", None),
    ("CREATE STREAMING TABLE t FLOW ^SELECT 1", "LDP-2001", "expected INSERT", "INSERT BY NAME"),
    ("CREATE STREAMING TABLE t FLOW INSERT ^INTO t SELECT 1", "LDP-2001", "expected BY NAME", "the target already"),
    ("CREATE STREAMING TABLE t FLOW INSERT ^SELECT 1", "LDP-2001", "expected BY", None),
    ("CREATE STREAMING TABLE t FLOW AUTO CDC ^INTO t FROM s", "LDP-2001", "expected FROM", "the target already"),
    ("CREATE TABLE t (a INT) FLOW ^AUTO CDC FROM s KEYS (a) SEQUENCE BY b", "LDP-2017", "managed table", "STREAMING TABLE"),
    # AUTO CDC
    ("APPLY CHANGES INTO t ^FROM s SEQUENCE BY ts", "LDP-2017", "needs KEYS", "KEYS (id)"),
    ("APPLY CHANGES INTO t ^FROM s KEYS (id)", "LDP-2017", "needs SEQUENCE BY", "updated_at"),
    ("APPLY CHANGES INTO t FROM s KEYS ^() SEQUENCE BY ts", "LDP-2017", "names no column", None),
    ("APPLY CHANGES INTO t FROM s KEYS ^id SEQUENCE BY ts", "LDP-2001", 'expected "("', "parentheses"),
    ("APPLY CHANGES INTO t FROM s KEYS (^a.id) SEQUENCE BY ts", "LDP-2017", "names of columns", "write id"),
    ("APPLY CHANGES INTO t FROM s KEYS (id) SEQUENCE BY ts ^SEQUENCE BY ts2", "LDP-2017", "SEQUENCE BY stands twice", None),
    ("APPLY CHANGES INTO t FROM s KEYS (id) SEQUENCE BY ts COLUMNS (a) ^COLUMNS * EXCEPT (b)", "LDP-2017", "COLUMNS stands twice", None),
    ("APPLY CHANGES INTO t FROM s KEYS (id) SEQUENCE BY ts ^TRACK HISTORY ON (a)", "LDP-2017", "needs STORED AS SCD TYPE 2", None),
    ("APPLY CHANGES INTO t FROM s KEYS (id) ^APPLY AS TRUNCATE WHEN x SEQUENCE BY ts STORED AS SCD TYPE 2", "LDP-2017", "SCD TYPE 1 only", None),
    ("APPLY CHANGES INTO t FROM s KEYS (id) SEQUENCE BY ts STORED AS SCD TYPE ^3", "LDP-2017", "SCD TYPE 3 is unknown", "SCD TYPE 2"),
    ("APPLY CHANGES INTO t FROM s KEYS (id) IGNORE NULL UPDATES SEQUENCE BY ts ^COLUMNS TO UPDATE c", "LDP-2017", "exclude each other", None),
    ("APPLY CHANGES INTO t FROM s KEYS (id) SEQUENCE BY ts ^SYSTEM SEQUENCE BY x", "LDP-2017", "needs STORED AS BITEMPORAL", None),
    ("APPLY CHANGES INTO t FROM s KEYS (id) SEQUENCE BY ts ^STORED AS BITEMPORAL", "LDP-2017", "needs SYSTEM SEQUENCE BY", None),
    ("APPLY CHANGES INTO t FROM s ^SORTED AS SCD TYPE 2", "LDP-2001", "a clause of AUTO CDC", 'did you mean "STORED"?'),
    ("APPLY CHANGES INTO t FROM s KEYS (id) SEQUENCE BY^", "LDP-2001", "an expression after SEQUENCE BY", None),
    ("APPLY CHANGES INTO t FROM s KEYS (id) APPLY AS DELETE WHEN ^SEQUENCE BY ts", "LDP-2001", "an expression after APPLY AS DELETE", None),
    ("APPLY CHANGES INTO t FROM STREAM(^(SELECT 1)) KEYS (id) SEQUENCE BY ts", "LDP-2017", "not a query", "temporary view"),
    ("APPLY CHANGES INTO t FROM STREAM ^read_files('x') KEYS (id) SEQUENCE BY ts", "LDP-2017", "not read_files(...)", "temporary view"),
    ("APPLY CHANGES INTO t FROM STREAM s WITH (^SKIPCHANGECOMMIT) KEYS (id) SEQUENCE BY ts", "LDP-2011", 'no option "SKIPCHANGECOMMIT"', "skipChangeCommits"),
    ("APPLY CHANGES ^FROM SNAPSHOT s INTO t", "LDP-2001", "expected INTO", "create_auto_cdc_from_snapshot_flow"),
    # Parameters
    ("CREATE LIVE TABLE t AS SELECT '^${catalgo}'", "LDP-2022", "parameter ${catalgo} has no value", 'did you mean "catalog"?'),
    ("CREATE LIVE TABLE t AS SELECT ^${zzz}", "LDP-2022", "parameter ${zzz} has no value", "--set zzz=value"),
    ("CREATE LIVE TABLE t AS SELECT ^:catalgo", "LDP-2022", "parameter :catalgo has no value", 'did you mean "catalog"?'),
    ("CREATE LIVE TABLE IDENTIFIER(^:nope) AS SELECT 1", "LDP-2022", "parameter :nope", None),
    ("USE CATALOG ^${nope}", "LDP-2022", "parameter ${nope}", None),
]


@pytest.mark.parametrize(("marked", "code", "message", "hint"), PROBLEMS, ids=[problem[0] for problem in PROBLEMS])
def test_problem_stands_at_its_token(marked: str, code: str, message: str, hint: str | None) -> None:
    text, offset = marked.replace("^", "", 1), marked.index("^")
    before = "SET a = 1;\n/* one\n two */ "
    problems, into = problems_of(f"{before}{text};\nCREATE LIVE VIEW after AS SELECT 1", {"catalog": "c"})
    assert [problem.code for problem in problems] == [code], [str(problem) for problem in problems]
    assert message in problems[0].message
    assert problems[0].location == Location("p.sql", 3, len(" two */ ") + offset + 1)
    if hint:
        assert hint in (problems[0].hint or "")
    if '"/*" begins' not in message:  # an unclosed comment reaches to the end of the text
        assert into.datasets[-1].name.table == "after"


def test_every_statement_tells_its_own_problem() -> None:
    problems, into = problems_of("""CREATE LIVE TABLE a AS SELCT 1;
CREATE LIVE TABLE b AS SELECT ${x}, '${y}', ${x};
DROP TABLE c;
CREATE STREAMING TABLE d (CONSTRAINT a EXPECT (x) ON VIOLATION WARN) COMMENT 'x' COMMENT 'y';
APPLY CHANGES INTO e FROM s COLUMNS TO UPDATE c
-- COMMAND ----------
CREATE LIVE TABLE f AS SELECT 1
""")
    assert [(p.code, p.location.line, p.location.column, p.dataset) for p in problems] == [
        ("LDP-2001", 1, 24, "a"), ("LDP-2022", 2, 31, "b"), ("LDP-2022", 2, 38, "b"), ("LDP-2012", 3, 1, None),
        ("LDP-2011", 4, 51, "d"), ("LDP-2011", 4, 82, "d"), ("LDP-2017", 5, 22, "e"), ("LDP-2017", 5, 22, "e"),
    ]
    assert [d.name.table for d in into.datasets] == ["d", "f"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("CREATE LIVE TABLE a AS SELECT 1\nCREATE OR REFRESH LIVE TABLE b AS SELECT 2", [(2, 1)]),
        ("CREATE LIVE TABLE a AS SELECT (1\n  CREATE LIVE TABLE b AS SELECT 2", [(2, 3)]),
        ("CREATE STREAMING TABLE a CREATE LIVE TABLE b AS SELECT 2", [(1, 26)]),
        ("USE CATALOG c\nUSE SCHEMA s\nCREATE LIVE TABLE a AS SELECT 1;CREATE LIVE TABLE b AS SELECT 1", [(2, 1), (3, 1)]),
        ("SET a = 1\nSET b = 2\nCREATE LIVE TABLE a AS SELECT ${b};CREATE LIVE TABLE b AS SELECT ${b}", [(2, 1), (3, 1)]),
    ],
)
def test_missing_separator(text: str, places: list[tuple[int, int]]) -> None:
    if "${b}" in text:
        text = text.replace("CREATE LIVE TABLE a AS SELECT ${b}", "CREATE LIVE TABLE a AS SELECT 1")
    problems, into = problems_of(text)
    assert [(p.code, p.location.line, p.location.column) for p in problems] == [("LDP-2001", *place) for place in places]
    assert all('expected ";" before' in p.message for p in problems)
    assert [d.name.table for d in into.datasets] == ["a", "b"]


def test_separator_is_not_missed_after_apply_changes() -> None:
    problems, into = problems_of("CREATE STREAMING TABLE t\nAPPLY CHANGES INTO t FROM s KEYS (a) SEQUENCE BY b")
    assert [(p.location.line, p.location.column) for p in problems] == [(2, 1)]
    assert (len(into.datasets), len(into.flows)) == (1, 1)


@pytest.mark.parametrize("text", ["CREATE FLOW f AS APPLY CHANGES INTO t FROM s KEYS (a) SEQUENCE BY b", "CREATE LIVE TABLE t AS SELECT set, use, apply FROM create"])
def test_no_separator_is_missed(text: str) -> None:
    assert problems_of(text)[0] == []


def test_unclosed_quote_is_found_where_it_opened() -> None:
    problems, into = problems_of("""CREATE LIVE TABLE a COMMENT 'first' AS SELECT 1;
CREATE LIVE TABLE b
  COMMENT 'it is
AS SELECT 1;

CREATE LIVE TABLE c COMMENT 'third' AS SELECT 1;
CREATE LIVE TABLE d COMMENT "it's" AS SELECT 1;
""")
    assert [(p.code, p.location.line, p.location.column, p.dataset) for p in problems] == [("LDP-2001", 3, 11, "b")]
    assert [d.name.table for d in into.datasets] == ["a", "c", "d"]


def test_long_string_over_lines_that_look_like_statements_is_fine_when_it_ends() -> None:
    problems, into = problems_of("CREATE LIVE TABLE a COMMENT 'x\nCREATE TABLE y' AS SELECT 1")
    assert (problems, into.datasets[0].comment) == ([], "x\nCREATE TABLE y")


def test_problem_inside_a_value_points_at_its_placeholder() -> None:
    problems, _ = problems_of("CREATE STREAMING TABLE t (\n  ${columns},\n  c INT,\n  d)", {"columns": "a INT,\nb\nSTRING STRING"})
    assert [(p.code, p.location.line, p.location.column) for p in problems] == [("LDP-2001", 2, 3)]
    problems, _ = problems_of("CREATE STREAMING TABLE t (\n  ${columns},\n  c INT,\n  d)", {"columns": "a INT,\nb\nSTRING"})
    assert [(p.location.line, p.location.column) for p in problems] == [(4, 3)]


def test_unfilled_parameter_names_the_dataset_even_behind_parameters() -> None:
    problems, _ = problems_of("CREATE LIVE TABLE IDENTIFIER(concat(:catalog, '.s.t')) AS SELECT :nope", {"catalog": "c"})
    assert [p.dataset for p in problems] == ["c.s.t"]


def test_wrong_options_still_declare_the_dataset() -> None:
    problems, into = problems_of("CREATE MATERIALIZED VIEW t USING csv TBLPROPERTIES (a = b) AS SELECT 1")
    assert len(problems) == 2
    assert (len(into.datasets), len(into.flows)) == (1, 1)


def test_wrong_cdc_clauses_declare_no_table_without_its_flow() -> None:
    problems, into = problems_of("CREATE STREAMING TABLE t FLOW AUTO CDC FROM s KEYS (id)")
    assert [p.code for p in problems] == ["LDP-2017"]
    assert (into.datasets, into.flows) == ([], [])
