"""New columns of files: what the reader tells of them, and where the columns of a stream are kept."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ldp_jupyter.engine.met_columns import met_columns
from ldp_jupyter.engine.stream_failures import stream_problem
from ldp_jupyter.names import Name
from ldp_jupyter.state import KeptColumns, Layout
from ldp_jupyter.state.kept_columns import kept_columns

if TYPE_CHECKING:
    from pathlib import Path

TOLD = (
    "[FAILED_READ_FILE.NO_HINT] Encountered error\norg.apache.spark.sql.ldp.NewColumns: LDP_NEW_COLUMNS "
    '{{"source":"s","mode":"{mode}","file":"file:/data/b.json","columns":["e","b.z"]}} END\n'
)


def test_what_the_reader_tells() -> None:
    met = met_columns(TOLD.format(mode="addNewColumns"))
    assert met is not None
    assert (met.source, met.file, met.columns, met.taken) == ("s", "file:/data/b.json", ["e", "b.z"], True)
    assert met_columns("something else") is None
    other = met_columns(TOLD.format(mode="failOnNewColumns"))
    assert other is not None
    assert not other.taken


def test_columns_that_are_not_taken_are_told() -> None:
    problem = stream_problem(TOLD.format(mode="failOnNewColumns"), "f", "t", None, into_table=True)
    assert problem is not None
    assert (problem.code, problem.message) == ("LDP-3009", 'flow "f" takes no new columns, and /data/b.json has: e, b.z')
    rescue = stream_problem(TOLD.format(mode="rescue"), "f", "t", None, into_table=True)
    assert rescue is not None
    assert rescue.message == 'flow "f" cannot rescue columns of /data/b.json: e, b.z'


def test_whole_columns_may_be_rescued_by_a_new_beginning() -> None:
    part, whole = (met_columns(TOLD.format(mode="rescue").replace("b.z", column)) for column in ("b.z", "z"))
    assert part is not None
    assert whole is not None
    assert (part.may_be_rescued, whole.may_be_rescued) == (False, True)


def test_folders_of_a_flow_and_of_a_view(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), "p")
    table, other, view = (Name("main", "default", part) for part in ("t", "u", "v"))

    def keep(name: Name, generation: str, flow: str, age: int, life: str = "") -> str:
        folder = kept_columns(layout.checkpoint(name, generation, flow) + life)
        os.makedirs(folder)
        os.utime(folder, (1000 - age, 1000 - age))
        return folder

    def of(name: Name, flow: str, *anew: Name) -> list[str]:
        return KeptColumns(layout, frozenset(anew)).of(SimpleNamespace(target=name, name=flow, sink=None))  # type: ignore[arg-type]

    old, new = keep(table, "0-a", "f", 2), keep(table, "1-b", "f", 1, "~1")
    another, elsewhere = keep(table, "1-b", "g", 3), keep(other, "0-c", "h", 4)
    assert of(table, "f") == [new, old]
    assert of(view, "v") == [new, old, another, elsewhere]
    assert of(table, "f", table) == []
    assert of(view, "v", table) == [elsewhere]
