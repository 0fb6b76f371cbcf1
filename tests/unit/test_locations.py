from __future__ import annotations

import linecache
from pathlib import Path

import pytest

from ldp_jupyter.locations import Location, shown_path


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Location("a.sql", 14, 23), "a.sql:14:23"),
        (Location("a.sql", 14), "a.sql:14"),
        (Location("a.sql"), "a.sql"),
        (Location("a.sql", None, 5), "a.sql"),
        (Location(None, 3, 7, "cell [2]"), "cell [2], line 3"),
        (Location("nb.ipynb", 3, 7, "cell [2]"), "nb.ipynb, cell [2], line 3"),
        (Location("nb.ipynb", cell="cell [2]"), "nb.ipynb, cell [2]"),
        (Location(), ""),
    ],
)
def test_how_a_place_is_shown(place: Location, text: str) -> None:
    assert str(place) == text


def test_the_source_line_of_a_place(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n    y = 2   \n\n", encoding="utf-8")
    assert Location("a.py", 2, path=str(file)).snippet() == "y = 2"
    assert Location("a.py", 3, path=str(file)).snippet() is None
    assert Location("a.py", 9, path=str(file)).snippet() is None
    assert Location("a.py", 2).snippet() is None
    assert Location("a.py", path=str(file)).snippet() is None


def test_the_source_line_of_a_file_that_was_edited(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("before\n", encoding="utf-8")
    assert Location("a.py", 1, path=str(file)).snippet() == "before"
    file.write_text("after\n", encoding="utf-8")
    assert Location("a.py", 1, path=str(file)).snippet() == "after"


def test_the_source_line_of_a_cell() -> None:
    text = "a\nb\n"
    linecache.cache["<cell of this test>"] = (len(text), None, text.splitlines(keepends=True), "<cell of this test>")
    assert Location(None, 2, cell="cell [1]", path="<cell of this test>").snippet() == "b"


def test_the_same_file_at_another_line() -> None:
    place = Location("nb.ipynb", 1, 2, "cell [3]", "path")
    assert place.moved(5) == Location("nb.ipynb", 5, None, "cell [3]", "path")
    assert place.moved(5, 6) == Location("nb.ipynb", 5, 6, "cell [3]", "path")


def test_paths_are_shown_from_the_project_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_path(tmp_path / "transformations" / "a.py", tmp_path) == "transformations/a.py"
    assert shown_path(tmp_path / "x" / ".." / "a.py", tmp_path) == "a.py"
    assert shown_path(tmp_path / "a.py", tmp_path / "project") == str(tmp_path / "a.py")
    assert shown_path(tmp_path / "a.py", None) == str(tmp_path / "a.py")
    monkeypatch.chdir(tmp_path)
    assert shown_path("sub/a.py", tmp_path) == "sub/a.py"


def test_a_linked_folder_keeps_the_name_that_the_user_gave_it(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    (project / "transformations").symlink_to(tmp_path / "elsewhere")
    assert shown_path(project / "transformations" / "a.py", project) == "transformations/a.py"
