"""The journal: one JSON line per event, appended in the thread that emits it.

A killed kernel loses nothing that was shown. What a crash of the machine leaves of the last lines is cut off when the
journal is opened again.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from ldp_jupyter.eventlog.parts import PART_SIZE, earlier_parts, put_aside, whole_lines
from ldp_jupyter.events import Event
from ldp_jupyter.state import storage_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self


class Journal:
    """The open journal of a pipeline.

    Parameters:
        path: the file that is written; its folder exists.
        part_size: bytes from which on it is put aside, and another one is begun.
        put_aside: called after that; it should have the parts taken over into the Delta table.
    """

    def __init__(
        self, path: Path, *, part_size: int = PART_SIZE, put_aside: Callable[[], None] = lambda: None
    ) -> None:
        self.path = path
        self._part_size = part_size
        self._put_aside = put_aside
        self._file = self._opened()
        self._sequence = self._recover()
        if not self._sequence and (parts := earlier_parts(path)):
            self._sequence = _last_number(parts[-1].path)

    def write(self, event: Event) -> Event:
        """Append an event, and return it with its number.

        Raises:
            LdpError: LDP-5006 where the disk does not take it; the journal is as before.
        """
        numbered = replace(event, sequence=self._sequence + 1)
        before = self._file.seek(0, os.SEEK_END)
        rest = memoryview(numbered.to_line().encode() + b"\n")
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            self._file.truncate(before)
            raise storage_problem(self.path, error) from None
        self._sequence += 1
        if self._file.tell() >= self._part_size:
            self._begin_part()
        return numbered

    def _begin_part(self) -> None:
        self._file.close()
        try:
            put_aside(self.path)
        except OSError:  # the file just grows
            self._part_size *= 2
        self._file = self._opened()
        self._put_aside()

    def _opened(self) -> FileIO:
        # Without a buffer: what a full disk does not take must not come later.
        return self.path.open("ab", buffering=0)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _recover(self) -> int:
        """Cut off what is no whole event at the end; the number of the last event."""
        size = self.path.stat().st_size
        number: int | None = None
        with self.path.open("rb") as file:
            window = 1 << 16
            while True:
                file.seek(max(0, size - window))
                # the first line of a window may begin before it
                lines = file.read().split(b"\n")[0 if window >= size else 1 :]
                cut = len(lines.pop()) if lines else 0
                while lines and (number := _number(lines[-1])) is None:
                    cut += len(lines.pop()) + 1
                if lines or window >= size:
                    break
                window *= 4
        if cut:
            self._file.truncate(size - cut)
        return number or 0


def _number(line: bytes) -> int | None:
    """The number of an event; None for a line that a crash of the machine left without its content."""
    try:
        return int(json.loads(line)["sequence"])
    except (ValueError, TypeError, KeyError):
        return None


def _last_number(part: Path) -> int:
    with part.open("rb") as file:
        return max((_number(line) or 0 for line in file), default=0)


def last_update_id(path: Path) -> str | None:
    """Id of the last update that came to its flows: others did nothing."""
    found = None
    for line in whole_lines(path):
        if b'"event_type":"flow_progress"' in line:
            found = line
    return json.loads(found)["origin"].get("update_id") if found else None


def read_events(path: Path, update_id: str | None = None) -> Iterator[Event]:
    """Events of a journal, oldest first.

    Parameters:
        update_id: only those of this update.
    """
    for line in whole_lines(path):
        if update_id is not None and update_id.encode() not in line:
            continue
        event = Event.from_json(json.loads(line))
        if update_id is None or event.origin.get("update_id") == update_id:
            yield event
