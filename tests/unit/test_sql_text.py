"""Splitting, comments, placeholders, positions; and laws over made-up text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldp_jupyter.declarations import Declarations, Location, SourceUnit
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import Namespace
from ldp_jupyter.sql import SqlScope, position, read_sql, split_statements, strip_comments, substitute
from ldp_jupyter.sql.text import quote_string, unquote
from ldp_jupyter.sql.tokens import scan

SPLITS = [
    ("", []),
    (" ;; ;", []),
    ("SELECT 1", ["SELECT 1"]),
    ("SELECT 1;", ["SELECT 1"]),
    ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT ';'; SELECT \";\" ; SELECT `;`", ["SELECT ';'", 'SELECT ";"', "SELECT `;`"]),
    ("SELECT 'a\\';b'; SELECT 'c'';d'", ["SELECT 'a\\';b'", "SELECT 'c'';d'"]),
    ("SELECT r'\\';SELECT 2", ["SELECT r'\\'", "SELECT 2"]),
    ("SELECT 1 -- ;\n;SELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT /* ; /* ; */ ; */ 1; SELECT 2", ["SELECT /* ; /* ; */ ; */ 1", "SELECT 2"]),
    ("SELECT 1 -- a\n, 2 -- b", ["SELECT 1 -- a\n, 2"]),
    ("-- a\nSELECT 1 /* b */", ["SELECT 1"]),
    ("SELECT 1\n-- COMMAND ----------\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1\n--COMMAND ----------\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    ("SELECT 1 -- COMMAND is a word\n, 2", ["SELECT 1 -- COMMAND is a word\n, 2"]),
    ("/* \n-- COMMAND ----------\n */SELECT 1", ["SELECT 1"]),
    ("SELECT $$a;b$$; SELECT 2", ["SELECT $$a;b$$", "SELECT 2"]),
    ("BEGIN SELECT 1; SELECT 2; END; SELECT 3", ["BEGIN SELECT 1; SELECT 2; END", "SELECT 3"]),
    ("BEGIN IF a THEN SELECT CASE WHEN b THEN 1 END; END IF; BEGIN SELECT 1; END; END; SELECT 3",
     ["BEGIN IF a THEN SELECT CASE WHEN b THEN 1 END; END IF; BEGIN SELECT 1; END; END", "SELECT 3"]),
    ("SELECT CASE WHEN a THEN 1 END; SELECT 2", ["SELECT CASE WHEN a THEN 1 END", "SELECT 2"]),
    ("SELECT 'never closed; SELECT 2", ["SELECT 'never closed; SELECT 2"]),
]


@pytest.mark.parametrize(("text", "statements"), SPLITS, ids=[split[0] for split in SPLITS])
def test_split(text: str, statements: list[str]) -> None:
    found = split_statements(text)
    assert [statement.text for statement in found] == statements
    for statement in found:
        assert text.startswith(statement.text, statement.start_offset)
        assert position(text, statement.start_offset) == (statement.line, statement.column)


def test_position() -> None:
    text = "ab\ncd\n"
    assert [position(text, offset) for offset in range(7)] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1)]


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("a -- b\nc", "a  \nc"),
        ("a /* b\n c */ d", "a \n d"),
        ("a /* /* b */ */ c", "a   c"),
        ("'--' -- x", "'--'  "),
        ('"/* */" `--`', '"/* */" `--`'),
        ("a --b \\\n c\nd", "a \n\nd"),
        ("SELECT /*+ HINT */ 1", "SELECT /*+ HINT */ 1"),
    ],
)
def test_strip_comments(text: str, stripped: str) -> None:
    assert strip_comments(text) == stripped
    assert strip_comments(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("text", "filled", "missing"),
    [
        ("${a}", "1", []),
        ("'${a}' `${a}` x${a}y", "'1' `1` x1y", []),
        ("${a.b}/${ a }", "2/1", []),
        ("${nested}", "<1>", []),
        ("${x} ${a} ${y} ${x}", "${x} 1 ${y} ${x}", ["x", "y"]),
        ("-- ${a} ${x}\n/* ${a} */ 1", "-- ${a} ${x}\n/* ${a} */ 1", []),
        ("$a {a} {{a}} $", "$a {a} {{a}} $", []),
        ("${broken}", "<>", ["x"]),
        ("${circle}", None, ["circle"]),
    ],
)
def test_substitute(text: str, filled: str | None, missing: list[str]) -> None:
    values = {"a": "1", "a.b": "2", "nested": "<${a}>", "broken": "<${x}>", "circle": "${circle}"}
    found, keys = substitute(text, values)
    assert keys == missing
    assert filled is None or found == filled


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'a'", "a"), ("'it''s'", "it's"), ("'it\\'s'", "it's"), ('"a""b"', 'a"b'), ('"it\'s"', "it's"), ("'a\\n\\t\\\\'", "a\n\t\\"),
        ("r'\\d'", "\\d"), ("'\\u0041\\101'", "AA"), ("'100\\%'", "100\\%"), ("$$x$$", "x"), ("''", ""), ("'\\''''", "''"),
    ],
)
def test_unquote(literal: str, value: str) -> None:
    assert unquote(literal) == value


@settings(deadline=None)
@given(st.text())
def test_a_value_survives_quoting(value: str) -> None:
    literal = quote_string(value)
    assert "\n" not in literal
    tokens = scan(literal)
    assert [token.kind for token in tokens] == ["string"]
    assert unquote(literal) == value


# Text from pieces that matter to a reader of SQL, right and wrong.
PIECES = st.sampled_from([
    "CREATE", "OR", "REFRESH", "REPLACE", "STREAMING", "LIVE", "MATERIALIZED", "VIEW", "TABLE", "TEMPORARY", "FLOW", "AS", "SELECT", "1",
    "t", "a.b", "`x y`", "`", "'", '"', "'s'", '"d"', "(", ")", ",", ";", ".", ":", "::", "${k}", "${nope}", ":k", ":nope", "--", "/*", "*/",
    "\n", " ", "-- COMMAND ----------\n", "{{", "}}", "CONSTRAINT", "EXPECT", "ON", "VIOLATION", "DROP", "ROW", "COMMENT", "TBLPROPERTIES",
    "=", "CLUSTER", "BY", "AUTO", "CDC", "INTO", "APPLY", "CHANGES", "FROM", "STREAM", "KEYS", "SEQUENCE", "COLUMNS", "*", "EXCEPT", "STORED",
    "SCD", "TYPE", "2", "TRACK", "HISTORY", "IGNORE", "NULL", "UPDATES", "SET", "USE", "CATALOG", "SCHEMA", "IDENTIFIER", "concat", "INSERT",
    "ONCE", "NAME", "INT", "<", ">", "GENERATED", "ALWAYS", "DEFAULT", "PRIMARY", "KEY", "MASK", "BEGIN", "END", "IF", "NOT", "EXISTS", "é", "\\",
])
SQLISH = st.lists(PIECES, max_size=40).map(" ".join) | st.lists(PIECES, max_size=25).map("".join)


def tokens_of(text: str) -> list[str]:
    return [token.text for token in scan(text) if token.kind != "cell" and token.text != ";"]


@settings(deadline=None)
@given(SQLISH | st.text(max_size=60))
def test_splitting_loses_nothing(text: str) -> None:
    statements = split_statements(text)
    end = 0
    gaps = []
    for statement in statements:
        gaps.append(text[end : statement.start_offset])
        end = statement.start_offset + len(statement.text)
        assert text[statement.start_offset : end] == statement.text
        assert statement.text.strip()
    gaps.append(text[end:])
    for gap in gaps:
        assert strip_comments(gap).replace(";", "").replace("\ufeff", "").strip() == ""


STATEMENTS = st.sampled_from([
    "SELECT 1", "SELECT ';'", "SELECT '--' -- x\n, 2", "CREATE LIVE TABLE t AS SELECT `a;b` /* ; */ FROM x", "SET a = b", 'SELECT "a;"',
    "SELECT r'\\'", "BEGIN SELECT 1; END", "SELECT CASE WHEN a THEN b END", "SELECT 'it''s' /* /* ; */ */ + 1",
])
SEPARATORS = st.sampled_from([";", " ;\n", "\n-- COMMAND ----------\n", ";-- x;\n", "; /* ; */ ;", ";\n-- COMMAND ----------\n\n"])


@settings(deadline=None)
@given(st.lists(st.tuples(STATEMENTS, SEPARATORS), max_size=8))
def test_joined_statements_come_apart_again(pairs: list[tuple[str, str]]) -> None:
    text = "".join(statement + separator for statement, separator in pairs)
    assert [statement.text for statement in split_statements(text)] == [statement for statement, _ in pairs]


@settings(deadline=None)
@given(SQLISH | st.text(max_size=80))
def test_garbage_raises_nothing_and_every_problem_has_a_place_in_the_text(text: str) -> None:
    into = Declarations(SourceUnit("p.sql", "p.sql", "SQL"))
    scope = SqlScope(Namespace("main", "default"), {}, {"k": "v w\n'x"})
    queries = read_sql(text, scope, Location("p.sql", 1, 1), into, allow_queries=True)
    lines = text.removeprefix("\ufeff").split("\n")
    for place in [
        *(problem.location for problem in into.problems), *(dataset.location for dataset in into.datasets),
        *(flow.location for flow in into.flows), *(query.location for query in queries), *(note.location for note in into.notes),
    ]:
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1
    assert all(isinstance(problem, LdpError) and str(problem) for problem in into.problems)
    if not split_statements(text):
        assert (into.problems, into.datasets, into.flows, queries) == ([], [], [], [])


@settings(deadline=None)
@given(SQLISH)
def test_a_statement_is_declared_or_tells_a_problem(text: str) -> None:
    into = Declarations(SourceUnit("p.sql", "p.sql", "SQL"))
    scope = SqlScope(Namespace("main", "default"), {"x": "y"}, {"k": "v"})
    read_sql("CREATE LIVE TABLE " + text, scope, Location("p.sql", 1, 1), into)
    assert into.problems or into.datasets


@settings(deadline=None)
@given(st.lists(st.sampled_from(["CREATE LIVE TABLE t{} AS SELECT 1", "CREATE LIVE TABLE t{} AS", "DROP x{}", "CREATE STREAMING TABLE t{} (a b c)"]), max_size=8))
def test_problems_of_one_statement_do_not_touch_the_others(forms: list[str]) -> None:
    text = ";\n".join(form.format(number) for number, form in enumerate(forms))
    into = Declarations(SourceUnit("p.sql", "p.sql", "SQL"))
    read_sql(text, SqlScope(Namespace("main", "default")), Location("p.sql", 1, 1), into)
    right = [number for number, form in enumerate(forms) if form.endswith("1")]
    assert [dataset.name.table for dataset in into.datasets] == [f"t{number}" for number in right]
    assert [problem.location.line - 1 for problem in into.problems] == [n for n in range(len(forms)) if n not in right]


def test_speed() -> None:
    """Reading grows with the length of the text: no quadratic step hides in it."""
    import time

    def seconds(count: int) -> float:
        text = "CREATE LIVE TABLE t COMMENT 'c' AS SELECT a, b:c::int, 'x' FROM u WHERE d = '${k}' -- why\n;\n" * count
        best = float("inf")
        for _ in range(3):
            into = Declarations(SourceUnit("p.sql", "p.sql", "SQL"))
            start = time.perf_counter()
            read_sql(text, SqlScope(Namespace("m", "d"), {}, {"k": "v"}), Location("p.sql", 1, 1), into)
            best = min(best, time.perf_counter() - start)
            assert len(into.datasets) == count
        return best

    assert seconds(1600) < 40 * max(seconds(200), 0.001)
