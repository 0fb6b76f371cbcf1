"""The card shown after a cell that declares datasets: what was understood, never the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Dataset
from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, plain, said
from ldp_jupyter.display.problems_view import problem_blocks, problem_text, remark, remark_text
from ldp_jupyter.errors import sort_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from ldp_jupyter.declarations import Flow, Note, Sink
    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.display.words import Word
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.graph.model import Node
    from ldp_jupyter.names import Namespace

_COLUMNS = 12


class CellCard(Display):
    """What a cell declared.

    Parameters:
        datasets: resolved nodes, or datasets as declared where nothing was resolved.
        namespace: default catalog and schema, by which names are shortened.
        flows: flows into tables that other cells or files declare.
        sinks: sinks declared.
        captured: variables of the notebook that the code uses: they do not exist on the platform.
        notes: warnings and what is not checked.
        problems: errors found.
        advice: a closing line, e.g. how to save the cell before deploying.
    """

    def __init__(
        self,
        datasets: Sequence[Node | Dataset],
        namespace: Namespace,
        *,
        flows: Sequence[Flow] = (),
        sinks: Sequence[Sink] = (),
        captured: Sequence[str] = (),
        notes: Sequence[Note] = (),
        problems: Sequence[LdpError] = (),
        advice: str = "",
    ) -> None:
        self.datasets = list(datasets)
        self.namespace = namespace
        self.flows = list(flows)
        self.sinks = list(sinks)
        self.captured = list(captured)
        self.notes = list(notes)
        self.problems = list(problems)
        self.advice = advice

    def html(self) -> Markup:
        parts = [self._dataset_html(d) for d in self.datasets]
        parts += [self._line_html(name, kind, facts) for name, kind, facts in self._others()]
        parts += [remark(label, text) for label, text in self._remarks()]
        parts.append(problem_blocks(self.problems))
        if self.advice:
            parts.append(html.tag("div", html.muted(self.advice), "margin-top:4px;"))
        style = "border-left:3px solid rgba(128,128,128,0.5);padding:2px 0 2px 10px;margin:2px 0;"
        return html.box(html.tag("div", html.join(parts), style))

    def renderable(self) -> RenderableType:
        from rich.console import Group
        from rich.padding import Padding

        lines: list[RenderableType] = []
        for declared in self.datasets:
            lines += self._title(*self._head(declared))
            lines += [Padding(dim(f"{key}: ").append(value), (0, 0, 0, 2)) for key, value in self._facts(declared)]
        for name, kind, facts in self._others():
            lines += self._title(name, kind, None)
            lines += [Padding(plain(facts), (0, 0, 0, 2))] if facts else []
        lines += [remark_text(label, text) for label, text in self._remarks()]
        lines += [problem_text(problem) for problem in sort_problems(self.problems)]
        if self.advice:
            lines.append(dim(self.advice))
        return Group(*lines)

    def _title(self, name: str, kind: str, word: Word | None) -> list[RenderableType]:
        line = plain("").append(name, style="bold").append("  ").append(dim(kind))
        return [line.append("  ").append(said(word)) if word else line]

    def _head(self, declared: Node | Dataset) -> tuple[str, str, Word | None]:
        if isinstance(declared, Dataset):
            return self.namespace.shown(declared.name), words.kind_word(declared.kind.value).word, None
        return self.namespace.shown(declared.name), words.kind_of(declared), words.INVALID if declared.problem else None

    def _facts(self, declared: Node | Dataset) -> list[tuple[str, str]]:
        dataset = declared if isinstance(declared, Dataset) else declared.dataset
        facts = []
        if not isinstance(declared, Dataset):
            inputs = [self.namespace.shown(i) for i in declared.inputs] + declared.external_inputs
            facts.append(("reads", ", ".join(inputs)))
            columns = [f"{c.name} {c.type}" for c in declared.columns or ()]
            more = f", and {len(columns) - _COLUMNS} more" if len(columns) > _COLUMNS else ""
            facts.append(("columns", ", ".join(columns[:_COLUMNS]) + more))
        facts += [(f"expect ({words.ACTION[e.action.value]})", f"{e.name}: {e.text}") for e in dataset.expectations]
        facts.append(("comment", dataset.comment or ""))
        return [(key, value) for key, value in facts if value]

    def _dataset_html(self, declared: Node | Dataset) -> Markup:
        name, kind, word = self._head(declared)
        cell = "text-align:left;vertical-align:top;"
        rows = []
        for key, value in self._facts(declared):
            cells = [
                html.tag("td", html.muted(key), f"{cell}padding:1px 12px 1px 0;white-space:nowrap;"),
                html.tag("td", value, f"{cell}padding:1px 0;"),
            ]
            rows.append(html.tag("tr", html.join(cells), "background-color:transparent;"))
        style = "font-size:12px;border-collapse:collapse;margin:0;"
        made = html.tag("table", html.tag("tbody", html.join(rows)), style) if rows else ""
        return html.join([self._line_html(name, kind, "", word), made])

    def _line_html(self, name: str, kind: str, facts: str, word: Word | None = None) -> Markup:
        parts = [html.tag("b", name), kind, html.pill(word), html.muted(facts) if facts else ""]
        return html.tag("div", html.join(parts, html.Markup("&ensp;")), "margin-top:3px;")

    def _others(self) -> Iterable[tuple[str, str, str]]:
        for flow in self.flows:
            target = flow.sink or self.namespace.shown(flow.target)
            yield flow.name, "flow", f"into {target}" + (", once" if flow.once else "")
        for sink in self.sinks:
            yield sink.name, "sink", f"format {sink.format}"

    def _remarks(self) -> list[tuple[str, str]]:
        remarks = [(words.NOTE.get(n.kind, "Warning"), str(n)) for n in self.notes]
        if self.captured:
            remarks.insert(0, ("Uses variables of this notebook", ", ".join(self.captured)))
        return remarks
