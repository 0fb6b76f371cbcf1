"""Spark settings that a flow and the temporary views in its query declare: one query has one value of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Kind
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ldp_jupyter.declarations import Flow
    from ldp_jupyter.graph.model import Graph, Node
    from ldp_jupyter.names import Name


class Settings:
    """Settings that come with a view: its own, and those of the views that it reads."""

    def __init__(self) -> None:
        # by view: key -> (value, shown name of the view that declares it)
        self._of_views: dict[Name, dict[str, tuple[str, str]]] = {}

    def collect(self, node: Node, flow: Flow, inputs: Iterable[Name], graph: Graph) -> None:
        """Put together what holds for a flow's query.

        Parameters:
            inputs: datasets that the flow reads; those that are stored have queries of their own.

        Raises:
            LdpError: LDP-2011 when two of them set a key to different values. Open-source Spark refuses it as well.
        """
        shown = graph.shown(node.name)
        found: dict[str, tuple[str, str]] = {}
        for name in inputs:
            for key, (value, who) in self._of_views.get(name, {}).items():
                _settle(found, key, value, who, shown, flow)
        for key, value in flow.confs.items():
            # settings made by `spark.conf.set` belong to the file, not to the dataset
            if key.startswith("spark.") and (flow.language == "SQL" or key in node.dataset.spark_conf):
                _settle(found, key, value, shown, shown, flow)
        if node.kind == Kind.TEMPORARY_VIEW:
            self._of_views[node.name] = found


def _settle(found: dict[str, tuple[str, str]], key: str, value: str, who: str, shown: str, flow: Flow) -> None:
    other = found.setdefault(key, (value, who))
    if other[0] != value:
        raise LdpError(
            "LDP-2011",
            f'views and flows of "{shown}" set {key} differently: "{other[0]}" in "{other[1]}", "{value}" in "{who}"',
            hint="a view is computed within the query of its reader: take one value, or make the view a table",
            location=flow.location,
        )
