"""Wrong pipelines, each with one mistake: exactly one error, at its place, with its code and a hint that helps.

All are dry runs in one session.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import LdpError
from ldp_jupyter.errors.examples import EXAMPLES

sys.path.insert(0, str(Path(__file__).parent))

import mistakes_projects
import mistakes_python
import mistakes_sql

if TYPE_CHECKING:
    from mistake import Mistake

pytestmark = pytest.mark.spark

SAID: list[str] = []  # to each mistake
MISTAKES = [*mistakes_sql.MISTAKES, *mistakes_python.MISTAKES, *mistakes_projects.MISTAKES]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, spark_main: Any) -> Path:
    """Data that every project reads, and one storage for all: a session is made once."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "data").mkdir()
    (folder / "data" / "a.json").write_text('{"order_id": 1}\n', encoding="utf-8")
    return folder


def problems_of(mistake: Mistake, folder: Path, shared: Path) -> list[LdpError]:
    for name, text in mistake.texts().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    try:
        pipeline = Pipeline(
            folder, settings={"data": str(shared / "data")}, overrides={"storage": str(shared / "storage")}
        )
        return pipeline.dry_run().problems
    except LdpError as error:  # settings are read before there is a graph
        return getattr(error, "problems", None) or [error]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake.what.replace(" ", "-") for mistake in MISTAKES])
def test_one_mistake_is_one_error_with_its_place_and_a_hint(mistake: Mistake, tmp_path: Path, shared: Path) -> None:
    problems = problems_of(mistake, tmp_path, shared)
    assert [problem.code for problem in problems] == [mistake.code], [str(problem) for problem in problems]
    problem = problems[0]
    place = mistake.place()
    if place is not None:
        assert problem.location is not None
        assert (problem.location.file, problem.location.line) == place[:2]
        assert problem.location.column in (None, place[2])  # Python knows lines
    if mistake.at:
        assert str(problem.location) == mistake.at
    assert mistake.says in problem.message
    assert problem.hint or "accepted:" in problem.message
    assert mistake.hint in (problem.hint or "")
    if mistake.what.startswith("typo") or mistake.what.endswith("mistyped"):
        assert "did you mean" in (problem.hint or "")
    text = str(problem)
    SAID.append("\n".join(line for line in text.splitlines() if not line.startswith("  |")))
    assert "Py4J" not in text
    assert "SQLSTATE" not in text
    assert "ldp_jupyter/" not in text


@pytest.mark.usefixtures("shared")  # in the worker that made the mistakes
def test_the_examples_in_the_documentation_are_what_is_said() -> None:
    if len(SAID) < len(MISTAKES):
        pytest.skip("only a part of the mistakes was made")
    # LDP-2026 is a mistake with --strict-platform only: see test_platform
    for code, text in EXAMPLES.items():
        if code != "LDP-2026":
            assert text in {said for said in SAID if said.startswith(code)}


def test_mistakes_are_told_apart() -> None:
    assert len({(mistake.what, *mistake.files) for mistake in MISTAKES}) == len(MISTAKES)
    # a pipeline that declares nothing has no place
    assert [m.what for m in MISTAKES if m.place() is None and not m.at] == ["nothing declared"]
