"""Where a declaration or an error stands: a file and line, or a notebook cell and line."""

from __future__ import annotations

import linecache
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Location:
    """A place in pipeline source.

    Parameters:
        file: path as shown to the user, relative to the project root where it lies inside it; None for a cell.
        line: 1-based line within the file or cell; None where only the file is known.
        column: 1-based column, where a parser knows it.
        cell: label of a notebook cell as the user sees it, e.g. ``cell [3]``.
        path: absolute path or pseudo file name under which the text can be looked up.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    cell: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        if self.cell:
            place = f"{self.file}, {self.cell}" if self.file else self.cell
            return f"{place}, line {self.line}" if self.line else place
        if not self.file:
            return ""
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)

    def snippet(self) -> str | None:
        """The source line itself, stripped, when it can be read."""
        if not self.path or not self.line:
            return None
        linecache.checkcache(self.path)  # a file that was edited since it was last shown
        text = linecache.getline(self.path, self.line).strip()
        return text or None

    def moved(self, line: int, column: int | None = None) -> Location:
        """The same file or cell at another line."""
        return Location(self.file, line, column, self.cell, self.path)


def shown_path(path: str | os.PathLike[str], root: Path | None) -> str:
    """A path as users read it: relative to the project root when it lies inside, else as it is."""
    absolute = Path(os.path.abspath(path))
    if root is not None:
        try:
            return absolute.relative_to(root).as_posix()
        except ValueError:
            pass
    return str(absolute)
