"""Views that the catalog keeps: `CREATE VIEW` in a pipeline.

The rules are those of open-source Spark's pipelines (its suite of views), in words of our own:

- V1 a view is its query: over rows, tables from outside, materialized views, streaming tables, other views, in any order;
- V2 datasets read views as they read tables;
- V3 a view reads no temporary view, nothing that is not there, and no stream;
- V4 each of its columns has a name: an expression needs an alias (open-source Spark finds that out when the update runs).

Ours: the view in the catalog follows a changed declaration (V5); what fails to become a view skips its readers (V6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from seen import Watched, failed, moment, rows, states

from ldp_jupyter import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

pytestmark = pytest.mark.spark

VIEWS = """
    CREATE VIEW third AS SELECT id, id * 2 AS twice FROM second;
    CREATE VIEW second (id COMMENT 'numbers') COMMENT 'a view of a view' AS SELECT * FROM first;
    CREATE VIEW first AS SELECT * FROM range(1, 4);
    CREATE OR REFRESH MATERIALIZED VIEW copied AS SELECT * FROM third WHERE id < 3;
    CREATE OR REFRESH STREAMING TABLE landed AS SELECT * FROM STREAM outside.numbers;
    CREATE VIEW of_a_stream AS SELECT * FROM main.default.landed;
    CREATE VIEW of_a_view AS SELECT * FROM copied;
    CREATE VIEW of_outside AS SELECT * FROM outside.numbers;
    CREATE VIEW outside.elsewhere AS SELECT n.id FROM outside.numbers n JOIN main.default.first f ON n.id = f.id;
"""
CONTENTS = {
    "first": [1, 2, 3],
    "second": [1, 2, 3],
    "third": [(1, 2), (2, 4), (3, 6)],
    "copied": [(1, 2), (2, 4)],
    "of_a_stream": [0, 1, 2],
    "of_a_view": [(1, 2), (2, 4)],
    "of_outside": [0, 1, 2],
}


def test_views_of_everything(spark_main: Any, make_project: Callable[[Mapping[str, str]], Path]) -> None:
    root = make_project({"transformations/v.sql": VIEWS})
    pipeline = Pipeline(root)
    session = pipeline.session()
    session.sql("CREATE SCHEMA main.outside")
    session.range(3).write.saveAsTable("main.outside.numbers")
    view = pipeline.run()
    assert {name: rows(pipeline, name) for name in CONTENTS} == CONTENTS  # V1, V2
    assert rows(pipeline, "elsewhere", "outside") == [1, 2]
    assert moment(view, "first", "COMPLETED") < moment(view, "second", "STARTING")
    assert moment(view, "second", "COMPLETED") < moment(view, "third", "STARTING")
    assert moment(view, "third", "COMPLETED") < moment(view, "copied", "STARTING")
    assert [t["name"] for t in pipeline.tables()] == ["copied", "landed"], "a view holds no rows"
    described = {r[0]: (r[1], r[2]) for r in session.sql("DESCRIBE main.default.second").collect()}
    assert described["id"] == ("bigint", "numbers")

    session.range(3, 5).write.mode("append").saveAsTable("main.outside.numbers")
    assert rows(pipeline, "of_outside") == [0, 1, 2, 3, 4], "a view shows what is there when it is read"

    source = root / "transformations" / "v.sql"
    source.write_text(source.read_text().replace("range(1, 4)", "range(2, 4)"))
    pipeline.run()
    assert [rows(pipeline, name) for name in ("first", "copied", "landed")] == [[2, 3], [(2, 4)], [0, 1, 2, 3, 4]]  # V5

    source.write_text(source.read_text().replace("range(2, 4)", "range(3, 4)"))
    schema = pipeline.layout.warehouse / "main" / "default"
    (schema / "first.view.json").unlink()
    (schema / "first.view.json" / "in the way").mkdir(parents=True)
    watched = Watched()
    (problem,) = failed(pipeline, watched)  # V6
    assert (problem.dataset, sorted(problem.because)) == ("first", ["copied", "of_a_view", "outside.elsewhere", "second", "third"])
    assert [states(watched.view, name)[-1] for name in ("first", "second", "copied", "of_outside")] == [
        "FAILED", "SKIPPED", "SKIPPED", "COMPLETED"]  # fmt: skip


REFUSED = {
    "a temporary view": (
        "CREATE TEMPORARY VIEW t AS SELECT 1 AS id;\nCREATE VIEW v AS SELECT * FROM t", "LDP-2018", "temporary view"),
    "a private table": (
        "CREATE PRIVATE MATERIALIZED VIEW t AS SELECT 1 AS id;\nCREATE VIEW v AS SELECT * FROM t", "LDP-2018", "private table"),
    "nothing that is there": ("CREATE VIEW v AS SELECT * FROM nothing_there", "LDP-2003", "nothing_there"),
    "a stream of the pipeline": (
        "CREATE STREAMING TABLE s AS SELECT * FROM STREAM numbers_a;\nCREATE VIEW v AS SELECT * FROM STREAM(s)",
        "LDP-2008", "stream"),
    "a stream of the catalog": ("CREATE VIEW v AS SELECT * FROM STREAM(numbers_a)", "LDP-2008", "stream"),
    "a column without a name": ("CREATE VIEW v AS SELECT id, 1 + 1 FROM numbers_a", "LDP-2020", "(1 + 1)"),
    "several columns without a name": ("CREATE VIEW v AS SELECT upper('a'), id + 1 FROM numbers_a", "LDP-2020", "upper(a)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_view_cannot_be(sql: Callable[..., Any], case: str) -> None:
    """V3, V4."""
    text, code, words = REFUSED[case]
    problem = sql(f"{text};").problem()
    assert (problem.code, problem.dataset) == (code, "v")
    assert words in problem.message
    assert problem.location.line == text.count("\n") + 1


ALIASED = {
    "an alias": "CREATE VIEW v AS SELECT 1 + 1 AS two FROM numbers_a",
    "a list of columns": "CREATE VIEW v (two) AS SELECT 1 + 1 FROM numbers_a",
    "an alias within a subquery": "CREATE VIEW v AS SELECT two FROM (SELECT 1 + 1 AS two FROM numbers_a)",
    "an expression in a condition": "CREATE VIEW v AS SELECT id FROM numbers_a WHERE id + 1 > 2",
}


@pytest.mark.parametrize("case", ALIASED)
def test_names_that_a_view_can_have(sql: Callable[..., Any], case: str) -> None:
    """V4."""
    sql(f"{ALIASED[case]};").fine()
