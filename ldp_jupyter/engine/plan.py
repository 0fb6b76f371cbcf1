"""Which flows an update runs, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Kind
from ldp_jupyter.errors import LdpError, UsageProblem

if TYPE_CHECKING:
    from ldp_jupyter.engine.request import UpdateRequest
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph import FlowNode, Graph, Node
    from ldp_jupyter.names import Name


@dataclass(frozen=True)
class PlannedFlow:
    """A flow of the update.

    Parameters:
        key: unique name within the update.
        node: the dataset that it writes; None for a flow into a sink.
        waits_for: keys of the flows that must be done first.
        excluded: not selected: it is listed and not run.
    """

    key: str
    flow: FlowNode
    node: Node | None
    waits_for: tuple[str, ...] = ()
    excluded: bool = False


@dataclass
class UpdatePlan:
    """The flows of an update, the tables to empty first, and the flows whose checkpoints begin anew.

    Parameters:
        kept: tables that a full refresh of all leaves as they are.
    """

    flows: list[PlannedFlow] = field(default_factory=list)
    full: set[Name] = field(default_factory=set)
    kept: set[Name] = field(default_factory=set)
    selected: set[Name] = field(default_factory=set)
    resets: list[FlowNode] = field(default_factory=list)


def plan_update(graph: Graph, request: UpdateRequest, last: UpdateView | None = None) -> UpdatePlan:
    """Plan an update of a resolved graph.

    Parameters:
        last: the last update, where the request asks for what failed in it.

    Raises:
        UsageProblem: for selections that make no sense.
        LdpError: LDP-3006 when a table that may not be reset is selected for a full refresh; LDP-2019 for no table
            at all.
    """
    stored = {name: node for name, node in graph.nodes.items() if node.kind.stored}
    views = {name: node for name, node in graph.nodes.items() if node.kind == Kind.VIEW}
    if not stored and not graph.sink_flows:
        raise LdpError(
            "LDP-2019",
            f'pipeline "{graph.pipeline}" declares no table',
            hint="add a table to transformations/, or run its cells",
        )
    selection = request.select(graph, last)
    plan = UpdatePlan(resets=selection.resets)
    if selection.everything:
        plan.selected = set(stored) | set(views)
    else:
        plan.selected = set(selection.refresh) | set(selection.full)
    if request.full_refresh_all:
        plan.full = {name for name, node in stored.items() if reset_allowed(node)}
        plan.kept = set(stored) - plan.full
        # what a sink holds stays, and everything is written to it again
        asked = {flow.flow.name for flow in plan.resets}
        plan.resets += [flow for flow in graph.sink_flows if flow.flow.name not in asked]
    else:
        for name in selection.full:
            if not reset_allowed(stored[name]):
                raise UsageProblem(
                    "LDP-3006",
                    f'"{graph.shown(name)}" may not be fully refreshed',
                    location=stored[name].dataset.location,
                    hint="its property pipelines.reset.allowed is false",
                )
        plan.full = set(selection.full)
    keys = {name: [_key(node, flow) for flow in node.flows] for name, node in {**stored, **views}.items()}
    for name, node in {**stored, **views}.items():
        waits = tuple(key for source in _stored_inputs(graph, node) if source != name for key in keys[source])
        for flow, key in zip(node.flows, keys[name], strict=True):
            plan.flows.append(PlannedFlow(key, flow, node, waits, name not in plan.selected))
    for flow in graph.sink_flows:
        waits = tuple(key for source in inputs_through_views(graph, flow.inputs) for key in keys[source])
        excluded = not selection.everything and flow.flow.sink not in selection.sinks
        plan.flows.append(PlannedFlow(flow.flow.name, flow, None, waits, excluded))
    return plan


def refusing_readers(graph: Graph, full: set[Name]) -> dict[Name, list[Name]]:
    """Streaming tables that will refuse once their inputs are emptied, with those inputs.

    A stream ends with an error when its source loses rows, so who reads a fully refreshed table as a stream must be
    fully refreshed too.
    """
    found: dict[Name, list[Name]] = {}
    for name, node in graph.nodes.items():
        if not node.kind.stored or name in full:
            continue
        streamed = {source for flow in node.flows for source in streamed_tables(graph, flow)}
        emptied = [source for source in graph.nodes if source in streamed and source in full]
        if emptied:
            found[name] = emptied
    return found


def streamed_tables(graph: Graph, flow: FlowNode) -> list[Name]:
    """Stored datasets that a flow reads as streams which do not pass over changes, through temporary views too."""
    found = [name for name in flow.streamed if graph.nodes[name].kind.stored]
    for name in flow.inputs:
        node = graph.nodes[name]
        if node.kind == Kind.TEMPORARY_VIEW and node.flows:
            found += streamed_tables(graph, node.flows[0])
    return found


def reset_allowed(node: Node) -> bool:
    """Whether a full refresh may empty the table (the platform's property `pipelines.reset.allowed`)."""
    properties = {k.lower(): v for k, v in node.dataset.options.properties.items()}
    return properties.get("pipelines.reset.allowed", "true").lower() != "false"


def _key(node: Node, flow: FlowNode) -> str:
    return str(node.name) if flow.flow.default else flow.flow.name


def _stored_inputs(graph: Graph, node: Node) -> list[Name]:
    return inputs_through_views(graph, node.inputs)


def inputs_through_views(graph: Graph, inputs: list[Name]) -> list[Name]:
    """The stored datasets (and persisted views) behind inputs: a temporary view is part of its reader's query."""
    found: dict[Name, None] = {}
    todo = list(inputs)
    seen: set[Name] = set()
    while todo:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        node = graph.nodes[name]
        if node.kind == Kind.TEMPORARY_VIEW:
            todo.extend(node.inputs)
        else:
            found[name] = None
    return list(found)
