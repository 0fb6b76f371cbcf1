"""What an update is asked to do."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.events import FlowStatus
from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph import FlowNode, Graph
    from ldp_jupyter.locations import Location
    from ldp_jupyter.names import Name


@dataclass
class Selection:
    """A request's names, found in a graph.

    Parameters:
        everything: nothing was named, so all is refreshed.
        resets: streaming flows whose checkpoints begin anew; their tables keep their rows.
    """

    everything: bool
    refresh: list[Name] = field(default_factory=list)
    full: list[Name] = field(default_factory=list)
    sinks: list[str] = field(default_factory=list)
    resets: list[FlowNode] = field(default_factory=list)


@dataclass(frozen=True)
class UpdateRequest:
    """Selections, as given. Without any, everything is refreshed.

    Parameters:
        refresh: datasets to refresh, and sinks to write.
        full_refresh: datasets to empty and compute from the beginning.
        full_refresh_all: all of them, except those with `pipelines.reset.allowed=false`.
        refresh_failed: refresh what failed or was skipped in the last update.
        refresh_files: refresh what these source files (or cells) declare or write.
        reset_checkpoints: streaming flows that read their sources from the start again.
        continuous: whether the flows run again until the update is stopped.
    """

    refresh: Sequence[str] = ()
    full_refresh: Sequence[str] = ()
    full_refresh_all: bool = False
    refresh_failed: bool = False
    refresh_files: Sequence[str] = ()
    reset_checkpoints: Sequence[str] = ()
    continuous: bool = False

    @property
    def everything(self) -> bool:
        return self.full_refresh_all or not (
            self.refresh or self.full_refresh or self.refresh_failed or self.refresh_files
        )

    def again(self, graph: Graph, last: UpdateView | None) -> UpdateRequest:
        """The same for a further try: what was emptied or reset is not so again."""
        if self.everything:
            return UpdateRequest(continuous=self.continuous)
        selection = self.select(graph, last)
        names = [str(name) for name in (*selection.refresh, *selection.full)]
        return UpdateRequest((*names, *selection.sinks), continuous=self.continuous)

    def select(self, graph: Graph, last: UpdateView | None = None) -> Selection:
        """Find what is named.

        Parameters:
            last: the last update, for `refresh_failed`.

        Raises:
            UsageProblem: LDP-1007 for unknown names, LDP-1008 for selections that contradict each other, LDP-1010 for
                a selection that holds nothing.
        """
        named = self.refresh or self.full_refresh or self.refresh_failed or self.refresh_files
        if self.full_refresh_all and (named or self.reset_checkpoints):
            raise UsageProblem(
                "LDP-1008",
                "--full-refresh-all cannot be combined with --refresh, --full-refresh or another selection",
                hint="it takes all that there is",
            )
        selection = Selection(self.everything)
        for text in self.refresh:
            if text in graph.sinks:
                selection.sinks.append(text)
            else:
                selection.refresh.append(_known(graph, text, graph.sinks))
        selection.full = [_known(graph, text) for text in self.full_refresh]
        both = [graph.shown(name) for name in selection.refresh if name in selection.full]
        if both:
            raise UsageProblem(
                "LDP-1008",
                f"{', '.join(both)} stands in --refresh and in --full-refresh",
                hint="a full refresh is a refresh too: name it there only",
            )
        if self.refresh_failed:
            _add(selection, *_failed(graph, last))
        for file in self.refresh_files:
            _add(selection, *_declared_in(graph, file))
        selection.resets = [_flow(graph, text) for text in dict.fromkeys(self.reset_checkpoints)]
        _check_resets(graph, selection)
        return selection


def _add(selection: Selection, names: Iterable[Name], sinks: Iterable[str]) -> None:
    """Add a group of datasets; one that is named for a full refresh stays there."""
    selection.refresh += [n for n in names if n not in selection.refresh and n not in selection.full]
    selection.sinks += [s for s in sinks if s not in selection.sinks]


def _known(graph: Graph, text: str, more: Iterable[str] = ()) -> Name:
    name = graph.namespace.qualify(text)
    if name not in graph.nodes:
        known = [*(graph.shown(n) for n, node in graph.nodes.items() if node.kind.stored), *more]
        raise UsageProblem(
            "LDP-1007", f'unknown dataset "{text}"', hint=did_you_mean(text, known) or f"datasets: {', '.join(known)}"
        )
    if not graph.nodes[name].kind.stored:
        raise UsageProblem(
            "LDP-1007",
            f'"{text}" is a {graph.nodes[name].kind.words}: it is not stored, so there is nothing to refresh',
        )
    return name


def _failed(graph: Graph, last: UpdateView | None) -> tuple[list[Name], list[str]]:
    """Datasets and sinks of the last update that were to be refreshed and are not; those that left the source go."""
    if last is None:
        raise UsageProblem("LDP-1010", "there was no update, so none failed", hint="run without --refresh-failed")
    done = (FlowStatus.COMPLETED.value, FlowStatus.EXCLUDED.value, None)
    failed = [dataset.name for dataset in last.datasets.values() if dataset.status not in done]
    sinks = [name for name in failed if name in graph.sinks]
    names = [graph.namespace.qualify(name) for name in failed if name not in sinks]
    names = [name for name in names if name in graph.nodes and graph.nodes[name].kind.stored]
    if not names and not sinks:
        began = any(dataset.flows for dataset in last.datasets.values())
        raise UsageProblem(
            "LDP-1010",
            f"nothing that is still declared failed in update {last.update_id[:6]}"
            if began
            else f"update {last.update_id[:6]} ended before it refreshed anything",
            hint="run without --refresh-failed",
        )
    return names, sinks


def _declared_in(graph: Graph, file: str) -> tuple[list[Name], list[str]]:
    """What a source file, or a cell by its label, declares or writes."""
    known: dict[str, None] = {}
    names: dict[Name, None] = {}
    sinks: dict[str, None] = {}
    found = False
    for place, name, sink in _places(graph):
        if place is None:
            continue
        known[place.file or place.cell or ""] = None
        if not _is_in(place, file):
            continue
        found = True
        if sink is not None:
            sinks[sink] = None
        elif name is not None and graph.nodes[name].kind.stored:
            names[name] = None
    if not found:
        same = next((k for k in known if os.path.basename(k) == os.path.basename(file)), None)
        hint = did_you_mean(file, known) or (f'did you mean "{same}"?' if same else f"files: {', '.join(known)}")
        raise UsageProblem("LDP-1007", f'no source "{file}" declares anything in the pipeline', hint=hint)
    if not names and not sinks:
        raise UsageProblem("LDP-1007", f'"{file}" declares no table: there is nothing to refresh')
    return list(names), list(sinks)


def _places(graph: Graph) -> Iterator[tuple[Location | None, Name | None, str | None]]:
    for name, node in graph.nodes.items():
        yield node.dataset.location, name, None
        for flow in node.flows:
            yield flow.flow.location, name, None
    for flow in graph.sink_flows:
        yield flow.flow.location, None, flow.flow.sink


def _is_in(place: Location, file: str) -> bool:
    if place.file is None:
        return place.cell == file
    path = os.path.abspath(file)
    return os.path.normpath(file) == os.path.normpath(place.file) or path == place.path or path.endswith(
        f"{os.sep}{os.path.normpath(place.file)}"
    )


def _flow(graph: Graph, text: str) -> FlowNode:
    """A streaming flow by its name; the default flow of a table has the table's name."""
    by_name = {flow.flow.name.lower(): flow for flow in _flows(graph) if not flow.flow.default}
    found = by_name.get(text.lower())
    if found is None:
        try:
            name = graph.namespace.qualify(text)
        except LdpError:
            name = None
        node = graph.nodes.get(name) if name is not None else None
        found = next((flow for flow in node.flows if flow.flow.default), None) if node is not None else None
        if found is None and name is not None and (name.catalog, name.schema) == _default(graph):
            found = by_name.get(name.table)  # the platform's form: catalog.schema.flow
    if found is None:
        known = [flow_name(graph, flow) for flow in _flows(graph) if has_checkpoint(flow)]
        raise UsageProblem(
            "LDP-1007", f'unknown flow "{text}"', hint=did_you_mean(text, known) or f"flows: {', '.join(known)}"
        )
    if not has_checkpoint(found):
        raise UsageProblem("LDP-1007", f'flow "{text}" has no checkpoint to reset: it is not a streaming flow')
    return found


