"""Columns that the reading of a file met and that its stream does not know, as the companion tells of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from ldp_jupyter.locations import Location

_TOLD = re.compile(r"LDP_NEW_COLUMNS (\{.*?\}) END", re.DOTALL)


@dataclass(frozen=True)
class MetColumns:
    """New columns of a file.

    Parameters:
        source: names the source, as its folder of kept columns.
        mode: the source's `schemaEvolutionMode`.
        columns: paths, parts of a struct behind points.
    """

    source: str
    mode: str
    file: str
    columns: list[str]

    @property
    def taken(self) -> bool:
        """Whether the stream takes new columns."""
        return self.mode.startswith("addNewColumns")

    @property
    def may_be_rescued(self) -> bool:
        """Whether a new beginning may rescue them: of files with types, whole columns of files that were there then."""
        return self.mode == "rescue" and not any("." in column for column in self.columns)


def met_columns(text: str) -> MetColumns | None:
    """What an error's text tells of new columns, None for another error."""
    found = _TOLD.search(text)
    return MetColumns(**json.loads(found[1])) if found else None


def refused_columns(met: MetColumns, flow_name: str, shown: str, place: Location | None) -> LdpError:
    """LDP-3009 for columns that a stream does not take."""
    file = re.sub("^file:/+", "/", met.file)
    new = ", ".join(met.columns)
    message = f'flow "{flow_name}" takes no new columns, and {file} has: {new}'
    hint = "add them to the schema or to schemaHints, or set schemaEvolutionMode to addNewColumns or rescue"
    if met.taken:
        message = f'flow "{flow_name}" could not take columns of {file}: {new}'
        hint = "add them to schemaHints, or set schemaEvolutionMode to rescue"
    elif met.mode == "rescue":
        message = f'flow "{flow_name}" cannot rescue columns of {file}: {new}'
        hint = "set schemaEvolutionMode to addNewColumns, or to none to leave them out"
    hint += "; or take the file away and run again"
    return LdpError("LDP-3009", message, hint=hint, dataset=shown, location=place)
