"""SQL functions of pipeline source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ldp_jupyter.locations import Location


@dataclass(frozen=True)
class SqlFunction:
    """A function that queries of the pipeline may call.

    Parameters:
        text: the statement that registers it in a session.
    """

    name: str
    text: str
    location: Location
