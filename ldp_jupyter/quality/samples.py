"""Violating rows of one flow's run: the first few of each rule, over all its micro-batches."""

from __future__ import annotations

from typing import Any


class Samples:
    """Counts what was kept of each rule.

    Parameters:
        limit: rows kept of each rule.
    """

    def __init__(self, limit: int) -> None:
        self._left: dict[tuple[str, str], int] = {}
        self._limit = limit

    def take(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those of the rows found that are still wanted."""
        kept = []
        for rule in found:
            key = (rule["dataset"], rule["name"])
            left = self._left.get(key, self._limit)
            rows = rule["rows"][:left]
            self._left[key] = left - len(rows)
            if rows:
                kept.append({**rule, "rows": rows})
        return kept
