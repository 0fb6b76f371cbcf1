"""The files of a journal: the one that is written, and earlier parts.

A journal that has grown long enough is renamed to `journal.<start>.jsonl`; `start` is the number of bytes of all parts
before it, so that each byte keeps its place in the whole, by which the Delta table knows what it has. Whoever takes
lines over into the table removes the parts that are in it, but for the newest.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Two files of this size, about, are what a journal takes at most.
PART_SIZE = 16 << 20


class Part(NamedTuple):
    """An earlier part of a journal."""

    start: int
    path: Path

    @property
    def end(self) -> int:
        return self.start + self.path.stat().st_size


def earlier_parts(journal: Path) -> list[Part]:
    """Parts of the journal before the file that is written, oldest first."""
    pattern = re.compile(re.escape(journal.stem) + r"\.(\d+)" + re.escape(journal.suffix))
    found = []
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(journal.parent):
            match = pattern.fullmatch(name)
            if match:
                found.append(Part(int(match[1]), journal.with_name(name)))
    return sorted(found)


def put_aside(journal: Path) -> Path:
    """Make an earlier part of the file that is written.

    Raises:
        OSError: it could not be renamed, and is as before.
    """
    parts = earlier_parts(journal)
    start = parts[-1].end if parts else 0
    return journal.rename(journal.with_name(f"{journal.stem}.{start}{journal.suffix}"))


def whole_lines(journal: Path) -> Iterator[bytes]:
    """Lines of all parts, oldest first; one that is still being written is left out.

    What is put aside or removed meanwhile is read once or not at all.
    """
    with contextlib.ExitStack() as stack:
        written = None
        with contextlib.suppress(FileNotFoundError):
            written = stack.enter_context(journal.open("rb"))
        for part in earlier_parts(journal):
            with contextlib.suppress(FileNotFoundError):
                if written is None or not os.path.samestat(os.fstat(written.fileno()), part.path.stat()):
                    with part.path.open("rb") as file:
                        yield from _whole(file)
        if written is not None:
            yield from _whole(written)


def _whole(file: Iterator[bytes]) -> Iterator[bytes]:
    for line in file:
        if line.endswith(b"\n"):
            yield line
