"""Versions of Delta tables, read once in a round of an update: many tables by one call."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ldp_jupyter.engine.tables import Table


class Heads:
    """Ids and versions of tables.

    Parameters:
        tables: the pipeline's own, as the update found them; others are looked at when they are first asked for.
    """

    def __init__(self, session: Any, tables: Iterable[Table]) -> None:
        self._session = session
        self._known: dict[str, list[Any]] = {_plain(t.path): [t.table_id, t.version] for t in tables}
        self._before: list[str] = []
        self._lock = threading.Lock()

    def of(self, paths: Iterable[str]) -> list[list[Any]]:
        """Id and newest version of the tables in some folders, None for both where there is no table."""
        from ldp_jupyter.spark.tables import table_heads

        wanted = [_plain(path) for path in paths]
        with self._lock:
            if any(path not in self._known for path in wanted):
                asked = [p for p in dict.fromkeys([*wanted, *self._before]) if p not in self._known]
                self._before = []
                for path, head in zip(asked, table_heads(self._session, asked), strict=True):
                    self._known[path] = [head.id, head.version] if head else [None, None]
            return [self._known[path] for path in wanted]

    def forget(self) -> None:
        """Ask again, for all in one call, when the next is asked for."""
        with self._lock:
            self._before, self._known = list(self._known), {}


def _plain(path: str) -> str:
    """A local path without its scheme, which Spark adds."""
    return re.sub(r"^file:(//)?(?=/)", "", path)
