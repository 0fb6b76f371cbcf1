"""What a graph shows: one item for each dataset, sink and outside source, with the state an update gave it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldp_jupyter.display import words
from ldp_jupyter.names import Name

if TYPE_CHECKING:
    from ldp_jupyter.display.words import Word
    from ldp_jupyter.events import DatasetView, UpdateView
    from ldp_jupyter.graph.model import Graph, Node

# A dataset's full name, or ("sink", name), or ("outside", text).
ItemKey = Name | tuple[str, str]

_STREAMS = {
    "kafka",
    "rate",
    "rate-micro-batch",
    "rate_micro_batch",
    "socket",
    "kinesis",
    "pulsar",
    "pubsub",
    "eventhubs",
    "google-pubsub",
    "aws-kinesis",
}
_PATH = re.compile(r"[/\\*]|^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass
class Item:
    """One node of the picture.

    Parameters:
        kind: key of `words.KIND`.
        kind_text: the kind in words.
        label: name as shown.
        title: full name and what else a pointer resting on it tells.
        dataset: whether it is a dataset; sinks and sources are drawn smaller.
        dashed: whether nothing is stored for it.
        rules: how many expectations it has.
        rows: what an update did, e.g. ``976 rows, 24 dropped``.
        facts: lines on rows, columns, rules.
        passed: records that met their expectations; None where none was counted.
    """

    key: ItemKey
    kind: str
    kind_text: str
    label: str
    title: str
    dataset: bool = True
    dashed: bool = False
    rules: int = 0
    word: Word | None = None
    seconds: str = ""
    refresh: str = ""
    rows: str = ""
    facts: list[str] = field(default_factory=list)
    passed: int | None = None
    failed: int | None = None


def view_of(graph: Graph, name: Name, update: UpdateView | None) -> DatasetView | None:
    """What the update says of a dataset; events bear its shortest form, or its full name."""
    if update is None:
        return None
    return update.datasets.get(graph.shown(name)) or update.datasets.get(str(name))


def outside_kind(source: str) -> str:
    """Whether an outside input is files (a path), a stream (a format) or a table (a name)."""
    if source.lower().split("(")[0].split(" ")[0].split(":")[0] in _STREAMS:
        return "stream"
    return "files" if _PATH.search(source) else "external table"


def short_path(path: str) -> str:
    """The end of a path, which tells most."""
    parts = [p for p in re.split(r"[/\\]", path) if p]
    return path if len(parts) < 2 else "…/" + parts[-1]


def expectation_counts(view: DatasetView | None) -> tuple[int, int] | None:
    """Passed and failed over all rules; None before anything was counted."""
    if view is None or not any(r.passed or r.failed for r in view.expectations.values()):
        return None
    return (sum(r.passed for r in view.expectations.values()), sum(r.failed for r in view.expectations.values()))


def graph_items(graph: Graph, update: UpdateView | None = None) -> list[Item]:
    """All items: outside sources, datasets in the graph's order, sinks."""
    outside = dict.fromkeys(s for node in graph.nodes.values() for s in node.external_inputs)
    outside.update(dict.fromkeys(s for flow in graph.sink_flows for s in flow.external_inputs))
    items = []
    for source in outside:
        kind = outside_kind(source)
        label = short_path(source) if kind == "files" else source
        items.append(Item(("outside", source), kind, words.kind_word(kind).word, label, source, dataset=False))
    items += [_dataset_item(graph, node, update) for node in graph.nodes.values()]
    sinks = dict.fromkeys([*graph.sinks, *(f.flow.sink for f in graph.sink_flows if f.flow.sink)])
    items += [_sink_item(graph, name, update) for name in sinks]
    return items


def graph_edges(graph: Graph) -> list[tuple[ItemKey, ItemKey]]:
    """Who is read by whom."""
    edges: list[tuple[ItemKey, ItemKey]] = []
    for node in graph.nodes.values():
        edges += [(("outside", s), node.name) for s in node.external_inputs]
        edges += [(i, node.name) for i in node.inputs]
    for flow in graph.sink_flows:
        if flow.flow.sink:
            edges += [(("outside", s), ("sink", flow.flow.sink)) for s in flow.external_inputs]
            edges += [(i, ("sink", flow.flow.sink)) for i in flow.inputs]
    return list(dict.fromkeys(edges))


def _dataset_item(graph: Graph, node: Node, update: UpdateView | None) -> Item:
    view = view_of(graph, node.name, update)
    shown = graph.shown(node.name)
    place = node.dataset.location
    title = "\n".join(
        t for t in (str(node.name), words.kind_of(node), node.dataset.comment or "", str(place) if place else "") if t
    )
    item = Item(
        node.name,
        node.kind.value,
        words.kind_of(node),
        shown,
        title,
        dashed=not node.kind.stored,
        rules=len(node.dataset.expectations),
    )
    if update is None:
        if node.problem is not None:
            item.word = words.INVALID
            item.title += f"\n{node.problem.code} {node.problem.message}"
        columns = words.counted(len(node.columns), "column") if node.columns is not None else ""
        rules = words.counted(len(node.dataset.expectations), "expectation") if node.dataset.expectations else ""
        item.facts = [f for f in (columns, rules) if f]
        return item
    item.word = words.status_word(view.status) if view else None
    item.seconds = words.duration(view.seconds) if view else ""
    item.refresh = words.refresh_word(view.refresh, short=True) if view else ""
    counts = expectation_counts(view)
    if counts is not None:
        item.passed, item.failed = counts
    if view is not None:
        item.rows = words.rows_of(view)
        item.facts = [item.rows] if item.rows else []
        item.title += f"\n{item.rows}" if item.rows else ""
    return item


def _sink_item(graph: Graph, name: str, update: UpdateView | None) -> Item:
    sink = graph.sinks.get(name)
    word = f"sink, {sink.format}" if sink else "sink"
    title = f"{name}\n{word}" + (f"\n{sink.location}" if sink and sink.location else "")
    item = Item(("sink", name), "sink", word, name, title, dataset=False)
    view = update.datasets.get(name) if update else None
    if view is not None:
        item.word = words.status_word(view.status)
        item.rows = words.rows_of(view)
        item.facts = [item.rows] if item.rows else []
        item.seconds = words.duration(view.seconds)
    return item
