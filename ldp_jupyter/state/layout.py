"""Where everything lies in a pipeline's storage. Decided once: later work builds on it.

```
<storage>/
  .gitignore
  warehouse/<catalog>/<schema>/<table>/     Delta tables, readable by any Delta reader
  private/<catalog>/<schema>/<table>/       private tables: not published
  pipelines/<pipeline>/
    journal.jsonl                           events, appended before they are shown
    memory.json                             fingerprints of materialized views, once flows, known datasets
    lock, lock.json                         who updates now
    checkpoints/<catalog>.<schema>.<table>/<generation>/<flow>/
    changes/<catalog>.<schema>.<table>/<generation>/        AUTO CDC's internal Delta table
    runs/<update_id>/                       report.html, update.json
```

A storage in another file system than this machine's holds what rows depend on: tables, checkpoints, stored changes.
Journal, memory, lock and runs are *notes*: losing them costs work and history, never rows. They stay on this machine,
in the same folders below `notes`, since a journal is appended line by line, which object stores cannot do.

The *generation* of a table is a property of the Delta table itself (`ldp.generation`), written by the commit that
creates or empties it. Checkpoints and change storage lie under that generation, so a kill before the commit leaves the
old generation whole, and after it the new one starts from nothing: there is no moment in between.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.project.find import STATE_FOLDER
from ldp_jupyter.spark.places import Place, is_remote, place, write_text

if TYPE_CHECKING:
    from ldp_jupyter.names import Name
    from ldp_jupyter.project import Project

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-]")


def safe(text: str) -> str:
    """Text as one path segment, distinct texts kept distinct."""
    if text in ("", ".", ".."):
        return "%" + text.replace(".", "%2E")
    return _UNSAFE.sub(
        lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass")), text
    )


@dataclass(frozen=True)
class Layout:
    """Paths of one pipeline in one storage.

    Parameters:
        storage: folder of this machine, or URI of another file system.
        pipeline: name of the pipeline.
        notes: folder of this machine for what need not be where the rows are; None: the storage, which must be local.
    """

    storage: str
    pipeline: str
    notes: str | None = None

    @classmethod
    def of(cls, project: Project, pipeline: str) -> Layout:
        """Of a pipeline in the storage of its project."""
        storage = project.storage.rstrip("/") or "/"
        if not is_remote(storage):
            return cls(storage, pipeline)
        told = f"{safe(storage.partition('://')[2])[-40:]}-{hashlib.sha256(storage.encode()).hexdigest()[:8]}"
        return cls(storage, pipeline, str(project.root / STATE_FOLDER / "elsewhere" / told))

    @property
    def remote(self) -> bool:
        """Whether the storage is not on this machine's disk."""
        return is_remote(self.storage)

    @property
    def root(self) -> Place:
        return place(self.storage)

    @property
    def warehouse(self) -> Place:
        return self.root / "warehouse"

    @property
    def private(self) -> Place:
        return self.root / "private"

    @property
    def pipelines(self) -> Place:
        """Holds a folder for each pipeline, with its checkpoints."""
        return self.root / "pipelines"

    @property
    def state(self) -> Place:
        """What the rows of this pipeline's tables depend on, beside the tables."""
        return self.pipelines / safe(self.pipeline)

    @property
    def noted(self) -> Path:
        """Where this machine's notes are."""
        return Path(self.notes or self.storage)

    @property
    def home(self) -> Path:
        """This machine's notes of this pipeline."""
        return self.noted / "pipelines" / safe(self.pipeline)

    @property
    def journal(self) -> Path:
        return self.home / "journal.jsonl"

    @property
    def memory(self) -> Path:
        return self.home / "memory.json"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    def table(self, name: Name, *, private: bool = False) -> str:
        """Folder of a table: its name as it is, since the catalog finds tables by their folders."""
        return str((self.private if private else self.warehouse).joinpath(*name.parts))

    def table_folders(self) -> list[Place]:
        """Folders of all Delta tables of the storage, whosever they are."""
        found: list[Place] = []
        for root in (self.warehouse, self.private):
            found += [folder for folder in root.glob("*/*/*") if (folder / "_delta_log").is_dir()]
        return sorted(found, key=str)

    def name_at(self, folder: str) -> str | None:
        """Full name of the table in a folder, as Hadoop writes its path; None for a table from elsewhere."""
        path = re.sub("^file:/+", "/", folder)
        for root in (f"{self.warehouse}/", f"{self.private}/"):
            parts = path.removeprefix(root).split("/")
            if path.startswith(root) and len(parts) == 3:
                return ".".join(parts)
        return None

    def view(self, name: Name) -> Place:
        """File of a persisted view."""
        return self.warehouse.joinpath(name.catalog, name.schema, f"{name.table}.view.json")

    def checkpoint(self, target: Name | str, generation: str, flow: str) -> str:
        """Checkpoint of a flow.

        Parameters:
            target: its table, or the name of its sink.
        """
        return str(self.state / "checkpoints" / safe(_key(target)) / generation / safe(flow))

    def changes(self, name: Name, generation: str) -> str:
        """AUTO CDC's internal table."""
        return str(self.state / "changes" / safe(name.quoted) / generation)

    def lives(self, target: Name | str) -> list[Place]:
        """Folders that hold one folder for each generation of a table (or of a sink, which has but one)."""
        kinds = ("checkpoints",) if isinstance(target, str) else ("checkpoints", "changes")
        return [self.state / kind / safe(_key(target)) for kind in kinds]

    def prepare(self) -> None:
        """Make the folders that every update needs; storage inside a project ignores itself in git.

        Raises:
            OSError: where the folder cannot be written.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        ignore = self.noted / ".gitignore"
        if not ignore.exists():
            write_text(ignore, "*\n")


def _key(target: Name | str) -> str:
    return f"sink {target}" if isinstance(target, str) else target.quoted
