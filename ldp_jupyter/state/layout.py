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

The *generation* of a table is a property of the Delta table itself (`ldp.generation`), written by the commit that
creates or empties it. Checkpoints and change storage lie under that generation, so a kill before the commit leaves the
old generation whole, and after it the new one starts from nothing: there is no moment in between.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ldp_jupyter.names import Name

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
        storage: local folder.
        pipeline: name of the pipeline.
    """

    storage: str
    pipeline: str

    @property
    def root(self) -> Path:
        return Path(self.storage)

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def home(self) -> Path:
        """State of this pipeline."""
        return self.root / "pipelines" / safe(self.pipeline)

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
        return str((self.root / "private" if private else self.warehouse).joinpath(*name.parts))

    def name_at(self, folder: str) -> str | None:
        """Full name of the table in a folder, as Hadoop writes its path; None for a table from elsewhere."""
        path = Path(re.sub("^file:/+", "/", folder))
        for root in (self.warehouse, self.root / "private"):
            if path.is_relative_to(root) and len(path.relative_to(root).parts) == 3:
                return ".".join(path.relative_to(root).parts)
        return None

    def view(self, name: Name) -> Path:
        """File of a persisted view."""
        return self.warehouse.joinpath(name.catalog, name.schema, f"{name.table}.view.json")

    def checkpoint(self, target: Name | str, generation: str, flow: str) -> str:
        """Checkpoint of a flow.

        Parameters:
            target: its table, or the name of its sink.
        """
        return str(self.home / "checkpoints" / safe(_key(target)) / generation / safe(flow))

    def changes(self, name: Name, generation: str) -> str:
        """AUTO CDC's internal table."""
        return str(self.home / "changes" / safe(name.quoted) / generation)

    def lives(self, target: Name | str) -> list[Path]:
        """Folders that hold one folder for each generation of a table (or of a sink, which has but one)."""
        kinds = ("checkpoints",) if isinstance(target, str) else ("checkpoints", "changes")
        return [self.home / kind / safe(_key(target)) for kind in kinds]

    def prepare(self) -> None:
        """Make the folders that every update needs; storage inside a project ignores itself in git.

        Raises:
            OSError: where the folder cannot be written.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            write_text(ignore, "*\n")


def _key(target: Name | str) -> str:
    return f"sink {target}" if isinstance(target, str) else target.quoted


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
