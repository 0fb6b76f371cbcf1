"""Cells in the platform's notation, made into what IPython runs: `%sql`, `%md`, `%python`, `%run` on their first line.

There a magic with one percent sign on the first line stands for the whole cell; IPython would take it for that line
alone. Notebooks exported as source, pasted into a cell, are understood as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.sources.cells import find_notebook
from ldp_jupyter.sources.notebook import is_exported

if TYPE_CHECKING:
    from collections.abc import Collection

MAGIC = "ldp_cell"
_FIRST = re.compile(r"(\s*)%([A-Za-z_]+)(?:[ \t]+([^\n]*)|[ \t]*)(\n|\Z)", re.ASCII)


def rewrite(text: str, line_magics: Collection[str] = (), folder: str = ".") -> str:
    """A cell as IPython is to run it; a cell in no notation of the platform stays as it is.

    Parameters:
        text: the cell as written.
        line_magics: names that others have as line magics: what is one line of theirs stays theirs.
        folder: of the notebook, from which `%run` names others.
    """
    if text.lstrip().startswith(("#", "--")) and is_exported(text):
        return _call("exported", "", text)
    found = _FIRST.match(text)
    if found is None:
        return text
    before, name, words, _ = found.groups()
    name, words, rest = name.lower(), (words or "").strip(), text[found.end() :]
    above = "\n" * before.count("\n")
    body = f"{above}{words}\n{rest}"
    if name == "sql" and ("sql" not in line_magics or rest.strip()):
        return _call("sql", "", body)
    if name == "python":
        return body
    if name in ("md", "markdown"):
        return _call("md", "", f"{words}\n{rest}".strip("\n"))
    if name == "run" and _is_notebook(words, folder):
        return f"{_call('run', words, '')}{above}{rest}"
    if name in ("fs", "scala", "r") or (name == "sh" and "sh" not in line_magics):
        return _call(name, words, rest)
    return text


def _is_notebook(words: str, folder: str) -> bool:
    """Whether `%run` means a notebook of the platform's: no option of IPython's, and a file that is no plain script."""
    if not words or words.startswith("-"):
        return False
    try:
        found = find_notebook(f"{folder}/cell", notebook_name(words), "%run")
    except LdpError:
        return False
    return found.suffix != ".py" or not words.endswith(".py") or is_exported(found.read_text("utf-8", "replace"))


def notebook_name(words: str) -> str:
    """The notebook that `%run` names: quotes and `$parameters` behind it taken off."""
    return words.strip().split(" $")[0].strip().strip("\"'")


def _call(kind: str, words: str, body: str) -> str:
    line = f"{kind} {words}".strip()
    return f"get_ipython().run_cell_magic({MAGIC!r}, {line!r}, {body or chr(10)!r})\n"  # IPython wants a body
