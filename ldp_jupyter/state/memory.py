"""Small facts kept between updates. Losing them costs work, never rows: each can be rebuilt or safely repeated."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.places import write_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ldp_jupyter.state.layout import Layout

_FORMAT = 1
PIPELINE = "*"  # stands for the pipeline itself in the place of a dataset


class Memory:
    """Facts by dataset (full name) and key; written at once when set.

    What is kept: ``view`` (fingerprint, versions read and version written of a materialized view), ``once`` (flows
    that ran, by generation), ``definition`` (what was declared when it was last refreshed, to say what changed),
    ``origin`` (where it is declared), ``inactive`` (it left the source), ``always`` (why a materialized view is
    computed by each update). Of the pipeline: ``much`` (a flow of it has read much data).
    """

    def __init__(self, layout: Layout) -> None:
        self._path = layout.memory
        self._lock = threading.Lock()
        self._facts: dict[str, dict[str, Any]] = {}
        # facts of each dataset as they are written: a change makes the text of its own dataset anew, not of all
        self._texts: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if stored["format"] == _FORMAT:
                self._facts = {dataset: dict(facts) for dataset, facts in stored["datasets"].items()}
        self._encode(self._facts)

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
            self._encode([dataset])
            self._write()

    def keep(self, key: str, values: Mapping[str, Any]) -> None:
        """Keep one fact of many datasets by one write; None forgets it."""
        with self._lock:
            changed = {d: v for d, v in values.items() if self._facts.get(d, {}).get(key) != v}
            if not changed:
                return
            for dataset, value in changed.items():
                facts = self._facts.setdefault(dataset, {})
                if value is None:
                    facts.pop(key, None)
                else:
                    facts[key] = value
            self._encode(changed)
            self._write()

    def forget(self, datasets: Iterable[str]) -> None:
        """Forget all facts of datasets."""
        with self._lock:
            known = [dataset for dataset in datasets if dataset in self._facts]
            for dataset in known:
                del self._facts[dataset], self._texts[dataset]
            if known:
                self._write()

    def _encode(self, datasets: Iterable[str]) -> None:
        for dataset in datasets:
            facts = json.dumps(self._facts[dataset], separators=(",", ":"))
            self._texts[dataset] = f"{json.dumps(dataset)}:{facts}"

    def _write(self) -> None:
        write_text(self._path, f'{{"format":{_FORMAT},"datasets":{{{",".join(self._texts.values())}}}}}')

    def note_much(self) -> None:
        """A flow of the pipeline reads much data: it is worth Java's slow compiler when a JVM is started again."""
        self.set(PIPELINE, "much", True)

    def datasets(self) -> list[str]:
        """Full names of all datasets that were ever updated."""
        return [name for name in self._facts if name != PIPELINE]


def reads_much(layout: Layout) -> bool:
    """Whether a flow of the pipeline was seen to read much data."""
    return bool(Memory(layout).get(PIPELINE, "much"))
