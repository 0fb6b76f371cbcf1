"""The journal: one JSON line per event, appended in the thread that emits it.

A killed kernel loses nothing that was shown. A half-written last line (only a crash of the machine leaves one) is cut
off when the journal is opened again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ldp_jupyter.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self


class Journal:
    """The open journal of a pipeline.

    Parameters:
        path: the file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab")
        self._sequence = self._recover()

    def write(self, event: Event) -> Event:
        """Append an event, and return it with its number."""
        self._sequence += 1
        numbered = replace(event, sequence=self._sequence)
        self._file.write(numbered.to_line().encode() + b"\n")
        self._file.flush()
        return numbered

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self) -> int:
        """Cut off an unfinished line; the number of the last event."""
        size = self.path.stat().st_size
        if size == 0:
            return 0
        with self.path.open("rb") as file:
            window = 1 << 16
            while True:
                file.seek(max(0, size - window))
                tail = file.read()
                complete = tail[: tail.rfind(b"\n") + 1]
                lines = complete.splitlines()
                if len(lines) > 1 or window >= size:
                    break
                window *= 4
        if len(complete) < len(tail):
            self._file.truncate(size - (len(tail) - len(complete)))
        return int(json.loads(lines[-1])["sequence"]) if lines else 0


def last_update_id(path: Path) -> str | None:
    """Id of the last update that came to its flows: others did nothing."""
    found = None
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                if b'"event_type":"flow_progress"' in line and line.endswith(b"\n"):
                    found = line
    return json.loads(found)["origin"].get("update_id") if found else None


def read_events(path: Path, update_id: str | None = None) -> Iterator[Event]:
    """Events of a journal, oldest first.

    Parameters:
        update_id: only those of this update.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            if update_id is not None and update_id.encode() not in line:
                continue
            event = Event.from_json(json.loads(line))
            if update_id is None or event.origin.get("update_id") == update_id:
                yield event
