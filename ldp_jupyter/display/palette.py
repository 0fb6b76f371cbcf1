"""Colours. Every use of one stands beside an icon and a word."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ldp_jupyter.display import words

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Palette:
    """Colours of a picture, as CSS values.

    The text colours reach a contrast of 4.5 on `card`; `edge` reaches 3 on a white and on a black page, because a
    picture in a saved notebook does not know which of the two it lies on.
    """

    card: str
    line: str
    text: str
    muted: str
    edge: str
    source: str
    done: str
    active: str
    waiting: str
    wrong: str
    caution: str
    quiet: str

    def tone(self, name: str) -> str:
        """The colour of a `Word`'s tone."""
        return str(getattr(self, name))

    def items(self) -> Iterator[tuple[str, str]]:
        """Names and values."""
        return ((f.name, getattr(self, f.name)) for f in fields(self))


LIGHT = Palette(
    card="#ffffff",
    line="#c3cbd6",
    text="#1b2430",
    muted="#566070",
    edge="#7c8798",
    source="#eef1f5",
    done="#1a7232",
    active="#0b5cad",
    waiting="#566070",
    wrong="#b4232c",
    caution="#8a5300",
    quiet="#566070",
)
DARK = Palette(
    card="#1d2530",
    line="#46515f",
    text="#e8edf3",
    muted="#a6b1bf",
    edge="#8592a3",
    source="#2a3441",
    done="#5cc977",
    active="#6cb2f7",
    waiting="#a6b1bf",
    wrong="#ff8a85",
    caution="#eab04c",
    quiet="#a6b1bf",
)


def variables() -> Palette:
    """A palette of CSS variables, for drawings inside a page that sets them by theme."""
    return Palette(**{name: f"var(--ldp-{name})" for name, _ in LIGHT.items()})


def declarations(palette: Palette) -> str:
    """CSS that gives `variables` their values."""
    return "".join(f"--ldp-{name}:{value};" for name, value in palette.items())


# Background and text of a pill: it carries both, so it reads on a page of any colour.
PILL: dict[str, tuple[str, str]] = {
    words.DONE: ("#d9f2e0", "#14592a"),
    words.ACTIVE: ("#d8e9fb", "#0a4784"),
    words.WAITING: ("#e6eaf0", "#3f4a58"),
    words.WRONG: ("#fbdcdc", "#8f1620"),
    words.CAUTION: ("#fbe9c8", "#6b4000"),
    words.QUIET: ("#e6eaf0", "#3f4a58"),
}

# Colours of bars and edges: a contrast of 3 on light and on dark pages.
STRONG: dict[str, str] = {
    words.DONE: "#2c9a4b",
    words.ACTIVE: "#2f81d6",
    words.WAITING: "#7c8798",
    words.WRONG: "#dc3f46",
    words.CAUTION: "#bf7a0a",
    words.QUIET: "#7c8798",
}

# Names that rich knows, for terminals.
TERMINAL: dict[str, str] = {
    words.DONE: "green",
    words.ACTIVE: "blue",
    words.WAITING: "bright_black",
    words.WRONG: "bold red",
    words.CAUTION: "yellow",
    words.QUIET: "bright_black",
}
