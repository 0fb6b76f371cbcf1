"""Small facts kept between updates. Losing them costs work, never rows: each can be rebuilt or safely repeated."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

from ldp_jupyter.state.layout import write_text

if TYPE_CHECKING:
    from ldp_jupyter.state.layout import Layout

_FORMAT = 1
PIPELINE = "*"  # stands for the pipeline itself in the place of a dataset


class Memory:
    """Facts by dataset (full name) and key; written at once when set.

    What is kept: ``view`` (fingerprint, versions read and version written of a materialized view), ``once`` (flows
    that ran, by generation), ``definition`` (kind and columns, to say what changed), ``snapshot`` (latest version).
    """

    def __init__(self, layout: Layout) -> None:
        self._path = layout.memory
        self._lock = threading.Lock()
        self._facts: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if stored["format"] == _FORMAT:
                self._facts = {dataset: dict(facts) for dataset, facts in stored["datasets"].items()}

    def get(self, dataset: str, key: str) -> Any:
        return self._facts.get(dataset, {}).get(key)

    def set(self, dataset: str, key: str, value: Any) -> None:
        """Keep a fact; None forgets it."""
        with self._lock:
            facts = self._facts.setdefault(dataset, {})
            if facts.get(key) == value:
                return
            if value is None:
                facts.pop(key, None)
            else:
                facts[key] = value
            write_text(self._path, json.dumps({"format": _FORMAT, "datasets": self._facts}, separators=(",", ":")))

    def datasets(self) -> list[str]:
        """Full names of all datasets that were ever updated."""
        return [name for name in self._facts if name != PIPELINE]
