"""Rows of a query, for a notebook, a terminal, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.graph.model import Column

LIMIT = 100
# A value longer than this is cut where a person reads it; CSV and JSON have it whole.
_LONG = 300
_WRAPPED = 60
_DONE = "Done."
# Beyond this, readers of JSON that know only doubles lose digits of a whole number.
_EXACT = 2**53
_NUMERIC = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal")


class DataView(Display):
    """Columns and rows.

    Parameters:
        columns: names with types as Spark's simple strings.
        rows: tuples (or Spark rows), all that there are at hand.
        total: how many rows the query has, where it is known.
        limit: how many are shown at most.
        more: whether there are more rows than those at hand, when `total` is unknown.
        title: a line above, e.g. the table's name.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        rows: Iterable[Sequence[Any]],
        *,
        total: int | None = None,
        limit: int = LIMIT,
        more: bool = False,
        title: str = "",
    ) -> None:
        self.columns = list(columns)
        self.rows = [tuple(row) for row in rows]
        self.total = total
        self.limit = limit
        self.more = more
        self.title = title

    @property
    def caption(self) -> str:
        """``first 100 of 976 rows``, ``12 rows``."""
        shown = min(len(self.rows), self.limit)
        total = self.total if self.total is not None else None if self.more else len(self.rows)
        if total is None:
            return f"first {words.counted(shown, 'row')}, there are more"
        return f"first {shown:,} of {words.counted(total, 'row')}" if shown < total else words.counted(total, "row")

    def html(self) -> Markup:
        if not self.columns:  # a statement, which gives no rows
            return html.box(html.muted(_DONE))
        small = "opacity:0.75;font-weight:400;font-size:11px;"
        headers = [html.join([c.name, html.Markup("<br>"), html.tag("span", c.type, small)]) for c in self.columns]
        rows = [
            [html.tag("i", "NULL", "opacity:0.6;") if value is None else _shown(value) for value in row]
            for row in self.rows[: self.limit]
        ]
        head = html.header(self.title) if self.title else ""
        return html.box(
            head,
            html.table(headers, rows, self._numeric(), wrap=self._long()),
            html.tag("div", html.muted(self.caption)),
        )

    def renderable(self) -> RenderableType:
        from rich.console import Group

        if not self.columns:
            return dim(_DONE)
        headers = [f"{c.name}\n{c.type}" for c in self.columns]
        rows = [[dim("NULL") if value is None else _shown(value) for value in row] for row in self.rows[: self.limit]]
        return Group(grid(headers, rows, self._numeric(), self.title or None), dim(self.caption))

    def _long(self) -> tuple[int, ...]:
        shown = self.rows[: self.limit]
        return tuple(i for i in range(len(self.columns)) if any(len(cell_text(row[i])) > _WRAPPED for row in shown))

    def _numeric(self) -> tuple[int, ...]:
        return tuple(i for i, c in enumerate(self.columns) if c.type.startswith(_NUMERIC))

    def to_json(self) -> list[dict[str, Any]]:
        """Rows as objects of plain values; every row at hand, not only those shown."""
        names: list[str] = []
        for column in self.columns:  # a query may give two columns the same name
            taken = sum(c.name == column.name for c in self.columns[: len(names)])
            names.append(f"{column.name}_{taken + 1}" if taken else column.name)
        return [dict(zip(names, (json_value(v) for v in row), strict=True)) for row in self.rows]

    def to_csv(self) -> str:
        """All rows at hand with a header; NULL is empty, nested values are JSON."""
        target = io.StringIO()
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow([c.name for c in self.columns])
        writer.writerows(["" if v is None else cell_text(v) for v in row] for row in self.rows)
        return target.getvalue()


def json_value(value: Any) -> Any:
    """A value as JSON can hold it: structs as objects, exact decimals as numbers, times in ISO form."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return "0x" + bytes(value).hex()
    if hasattr(value, "asDict"):
        return {str(k): json_value(v) for k, v in value.asDict().items()}
    if isinstance(value, dict):
        return {k if isinstance(k, str) else cell_text(k): json_value(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [json_value(v) for v in value]
    return str(value)


def _decimal(value: Decimal) -> int | float | str:
    """A number where JSON's readers keep it exact, else text."""
    if value.is_finite():
        if value == value.to_integral_value() and abs(value) < _EXACT:
            return int(value)
        if Decimal(repr(float(value))) == value:
            return float(value)
    return str(value)


def cell_text(value: Any) -> str:
    """A value as text: as Spark SQL prints it, nested values as JSON."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal):
        return format(value, "f")
    if hasattr(value, "asDict") or isinstance(value, (dict, list, tuple, set)):
        return json.dumps(json_value(value), ensure_ascii=False)
    plain = json_value(value)
    return plain if isinstance(plain, str) else str(plain)


def _shown(value: Any) -> str:
    text = cell_text(value)
    return text if len(text) <= _LONG else text[:_LONG] + "…"
