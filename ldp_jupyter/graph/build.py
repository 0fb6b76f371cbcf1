"""The graph as declared: who writes what, duplicates, unknown targets. Needs no Spark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Kind
from ldp_jupyter.errors import LdpError, sort_problems
from ldp_jupyter.graph.model import FlowNode, Graph, Node
from ldp_jupyter.graph.properties import check_properties
from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.declarations import Dataset, Declarations, Flow
    from ldp_jupyter.names import Namespace


# What keeps a source from being read to its end.
_UNREAD = ("LDP-2001", "LDP-2002", "LDP-2003")


def declared_graph(pipeline: str, namespace: Namespace, declarations: Sequence[Declarations]) -> Graph:
    """Put what all sources declare together.

    Parameters:
        pipeline: shown name of the pipeline.
        namespace: its default catalog and schema.

    Returns:
        A graph whose kinds and inputs are as far as declarations tell; with every problem found so far.
    """
    graph = Graph(pipeline, namespace)
    for source in declarations:
        graph.problems.extend(source.problems)
        graph.unread += [(source.unit.key, p) for p in source.problems if p.code in _UNREAD]
        for note in source.notes:
            target = graph.not_checked if note.kind in ("not_checked", "no_effect", "local_only") else graph.warnings
            if note not in target:
                target.append(note)
        for dataset in source.datasets:
            _add_dataset(graph, dataset)
        for sink in source.sinks:
            if sink.name in graph.sinks:
                graph.problems.append(
                    LdpError(
                        "LDP-2006",
                        f'sink "{sink.name}" is declared twice',
                        location=sink.location,
                        hint=f"also declared at {graph.sinks[sink.name].location}",
                    )
                )
            else:
                graph.sinks[sink.name] = sink
    names: dict[str, Flow] = {}
    for source in declarations:
        for flow in source.flows:
            _add_flow(graph, flow, names)
    for node in graph.nodes.values():
        if not node.flows and not _has_error(graph, node):
            graph.problems.append(
                LdpError(
                    "LDP-2014",
                    f'no flow writes the streaming table "{graph.shown(node.name)}"',
                    dataset=graph.shown(node.name),
                    location=node.dataset.location,
                    hint="add an append flow, an AUTO CDC flow or a query",
                )
            )
    graph.problems = sort_problems(graph.problems)
    return graph


def _add_dataset(graph: Graph, dataset: Dataset) -> None:
    part = dataset.name.unusable_part
    if part is not None:
        graph.problems.append(
            LdpError(
                "LDP-2021",
                f'"{part}" cannot be the name of a catalog, schema or table',
                dataset=graph.shown(dataset.name),
                location=dataset.location,
                hint="a name has no slash, and is not . or ..",
            )
        )
    other = graph.nodes.get(dataset.name)
    if other is not None:
        graph.problems.append(
            LdpError(
                "LDP-2006",
                f'dataset "{graph.shown(dataset.name)}" is declared twice',
                dataset=graph.shown(dataset.name),
                location=dataset.location,
                hint=f"also declared at {other.dataset.location}"
                if other.dataset.location != dataset.location
                else "a loop declares it in each round: give each its own name, name=...",
            )
        )
        return
    graph.nodes[dataset.name] = Node(dataset, dataset.kind)
    check_properties(graph, dataset)


def _add_flow(graph: Graph, flow: Flow, names: dict[str, Flow]) -> None:
    # in SQL the reader of the statement has seen to it
    if not flow.default and flow.language == "PYTHON" and "." in flow.name and "`" not in flow.name:
        graph.problems.append(
            LdpError(
                "LDP-2021",
                f'the name of a flow has one part, not "{flow.name}"',
                location=flow.location,
                hint=f'write "{flow.name.rsplit(".", 1)[-1]}", or put `...` around it',
            )
        )
    node = graph.nodes.get(flow.target)
    if flow.sink is not None and (node is None or flow.sink in graph.sinks):
        if flow.sink not in graph.sinks:
            known = [graph.shown(n) for n, x in graph.nodes.items() if x.kind.stored] + list(graph.sinks)
            graph.problems.append(
                LdpError(
                    "LDP-2013",
                    f'flow "{flow.name}" writes to "{flow.sink}", which is not declared',
                    location=flow.location,
                    hint=did_you_mean(flow.sink, known),
                )
            )
            return
        if flow.updates and graph.sinks[flow.sink].format.lower() == "delta":
            graph.problems.append(_update_flow(flow, f'the delta sink "{flow.sink}"'))
        elif _unique(graph, flow, names):
            graph.sink_flows.append(FlowNode(flow))
        return
    if flow.updates:
        graph.problems.append(_update_flow(flow, f'"{flow.sink}", which is no sink'))
        return
    flow = replace(flow, sink=None)
    if node is None:
        known = [graph.shown(n) for n, x in graph.nodes.items() if x.kind.stored]
        graph.problems.append(
            LdpError(
                "LDP-2013",
                f'flow "{_shown_flow(graph, flow)}" writes to "{graph.shown(flow.target)}", which is not declared',
                location=flow.location,
                hint=did_you_mean(flow.target.table, known)
                or f'declare it: create_streaming_table("{graph.shown(flow.target)}")',
            )
        )
        return
    if flow.default and not flow.is_cdc and node.flows and node.flows[0].flow.default:
        return  # the second of two declarations of one name: already told
    if not flow.default and node.kind not in (Kind.STREAMING_TABLE, Kind.TABLE):
        graph.problems.append(
            LdpError(
                "LDP-2013",
                f'flow "{flow.name}" writes to the {node.kind.words} "{graph.shown(flow.target)}"',
                location=flow.location,
                hint="flows write to streaming tables and sinks",
            )
        )
        return
    if _unique(graph, flow, names):
        node.flows.append(FlowNode(flow))


def _update_flow(flow: Flow, target: str) -> LdpError:
    """Update flows go to sinks alone, and not to those of Delta (the platform's rule)."""
    return LdpError(
        "LDP-2013",
        f'update flow "{flow.name}" writes to {target}',
        hint="update flows write sinks that take rows again, such as kafka and foreachBatch; use append_flow",
        location=flow.location,
    )


def _unique(graph: Graph, flow: Flow, names: dict[str, Flow]) -> bool:
    if flow.default:
        # the query of a temporary view is no flow that could be named
        keys = [] if graph.nodes[flow.target].kind == Kind.TEMPORARY_VIEW else [str(flow.target)]
    else:  # a flow is an object of its schema, as the default flow of the table of that name is
        keys = [flow.name.lower(), str(flow.namespace.qualify([flow.name]))]
    others = [names[key] for key in keys if key in names]
    names.update((key, flow) for key in keys if key not in names)
    if not others:
        return True
    other = others[0]
    graph.problems.append(
        LdpError(
            "LDP-2006",
            f'flow "{_shown_flow(graph, flow)}" is declared twice',
            location=flow.location,
            hint=f"also declared at {other.location}; give one of them another name",
        )
    )
    return False


def _shown_flow(graph: Graph, flow: Flow) -> str:
    return graph.shown(flow.target) if flow.default else flow.name


def _has_error(graph: Graph, node: Node) -> bool:
    """Whether a problem of the same place may be why the table has no flow."""
    place = node.dataset.location
    codes = ("LDP-2001", "LDP-2002", "LDP-2011", "LDP-2017", "LDP-2021", "LDP-2022", "LDP-2023")
    return any(p.code in codes and p.location and place and p.location.file == place.file for p in graph.problems)
