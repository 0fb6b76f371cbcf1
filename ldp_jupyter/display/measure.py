"""How wide text is, without a font at hand: a little more than common sans-serif fonts need."""

from __future__ import annotations

import unicodedata

# Advance widths in thousandths of the size, after wide sans-serif fonts.
_GROUPS = {
    "il'|.,:;!jI": 340,
    'ftr()[]{}/\\-` "': 420,
    "_": 500,
    "mwMW@%": 960,
    "ABCDEFGHKLNOPQRSTUVXYZ&~<>=+#^": 730,
    "abcdeghknopqsuvxyz0123456789$*?": 630,
}
ELLIPSIS = "…"


class _Widths(dict[str, int]):
    """Advance widths by character; those of characters outside of the groups come when they are asked for."""

    def __missing__(self, character: str) -> int:
        if unicodedata.combining(character):
            width = 0
        else:
            width = 1020 if unicodedata.east_asian_width(character) in "WF" else 800
        self[character] = width
        return width


_WIDTHS = _Widths({character: width for group, width in _GROUPS.items() for character in group})


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width in pixels, estimated."""
    return sum(map(_WIDTHS.__getitem__, text)) * size / 1000 * (1.07 if bold else 1.0)


def clip(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """The text, its end replaced by an ellipsis when there is no room for all of it."""
    if text_width(text, size, bold=bold) <= room + 0.01:
        return text
    left = room - text_width(ELLIPSIS, size, bold=bold)
    end = 0
    for character in text:
        left -= text_width(character, size, bold=bold)
        if left < 0:
            break
        end += 1
    return text[:end].rstrip() + ELLIPSIS
