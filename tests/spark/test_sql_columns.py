"""Columns that Delta computes, column lists, SQL functions and options of streams: what a dry run says, and the rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.spark

SOURCE = """
CREATE OR REFRESH STREAMING TABLE orders AS
SELECT * FROM STREAM read_files('{data}', format => 'json', schema => 'id BIGINT, name STRING, at TIMESTAMP');
"""
COMPUTED = """
CREATE OR REFRESH STREAMING TABLE t (
  id BIGINT,
  at TIMESTAMP,
  day DATE GENERATED ALWAYS AS (CAST(at AS DATE)) COMMENT 'of the order',
  number BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 10),
  state STRING DEFAULT 'new',
  CONSTRAINT later EXPECT (id > 1)
) PARTITIONED BY (day) AS SELECT id, at FROM STREAM orders;
CREATE OR REFRESH STREAMING TABLE wider (ID BIGINT, CONSTRAINT none EXPECT (id > 9) ON VIOLATION DROP ROW)
AS SELECT CAST(id AS INT) AS id FROM STREAM orders;
CREATE FLOW more AS INSERT INTO ONCE t BY NAME SELECT 9 AS id, TIMESTAMP'2024-05-05' AS at;
CREATE MATERIALIZED VIEW m (id BIGINT, twice BIGINT GENERATED ALWAYS AS (id * 2)) AS SELECT id FROM orders;
CREATE MATERIALIZED VIEW copied AS SELECT * FROM t;
"""
NAMED = """
CREATE TEMPORARY FUNCTION shout(word STRING) RETURNS STRING RETURN upper(word) || '!';
CREATE TEMPORARY VIEW v (key, word COMMENT 'loud', moment) AS SELECT id, shout(name), at FROM orders;
CREATE MATERIALIZED VIEW n AS SELECT key, word FROM v;
CREATE OR REFRESH STREAMING TABLE s AS SELECT * FROM STREAM orders WITH (READCHANGEFEED);
"""
WRONG = [
    ("r DOUBLE GENERATED ALWAYS AS (rand())", "SELECT id FROM STREAM orders", "LDP-2011", "non deterministic"),
    ("r DATE GENERATED ALWAYS AS (id)", "SELECT id FROM STREAM orders", "LDP-2011", "but the column type is DATE"),
    ("r DATE GENERATED ALWAYS AS (CAST(z AS DATE))", "SELECT id FROM STREAM orders", "LDP-2011", "non-existent column"),
    ("r DATE DEFAULT unknown_function()", "SELECT id FROM STREAM orders", "LDP-2011", 'default of column "r"'),
    ("r BIGINT GENERATED ALWAYS AS IDENTITY", "SELECT id, id AS r FROM STREAM orders", "LDP-2020", "ALWAYS AS IDENTITY"),
]


@pytest.fixture
def source(tmp_path: Path) -> str:
    data = tmp_path / "data"
    data.mkdir()
    rows = [{"id": 1, "name": "a", "at": "2024-01-01T10:00:00Z"}, {"id": 2, "name": "b", "at": "2024-01-02T10:00:00Z"}]
    (data / "a.json").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return SOURCE.format(data=data)


def test_computed_columns_are_written_and_read_as_ordinary_ones(spark_main, make_project, source) -> None:
    pipeline = Pipeline(make_project({"transformations/a.sql": source + COMPUTED}))
    done = pipeline.run().datasets
    # Delta writes by a plan of its own where it computes columns, casts, or names them in other letters
    assert {name: done[name].rows_written for name in ("orders", "t", "wider")} == {"orders": 2, "t": 3, "wider": 0}
    rules = [*done["t"].expectations.values(), *done["wider"].expectations.values()]
    assert [(rule.passed, rule.failed) for rule in rules] == [(2, 1), (0, 2)]
    rows = [tuple(row) for row in pipeline.query("SELECT id, string(day), state FROM t ORDER BY id").rows]
    assert rows == [(1, "2024-01-01", "new"), (2, "2024-01-02", "new"), (9, "2024-05-05", "new")]
    numbers = [row[0] for row in pipeline.query("SELECT number FROM t ORDER BY 1").rows]
    assert len(set(numbers)) == 3
    assert all(number % 10 == 0 and number >= 100 for number in numbers)
    assert [tuple(row) for row in pipeline.query("SELECT id, twice FROM m ORDER BY 1").rows] == [(1, 2), (2, 4)]
    assert pipeline.query("SELECT * FROM copied EXCEPT SELECT * FROM t").rows == []
    pipeline.run()  # the stored definitions are those of the source: nothing asks for a full refresh
    assert pipeline.query("SELECT count(*) FROM t").rows[0][0] == 3


def test_wrong_columns_are_told_by_the_dry_run(spark_main, make_project, source) -> None:
    tables = [
        f"CREATE OR REFRESH STREAMING TABLE t{index} (id BIGINT, {column}) AS {query};"
        for index, (column, query, _, _) in enumerate(WRONG)
    ]
    cdc = (
        "CREATE OR REFRESH STREAMING TABLE c (k BIGINT GENERATED ALWAYS AS IDENTITY, id BIGINT, at TIMESTAMP);"
        "APPLY CHANGES INTO c FROM STREAM orders KEYS (id) SEQUENCE BY at COLUMNS id, at;"
        "CREATE VIEW two (a, b) AS SELECT * FROM orders;"
    )
    graph = Pipeline(make_project({"transformations/a.sql": source + "\n".join(tables) + cdc})).dry_run()
    found = {problem.dataset: problem for problem in graph.problems}
    assert set(found) == {*(f"t{index}" for index in range(len(WRONG))), "c", "two"}
    for index, (_, _, code, message) in enumerate(WRONG):
        assert found[f"t{index}"].code == code
        assert message in found[f"t{index}"].message
    assert (found["c"].code, found["two"].code) == ("LDP-2017", "LDP-2020")


def test_functions_names_and_options(spark_main, make_project, source) -> None:
    graph = Pipeline(make_project({"transformations/a.sql": source + NAMED})).dry_run()
    assert graph.problems == []
    columns = {graph.shown(name): [(c.name, c.type) for c in node.columns] for name, node in graph.nodes.items()}
    assert columns["v"] == [("key", "bigint"), ("word", "string"), ("moment", "timestamp")]
    assert columns["n"] == [("key", "bigint"), ("word", "string")]
    assert ("_change_type", "string") in columns["s"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CREATE FUNCTION f(x INT) RETURNS INT RETURN unknown_function(x)", "LDP-2015"),
        ("CREATE FUNCTION f(x INT) RETURNS INT RETURN x +", "LDP-2001"),
        ("CREATE FUNCTION f() RETURNS INT RETURN 1; CREATE FUNCTION F() RETURNS INT RETURN 2", "LDP-2006"),
    ],
)
def test_functions_that_spark_does_not_take(spark_main, make_project, text, code) -> None:
    graph = Pipeline(make_project({"transformations/a.sql": f"{text}; CREATE VIEW v AS SELECT 1 AS a"})).dry_run()
    assert [problem.code for problem in graph.problems] == [code]


CHANGED = """
CREATE OR REFRESH STREAMING TABLE d (id BIGINT, state STRING DEFAULT 'new') AS SELECT id FROM STREAM orders;
CREATE OR REFRESH STREAMING TABLE g (id BIGINT, twice BIGINT GENERATED ALWAYS AS (id * 2)) AS SELECT id FROM STREAM orders;
CREATE OR REFRESH STREAMING TABLE i (id BIGINT, n BIGINT GENERATED ALWAYS AS IDENTITY) AS SELECT id FROM STREAM orders;
CREATE OR REFRESH STREAMING TABLE p (id BIGINT, state STRING DEFAULT 'new') AS SELECT id FROM STREAM orders;
"""


@pytest.mark.long
def test_changed_definitions_of_computed_columns_want_a_full_refresh(spark_main, make_project, source) -> None:
    project = make_project({"transformations/a.sql": source + CHANGED})
    Pipeline(project).run()
    file = project / "transformations" / "a.sql"
    text = file.read_text().replace("DEFAULT 'new'", "DEFAULT 'open'", 1).replace("id * 2", "id * 3")
    head, _, tail = text.rpartition(" DEFAULT 'new'")
    file.write_text((head + tail).replace("AS IDENTITY", "AS IDENTITY (START WITH 7)"))
    pipeline = Pipeline(project)
    assert {d.name: (d.state, d.changes) for d in pipeline.plan().plan.datasets if d.needs_full_refresh} == {
        "d": ("CHANGED", ["columns: state DEFAULT 'open'"]),
        "g": ("CHANGED", ["columns: twice GENERATED ALWAYS AS (id * 3)"]),
        "i": ("CHANGED", ["columns: n GENERATED ALWAYS AS IDENTITY (START WITH 7 INCREMENT BY 1)"]),
        "p": ("CHANGED", ["columns: state as an ordinary one"]),
    }
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    assert {(p.code, p.dataset): p.message.split(" is now declared as ")[-1] for p in caught.value.problems} == {
        ("LDP-3005", "d"): "DEFAULT 'open'",
        ("LDP-3005", "g"): "GENERATED ALWAYS AS (id * 3)",
        ("LDP-3005", "i"): "GENERATED ALWAYS AS IDENTITY (START WITH 7 INCREMENT BY 1)",
        ("LDP-3005", "p"): "an ordinary column",
    }
    kept = pipeline.query("SELECT state, twice FROM d JOIN g USING (id) ORDER BY id").rows
    assert [tuple(row) for row in kept] == [("new", 2), ("new", 4)]
    pipeline.run(full_refresh_all=True)
    rows = pipeline.query("SELECT d.state, twice, n >= 7, p.state FROM d JOIN g USING (id) JOIN i USING (id) JOIN p USING (id)").rows
    assert [tuple(row) for row in sorted(rows)] == [("open", 3, True, None), ("open", 6, True, None)]
