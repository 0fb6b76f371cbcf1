"""Pipeline source: files, notebooks and cells, run or read into declarations."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ldp_jupyter.sources.cells import Cell as Cell
    from ldp_jupyter.sources.cells import CellRunner as CellRunner
    from ldp_jupyter.sources.finder import install_finder as install_finder
    from ldp_jupyter.sources.finder import remove_finder as remove_finder
    from ldp_jupyter.sources.loader import load_alone as load_alone
    from ldp_jupyter.sources.loader import load_file as load_file
    from ldp_jupyter.sources.loader import load_files as load_files
    from ldp_jupyter.sources.table_cell import TableCell as TableCell
    from ldp_jupyter.sources.table_cell import declare_table_cell as declare_table_cell
    from ldp_jupyter.sources.table_cell import parse_table_line as parse_table_line

_HOMES = {
    "Cell": "cells",
    "CellRunner": "cells",
    "TableCell": "table_cell",
    "declare_table_cell": "table_cell",
    "install_finder": "finder",
    "load_alone": "loader",
    "load_file": "loader",
    "load_files": "loader",
    "parse_table_line": "table_cell",
    "remove_finder": "finder",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    # Loading the extension needs the finder alone: the rest comes with the first source or cell.
    if name in _HOMES:
        return getattr(import_module(f"ldp_jupyter.sources.{_HOMES[name]}"), name)
    raise AttributeError(name)
