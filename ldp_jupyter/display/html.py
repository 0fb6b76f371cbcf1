"""HTML that survives in an untrusted notebook: elements with style attributes, nothing else.

No style or script element, no inline SVG: JupyterLab removes them from outputs that it does not trust. Text takes
the page's own colour, so that it reads in light and dark themes; what has a colour brings its background along.
"""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Any

from ldp_jupyter.display import palette
from ldp_jupyter.display.words import QUIET, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LINE = "rgba(128,128,128,0.35)"
_CELL = "padding:4px 8px;vertical-align:top;"
_ROW = f"border-bottom:1px solid {_LINE};background-color:transparent;"
_BAR = 70
_FONT = "font-family:sans-serif;font-size:13px;"


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def esc(text: object) -> Markup:
    """Text as HTML; what is HTML already stays."""
    return text if isinstance(text, Markup) else Markup(html.escape(str(text), quote=True))


def join(parts: Iterable[object], separator: str = "") -> Markup:
    """Parts as one piece of HTML, empty ones left out."""
    return Markup(separator.join(esc(p) for p in parts if p is not None and p != ""))


def tag(name: str, content: object, style: str = "", **attributes: object) -> Markup:
    """An element."""
    given = "".join(f' {k.rstrip("_")}="{esc(v)}"' for k, v in attributes.items() if v is not None)
    styled = f' style="{style}"' if style else ""
    return Markup(f"<{name}{styled}{given}>{esc(content)}</{name}>")


def pill(word: Word | None, text: str | None = None) -> Markup:
    """Icon and word on a ground of their own."""
    if word is None:
        return Markup("")
    ground, colour = palette.PILL[word.tone]
    style = (
        f"background-color:{ground};color:{colour};padding:1px 8px;border-radius:10px;white-space:nowrap;"
        "font-weight:600;font-size:12px;"
    )
    return tag("span", f"{word.icon} {text or word.word}", style)


def muted(text: object) -> Markup:
    """Text that steps back; it keeps enough contrast on any page."""
    return tag("span", text, "opacity:0.75;")


def code(text: object) -> Markup:
    """A name as written in source; a long one may be broken after its underscores and dots."""
    shown = Markup(esc(text).replace("_", "_<wbr>").replace(".", ".<wbr>"))
    return tag("span", shown, "font-family:monospace;font-size:12px;")


def header(title: object, *facts: object, word: Word | None = None) -> Markup:
    """The line on top of a display: what, which state, facts apart by dots."""
    told = [muted(esc(f)) for f in facts if f]
    parts = [tag("b", title, "font-size:14px;"), pill(word), join(told, Markup(" · "))]
    return tag("div", join(parts, Markup("&ensp;")), f"{_FONT}margin:4px 0 6px 0;")


def box(*parts: object) -> Markup:
    """The display as a whole."""
    return tag("div", join(parts), f"{_FONT}line-height:1.45;text-align:left;")


def section(title: str, content: object, count: str = "") -> Markup:
    """A heading with what belongs to it."""
    heading = tag(
        "div", join([tag("b", title), muted(count) if count else ""], Markup("&ensp;")), "margin:10px 0 3px 0;"
    )
    return join([heading, content])


def details(summary: object, content: object, opened: bool = False) -> Markup:
    """What opens on a click, without a script."""
    inner = join([tag("summary", summary, "cursor:pointer;padding:4px 0;"), content])
    return tag("details", inner, "margin:4px 0;", open="" if opened else None)


def pre(text: str, tone: str | None = None) -> Markup:
    """Text with its line breaks, e.g. an error block; a coloured edge beside the words that already say it."""
    edge = palette.STRONG[tone] if tone else "rgba(128,128,128,0.5)"
    style = (
        f"border-left:3px solid {edge};background-color:rgba(128,128,128,0.1);padding:6px 10px;margin:4px 0;"
        "font-family:monospace;font-size:12px;line-height:1.4;white-space:pre-wrap;overflow-wrap:break-word;"
    )
    return tag("pre", text, style)


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Any]],
    right: Iterable[int] = (),
    caption: str = "",
    wrap: Iterable[int] = (),
) -> Markup:
    """A plain table that scrolls sideways by itself when it is wide.

    Parameters:
        headers: texts of the header row, or `Markup`.
        rows: cells, escaped unless they are `Markup`; None and "" stay empty.
        right: positions of the columns with numbers.
        caption: a line above the table.
        wrap: positions of the columns with long texts, which may be broken into lines.
    """
    numeric, broken = set(right), set(wrap)

    def cell(position: int, value: Any) -> Markup:
        align = "right" if position in numeric else "left"
        more = "min-width:150px;overflow-wrap:break-word;" if position in broken else "white-space:nowrap;"
        return tag("td", "" if value is None else value, f"{_CELL}text-align:{align};{more}")

    head = join(
        tag(
            "th",
            text,
            f"{_CELL}text-align:{'right' if i in numeric else 'left'};white-space:nowrap;font-weight:600;",
            scope="col",
        )
        for i, text in enumerate(headers)
    )
    body = join(tag("tr", join(cell(i, v) for i, v in enumerate(row)), _ROW) for row in rows)
    titled = tag("caption", caption, "text-align:left;padding:2px 10px;opacity:0.75;") if caption else ""
    inner = join([titled, tag("thead", tag("tr", head, _ROW)), tag("tbody", body)])
    made = tag("table", inner, f"{_FONT}border-collapse:collapse;margin:2px 0;")
    return tag("div", made, "overflow-x:auto;")


def image(svg: str, alt: str, width: int, height: int) -> Markup:
    """An SVG picture as a data URI: it shrinks a little to fit the page, and scrolls sideways beyond that."""
    data = base64.b64encode(svg.encode()).decode("ascii")
    style = f"max-width:100%;min-width:{round(width * 0.8)}px;height:auto;margin:0;display:block;"
    source = f"data:image/svg+xml;base64,{data}"
    element = Markup(f'<img alt="{esc(alt)}" width="{width}" height="{height}" style="{style}" src="{source}">')
    return tag("div", element, "overflow-x:auto;padding:2px 0;")


def bar(part: int, whole: int) -> Markup:
    """How far something is; the figures stand beside it."""
    if whole <= 0:
        return Markup("")
    return Markup(
        f'<progress max="{whole}" value="{part}" style="width:160px;height:10px;vertical-align:middle;"></progress>'
    )


def share(part: int, whole: int, tone: str) -> Markup:
    """A small bar for a share, seen even when it is tiny; the figure stands beside it."""
    if whole <= 0:
        return Markup("")
    filled = max(2, round(_BAR * part / whole)) if part else 0
    ground = "display:inline-block;height:8px;vertical-align:middle;border-radius:4px;overflow:hidden;text-align:left;"
    inner = tag("span", "", f"display:block;width:{filled}px;height:8px;background-color:{palette.STRONG[tone]};")
    return tag("span", inner, f"{ground}width:{_BAR}px;background-color:rgba(128,128,128,0.3);")


__all__ = [
    "QUIET",
    "Markup",
    "bar",
    "box",
    "code",
    "details",
    "esc",
    "header",
    "image",
    "join",
    "muted",
    "pill",
    "pre",
    "section",
    "share",
    "table",
    "tag",
]
