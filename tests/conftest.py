"""What tests share: one Spark for all of them, a session and a warehouse for each, projects from file texts."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

# A test run prepares nothing behind its back: what `make setup` made is used.
os.environ.setdefault("LDP_ARCHIVE", "use")


@pytest.fixture(scope="session")
def spark_main(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The Spark of this test run; the JVM ends with it."""
    from ldp_jupyter.spark.session import SessionSettings, get_session, stop

    yield get_session(SessionSettings(warehouse=str(tmp_path_factory.mktemp("main") / "warehouse")))
    stop()


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """State folder of the test's project, as a pipeline there has it by default."""
    return tmp_path / ".ldp"


@pytest.fixture
def spark(spark_main: SparkSession, storage: Path) -> Iterator[SparkSession]:
    """A session of its own over the warehouse of the test's project."""
    from ldp_jupyter.engine.sizing import begin_small
    from ldp_jupyter.spark.session import SessionSettings, forget, get_session

    session = get_session(SessionSettings(warehouse=str(storage / "warehouse")))
    begin_small(session, {})  # as the engine does for flows over little data
    yield session
    for query in session.streams.active:
        query.stop()
    forget(session)


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write a project from a dict of file texts (indentation common to all lines goes); gives its folder."""

    def make(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return tmp_path

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two workers share the tests file by file: one Spark each, its sessions reused."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))