def flow_name(graph: Graph, flow: FlowNode) -> str:
    """The name under which a flow is shown; the default flow of a table has the table's."""
    return graph.shown(flow.flow.target) if flow.flow.default else flow.flow.name


def _default(graph: Graph) -> tuple[str, str]:
    return graph.namespace.catalog.lower(), graph.namespace.schema.lower()


def _flows(graph: Graph) -> Iterator[FlowNode]:
    for node in graph.nodes.values():
        if node.kind.stored:
            yield from node.flows
    yield from graph.sink_flows


def has_checkpoint(flow: FlowNode) -> bool:
    """Whether the flow is a streaming query."""
    return bool(flow.streaming) and not flow.flow.once


def _check_resets(graph: Graph, selection: Selection) -> None:
    missing: list[str] = []
    for flow in selection.resets:
        target = flow.flow.target
        if flow.flow.sink is not None:
            outside = not selection.everything and flow.flow.sink not in selection.sinks
            shown = flow.flow.sink
        else:
            outside = not selection.everything and target not in selection.refresh and target not in selection.full
            shown = graph.shown(target)
        if outside:
            missing.append(shown)
        elif flow.flow.sink is None and target in selection.full:
            raise UsageProblem(
                "LDP-1008",
                f'--reset-checkpoint names a flow of "{shown}", which is fully refreshed',
                hint="a full refresh resets its checkpoints, too",
            )
    if missing:
        names = list(dict.fromkeys(missing))
        told = ", ".join(f'"{name}"' for name in names)
        flows, verb = ("a flow", "is") if len(names) == 1 else ("flows", "are")
        raise UsageProblem(
            "LDP-1008",
            f"--reset-checkpoint names {flows} of {told}, which {verb} not refreshed",
            hint=f"add --refresh {','.join(names)}",
        )
