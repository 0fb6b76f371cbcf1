"""What is seen while an update runs: subscribers of its events, on the thread of the caller, none of their own."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, plain, render, said
from ldp_jupyter.display.graph_view import GraphView
from ldp_jupyter.display.palette import TERMINAL
from ldp_jupyter.display.update_view import UpdateReport, totals
from ldp_jupyter.events import FlowStatus, Level, UpdateView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType
    from rich.text import Text

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.events import DatasetView, Event
    from ldp_jupyter.graph.model import Graph

# Seconds between two redraws, and how much of the time drawing may take at most (one part in so many).
_PAUSE = 0.2
_SHARE = 5
# A larger graph is not drawn while it runs: its flows at work are listed.
_DRAWN = 60
_LISTED = 12
_QUIET = (FlowStatus.QUEUED.value, FlowStatus.STARTING.value, FlowStatus.PLANNING.value, FlowStatus.EXCLUDED.value)
_WORKING = (FlowStatus.STARTING.value, FlowStatus.PLANNING.value, FlowStatus.RUNNING.value)
_ENDED = (
    FlowStatus.COMPLETED.value,
    FlowStatus.FAILED.value,
    FlowStatus.SKIPPED.value,
    FlowStatus.STOPPED.value,
    FlowStatus.EXCLUDED.value,
)


class LiveView(Display):
    """An update under way, compact.

    Parameters:
        graph: the pipeline; None while it is not resolved.
        update: the fold of the events so far.
        where: what runs where, e.g. ``dev · local .ldp``.
    """

    def __init__(self, graph: Graph | None, update: UpdateView, where: str = "") -> None:
        self.graph = graph
        self.update = update
        self.where = where

    def html(self) -> Markup:
        done, count = self._progress()
        bar = (
            html.join([html.bar(done, count), html.muted(f"{done:,} of {count:,}")], html.Markup("&ensp;"))
            if count
            else ""
        )
        head = html.header(
            self._pipeline(), self.where, self._id(), totals(self.update), word=words.state_word(self.update.state)
        )
        if self.graph and len(self.graph.nodes) <= _DRAWN:
            body = GraphView(self.graph, self.update).picture()
        else:
            rows = [
                [html.code(v.name), html.pill(words.status_word(v.status)), words.rows_of(v)]
                for v in self._worth_telling()
            ]
            body = html.table(["Name", "Status", "Rows"], rows) if rows else html.Markup("")
        return html.box(head, bar, body, *(html.pre(e, words.WRONG) for e in self.update.errors))

    def renderable(self) -> RenderableType:
        from rich.console import Group

        done, count = self._progress()
        head = said(words.state_word(self.update.state))
        head.append(
            " · ".join(["", *(t for t in (self._pipeline(), self.where, self._id(), f"{done:,} of {count:,}") if t)])
        )
        lines = [
            said(words.status_word(v.status)).append(f"  {v.name}  {words.rows_of(v)}") for v in self._worth_telling()
        ]
        return Group(head, *lines)

    def _pipeline(self) -> str:
        return self.update.pipeline or (self.graph.pipeline if self.graph else "pipeline")

    def _id(self) -> str:
        return f"update {self.update.update_id[:6]}" if self.update.update_id else ""

    def _progress(self) -> tuple[int, int]:
        views = [v for v in self.update.datasets.values() if v.flows]
        return sum(v.status in _ENDED for v in views), len(views)

    def _worth_telling(self) -> list[DatasetView]:
        views = list(self.update.datasets.values())
        failed = [v for v in views if v.status == FlowStatus.FAILED.value]
        return (failed + [v for v in views if v.status in _WORKING])[:_LISTED]


class NotebookProgress:
    """Shows an update under the cell: one output that is redrawn a few times a second and ends as a static report.

    The saved notebook holds the last redraw, so the report must be it: `finish` draws it again with the errors whole.

    Parameters:
        graph: the pipeline; may be set later.
        where: what runs where, e.g. ``dev · local .ldp``.
        show: gets the first drawing and returns something with ``update(drawing)``; IPython's display unless given.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        graph: Graph | None = None,
        where: str = "",
        *,
        show: Callable[[Any], Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.graph = graph
        self.where = where
        self.update = UpdateView()
        self._show = show or _display
        self._clock = clock
        self._handle: Any = None
        self._next = float("-inf")
        self._broken = False

    def __call__(self, event: Event) -> None:
        self.update.apply(event)
        if self.update.state is not None and self.update.state.final:
            self._draw(UpdateReport(self.graph, self.update, (), self.where))
        elif self._clock() >= self._next:
            self._draw(LiveView(self.graph, self.update, self.where))

    def finish(self, problems: Sequence[LdpError] = ()) -> None:
        """Leave the final report in the output, also when no final event came."""
        self._draw(UpdateReport(self.graph, self.update, problems, self.where))

    def _draw(self, drawing: Display) -> None:
        """Redraw; a display that fails is given up, the update goes on."""
        if self._broken:
            return
        started = self._clock()
        try:
            if self._handle is None:
                self._handle = self._show(drawing)
            else:
                self._handle.update(drawing)
        except Exception:
            self._broken = True
        ended = self._clock()
        self._next = ended + max(_PAUSE, _SHARE * (ended - started))


def _display(drawing: Any) -> Any:
    from IPython.display import display

    return display(drawing, display_id=True)


class TerminalProgress:
    """Writes one line for each change of a flow's state, and a summary at the end.

    Parameters:
        stream: where to; standard error unless given.
        where: what runs where, e.g. ``dev · local .ldp``.
        color: whether to colour; by default where the stream is a terminal.
        every_state: whether to tell the states before a flow runs, too.
    """

    def __init__(
        self, stream: TextIO | None = None, where: str = "", *, color: bool | None = None, every_state: bool = False
    ) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.where = where
        self.update = UpdateView()
        self.color = self.stream.isatty() if color is None else color
        self.every_state = every_state
        self._told: dict[tuple[str, str], str] = {}
        self._width = 16

    def __call__(self, event: Event) -> None:
        self.update.apply(event)
        if event.event_type == "create_update":
            facts = [
                self.update.pipeline,
                f"update {self.update.update_id[:6]}",
                self.where,
                "full refresh" if self.update.full_refresh else "",
            ]
            self._write(event, " · ".join(f for f in facts if f))
        elif event.event_type == "dataset_definition":
            self._width = min(max(self._width, len(event.origin.get("dataset_name", ""))), 40)
        elif event.event_type == "flow_progress":
            self._flow(event)
        elif event.event_type == "update_progress":
            if self.update.state is not None and self.update.state.final:
                self._summary(event)
        elif event.level in (Level.WARN, Level.ERROR):
            self._write(event, f"{words.LEVEL[event.level.value].icon} {event.message}")

    def _flow(self, event: Event) -> None:
        dataset, name = event.origin["dataset_name"], event.origin["flow_name"]
        view = self.update.datasets[dataset]
        flow = view.flows[name]
        status = flow.status.value
        if event.level == Level.WARN and flow.status == FlowStatus.QUEUED:  # it failed and is tried again
            self._told.pop((dataset, name), None)
            self._write(event, f"{words.LEVEL['WARN'].icon} {event.message.splitlines()[0]}")
            return
        if self._told.get((dataset, name)) == status or (status in _QUIET and not self.every_state):
            return
        self._told[dataset, name] = status
        shown = dataset if len(view.flows) == 1 else f"{dataset} ({name.rsplit('.', 1)[-1]})"
        ended = flow.status.final
        facts = [
            words.rows_of(flow) if ended else "",
            words.refresh_word(view.refresh) if ended and view.kind == "materialized_view" else "",
            words.duration(flow.seconds) if ended else "",
        ]
        word = words.STATUS[status]
        line = plain(shown.ljust(self._width) + "  ")
        line.append(f"{word.icon} {status:<9}", style=TERMINAL[word.tone])
        line.append("  ".join(["", *(f for f in facts if f)]))
        self._write(event, line)
        if flow.error and flow.status == FlowStatus.FAILED:
            self._write(event, plain("  ").append(flow.error.splitlines()[0], style="red"))

    def _summary(self, event: Event) -> None:
        state = self.update.state
        if state is None:
            return
        rules = [r for d in self.update.datasets.values() for r in d.expectations.values() if r.failed]
        facts = [
            totals(self.update),
            f"{words.counted(len(rules), 'expectation')} violated" if rules else "",
            words.duration(self.update.seconds),
        ]
        head = plain(f"{self.update.pipeline} · update {self.update.update_id[:6]}  ")
        word = words.state_word(state)
        head.append(f"{word.icon} {state.value}", style=TERMINAL[word.tone])
        self._write(event, head.append("  ".join(["", *(f for f in facts if f)])))

    def _write(self, event: Event, line: str | Text) -> None:
        whole = dim(words.clock(event.timestamp)).append("  ").append(line)
        self.stream.write(render(whole, color=self.color, width=100_000) + "\n")
        self.stream.flush()
