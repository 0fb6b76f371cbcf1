"""What tests share: one Spark for all of them, a session and a warehouse for each, projects from file texts."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

# A test run prepares nothing behind its back: what `make setup` made is used.
os.environ.setdefault("LDP_ARCHIVE", "use")
# How long one example takes is the machine's business, which does other things too.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
SMALL = ("-Dspark.sql.codegen.wholeStage=false -Dspark.sql.codegen.factoryMode=NO_CODEGEN "
         "-Dspark.sql.adaptive.enabled=false")


@pytest.fixture(scope="session")
def spark_main(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The Spark of this test run; the JVM ends with it."""
    from ldp_jupyter.spark.session import SessionSettings, get_session, stop

    # Queries of tests begin as flows over little data do; the engine goes back to Spark's defaults where it would anyway.
    folder = tmp_path_factory.mktemp("main") / "warehouse"
    yield get_session(SessionSettings(str(folder), confs={"spark.driver.extraJavaOptions": SMALL}))
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


# Those that take longest begin first, so that no worker is left alone with one at the end.
DEAR = ("test_bookstore", "test_kill", "test_graph_laws", "test_settled", "test_session_process")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two workers share the tests one by one; those that share a fixture of their module stay together."""
    items.sort(key=lambda item: item.path.stem not in DEAR)
    for item in items:
        if isinstance(item, pytest.Function) and _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def _shares_a_fixture(item: pytest.Function) -> bool:
    defined = item._fixtureinfo.name2fixturedefs.values()
    return any(fixture.scope == "module" for definitions in defined for fixture in definitions)
