"""Notebooks as cells: `.ipynb`, and notebooks exported as `.py` or `.sql`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.sources.cells import Cell

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND = re.compile(r"^\s*(?:#|--|//)\s*COMMAND\s*-{5,}\s*$")
_HEADER = re.compile(r"^\s*(?:#|--)\s*Databricks notebook source\s*$")
_MAGIC = re.compile(r"^\s*(?:#|--)\s*MAGIC ?(.*)$")
_TITLE = re.compile(r"^\s*(?:#|--)\s*DBTITLE\b")


def is_exported(text: str) -> bool:
    """Whether text is a notebook exported as source: its header, COMMAND lines or MAGIC lines tell."""
    lines = text.lstrip("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    return bool(_HEADER.match(first)) or any(_COMMAND.match(line) or _MAGIC.match(line) for line in lines)


def exported_cells(text: str, language: str) -> list[Cell]:
    """Cells of an exported notebook, each with the line of the file on which its text starts."""
    cells: list[Cell] = []
    lines: list[str] = []
    start = 1

    def close() -> None:
        if any(line.strip() for line in lines):
            cells.append(_exported_cell(lines, start, language, len(cells) + 1))
        lines.clear()

    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        if _COMMAND.match(line):
            close()
            start = number + 1
        elif _HEADER.match(line) and not any(entry.strip() for entry in lines):
            lines.append("")  # keeps the line count
        else:
            lines.append(line)
    close()
    return cells


def _exported_cell(lines: list[str], start: int, language: str, number: int) -> Cell:
    magics = [_MAGIC.match(line) for line in lines]
    content = [line for line in lines if line.strip() and not _TITLE.match(line)]
    if content and all(_MAGIC.match(line) for line in content):
        # SQL keeps its columns, so that an error's place is that in the file
        sql = content[0] is not None and re.match(r"\s*(?:#|--)\s*MAGIC %sql\s*$", content[0])
        text = "\n".join(
            "" if not match else " " * match.start(1) + match[1] if sql and not match[1].startswith("%") else match[1]
            for match in magics
        )
    else:  # a comment line that looks like MAGIC inside code stays a comment
        text = "\n".join("" if match else line for match, line in zip(magics, lines, strict=True))
    return Cell(text, start, f"command {number}", language)


def ipynb_cells(path: Path) -> list[Cell]:
    """Code cells of an `.ipynb` file; their lines count within the cell.

    Raises:
        LdpError: LDP-2001 when the file is no notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
        raw = notebook["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise LdpError(
            "LDP-2001",
            f"{path.name} is not a notebook: {error}",
            hint="its JSON is broken: open and save it in Jupyter, or take an older version of it",
        ) from None
    metadata = notebook.get("metadata", {})
    platform = metadata.get("application/vnd.databricks.v1+notebook", {})
    language = str(platform.get("language") or metadata.get("kernelspec", {}).get("language") or "python").lower()
    cells = []
    number = 0
    for cell in raw:
        if cell.get("cell_type") != "code":
            continue
        number += 1
        source = cell.get("source", "")
        text = "".join(source) if isinstance(source, list) else str(source)
        count = cell.get("execution_count")
        label = f"cell [{count}]" if count else f"cell {number}"
        cells.append(Cell(text, 1, label, language, cell.get("id")))
    return cells
