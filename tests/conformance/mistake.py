"""A mistake of a user: a small project with one thing wrong, and what must be said of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

MARK = "«"
"""Stands in a text before the place that the error must name; it is no part of the text."""

BASE = """\
CREATE OR REFRESH STREAMING TABLE orders AS SELECT * FROM STREAM read_files('${data}', format => 'json',
  schema => 'order_id INT, customer_id INT, quantity INT, price DOUBLE, placed_at TIMESTAMP, status STRING');
CREATE OR REFRESH MATERIALIZED VIEW customers AS SELECT 1 AS customer_id, 'Ann' AS name, 'a@b.c' AS email;
"""
PYTHON = """\
import dlt
from pyspark import pipelines as dp
from pyspark.sql import functions as F

"""


@dataclass(frozen=True)
class Mistake:
    """One project.

    Parameters:
        what: the mistake in words; the test's name.
        files: texts by path; one of them has the mark.
        code: of the only error.
        says: a part of its sentence.
        hint: a part of its hint.
        at: the place, where it is in a cell and has no mark.
    """

    what: str
    files: dict[str, str]
    code: str
    says: str = ""
    hint: str = ""
    at: str = ""

    def texts(self) -> dict[str, str]:
        """The files without the mark, the base that each project has among them."""
        given = {"transformations/base.sql": BASE, **self.files}
        return {name: text.replace(MARK, "") for name, text in given.items()}

    def place(self) -> tuple[str, int, int] | None:
        """File, line and column of the mark."""
        for name, text in self.files.items():
            if MARK in text:
                before = text[: text.index(MARK)]
                return name, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        return None


def sql(what: str, text: str, code: str, says: str = "", hint: str = "") -> Mistake:
    """A mistake in one SQL file."""
    return Mistake(what, {"transformations/a.sql": textwrap.dedent(text).lstrip("\n")}, code, says, hint)


def python(what: str, text: str, code: str, says: str = "", hint: str = "") -> Mistake:
    """A mistake in one Python file."""
    return Mistake(what, {"transformations/a.py": PYTHON + textwrap.dedent(text).lstrip("\n")}, code, says, hint)

