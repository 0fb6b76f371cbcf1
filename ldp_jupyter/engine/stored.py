"""How a running flow sees the pipeline's datasets: tables as they lie in storage, views as part of its own query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Kind
from ldp_jupyter.graph.evaluate import Evaluation, evaluate
from ldp_jupyter.graph.rules import rules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ldp_jupyter.context import Context
    from ldp_jupyter.declarations import Flow
    from ldp_jupyter.graph import Graph, Node
    from ldp_jupyter.names import Name
    from ldp_jupyter.quality import RuleSet


class StoredFrames:
    """`Frames` of one running flow.

    Parameters:
        table_path: gives the folder of a stored dataset.
        observe: applies a view's rules to its rows; the metrics belong to the flow that reads the view.
        columns: gives the folder of the columns that the flow's streams of files were found to have.
    """

    shapes = False

    def __init__(
        self,
        graph: Graph,
        base: Context,
        table_path: Callable[[Name], str],
        observe: Callable[[RuleSet, Any], Any],
        columns: Callable[[], str],
    ) -> None:
        self._graph = graph
        self._base = base
        self._table_path = table_path
        self._observe = observe
        self._columns = columns
        self._views: dict[Name, Any] = {}
        # rules of views met on the way
        self.view_rules: dict[str, RuleSet] = {}

    def frame(
        self, node: Node, reading: Evaluation, *, streaming: bool, options: Mapping[str, str], reader: Any
    ) -> Any:
        """See `Frames`."""
        session = reading.session
        if node.kind == Kind.TEMPORARY_VIEW:
            return self._view(node, reading)
        if node.kind == Kind.VIEW or not node.dataset.options.private:
            return _read(session, reader, streaming, options).table(node.name.quoted)
        return _read(session, reader, streaming, options).format("delta").load(self._table_path(node.name))

    def kept_columns(self, flow: Flow) -> Mapping[str, Any]:  # noqa: ARG002  (a view's source is the reading flow's)
        """See `Frames`."""
        return {"folder": self._columns()}

    def _view(self, node: Node, reading: Evaluation) -> Any:
        if node.name not in self._views:  # read twice, it is one DataFrame: observed once
            flow = node.flows[0].flow
            for key, value in flow.confs.items():
                if reading.session.conf.isModifiable(key):
                    reading.session.conf.set(key, value)
            frame = evaluate(Evaluation(self._graph, flow, reading.session, self, reading), self._base)
            if node.dataset.expectations:
                rules = rules_of(self._graph, node, self._base.configuration)
                self.view_rules[rules.metric] = rules
                frame = self._observe(rules, frame)
            self._views[node.name] = frame
        return self._views[node.name]


def _read(session: Any, reader: Any, streaming: bool, options: Mapping[str, str]) -> _Reader:
    return _Reader(
        reader if reader is not None else _with_options(session.readStream if streaming else session.read, options)
    )


def _with_options(reader: Any, options: Mapping[str, str]) -> Any:
    for key, value in options.items():
        reader = reader.option(key, value)
    return reader


class _Reader:
    """pyspark's reader, past the guards that would ask the resolver again."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def table(self, name: str) -> Any:
        from ldp_jupyter.spark import guards

        return guards.original(type(self._reader), "table")(self._reader, name)

    def format(self, name: str) -> Any:
        return self._reader.format(name)
