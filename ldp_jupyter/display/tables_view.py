"""All datasets of an update with what it did to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, grid, said
from ldp_jupyter.display.graph_items import expectation_counts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.events import DatasetView, UpdateView

_HEADERS = [
    "Name",
    "Type",
    "Status",
    "Refresh",
    "Written",
    "Upserted",
    "Deleted",
    "Dropped",
    "Expectations",
    "Duration",
]
# Terminals have less room: what was done to the rows is one column there.
_NARROW_HEADERS = ["Name", "Type", "Status", "Refresh", "Rows", "Expectations", "Duration"]
_NUMBERS = ("Written", "Upserted", "Deleted", "Dropped", "Duration")
# Columns that are left out when no dataset has anything in them.
_OPTIONAL = ("Refresh", "Rows", "Upserted", "Deleted", "Dropped", "Expectations")


class TablesView(Display):
    """One row for each dataset.

    Parameters:
        update: the update.
    """

    def __init__(self, update: UpdateView) -> None:
        self.update = update

    def html(self) -> Markup:
        if not self.update.datasets:
            return html.box(html.muted("No datasets."))

        def show(view: DatasetView) -> dict[str, Any]:
            row = _row(view)
            row["Name"] = html.code(row["Name"])
            if view.refresh:
                short = words.refresh_word(view.refresh, short=True)
                row["Refresh"] = html.tag("span", short, title=words.refresh_word(view.refresh))
            row["Status"] = html.pill(words.status_word(view.status))
            return row

        headers, rows, right = self._shape([show(v) for v in self.update.datasets.values()], _HEADERS)
        return html.box(html.table(headers, rows, right, wrap=[0]))

    def renderable(self) -> RenderableType:
        if not self.update.datasets:
            return dim("No datasets.")

        def show(view: DatasetView) -> dict[str, Any]:
            row = _row(view)
            row["Type"] = dim(row["Type"])
            row["Status"] = said(words.status_word(view.status))
            row["Refresh"] = words.refresh_word(view.refresh, short=True)
            row["Rows"] = words.rows_of(view)
            return row

        headers, rows, right = self._shape([show(v) for v in self.update.datasets.values()], _NARROW_HEADERS)
        return grid(headers, rows, right, whole=(1, 2))

    def _shape(
        self, rows: list[dict[str, Any]], all_headers: list[str]
    ) -> tuple[list[str], list[list[Any]], tuple[int, ...]]:
        headers = [h for h in all_headers if h not in _OPTIONAL or any(row[h] for row in rows)]
        numbers = tuple(i for i, h in enumerate(headers) if h in _NUMBERS)
        return headers, [[row[h] for h in headers] for row in rows], numbers


def _row(view: DatasetView) -> dict[str, Any]:
    counts = expectation_counts(view)
    rules = words.counted(len(view.expectations), "rule") if view.expectations else ""
    return {
        "Name": view.name,
        "Type": words.kind_word(view.kind or "sink").word,
        "Status": "",
        "Refresh": words.refresh_word(view.refresh),
        "Written": words.number(view.rows_written),
        "Upserted": words.number(view.rows_upserted),
        "Deleted": words.number(view.rows_deleted),
        "Dropped": words.number(view.rows_dropped if view.flows or counts else None),
        "Expectations": f"✓ {counts[0]:,} ✗ {counts[1]:,}" if counts else rules,
        "Duration": words.duration(view.seconds),
    }
