"""A violated FAIL rule, found again in the error that Spark wraps around it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ldp_jupyter.quality.rules import MARK

_FOUND = re.compile(re.escape(MARK) + "(.*?)\u0002(.*?)\u0002(.*?)\u0003", re.DOTALL)


@dataclass(frozen=True)
class Violation:
    """Which rules a row violated.

    Parameters:
        dataset: shown name of the dataset whose rules they are.
        record: the row as JSON text; None where rows are not shown.
    """

    dataset: str
    rules: list[str]
    record: str | None


def find_violation(text: str) -> Violation | None:
    """The violation that an error message tells of, if it does."""
    for match in _FOUND.finditer(text):
        try:
            row = json.loads(match[3])
            record = None if row is None else match[3]
            return Violation(json.loads(match[1]), match[2].split("\u0001"), record)
        except ValueError:  # the expression itself, in a plan that Spark prints with the error
            continue
    return None
