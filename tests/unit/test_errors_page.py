"""`docs/errors.md` says what the code says."""

from __future__ import annotations

from pathlib import Path

from ldp_jupyter.errors import CODES
from ldp_jupyter.errors.page import errors_page, main

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_in_docs_is_the_one_that_the_code_gives():
    assert PAGE.read_text(encoding="utf-8") == errors_page(), "run: python -m ldp_jupyter.errors.page docs/errors.md"


def test_every_code_has_one_row():
    rows = [line for line in errors_page().splitlines() if line.startswith("| LDP-")]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(CODES)
    assert all(row.count(" | ") == 2 for row in rows)


def test_the_command_writes_the_file_named(tmp_path):
    main([str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == errors_page()


def test_without_a_file_the_page_is_printed(capsys):
    main([])
    assert capsys.readouterr().out == errors_page()
