"""Where declarations land: one `Declarations` for each piece of source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.declarations.dataset import Dataset
    from ldp_jupyter.declarations.flow import Flow
    from ldp_jupyter.declarations.function import SqlFunction
    from ldp_jupyter.declarations.sink import Sink
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.locations import Location


@dataclass(frozen=True)
class SourceUnit:
    """A file or a notebook cell that declares.

    Parameters:
        key: identity between loads: the absolute path, or the cell's id.
        shown: how users see it: ``transformations/gold.sql`` or ``cell [3]``.
    """

    key: str
    shown: str
    language: str = "PYTHON"


@dataclass(frozen=True)
class Note:
    """Something accepted that is not checked or has no effect here, or a deprecated spelling.

    Parameters:
        kind: ``not_checked`` (nobody here can tell whether it works there), ``no_effect``, ``local_only`` (the platform
            would not take it), ``deprecated`` or ``warning``.
        hint: what to write instead.
    """

    kind: str
    text: str
    location: Location | None = None
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.text} at {self.location}" if self.location and str(self.location) else self.text


@dataclass(frozen=True)
class EventHook:
    """A function of ``on_event_hook``."""

    name: str
    function: Callable[[dict[str, Any]], None]
    max_allowable_consecutive_failures: int | None = None


@dataclass
class Declarations:
    """What one source unit declared; errors found while it was read included."""

    unit: SourceUnit
    datasets: list[Dataset] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    sinks: list[Sink] = field(default_factory=list)
    hooks: list[EventHook] = field(default_factory=list)
    functions: list[SqlFunction] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    problems: list[LdpError] = field(default_factory=list)

    def replace_dataset(self, old: Dataset, new: Dataset) -> None:
        """Put a changed value in the place of one declared before (a decorator applied later)."""
        # by identity: conditions may be Spark Columns, which do not compare
        place = next(index for index, dataset in enumerate(self.datasets) if dataset is old)
        self.datasets[place] = new
