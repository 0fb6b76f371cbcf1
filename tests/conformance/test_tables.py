"""How declared columns, comments, properties and partitions come to the tables in storage, and how they change.

The rules are those of open-source Spark's pipelines (its suite of how tables are materialized), in words of our own:

- T1 a table has the declared columns, comments and properties, else those of its query; a declaration may be wider;
- T2 a changed or removed comment is changed or removed in a materialized view;
- T3 temporary views have no table;
- T4 a materialized view may change its columns and their types in any way, with a full refresh and without;
- T5 arrays, maps and structs in each other stay as they are over updates;
- T6 `pipelines.reset.allowed` is true or false; unknown properties of pipelines do no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from seen import rows

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Make = Callable[[Mapping[str, str]], Path]

pytestmark = pytest.mark.spark

VIEWS = """
    CREATE OR REFRESH MATERIALIZED VIEW described (x INT NOT NULL COMMENT 'first', x2 INT COMMENT 'second') COMMENT 'of two columns'
    AS SELECT * FROM VALUES (1, 1), (2, 3) AS v(x, x2);
    CREATE OR REFRESH MATERIALIZED VIEW wider (x INT COMMENT 'this is x', z BIGINT COMMENT 'this is z')
    AS SELECT CAST(7 AS SMALLINT) AS x;
    CREATE TEMPORARY VIEW hidden AS SELECT x FROM described;
    CREATE OR REFRESH MATERIALIZED VIEW retyped AS SELECT x AS c FROM hidden;
    CREATE OR REFRESH MATERIALIZED VIEW parted (x INT, x2 INT) PARTITIONED BY (x2) AS SELECT * FROM described;
    CREATE OR REFRESH MATERIALIZED VIEW keyed AS SELECT map(0, map(1, struct('a', 'b'))) AS m, array(array('a'), array('d')) AS arr;
    CREATE OR REFRESH MATERIALIZED VIEW found AS SELECT * FROM keyed WHERE m[0][1].col1 = arr[0][0];
