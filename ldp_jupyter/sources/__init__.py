"""Pipeline source: files, notebooks and cells, run or read into declarations."""

from ldp_jupyter.sources.cells import Cell, CellRunner
from ldp_jupyter.sources.finder import install_finder, remove_finder
from ldp_jupyter.sources.loader import load_file, load_files
from ldp_jupyter.sources.table_cell import TableCell, declare_table_cell, parse_table_line

__all__ = [
    "Cell",
    "CellRunner",
    "TableCell",
    "declare_table_cell",
    "install_finder",
    "load_file",
    "load_files",
    "parse_table_line",
    "remove_finder",
]
