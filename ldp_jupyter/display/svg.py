"""The graph of a pipeline as an SVG picture."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldp_jupyter.display import icons, palette, words
from ldp_jupyter.display.graph_items import Item, ItemKey, graph_edges, graph_items
from ldp_jupyter.display.layout import layout
from ldp_jupyter.display.measure import clip, text_width

if TYPE_CHECKING:
    from ldp_jupyter.display.layout import Box
    from ldp_jupyter.display.palette import Palette
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph.model import Graph

_MARGIN = 6.0
_PADDING = 9.0
_NARROW, _WIDE = 120.0, 204.0
_RUNNING, _SMALL_RUNNING = 136.0, 96.0
_SMALL_NARROW, _SMALL_WIDE = 64.0, 150.0
_KIND_SIZE, _NAME_SIZE, _SMALL_NAME_SIZE, _SIZE = 10.0, 12.5, 11.0, 10.5
_NAME_LINE, _LINE = 18.0, 15.0
_ICON = 15.0


@dataclass(frozen=True)
class Picture:
    """An SVG with its size."""

    svg: str
    width: int
    height: int


@dataclass
class _Line:
    """One line of a card: texts with colours, drawn from the left; `right` from the right edge."""

    left: list[tuple[str, str]] = field(default_factory=list)
    right: str = ""
    icon: str | None = None
    tone: str = "muted"
    size: float = _SIZE
    bold: bool = False

    def width(self) -> float:
        icon = _ICON if self.icon else 0.0
        texts = sum(text_width(t, self.size, bold=self.bold) for t, _ in self.left)
        return icon + texts + (12.0 + text_width(self.right, self.size) if self.right else 0.0)

    @property
    def height(self) -> float:
        return _NAME_LINE if self.bold else _LINE


def draw(graph: Graph, update: UpdateView | None = None, colours: Palette = palette.LIGHT) -> Picture:
    """Draw the graph, with the states of an update where there is one.

    Parameters:
        graph: the pipeline; one with errors is drawn as far as it is known.
        update: what an update did so far.
        colours: `palette.LIGHT` reads on light and dark pages; `palette.variables()` follows the page's own styles.
    """
    items = graph_items(graph, update)
    cards = {item.key: _lines(item) for item in items}
    sizes = {item.key: _size(item, cards[item.key]) for item in items}
    if update is not None and not (update.state and update.state.final):
        sizes = {item.key: _while_running(item, sizes[item.key]) for item in items}
    plan = layout(sizes, graph_edges(graph))
    width, height = plan.width + 2 * _MARGIN, plan.height + 2 * _MARGIN
    title = _esc(f"Pipeline {graph.pipeline}")
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif">',
        f"<title>{title}</title>",
        f'<g transform="translate({_n(_MARGIN)} {_n(_MARGIN)})">',
        f'<g fill="none" stroke="{colours.edge}" stroke-width="1.5">',
    ]
    parts += [f'<path d="{_curve(points)}"/>' for points in plan.routes.values()]
    parts.append(f'</g><g fill="{colours.edge}">')
    ends = dict.fromkeys((points[-1], points[-1][0] < points[-2][0]) for points in plan.routes.values())
    parts += [_arrow(point, back=back) for point, back in ends]
    parts.append("</g>")
    for item in items:
        parts.append(_card(item, plan.boxes[item.key], cards[item.key], colours))
    parts.append("</g></svg>")
    return Picture("".join(parts), round(width), round(height))


def _lines(item: Item) -> list[_Line]:
    """What a card says."""
    kind = _Line([(item.kind_text, "muted")], icon=item.kind, size=_KIND_SIZE)
    size = _NAME_SIZE if item.dataset else _SMALL_NAME_SIZE
    lines = [kind, _Line([(item.label, "text")], size=size, bold=item.dataset)]
    if item.word is not None:
        icon, tone = f"tone-{item.word.icon}", item.word.tone
        lines.append(_Line([(item.word.word, tone)], right=item.seconds, icon=icon, tone=tone))
    if item.refresh:
        lines.append(_Line([(item.refresh, "muted")]))
    lines += [_Line([(text, "text")]) for text in item.facts]
    if item.passed is not None and item.failed is not None:
        failed = "wrong" if item.failed else "muted"
        rules = [(f"{item.rules} rules ", "muted")] if item.rules > 1 else []
        counts = [("✓ " + words.number(item.passed), "done"), ("  ✗ " + words.number(item.failed), failed)]
        lines.append(_Line(rules + counts))
    return lines


def _size(item: Item, lines: list[_Line]) -> tuple[float, float]:
    narrow, wide = (_NARROW, _WIDE) if item.dataset else (_SMALL_NARROW, _SMALL_WIDE)
    width = min(max(narrow, max(line.width() for line in lines) + 2 * _PADDING), wide)
    return float(math.ceil(width)), sum(line.height for line in lines) + 12.0


def _while_running(item: Item, size: tuple[float, float]) -> tuple[float, float]:
    """Room for what is going to be said, so that cards stay where they are while the update runs."""
    if item.kind == "sink":
        return max(size[0], _SMALL_RUNNING), _LINE * 4 + 12.0
    if not item.dataset:
        return size
    lines = 1 + (1 if item.rules else 0)
    lines += 1 if item.dashed and item.rules else 0 if item.dashed else 2
    lines += 1 if item.kind == "materialized_view" else 0
    return max(size[0], _RUNNING), max(size[1], _LINE * lines + _NAME_LINE + 12.0)


def _card(item: Item, box: Box, lines: list[_Line], colours: Palette) -> str:
    fill = colours.card if item.dataset else colours.source
    tone = colours.tone(item.word.tone) if item.word else colours.line
    dashes = ' stroke-dasharray="4 3"' if item.dashed else ""
    thick = "1.5" if item.word else "1"
    place = f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'
    radius = 8 if item.dataset else box.height / 2 if item.kind == "stream" else 4
    parts = [
        f"<g><title>{_esc(item.title)}</title>",
        f'<rect {place} rx="{_n(radius)}" fill="{fill}" stroke="{tone}" stroke-width="{thick}"{dashes}/>',
    ]
    if item.word:
        parts.append(
            f'<path d="M{_n(box.x + 3.5)} {_n(box.y + 10)}V{_n(box.y + box.height - 10)}" stroke="{tone}" '
            'stroke-width="3" stroke-linecap="round"/>'
        )
    y = box.y + 6.0
    for line in lines:
        base = y + line.height - 5.0
        x = box.x + _PADDING
        if line.icon:
            parts.append(icons.draw(line.icon, x, base - 9.5, colours.tone(line.tone)))
            x += _ICON
        parts.append(_texts(line, x, base, box.right - _PADDING, colours))
        y += line.height
    parts.append("</g>")
    return "".join(parts)


def _texts(line: _Line, x: float, base: float, right: float, colours: Palette) -> str:
    """The texts of a line, shortened to what there is room for."""
    room = right - x
    made = ""
    if line.right:
        room -= text_width(line.right, line.size) + 8.0
        made = (
            f'<text x="{_n(right)}" y="{_n(base)}" font-size="{_n(line.size)}" fill="{colours.muted}" '
            f'text-anchor="end">{_esc(line.right)}</text>'
        )
    spans = []
    for text, tone in line.left:
        shown = clip(text, room, line.size, bold=line.bold)
        room -= text_width(shown, line.size, bold=line.bold)
        spans.append(f'<tspan fill="{colours.tone(tone)}">{_esc(shown)}</tspan>')
    weight = ' font-weight="600"' if line.bold else ""
    return (
        f'<text x="{_n(x)}" y="{_n(base)}" font-size="{_n(line.size)}"{weight} xml:space="preserve">'
        f"{''.join(spans)}</text>{made}"
    )


def _curve(points: list[tuple[float, float]]) -> str:
    """Straight through columns, a cubic curve between them."""
    (x, y), parts = points[0], []
    parts.append(f"M{_n(x)} {_n(y)}")
    for next_x, next_y in points[1:]:
        if abs(next_y - y) < 0.5:
            parts.append(f"L{_n(next_x)} {_n(next_y)}")
        else:
            half = (x + next_x) / 2
            parts.append(f"C{_n(half)} {_n(y)} {_n(half)} {_n(next_y)} {_n(next_x)} {_n(next_y)}")
        x, y = next_x, next_y
    return "".join(parts)


def _arrow(point: tuple[float, float], *, back: bool) -> str:
    x, y = point
    tail = x + 7 if back else x - 7
    return f'<path d="M{_n(x)} {_n(y)}L{_n(tail)} {_n(y - 4)}V{_n(y + 4)}Z"/>'


def _n(value: float) -> str:
    """A number in as few characters as its tenth needs."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _esc(text: str) -> str:
    return html.escape(icons.printable(text), quote=True)


__all__ = ["ItemKey", "Picture", "draw"]
