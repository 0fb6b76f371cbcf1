"""A resolved pipeline: datasets with columns and inputs, in order, with everything found wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.declarations import Dataset, Flow, Note, Sink
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.names import Name, Namespace
    from ldp_jupyter.spark.bridge import Shape


@dataclass(frozen=True)
class Column:
    """A column of a dataset, its type as Spark's simple string."""

    name: str
    type: str


@dataclass
class FlowNode:
    """A flow with what resolving it showed.

    Parameters:
        inputs: datasets of the pipeline that it reads, directly, in the order of first use.
        external_inputs: other things it reads: tables outside the pipeline (by name), files (by path), streams (by
            format).
    """

    flow: Flow
    inputs: list[Name] = field(default_factory=list)
    external_inputs: list[str] = field(default_factory=list)
    streaming: bool | None = None
    # inputs that it reads as streams which end when the input is emptied or rewritten
    streamed: list[Name] = field(default_factory=list)
    # its query over shapes; None where it could not be evaluated
    shape: Shape | None = None
    # its code did more than to read and to make a query: what it does may depend on rows
    acted: bool = False


@dataclass
class Node:
    """A dataset with its flows; a view has one flow, which is its query.

    Parameters:
        kind: settled kind, when the graph was resolved.
        columns: None when it could not be resolved.
        schema: the same as Spark's StructType.
        change_feed: a flow of the pipeline reads its change feed.
    """

    dataset: Dataset
    kind: Kind
    flows: list[FlowNode] = field(default_factory=list)
    columns: list[Column] | None = None
    schema: Any = None
    streaming: bool | None = None
    problem: LdpError | None = None
    change_feed: bool = False

    @property
    def name(self) -> Name:
        return self.dataset.name

    @property
    def inputs(self) -> list[Name]:
        return list(dict.fromkeys(i for flow in self.flows for i in flow.inputs))

    @property
    def external_inputs(self) -> list[str]:
        return list(dict.fromkeys(i for flow in self.flows for i in flow.external_inputs))


@dataclass
class Graph:
    """All of it. `nodes` stand in an order in which each comes after its inputs, when there is no cycle."""

    pipeline: str
    namespace: Namespace
    nodes: dict[Name, Node] = field(default_factory=dict)
    sinks: dict[str, Sink] = field(default_factory=dict)
    sink_flows: list[FlowNode] = field(default_factory=list)
    problems: list[LdpError] = field(default_factory=list)
    # sources that were not read to their end: their files, with what stopped them
    unread: list[tuple[str, LdpError]] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    not_checked: list[Note] = field(default_factory=list)
    # the update that began with this evaluation of the queries
    used_by: str | None = None
    # whether streams of files have columns that an earlier update found
    kept_columns: bool = False

    @property
    def ok(self) -> bool:
        return not self.problems

    def shown(self, name: Name) -> str:
        return self.namespace.shown(name)

    def find(self, parts: Sequence[str], namespace: Namespace) -> Node | None:
        """The dataset that a name means in some source, None for a name from outside.

        A temporary view is no object of a schema: its plain name means it wherever it is declared, before a table of
        that name, as in Spark.
        """
        name = namespace.qualify(parts)
        node = self.nodes.get(name)
        plain = len(parts) == 1 or (len(parts) == 2 and parts[0].lower() == "live")
        if plain and (node is None or node.kind != Kind.TEMPORARY_VIEW):
            return self._temporary_views.get(name.table, node)
        return node

    @cached_property
    def _temporary_views(self) -> dict[str, Node]:
        return {name.table: node for name, node in self.nodes.items() if node.kind == Kind.TEMPORARY_VIEW}

    def masked(self, node: Node) -> tuple[str, ...]:
        """Columns whose values are shown nowhere: those with a mask, of the dataset and of all that it is made from."""
        found: dict[str, None] = {}
        seen: set[Name] = set()
        todo = [node]
        while todo:
            one = todo.pop()
            if one.name not in seen:
                seen.add(one.name)
                found.update(dict.fromkeys(one.dataset.options.masked))
                todo += [self.nodes[name] for name in one.inputs if name in self.nodes]
        return tuple(found)

    def readers(self, name: Name) -> list[Node]:
        """Datasets that read `name` directly."""
        return [node for node in self.nodes.values() if name in node.inputs]

    def to_json(self) -> dict[str, Any]:
        """The object of ``ldp dry-run --format json``."""
        return {
            "pipeline": self.pipeline,
            "ok": self.ok,
            "datasets": [self._dataset_json(node) for node in self.nodes.values()],
            "flows": [self._flow_json(flow) for node in self.nodes.values() for flow in node.flows]
            + [self._flow_json(flow) for flow in self.sink_flows],
            "sinks": [{"name": s.name, "format": s.format} for s in self.sinks.values()],
            "errors": [p.to_json() for p in self.problems],
            "warnings": [str(w) for w in self.warnings],
            "not_checked": [str(n) for n in self.not_checked],
        }

    def _dataset_json(self, node: Node) -> dict[str, Any]:
        place = node.dataset.location
        columns = None if node.columns is None else [{"name": c.name, "type": c.type} for c in node.columns]
        return {
            "name": self.shown(node.name),
            "full_name": str(node.name),
            "kind": node.kind.value,
            "columns": columns,
            "inputs": [self.shown(i) for i in node.inputs],
            "external_inputs": node.external_inputs,
            "expectations": [e.to_json() for e in node.dataset.expectations],
            "comment": node.dataset.comment,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "cell": place.cell if place else None,
        }

    def _flow_json(self, node: FlowNode) -> dict[str, Any]:
        flow = node.flow
        place = flow.location
        return {
            "name": flow.name,
            "target": flow.sink or self.shown(flow.target),
            "inputs": [self.shown(i) for i in node.inputs],
            "streaming": node.streaming,
            "once": flow.once,
            "default": flow.default,
            "file": place.file if place else None,
            "line": place.line if place else None,
        }
