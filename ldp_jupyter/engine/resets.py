"""A full refresh of several tables, whole in spite of a kill in its midst.

Each table is emptied by a commit of its own. A kill between two of them would leave a table emptied and its reader
not, and the reader would refuse its changed source for ever. So what is going to be emptied is written down first,
with the generation that each table has; whoever updates next empties those that still have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.state.checkpoints import SINK_GENERATION, Checkpoints
from ldp_jupyter.state.memory import PIPELINE

if TYPE_CHECKING:
    from ldp_jupyter.engine.plan import UpdatePlan
    from ldp_jupyter.engine.tables import Table
    from ldp_jupyter.names import Name
    from ldp_jupyter.state import Layout, Memory

_KEY = "resetting"


class Resets:
    """The list of tables that are being emptied."""

    def __init__(self, memory: Memory, tables: dict[Name, Table]) -> None:
        self._memory = memory
        self._tables = tables

    def unfinished(self) -> set[Name]:
        """Tables that an update before was going to empty, and did not."""
        listed: dict[str, str] = self._memory.get(PIPELINE, _KEY) or {}
        return {
            name for name, table in self._tables.items() if table.exists and listed.get(str(name)) == table.generation
        }

    def begin(self, names: set[Name]) -> None:
        """Write down what is going to be emptied."""
        listed = {str(name): self._tables[name].generation for name in names if self._tables[name].exists}
        if listed:
            self._memory.set(PIPELINE, _KEY, listed)

    def end(self) -> None:
        """All are emptied."""
        self._memory.set(PIPELINE, _KEY, None)


def reset_checkpoints(layout: Layout, plan: UpdatePlan, tables: dict[Name, Table]) -> None:
    """Let the flows that the plan names begin their sources anew; their tables keep their rows."""
    checkpoints = Checkpoints(layout)
    for node in plan.resets:
        flow = node.flow
        if flow.sink is not None:
            checkpoints.reset(flow.sink, SINK_GENERATION, flow.name)
        elif tables[flow.target].exists:
            checkpoints.reset(flow.target, tables[flow.target].generation, flow.name)
