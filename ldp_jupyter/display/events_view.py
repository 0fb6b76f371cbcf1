"""The event log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, grid, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.events import Event

_HEADERS = ["Time (UTC)", "Level", "Type", "Message"]


class EventsView(Display):
    """Events as rows.

    Parameters:
        events: those to show, in order.
        total: how many there are, when these are only some of them.
    """

    def __init__(self, events: Sequence[Event], total: int | None = None) -> None:
        self.events = list(events)
        self.total = total

    def html(self) -> Markup:
        rows = [
            [words.utc(e.timestamp), self._level(e.level.value), html.code(e.event_type), e.message]
            for e in self.events
        ]
        return html.box(html.table(_HEADERS, rows, wrap=[3]), html.muted(self._caption()))

    def renderable(self) -> RenderableType:
        from rich.console import Group

        rows = [
            [dim(words.utc(e.timestamp)), said(words.LEVEL[e.level.value]), e.event_type, e.message]
            for e in self.events
        ]
        return Group(grid(_HEADERS, list(rows)), dim(self._caption()))

    def _level(self, level: str) -> Markup:
        word = words.LEVEL[level]
        return html.muted(word.word) if word.tone == words.QUIET else html.pill(word)

    def _caption(self) -> str:
        if self.total is not None and self.total > len(self.events):
            return f"{len(self.events):,} of {words.counted(self.total, 'event')}"
        return words.counted(len(self.events), "event")
