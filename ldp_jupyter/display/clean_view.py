"""What is going to be deleted, or was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, grid, plain
from ldp_jupyter.display.problems_view import remark, remark_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.engine.cleaning import Cleaning

_HEADERS = ["Name", "What", "Rows", "Where"]


class CleanView(Display):
    """One row for each thing.

    Parameters:
        cleaning: what goes, or is gone.
        where: what runs where, e.g. ``dev · local .ldp``.
    """

    def __init__(self, cleaning: Cleaning, where: str = "") -> None:
        self.cleaning = cleaning
        self.where = where

    def html(self) -> Markup:
        head = html.header(self.cleaning.pipeline, self._said(), self.where)
        warnings = html.join([remark("Warning", text) for text in self.cleaning.warnings])
        table = html.table(_HEADERS, self._rows(), [2], wrap=[3]) if self.cleaning.items else ""
        return html.box(head, table, warnings)

    def renderable(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        head = plain(" · ".join(t for t in (self.cleaning.pipeline, self._said(), self.where) if t))
        parts: list[RenderableType] = [head]
        if self.cleaning.items:
            parts += [Text(""), grid(_HEADERS, self._rows(), right=(2,))]
        parts += [remark_text("Warning", text) for text in self.cleaning.warnings]
        return Group(*parts)

    def _said(self) -> str:
        if not self.cleaning.items:
            return "nothing to delete"
        return "deleted" if self.cleaning.deleted else "this would be deleted"

    def _rows(self) -> list[list[str]]:
        return [
            [item.name, item.kind.replace("_", " "), words.number(item.rows), str(item.paths[0])]
            for item in self.cleaning.items
        ]
