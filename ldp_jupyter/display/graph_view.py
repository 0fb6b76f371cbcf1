"""The graph of a pipeline, with or without the states of an update."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, plain, render, said
from ldp_jupyter.display.graph_items import Item, graph_edges, graph_items
from ldp_jupyter.display.svg import draw
from ldp_jupyter.names import Name

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from ldp_jupyter.declarations import Dataset, Sink
    from ldp_jupyter.display.graph_items import ItemKey
    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph.model import Graph

# More datasets than this are counted by state in a picture's description instead of being named.
_NAMED = 40
# More datasets than this are not drawn into a notebook, whose file would grow by a megabyte with each picture.
_DRAWN = 400
# A tree deeper than this is told as a list.
_DEEP = 12
_LABEL = 48
_UNBROKEN = 2000


class GraphView(Display):
    """The graph: picture and table in a notebook, a tree in a terminal.

    Parameters:
        graph: the pipeline.
        update: an update whose states are shown on it.
        where: what runs where, e.g. ``dev · local .ldp``.
    """

    def __init__(self, graph: Graph, update: UpdateView | None = None, where: str = "") -> None:
        self.graph = graph
        self.update = update
        self.where = where

    def html(self) -> Markup:
        items = graph_items(self.graph, self.update)
        return html.box(self._header(items), self.picture(), html.details("Datasets as a table", self._table(items)))

    def picture(self) -> Markup:
        """The picture alone; a sentence in its place when there is too much to see anything."""
        count = len(self.graph.nodes)
        if count > _DRAWN:
            return html.tag(
                "div", html.muted(f"{words.counted(count, 'dataset')}: too many for a picture in a notebook.")
            )
        drawn = draw(self.graph, self.update)
        return html.image(drawn.svg, self.alt(), drawn.width, drawn.height)

    def alt(self) -> str:
        """The picture in words."""
        items = [i for i in graph_items(self.graph, self.update) if i.dataset]
        start = f"Graph of pipeline {self.graph.pipeline}, {words.counted(len(items), 'dataset')}"
        if len(items) > _NAMED:
            states = Counter(i.word.word.lower() if i.word else i.kind_text for i in items)
            return f"{start}: {', '.join(f'{n:,} {state}' for state, n in states.items())}."
        told = "; ".join(_told(i) for i in items)
        return f"{start}: {told}." if told else f"{start}."

    def renderable(self) -> RenderableType:
        from rich.console import Group

        items = graph_items(self.graph, self.update)
        return Group(self._heading(items), self._drawing(items))

    def text(self, color: bool = False, width: int | None = None) -> str:
        """The tree; lines longer than `width` are left to the terminal, since a broken tree cannot be read."""
        return render(self.renderable(), color=color, width=max(width or 0, _UNBROKEN))

    def _facts(self, items: list[Item]) -> list[str]:
        return [self.where, words.counted(sum(i.dataset for i in items), "dataset")]

    def _header(self, items: list[Item]) -> Markup:
        return html.header(
            self.graph.pipeline, *self._facts(items), word=words.state_word(self.update.state) if self.update else None
        )

    def _heading(self, items: list[Item]) -> RenderableType:
        from rich.text import Text

        line = Text().append(self.graph.pipeline, style="bold")
        line.append("".join(f" · {fact}" for fact in self._facts(items) if fact))
        if self.update:
            line.append(" · ").append(said(words.state_word(self.update.state)))
        return line

    def _table(self, items: list[Item]) -> Markup:
        headers = ["Name", "Type", "Status", "Rows", "Expectations", "Inputs", "Declared at"]
        inputs = self._inputs()
        rows = []
        for item in items:
            if item.dataset or item.kind == "sink":
                reads = ", ".join(inputs.get(item.key, ()))
                told = [item.kind_text, html.pill(item.word), item.rows, rules_text(item), reads, self._place(item)]
                rows.append([html.code(item.label), *told])
        return html.table(headers, rows, wrap=[5])

    def _place(self, item: Item) -> str:
        """Where it is declared."""
        declared: Dataset | Sink | None = self.graph.sinks.get(item.label)
        if isinstance(item.key, Name):
            declared = self.graph.nodes[item.key].dataset
        return str(declared.location) if declared and declared.location else ""

    def _inputs(self) -> dict[ItemKey, list[str]]:
        """For each item the names of what it reads."""
        inputs: dict[ItemKey, list[str]] = {}
        for source, target in graph_edges(self.graph):
            inputs.setdefault(target, []).append(self._label(source))
        return inputs

    def _drawing(self, items: list[Item]) -> RenderableType:
        """A tree: each item under its deepest input, the other inputs named beside it."""
        from rich.text import Text

        parents, depth = _tree(items, graph_edges(self.graph))
        inputs = self._inputs()
        deep = max(depth.values(), default=0) > _DEEP
        rows = []
        for item, prefix in [(i, "") for i in items] if deep else _branches(items, parents):
            reads = inputs.get(item.key, [])
            rest = reads if deep else [i for i in reads if i != self._label(parents.get(item.key))]
            note = f"{'reads' if deep else 'also reads'} {', '.join(rest)}" if rest else ""
            label = plain(prefix).append(item.label, style="bold" if item.dataset else "")
            label.truncate(_LABEL, overflow="ellipsis")
            facts = plain(", ".join(item.facts))
            rows.append([label, dim(item.kind_text), said(item.word), facts, plain(rules_text(item)), dim(note)])
        widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
        return Text("\n").join(_aligned(row, widths) for row in rows)

    def _label(self, key: ItemKey | None) -> str:
        if key is None:
            return ""
        return key[1] if isinstance(key, tuple) else self.graph.shown(key)


def rules_text(item: Item) -> str:
    """``✓ 976 ✗ 24``, or how many rules there are when none was counted."""
    if item.passed is not None and item.failed is not None:
        return f"✓ {item.passed:,} ✗ {item.failed:,}"
    told = any("expectation" in fact for fact in item.facts)
    return words.counted(item.rules, "expectation") if item.rules and not told else ""


def _told(item: Item) -> str:
    parts = [f"{item.label} ({item.kind_text})"]
    if item.word:
        parts.append(item.word.word.lower())
    parts += item.facts
    if item.failed:
        parts.append(f"{item.failed:,} failed expectations")
    return ", ".join(parts)


def _tree(items: list[Item], edges: list[tuple[ItemKey, ItemKey]]) -> tuple[dict[ItemKey, ItemKey], dict[ItemKey, int]]:
    """For each item the input under which it is shown, and how deep it stands; items in a circle stand at the top."""
    order = {item.key: i for i, item in enumerate(items)}
    before: dict[ItemKey, list[ItemKey]] = {k: [] for k in order}
    after: dict[ItemKey, list[ItemKey]] = {k: [] for k in order}
    for a, b in edges:
        if a in order and b in order and a != b:
            before[b].append(a)
            after[a].append(b)
    missing = {k: len(v) for k, v in before.items()}
    ready = [k for k in order if not missing[k]]
    parents: dict[ItemKey, ItemKey] = {}
    depth: dict[ItemKey, int] = {}
    for key in ready:
        if before[key]:
            parents[key] = max(before[key], key=lambda k: (depth[k], -order[k]))
        depth[key] = depth[parents[key]] + 1 if key in parents else 0
        for other in after[key]:
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    return parents, depth


def _aligned(cells: list[Text], widths: list[int]) -> Text:
    """Cells as one line, those of columns without any content left out."""
    from rich.text import Text

    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        if width:
            line.append(cell).append(" " * (width - cell.cell_len + 2))
    return line


def _branches(items: list[Item], parents: dict[ItemKey, ItemKey]) -> list[tuple[Item, str]]:
    """Items in the order of a drawn tree, each with the lines before its name."""
    children: dict[ItemKey | None, list[Item]] = {}
    for item in items:
        children.setdefault(parents.get(item.key), []).append(item)
    made: list[tuple[Item, str]] = []
    waiting = [(item, "", "") for item in reversed(children.get(None, []))]
    while waiting:
        item, prefix, below = waiting.pop()
        made.append((item, prefix))
        inner = children.get(item.key, [])
        for i, child in reversed(list(enumerate(inner))):
            last = i == len(inner) - 1
            waiting.append((child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")))
    return made
