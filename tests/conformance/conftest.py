"""What these tests share: tables from outside of any pipeline, and dry runs of projects given as texts."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.graph import Graph, Node


@dataclass
class Checked:
    """A dry run, asked by shown names."""

    graph: Graph
    project: Path

    def node(self, name: str) -> Node:
        return next(node for node in self.graph.nodes.values() if self.graph.shown(node.name) == name)

    def names(self) -> set[str]:
        return {self.graph.shown(name) for name in self.graph.nodes}

    def inputs(self, name: str) -> list[str]:
        return [self.graph.shown(i) for i in self.node(name).inputs]

    def outside(self, name: str) -> list[str]:
        return self.node(name).external_inputs

    def columns(self, name: str) -> list[str]:
        return [f"{c.name} {c.type}" for c in self.node(name).columns or ()]

    def kind(self, name: str) -> str:
        return self.node(name).kind.words

    def flow_names(self, name: str) -> list[str]:
        return [flow.flow.name for flow in self.node(name).flows]

    def order(self) -> list[str]:
        return [self.graph.shown(name) for name in self.graph.nodes]

    def fine(self) -> Checked:
        """Itself, after nothing was found wrong."""
        assert [str(p) for p in self.graph.problems] == []
        return self

    def problem(self) -> LdpError:
        """The one thing that is wrong."""
        assert len(self.graph.problems) == 1, [str(p) for p in self.graph.problems]
        return self.graph.problems[0]

    def found(self) -> list[tuple[str, str | None]]:
        """Code and dataset of everything that is wrong."""
        return sorted((p.code, p.dataset or "") for p in self.graph.problems)


@pytest.fixture(scope="session")
def world(spark_main, tmp_path_factory) -> Path:
    """A storage with tables that no pipeline declares: `numbers_a`, `numbers_b` (id) and `archive.changes`."""
    from ldp_jupyter.spark.session import SessionSettings, get_session

    storage = tmp_path_factory.mktemp("world") / ".ldp"
    session = get_session(SessionSettings(warehouse=str(storage / "warehouse")))
    session.range(3).write.saveAsTable("numbers_a")
    session.range(4).write.saveAsTable("numbers_b")
    session.sql("CREATE SCHEMA archive")
    session.sql("SELECT 1 AS id, 'ann' AS name, 'UPSERT' AS op, 1L AS version").write.saveAsTable("archive.changes")
    return storage


@pytest.fixture
def dry_run(world: Path, tmp_path: Path) -> Callable[..., Checked]:
    """Dry run a project of these source files (``a.sql``, ``b.py``; other files with their folder)."""
    from ldp_jupyter import Pipeline

    numbers = count()

    def run(files: Mapping[str, str], **settings: str) -> Checked:
        project = tmp_path / f"project{next(numbers)}"
        for name, text in files.items():
            file = project / name if "/" in name else project / "transformations" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        pipeline = Pipeline(project, settings=settings, overrides={"storage": str(world)})
        return Checked(pipeline.dry_run(), project)

    return run


@pytest.fixture
def sql(dry_run: Callable[..., Checked]) -> Callable[..., Checked]:
    """Dry run one SQL file."""
    return lambda text, **settings: dry_run({"a.sql": text}, **settings)


@pytest.fixture
def python(dry_run: Callable[..., Checked]) -> Callable[..., Checked]:
    """Dry run one Python file; `dp` and `F` are imported above it (two lines)."""
    head = "from pyspark import pipelines as dp\nfrom pyspark.sql import functions as F\n"
    return lambda text, **settings: dry_run({"a.py": head + textwrap.dedent(text).lstrip("\n")}, **settings)
