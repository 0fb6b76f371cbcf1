"""`dp` and `dlt` are there without an import here, for cells; a source file that relies on it fails on the platform."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ldp_jupyter.declarations.local_only import local_only
from ldp_jupyter.locations import Location

if TYPE_CHECKING:
    from pathlib import Path

    from ldp_jupyter.declarations import Note

_NAMES = ("dp", "dlt")
_USED = re.compile(r"\b(dp|dlt)\b")
_IMPORTED = re.compile(r"^ *(?:import|from +[\w.]+ +import +\w+ +as) +(dp|dlt)\b", re.MULTILINE)
_FROM_ELSEWHERE = re.compile(r"%run\b|import +\*")  # these may bring the name


def not_imported(path: Path, shown: str) -> Note | None:
    """The first use of the module in a plain Python file that imports it nowhere, else None."""
    try:
        text = path.read_text(encoding="utf-8")
        # parsed only where the text does not settle it, as it mostly does
        if _FROM_ELSEWHERE.search(text) or set(_USED.findall(text)) <= set(_IMPORTED.findall(text)):
            return None
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return None
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in _NAMES]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    used = [node for node in names if node.id not in bound]
    if not used:
        return None
    first = min(used, key=lambda node: (node.lineno, node.col_offset))
    return local_only("not imported", Location(shown, first.lineno, first.col_offset + 1, path=str(path)))
