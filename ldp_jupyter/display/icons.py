"""Icons as paths: a picture must not depend on which characters a font has."""

from __future__ import annotations

import re

# Each on a field of 12 by 12, drawn as a line.
_PATHS = {
    "streaming_table": "M1 2.5H11V9.5H1ZM1 5H11M2.5 7.8Q4 6.2 5.5 7.4T8.5 7.2L9.5 6.6",
    "materialized_view": "M1 1.5H11V10.5H1ZM1 4.5H11M1 7.5H11M4.5 4.5V10.5",
    "temporary_view": "M0.8 6Q3.2 2.4 6 2.4T11.2 6Q8.8 9.6 6 9.6T0.8 6ZM6 4.6A1.4 1.4 0 1 1 5.99 4.6",
    "view": "M0.8 6Q3.2 2.4 6 2.4T11.2 6Q8.8 9.6 6 9.6T0.8 6ZM6 4.6A1.4 1.4 0 1 1 5.99 4.6",
    "table": "M1 1.5H11V10.5H1ZM1 4.5H11M1 7.5H11",
    "sink": "M1 6H7.5M5 3.5L7.5 6L5 8.5M10.5 1.5V10.5",
    "files": "M1 3V9.5H11V4.2H6.2L5 2.8H1Z",
    "stream": "M1 4Q3.5 1.5 6 4T11 4M1 8Q3.5 5.5 6 8T11 8",
    "external table": "M1 1.5H11V10.5H1ZM1 4.5H11M5 4.5V10.5",
    "✓": "M6 0.9A5.1 5.1 0 1 1 5.99 0.9M3.4 6.2L5.3 8L8.6 4.3",
    "✗": "M6 0.9A5.1 5.1 0 1 1 5.99 0.9M4 4L8 8M8 4L4 8",
    "▶": "M6 0.9A5.1 5.1 0 1 1 5.99 0.9M4.8 3.8L8.2 6L4.8 8.2Z",
    "○": "M6 0.9A5.1 5.1 0 1 1 5.99 0.9",
    "◔": "M6 0.9A5.1 5.1 0 1 1 5.99 0.9M6 3V6H8.6",
    "◌": "M6 0.9A5.1 5.1 0 1 1 5.99 0.9M4.6 4V8M7.4 4V8",
    "↷": "M1.5 9Q1.5 3.5 6 3.5H10.5M8 1L10.5 3.5L8 6",
    "■": "M2 2H10V10H2Z",
    "⊘": "M6 0.9A5.1 5.1 0 1 1 5.99 0.9M2.5 9.5L9.5 2.5",
}
_UNPRINTABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OTHER = "M6 5.2A0.8 0.8 0 1 1 5.99 5.2"


def draw(name: str, x: float, y: float, colour: str) -> str:
    """The icon of a kind (by its key), or of a state (``tone-`` and the character that texts use)."""
    path = _PATHS.get(name.removeprefix("tone-"), _OTHER)
    return (
        f'<path transform="translate({x:.1f} {y:.1f})" d="{path}" fill="none" stroke="{colour}" '
        'stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round"/>'
    )


def printable(text: str) -> str:
    """Text without the control characters that XML does not allow."""
    return _UNPRINTABLE.sub("\ufffd", text)
