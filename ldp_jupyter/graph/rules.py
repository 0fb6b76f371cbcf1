"""The rules of a dataset of a graph, ready to be applied to its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.quality import RuleSet, samples_wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.graph.model import Graph, Node


def rules_of(graph: Graph, node: Node, configuration: Mapping[str, str]) -> RuleSet:
    """The rules of a dataset with the pipeline's setting for rows that violate them.

    Raises:
        LdpError: LDP-1003 when that setting is no number.
    """
    return RuleSet(
        graph.shown(node.name), node.dataset.expectations, samples_wanted(configuration), graph.masked(node)
    )
