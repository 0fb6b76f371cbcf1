"""What only this project accepts, and what has no effect here: told by a dry run, refused with `--strict-platform`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.declarations.local_only import LOCAL_ONLY
from ldp_jupyter.errors.examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ldp_jupyter.graph import Graph

DIFFERENCES = Path(__file__).parents[2] / "docs" / "differences.md"
PROJECT = {
    "transformations/a.py": """
        from pyspark import pipelines as dp
        from pyspark.sql import functions as F

        @dp.materialized_view
        def a():
            names = [r.id for r in spark.range(3).collect()]
            wide = spark.range(3).groupBy("id").pivot("id", [1, 2]).agg(F.count("id"))
            spark.range(len(names)).toPandas()
            assert spark.range(2).count() == 2
            return wide

        @dp.table(table_properties={"pipelines.autoOptimize.managed": "true", "pipelines.reset.allowed": "false"})
        def files():
            return (spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
                    .option("cloudFiles.schemaLocation", "/x").options(**{"cloudFiles.backfillInterval": "1 day"})
                    .schema("a STRING").load(spark.conf.get("data")))

        @dp.materialized_view(refresh_policy="incremental", row_filter="ROW FILTER f ON (a)")
        def numbers():
            return spark.read.table("files").select(F.col("a").cast("int").alias("a"))
    """,
    "transformations/b.sql": """
        CREATE OR REPLACE MATERIALIZED VIEW b AS SELECT * FROM numbers PIVOT (count(*) FOR a IN (1, 2));
        CREATE TEMPORARY VIEW v (CONSTRAINT ok EXPECT (a > 0)) AS SELECT * FROM numbers;
        CREATE STREAMING TABLE c AS SELECT * FROM STREAM read_files('${data}',
          format => 'json', schema => 'a STRING',
          useStrictGlobber => false);
        CREATE STREAMING TABLE d;
        AUTO CDC INTO d FROM STREAM(files) KEYS (a) SEQUENCE BY a;
    """,
    "data/a.json": '{"a": "1"}\n',
}
LOCAL = [
    ("a.py", 6, "collect()"),
    ("a.py", 7, "pivot()"),
    ("a.py", 8, "toPandas()"),
    ("a.py", 9, "count()"),
    ("b.sql", 1, "CREATE OR REPLACE MATERIALIZED VIEW"),
    ("b.sql", 1, "PIVOT"),
    ("b.sql", 2, "expectations on a temporary view"),
    ("b.sql", 7, "AUTO CDC INTO"),
]


@pytest.fixture
def pipeline(spark_main: Any, make_project: Callable[[Mapping[str, str]], Path]) -> Pipeline:
    root = make_project(PROJECT)
    return Pipeline(root, settings={"data": str(root / "data")})


def places(graph: Graph, code: str) -> list[tuple[str, int, str]]:
    return [
        (str(p.location.file).split("/")[1], int(p.location.line or 0), p.message)
        for p in graph.problems
        if p.code == code and p.location
    ]


@pytest.mark.spark
def test_it_is_valid_here_and_everything_is_told_once(pipeline: Pipeline) -> None:
    graph = pipeline.dry_run()
    assert graph.problems == []
    told = [str(note) for note in graph.not_checked]
    assert len(told) == len(set(told))
    local = [note for note in graph.not_checked if note.kind == "local_only"]
    assert len(local) == len(LOCAL)
    for part in (
        "schemaLocation, backfillInterval have no effect at transformations/a.py:15",
        "useStrictGlobber has no effect at transformations/b.sql:5:3",
        "property pipelines.autoOptimize.managed at transformations/a.py:12",
        "refresh policy incremental of `numbers`",
        "row filter on `numbers`",
        "casts of text",
    ):
        assert [text for text in told if part in text], f"{part} is not in {told}"
    assert not [text for text in told if "reset.allowed" in text]


@pytest.mark.spark
def test_strict_makes_an_error_of_each(pipeline: Pipeline) -> None:
    graph = pipeline.dry_run(strict_platform=True)
    found = places(graph, "LDP-2026")
    assert len(found) == len(graph.problems) == len(LOCAL)
    for (file, line, text), (want_file, want_line, part) in zip(sorted(found), sorted(LOCAL), strict=True):
        assert (file, line) == (want_file, want_line)
        assert part in text
    assert all(problem.hint for problem in graph.problems)
    assert EXAMPLES["LDP-2026"] in [str(problem) for problem in graph.problems]


@pytest.mark.spark
def test_with_ansi_mode_on_nothing_is_said_of_casts(pipeline: Pipeline) -> None:
    strict = Pipeline(pipeline.project.root, settings={**pipeline.settings.configuration, "spark.sql.ansi.enabled": "true"})
    assert not [note for note in strict.dry_run().not_checked if "casts of text" in note.text]


def test_the_documentation_lists_them() -> None:
    page = DIFFERENCES.read_text(encoding="utf-8")
    assert [what for what, _, _ in LOCAL_ONLY.values() if f"`{what}`" not in page and what not in page] == []
