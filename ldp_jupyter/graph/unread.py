"""What a source would have declared, had it been read whole: who misses it fails because of that source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.graph.model import Graph


def unread_source(graph: Graph, problem: LdpError) -> LdpError | None:
    """The problem of a source that was not read to its end and names what `problem` misses; None for none.

    That is a table, or the format of a data source whose package is missing.
    """
    named = re.fullmatch(r'unknown (table|format) "(.+)"', problem.message)
    if named is None:
        return None
    missed = re.compile(rf"\b{re.escape(named[2].split('.')[-1])}\b", re.IGNORECASE)
    for file, cause in graph.unread:
        if named[1] == "format" and "ModuleNotFoundError" not in cause.message:
            continue
        try:
            text = Path(file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if missed.search(text):
            told = (p for p in graph.problems if (p.message, str(p.location)) == (cause.message, str(cause.location)))
            return next(told, cause)
    return None
