"""What an update is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.graph import Graph
    from ldp_jupyter.names import Name


@dataclass(frozen=True)
class UpdateRequest:
    """Refresh selections, as given.

    Parameters:
        refresh: datasets to refresh; with both lists empty, all are.
        full_refresh: datasets to empty and compute from the beginning.
        full_refresh_all: all of them, except those with `pipelines.reset.allowed=false`.
    """

    refresh: Sequence[str] = ()
    full_refresh: Sequence[str] = ()
    full_refresh_all: bool = False

    @property
    def everything(self) -> bool:
        return self.full_refresh_all or not (self.refresh or self.full_refresh)

    def names(self, graph: Graph) -> tuple[list[Name], list[Name]]:
        """The two selections as names of the graph.

        Raises:
            UsageProblem: LDP-1007 for unknown names, LDP-1008 for selections that contradict each other.
        """
        if self.full_refresh_all and (self.refresh or self.full_refresh):
            raise UsageProblem("LDP-1008", "--full-refresh-all cannot be combined with --refresh or --full-refresh")
        refresh = [_known(graph, text) for text in self.refresh]
        full = [_known(graph, text) for text in self.full_refresh]
        both = [graph.shown(name) for name in refresh if name in full]
        if both:
            raise UsageProblem("LDP-1008", f"{', '.join(both)} stands in --refresh and in --full-refresh")
        return refresh, full


def _known(graph: Graph, text: str) -> Name:
    name = graph.namespace.qualify(text)
    if name not in graph.nodes:
        known = [graph.shown(n) for n, node in graph.nodes.items() if node.kind.stored]
        raise UsageProblem(
            "LDP-1007", f'unknown dataset "{text}"', hint=did_you_mean(text, known) or f"datasets: {', '.join(known)}"
        )
    if not graph.nodes[name].kind.stored:
        raise UsageProblem(
            "LDP-1007",
            f'"{text}" is a {graph.nodes[name].kind.words}: it is not stored, so there is nothing to refresh',
        )
    return name
