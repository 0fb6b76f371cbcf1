"""What every display is: HTML for notebooks, text for terminals, never an exception."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ldp_jupyter.display.palette import TERMINAL

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.display.words import Word

NOTEBOOK_WIDTH = 140


class Display(ABC):
    """Shows itself in a notebook (`_repr_mimebundle_`), in a terminal (`text`) and in a Python prompt (`repr`)."""

    @abstractmethod
    def html(self) -> Markup:
        """HTML that an untrusted notebook keeps."""

    @abstractmethod
    def renderable(self) -> RenderableType:
        """The same for rich."""

    def text(self, color: bool = False, width: int | None = None) -> str:
        """The same for a terminal.

        Parameters:
            color: whether to colour it by terminal escapes.
            width: columns there are; None for the width used in saved notebooks.
        """
        return render(self.renderable(), color=color, width=width)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Both forms; what fails to draw is told in a sentence and leaves the other form alone."""
        bundle: dict[str, str] = {"text/plain": repr(self)}
        try:
            bundle["text/html"] = str(self.html())
        except Exception as error:
            bundle["text/plain"] += f"\n(no HTML: {type(error).__name__}: {error})"
        if include:
            bundle = {k: v for k, v in bundle.items() if k in include}
        if exclude:
            bundle = {k: v for k, v in bundle.items() if k not in exclude}
        return bundle

    def __repr__(self) -> str:
        try:
            return self.text()
        except Exception as error:
            return f"<{type(self).__name__}: cannot be shown, {type(error).__name__}: {error}>"


def render(renderable: RenderableType, *, color: bool = False, width: int | None = None) -> str:
    """What rich makes of it, trailing blanks removed."""
    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        width=width or NOTEBOOK_WIDTH,
        force_terminal=color,
        force_jupyter=False,
        no_color=not color,
        color_system="standard" if color else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    console.print(renderable)
    written: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.rstrip("\n").splitlines())


def said(word: Word | None, text: str | None = None) -> Text:
    """Icon and word, coloured where colours are on."""
    from rich.text import Text

    return Text().append(f"{word.icon} {text or word.word}", style=TERMINAL[word.tone]) if word else Text()


def dim(text: str) -> Text:
    """Text that steps back."""
    from rich.text import Text

    return Text().append(text, style="bright_black")


def plain(value: object) -> Text:
    """Text as it is: rich reads no markup in it."""
    from rich.text import Text

    return Text("" if value is None else str(value))


def grid(
    headers: list[str],
    rows: list[list[Any]],
    right: tuple[int, ...] = (),
    title: str | None = None,
    whole: tuple[int, ...] = (),
) -> RenderableType:
    """A table for terminals.

    Parameters:
        headers: texts of the header row.
        rows: cells; anything but rich's Text is shown as plain text.
        right: positions of the columns with numbers.
        title: a line above it.
        whole: positions of other columns that are never broken.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        title=plain(title) if title else None,
        title_justify="left",
        title_style="bold",
    )
    for position, header in enumerate(headers):
        table.add_column(
            plain(header),
            justify="right" if position in right else "left",
            no_wrap=position in right or position in whole,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*[cell if isinstance(cell, Text) else plain(cell) for cell in row])
    return table
