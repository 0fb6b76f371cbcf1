"""An update as a whole: what ran, what it did, what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, said
from ldp_jupyter.display.expectations_view import ExpectationsView
from ldp_jupyter.display.graph_view import GraphView
from ldp_jupyter.display.problems_view import problem_blocks, problem_text, warning_lines, warning_texts
from ldp_jupyter.display.tables_view import TablesView
from ldp_jupyter.errors import sort_problems
from ldp_jupyter.events import FlowStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph.model import Graph


class UpdateReport(Display):
    """Header, graph, tables, expectations and errors of one update.

    Parameters:
        graph: the pipeline; None when it could not be resolved.
        update: the fold of the update's events.
        problems: errors, whole; without them the messages of the events are shown.
        where: what runs where, e.g. ``dev · local .ldp``.
    """

    def __init__(
        self, graph: Graph | None, update: UpdateView, problems: Sequence[LdpError] = (), where: str = ""
    ) -> None:
        self.graph = graph
        self.update = update
        self.problems = list(problems)
        self.where = where

    def facts(self) -> list[str]:
        """What the header says besides name and state."""
        update = self.update
        return [
            self.where,
            f"update {update.update_id[:6]}" if update.update_id else "",
            words.duration(update.seconds),
            "full refresh" if update.full_refresh else "",
            totals(update),
        ]

    def html(self) -> Markup:
        expectations = ExpectationsView(self.update)
        return html.box(
            html.header(self._pipeline(), *self.facts(), word=words.state_word(self.update.state)),
            self._errors(),
            warning_lines(self.graph.warnings) if self.graph else "",
            GraphView(self.graph, self.update).picture() if self.graph else "",
            html.section("Tables", TablesView(self.update).html()) if self.update.datasets else "",
            html.tag("div", html.muted(inactive_line(self.update)), "margin:4px 0;") if self.update.inactive else "",
            html.section("Expectations", expectations.html()) if expectations.rules else "",
        )

    def renderable(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        head = (
            Text().append(self._pipeline(), style="bold").append(" ").append(said(words.state_word(self.update.state)))
        )
        head.append(" · ".join(["", *(f for f in self.facts() if f)]))
        parts: list[RenderableType] = [head]
        if self.update.datasets:
            parts += [Text(""), TablesView(self.update).renderable()]
        if self.update.inactive:
            parts += [Text(""), dim(inactive_line(self.update))]
        expectations = ExpectationsView(self.update)
        if expectations.rules:
            parts += [Text(""), expectations.renderable()]
        for problem in sort_problems(self.problems):
            parts += [Text(""), problem_text(problem)]
        if not self.problems:
            parts += [Text(f"✗ {message}", style="red") for message in self.update.errors]
        if self.graph and self.graph.warnings:
            parts += [Text(""), *warning_texts(self.graph.warnings)]
        return Group(*parts)

    def _pipeline(self) -> str:
        return self.update.pipeline or (self.graph.pipeline if self.graph else "pipeline")

    def _errors(self) -> Markup:
        if self.problems:
            return problem_blocks(self.problems)
        return html.join(html.pre(message, words.WRONG) for message in self.update.errors)


def inactive_line(update: UpdateView) -> str:
    """Which datasets left the source."""
    return f"Inactive, not declared any more: {', '.join(update.inactive)}. Their tables stay as they are."


def totals(update: UpdateView) -> str:
    """``10 datasets, 1 sink, 6,492 rows, 24 dropped`` over all that an update refreshed and wrote."""
    views = [v for v in update.datasets.values() if v.flows and v.status != FlowStatus.EXCLUDED]
    sinks = sum(not v.kind for v in views)  # datasets alone have a kind

    def total(key: str) -> int | None:
        values = [getattr(v, key) for v in views if getattr(v, key) is not None]
        return sum(values) if values else None

    counts = [words.counted(n, word) for n, word in ((len(views) - sinks, "dataset"), (sinks, "sink")) if n]
    rows = words.rows_text(total("rows_written"), total("rows_upserted"), total("rows_deleted"), total("rows_dropped"))
    return ", ".join([*counts, rows] if rows else counts)
