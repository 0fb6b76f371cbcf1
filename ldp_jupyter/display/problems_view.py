"""What a dry run found, and what it could not find out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, said
from ldp_jupyter.display.graph_view import GraphView
from ldp_jupyter.display.words import Word
from ldp_jupyter.errors import render_problem, sort_problems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from ldp_jupyter.declarations import Note
    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.engine.preview import PlanPreview
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.graph.model import Graph


_IN_ONE_LINE = 2
_PLACES = 3


class DryRunView(Display):
    """Result of a dry run: valid or every error at once, warnings, what was not checked, the graph.

    Parameters:
        graph: the resolved pipeline.
        where: what runs where, e.g. ``dev · local .ldp``.
        plan: what an update would do, where the pipeline is valid and there is something to compare with.
    """

    def __init__(self, graph: Graph, where: str = "", plan: PlanPreview | None = None) -> None:
        self.graph = graph
        self.where = where
        self.plan = plan

    def html(self) -> Markup:
        head = html.header(self.graph.pipeline, self._count(), self.where, word=self._word())
        closing = html.tag("div", html.muted(not_checked(self.graph)), "margin:6px 0;white-space:pre-line;")
        picture = GraphView(self.graph).picture() if self.graph.nodes else ""
        problems, warnings = problem_blocks(self.graph.problems), warning_lines(self.graph.warnings)
        planned = html.join([remark("Next update", line) for line in self._planned()])
        return html.box(head, problems, warnings, planned, closing, picture)

    def renderable(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        first = said(self._word()).append(f" · {self._count()}")
        facts = " · ".join(t for t in (self.graph.pipeline, self.where) if t)
        lines: list[RenderableType] = [first.append(f" · {facts}")]
        for problem in sort_problems(self.graph.problems):
            lines += [Text(""), problem_text(problem)]
        if self.graph.warnings:
            lines += [Text(""), *warning_texts(self.graph.warnings)]
        planned = [remark_text("Next update", line) for line in self._planned()]
        return Group(*lines, *([Text("")] if planned else []), *planned, Text(""), dim(not_checked(self.graph)))

    def _planned(self) -> list[str]:
        from ldp_jupyter.display.plan_view import noteworthy

        return noteworthy(self.plan) if self.plan else []

    def _word(self) -> Word:
        count = len(self.graph.problems)
        return Word("✗", words.counted(count, "error"), words.WRONG) if count else words.VALID

    def _count(self) -> str:
        return words.counted(len(self.graph.nodes), "dataset")


def not_checked(graph: Graph) -> str:
    """The closing words: what nobody here can tell; more than two things stand in lines of their own."""
    left = grouped(graph.not_checked)
    if graph.problems:
        left.append("what depends on the errors above")
    else:
        left += [f"columns of `{graph.shown(n.name)}`" for n in graph.nodes.values() if n.columns is None]
    if not left:
        return "Nothing left unchecked."
    if len(left) <= _IN_ONE_LINE:
        return f"Not checked here: {'; '.join(left)}."
    return "\n".join(["Not checked here:", *(f"  · {text}" for text in left)])


def grouped(notes: Iterable[Note]) -> list[str]:
    """Notes with one text told once, with their first places."""
    places: dict[str, list[str]] = {}
    for note in notes:
        found = places.setdefault(note.text, [])
        place = str(note.location) if note.location else ""
        if place and place not in found:
            found.append(place)
    return [text + _at(found) for text, found in places.items()]


def _at(places: list[str]) -> str:
    if not places:
        return ""
    more = len(places) - _PLACES
    return f" at {', '.join(places[:_PLACES])}" + (f" and {more} more" if more > 0 else "")


def warning_lines(notes: Iterable[Note]) -> Markup:
    """Notes for a notebook."""
    return html.join(remark(words.NOTE.get(n.kind, "Warning"), str(n)) for n in notes)


def remark(label: str, text: str) -> Markup:
    """A line that a reader should see, with what it is about in front."""
    shown = html.join([html.pill(Word("!", label, words.CAUTION)), text], html.Markup("&ensp;"))
    return html.tag("div", shown, "margin:3px 0;")


def warning_texts(notes: Iterable[Note]) -> list[RenderableType]:
    """Notes for a terminal."""
    return [remark_text(words.NOTE.get(n.kind, "Warning"), str(n)) for n in notes]


def remark_text(label: str, text: str) -> RenderableType:
    """The same as `remark` for a terminal."""
    from rich.text import Text

    return Text().append(f"! {label}: ", style="yellow").append(text)


def problem_blocks(problems: Iterable[LdpError]) -> Markup:
    """Errors for a notebook, sorted by place."""
    return html.join(html.pre(render_problem(p), words.WRONG) for p in sort_problems(problems))


def problem_text(problem: LdpError) -> RenderableType:
    """One error for a terminal: its sentence stands out."""
    from rich.text import Text

    first, _, rest = render_problem(problem).partition("\n")
    line = Text().append(f"✗ {first}", style="bold red")
    return line.append(f"\n{rest}") if rest else line