"""


def project(make: Make, text: str) -> Pipeline:
    root = make({"transformations/t.sql": text})
    return Pipeline(root, settings={"root": str(root)})


def rewrite(pipeline: Pipeline, **changes: str) -> None:
    """Replace statements by name of their dataset: the text from the name on."""
    source = pipeline.project.root / "transformations" / "t.sql"
    statements = source.read_text().split(";")
    for name, text in changes.items():
        (index,) = [i for i, s in enumerate(statements) if f" {name} " in s.split(" AS ")[0] + " "]
        head = statements[index].partition(f" {name} ")[0]
        statements[index] = f"{head} {name} {text}"
    source.write_text(";".join(statements))


def columns(pipeline: Pipeline, table: str) -> dict[str, tuple[str, str | None]]:
    """Types and comments by name."""
    described = pipeline.session().sql(f"DESCRIBE main.default.{table}").collect()
    return {r[0]: (r[1], r[2]) for r in described if r[0] and not r[0].startswith("#")}


def detail(pipeline: Pipeline, table: str) -> Any:
    return pipeline.session().sql(f"DESCRIBE DETAIL main.default.{table}").collect()[0]


def test_materialized_views_become_what_is_declared(spark_main: Any, make_project: Make) -> None:
    pipeline = project(make_project, VIEWS)
    pipeline.run()
    assert columns(pipeline, "described") == {"x": ("int", "first"), "x2": ("int", "second")}  # T1
    assert [field.nullable for field in pipeline.session().table("main.default.described").schema] == [False, True]
    assert detail(pipeline, "described")["description"] == "of two columns"
    assert columns(pipeline, "wider") == {"x": ("int", "this is x"), "z": ("bigint", "this is z")}
    assert rows(pipeline, "wider") == [(7, None)]
    assert "hidden" not in {t["name"] for t in pipeline.tables()}  # T3
    assert detail(pipeline, "parted")["partitionColumns"] == ["x2"]
    nested = {
        "m": ("map<int,map<int,struct<col1:string,col2:string>>>", None), "arr": ("array<array<string>>", None)}  # fmt: skip
    assert columns(pipeline, "keyed") == columns(pipeline, "found") == nested
    assert len(rows(pipeline, "found")) == 1

    rewrite(
        pipeline,
        described="(x INT COMMENT 'changed', x2 INT) COMMENT 'now' AS SELECT * FROM VALUES (1, 1), (2, 3) AS v(x, x2)",
        retyped="AS SELECT 'text' || x AS c FROM hidden",
        wider="(z BIGINT NOT NULL) AS SELECT 8 AS z",
        parted="PARTITIONED BY (x) AS SELECT x2, x FROM described",
    )
    view = pipeline.run()
    assert columns(pipeline, "described") == {"x": ("int", "changed"), "x2": ("int", None)}  # T2
    assert detail(pipeline, "described")["description"] == "now"
    assert rows(pipeline, "retyped") == ["text1", "text2"]  # T4
    assert columns(pipeline, "wider") == {"z": ("bigint", None)}
    assert rows(pipeline, "wider") == [8]
    assert detail(pipeline, "parted")["partitionColumns"] == ["x"]
    assert sorted(columns(pipeline, "parted")) == ["x", "x2"]
    assert view.datasets["found"].refresh == "NO_OP"  # T5
    rewrite(pipeline, wider="(z BIGINT NOT NULL) AS SELECT IF(x = 1, NULL, x) AS z FROM hidden")
    with pytest.raises(UpdateFailed, match="NOT NULL"):
        pipeline.run(refresh=["wider"])
    assert rows(pipeline, "wider") == [8]
    rewrite(pipeline, wider="AS SELECT 9 AS z", retyped="AS SELECT x > 1 AS d, x AS c FROM hidden", found="AS SELECT arr FROM keyed")
    pipeline.run(full_refresh_all=True)
    assert columns(pipeline, "retyped") == {"d": ("boolean", None), "c": ("int", "changed")}  # a column brings its comment
    assert columns(pipeline, "found") == {"arr": ("array<array<string>>", None)}
    parted = pipeline.session().table("main.default.parted").select("x", "x2").collect()
    assert sorted(parted) == [(1, 1), (2, 3)]


@pytest.mark.parametrize("value", ["123", "yes", ""])
def test_whether_a_table_may_be_reset_is_true_or_false(sql: Callable[..., Any], value: str) -> None:
    """T6."""
    text = f"CREATE MATERIALIZED VIEW v TBLPROPERTIES ('Pipelines.Reset.Allowed' = '{value}') AS SELECT 1 AS id;"
    problem = sql(text).problem()
    assert (problem.code, problem.dataset, problem.location.line) == ("LDP-2011", "v", 1)
    assert f'"Pipelines.Reset.Allowed" is "{value}"' in problem.message


def test_properties_that_nobody_knows_do_no_harm(sql: Callable[..., Any]) -> None:
    """T6."""
    properties = "'pipelines.someProperty' = 'foo', 'pipelines.reset.allowed' = 'FALSE', 'some.prop' = '1'"
    sql(f"CREATE MATERIALIZED VIEW v TBLPROPERTIES ({properties}) AS SELECT 1 AS id;").fine()


def test_what_has_no_effect_here_is_told(sql: Callable[..., Any]) -> None:
    """T6: as a property of a table and in the configuration, in the older spelling too."""
    threshold, older = (f"pipelines.{area}.tombstoneGCThresholdInSeconds" for area in ("cdc", "applyChanges"))
    text = f"CREATE MATERIALIZED VIEW v TBLPROPERTIES ('{threshold}' = '5', '{older}' = '5') AS SELECT 1 AS id;"
    checked = sql(text, **{older: "5", "pipelines.dropInactiveTables": "true", "pipelines.mine": "1"}).fine()
    told = sorted(note.text for note in checked.graph.not_checked if note.kind == "no_effect")
    assert told == [f"configuration {older}, pipelines.dropInactiveTables", f"property {threshold}, {older}"]
