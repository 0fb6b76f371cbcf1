"""Delete what a pipeline keeps: all of it, or some datasets.

What goes is moved aside by one renaming each and then deleted, so a kill leaves no half of a table. Tables go before
what stands beside them: a table without checkpoints would take its sources twice, checkpoints without a table are void.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.places import RemotePath, place, remove
from ldp_jupyter.state import Memory, UpdateLock

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.names import Name
    from ldp_jupyter.spark.places import Place
    from ldp_jupyter.state import Layout


_TRASH = "trash"


@dataclass(frozen=True)
class CleanItem:
    """Something that goes.

    Parameters:
        kind: of the dataset; ``state`` and ``event log`` for the pipeline's own.
        rows: of a table, where known.
        paths: its folders and files, in the order in which they go.
    """

    name: str
    kind: str
    rows: int | None
    paths: tuple[Place, ...]

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "kind": self.kind, "rows": self.rows, "paths": [str(p) for p in self.paths]}


@dataclass
class Cleaning:
    """What is to be deleted; `delete` does it.

    Parameters:
        forget: datasets that go; None when all of the pipeline's state does.
        warnings: what follows from it.
        after: called when all is gone, so that a running Spark forgets it too.
    """

    pipeline: str
    layout: Layout
    items: list[CleanItem] = field(default_factory=list)
    forget: list[Name] | None = None
    warnings: list[str] = field(default_factory=list)
    after: Callable[[], None] | None = None
    deleted: bool = False

    def delete(self) -> None:
        """Delete all of it.

        Raises:
            LdpError: LDP-3003 while an update runs.
        """
        if not self.items:
            return
        self.layout.prepare()
        aside = uuid.uuid4().hex
        with UpdateLock(self.layout):
            for number, path in enumerate(p for item in self.items for p in item.paths):
                if path.exists():
                    self._move_aside(path, aside, str(number))
            if self.forget is not None:
                Memory(self.layout).forget(str(name) for name in self.forget)
        for trash in {self.layout.root / _TRASH, self.layout.noted / _TRASH}:
            remove(trash)
        self.deleted = True
        if self.after is not None:
            self.after()

    def _move_aside(self, path: Place, *names: str) -> None:
        """Take a file or folder away by one renaming, within its file system."""
        if isinstance(path, RemotePath):
            path.rename(RemotePath(str(self.layout.root)).joinpath(_TRASH, *names))
            return
        target = self.layout.noted.joinpath(_TRASH, *names)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)

    def to_json(self) -> dict[str, Any]:
        """The object of ``ldp clean --format json``."""
        return {
            "pipeline": self.pipeline,
            "deleted": self.deleted,
            "items": [item.to_json() for item in self.items],
            "warnings": self.warnings,
        }


def clean_all(
    layout: Layout, pipeline: str, tables: list[dict[str, Any]], views: list[Name], event_log: Name
) -> Cleaning:
    """All that a pipeline keeps.

    Parameters:
        tables: as `Pipeline.tables` lists them.
        views: persisted views.
        event_log: name of its table.
    """
    cleaning = Cleaning(pipeline, layout)
    cleaning.items = [CleanItem(t["name"], t["kind"], t["rows"], (place(t["path"]),)) for t in tables]
    cleaning.items += [CleanItem(str(v), "view", None, (layout.view(v),)) for v in views if layout.view(v).exists()]
    log = place(layout.table(event_log))
    if log.exists():
        cleaning.items.append(CleanItem(str(event_log), "event log", None, (log,)))
    state = tuple(dict.fromkeys(path for path in (layout.state, layout.home) if path.exists()))
    if state:
        cleaning.items.append(CleanItem("checkpoints, journal, reports", "state", None, state))
    return cleaning


def clean_datasets(
    layout: Layout,
    pipeline: str,
    tables: list[tuple[Name, dict[str, Any]]],
    views: list[Name],
    readers: dict[str, list[str]],
) -> Cleaning:
    """Some datasets, with all that belongs to them.

    Parameters:
        tables: those to delete, as `Pipeline.tables` lists them.
        views: persisted views to delete.
        readers: by shown name, who read it in the last update.
    """
    cleaning = Cleaning(pipeline, layout, forget=[*(name for name, _ in tables), *views])
    for name, table in tables:
        paths = (place(table["path"]), *(p for p in layout.lives(name) if p.exists()))
        cleaning.items.append(CleanItem(table["name"], table["kind"], table["rows"], paths))
    cleaning.items += [CleanItem(str(v), "view", None, (layout.view(v),)) for v in views]
    gone = {table["name"] for _, table in tables}
    for name in sorted(gone):
        left = [reader for reader in readers.get(name, ()) if reader not in gone]
        if left:
            cleaning.warnings.append(
                f"`{name}` is read by {', '.join(f'`{r}`' for r in left)}: what reads it as a stream "
                "must be fully refreshed afterwards"
            )
    return cleaning
