"""Updates that ran: one folder each, with the report and the result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.places import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from ldp_jupyter.state.layout import Layout


@dataclass(frozen=True)
class Run:
    """One update's folder."""

    update_id: str
    folder: Path

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def save(self, result: dict[str, Any]) -> None:
        """Keep the update's final object."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(self.folder / "update.json", json.dumps(result, indent=1, default=str))

    def result(self) -> dict[str, Any] | None:
        """The final object, if the update got so far."""
        try:
            loaded: dict[str, Any] = json.loads((self.folder / "update.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return loaded


class Runs:
    """All updates of a pipeline."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.runs

    def new(self, update_id: str) -> Run:
        return Run(update_id, self._folder / update_id)

    def all(self) -> list[Run]:
        """Newest first."""
        if not self._folder.is_dir():
            return []
        folders = [f for f in self._folder.iterdir() if f.is_dir()]
        return [Run(f.name, f) for f in sorted(folders, key=lambda f: f.stat().st_mtime, reverse=True)]
