"""Tables that are emptied and checkpoints that are reset, several together, whole in spite of a kill in their midst.

Each table is emptied by a commit of its own, each checkpoint is reset by a renaming of its own. A kill between two of
them would leave a table emptied and its reader not, and the reader would refuse its changed source for ever. So what is
going to begin anew is written down first, with the generation of each table and the life of each checkpoint; whoever
updates next does it for those that still have theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.state.checkpoints import SINK_GENERATION, Checkpoints
from ldp_jupyter.state.memory import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ldp_jupyter.engine.tables import Table
    from ldp_jupyter.graph import FlowNode
    from ldp_jupyter.names import Name
    from ldp_jupyter.state import Layout, Memory

_KEY = "resetting"


class Resets:
    """The lists of tables that are being emptied, and of flows that begin their sources anew."""

    def __init__(self, memory: Memory, tables: dict[Name, Table], layout: Layout) -> None:
        self._memory = memory
        self._tables = tables
        self._checkpoints = Checkpoints(layout)

    def unfinished(self) -> set[Name]:
        """Tables that an update before was going to empty, and did not."""
        listed = self._listed("tables")
        return {
            name for name, table in self._tables.items() if table.exists and listed.get(str(name)) == table.generation
        }

    def unfinished_flows(self, flows: Iterable[FlowNode]) -> list[FlowNode]:
        """Those of the flows that an update before was going to reset, and did not."""
        listed = self._listed("flows")
        return [node for node in flows if node.flow.name in listed and listed[node.flow.name] == self._life(node)]

    def begin(self, names: set[Name], flows: Iterable[FlowNode]) -> None:
        """Write down what is going to begin anew."""
        tables = {str(name): self._tables[name].generation for name in names if self._tables[name].exists}
        lives = {node.flow.name: life for node in flows if (life := self._life(node)) is not None}
        self._memory.set(PIPELINE, _KEY, {"tables": tables, "flows": lives} if tables or lives else None)

    def reset(self, flows: Iterable[FlowNode]) -> None:
        """Let flows begin their sources anew; their tables keep their rows."""
        for node in flows:
            if (at := self._place(node)) is not None:
                self._checkpoints.reset(*at, node.flow.name)

    def end(self) -> None:
        """All of it is done."""
        self.begin(set(), ())

    def _listed(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = (self._memory.get(PIPELINE, _KEY) or {}).get(kind) or {}
        return found

    def _life(self, node: FlowNode) -> int | None:
        at = self._place(node)
        return None if at is None else self._checkpoints.life(*at, node.flow.name)

    def _place(self, node: FlowNode) -> tuple[Name | str, str] | None:
        """Target and generation of the flow's checkpoint; None while there is no table."""
        if node.flow.sink is not None:
            return node.flow.sink, SINK_GENERATION
        table = self._tables.get(node.flow.target)
        return (node.flow.target, table.generation) if table is not None and table.exists else None
