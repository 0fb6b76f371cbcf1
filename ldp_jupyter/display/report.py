"""One HTML file that tells an update: no script, no network, light and dark, printable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldp_jupyter.display import html, palette, words
from ldp_jupyter.display.events_view import EventsView
from ldp_jupyter.display.expectations_view import ExpectationsView
from ldp_jupyter.display.graph_view import GraphView
from ldp_jupyter.display.problems_view import not_checked, problem_blocks, warning_lines
from ldp_jupyter.display.svg import draw
from ldp_jupyter.display.tables_view import TablesView

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.events import Event, UpdateView
    from ldp_jupyter.graph.model import Graph

# Events beyond these are counted, not listed: the event log has them.
_EVENTS = 2000

_STYLE = """
:root{color-scheme:light dark;--page:#f5f7fa;--panel:#ffffff;--ink:#1b2430;--rule:#d5dbe3;%(light)s}
@media (prefers-color-scheme:dark){:root{--page:#10161d;--panel:#171f29;--ink:#e8edf3;--rule:#323d4a;%(dark)s}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font-family:system-ui,sans-serif;font-size:14px;line-height:1.45}
main{max-width:1280px;margin:0 auto;padding:20px}
h1{font-size:20px;margin:0 0 4px}
h2{font-size:15px;margin:0 0 8px}
section{background:var(--panel);border:1px solid var(--rule);border-radius:8px;padding:14px 16px;margin:14px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px;margin:14px 0}
.tile{background:var(--panel);border:1px solid var(--rule);border-radius:8px;padding:10px 14px}
.tile b{display:block;font-size:20px;font-weight:600}
.tile span{opacity:.75;font-size:12px}
.scroll{overflow-x:auto}
.scroll svg{display:block;max-width:100%%;height:auto}
summary{cursor:pointer}
footer{opacity:.7;font-size:12px;margin:14px 0}
@media print{
:root{color-scheme:light;--page:#ffffff;--panel:#ffffff;--ink:#1b2430;--rule:#d5dbe3;%(light)s}
section,.tile{break-inside:avoid;border-color:#cccccc}
section.long{break-inside:auto}
main{max-width:none;padding:0}
}
"""


def write_report(
    path: str | os.PathLike[str],
    graph: Graph | None,
    update: UpdateView,
    problems: Sequence[LdpError] = (),
    *,
    events: Sequence[Event] | None = None,
    where: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Write the report, making its folder.

    Parameters:
        path: the file.
        graph: the pipeline; None when it could not be resolved.
        update: the fold of the update's events.
        problems: its errors, whole.
        events: the event log to show; the update's own events unless given.
        where: what ran where, e.g. ``dev · local .ldp``.
        settings: what the pipeline ran with, shown as a table.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        report_html(graph, update, problems, events=events, where=where, settings=settings), encoding="utf-8"
    )
    return target


def report_html(
    graph: Graph | None,
    update: UpdateView,
    problems: Sequence[LdpError] = (),
    *,
    events: Sequence[Event] | None = None,
    where: str = "",
    settings: Mapping[str, Any] | None = None,
) -> str:
    """The report as text; parameters as of `write_report`."""
    name = update.pipeline or (graph.pipeline if graph else "pipeline")
    state = words.state_word(update.state)
    log = list(update.events if events is None else events)
    total = len(log) + (update.forgotten if events is None else 0)
    expectations = ExpectationsView(update, graph)
    body = [
        html.tag("h1", html.join([name, html.pill(state)], html.Markup("&ensp;"))),
        html.tag("div", html.muted(" · ".join(_facts(update, where)))),
        html.tag("div", html.join(_tiles(update)), class_="tiles"),
        _section("Errors", _errors(update, problems)) if problems or update.errors else "",
        _section("Graph", _graph(graph, update)) if graph and graph.nodes else "",
        _section("Tables", TablesView(update).html()) if update.datasets else "",
        _section("Expectations", expectations.html()) if expectations.rules else "",
        _section("Checks", _checks(graph)) if graph else "",
        _section("Settings", _settings(update, settings)),
        _section("Event log", html.details(words.counted(total, "event"), _events(log, total)), "long") if log else "",
        html.tag("footer", "Made by ldp_jupyter from the event log of the update."),
    ]
    style = _STYLE % {"light": palette.declarations(palette.LIGHT), "dark": palette.declarations(palette.DARK)}
    title = html.esc(f"{name}: update {update.update_id[:6]} {state.word.lower()}")
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{html.join(body, chr(10))}\n</main>\n</body>\n</html>\n"
    )


def _section(title: str, content: object, kind: str | None = None) -> Markup:
    return html.tag("section", html.join([html.tag("h2", title), content]), class_=kind)


def _facts(update: UpdateView, where: str) -> list[str]:
    started = f"{words.utc(update.created)} UTC" if update.created else ""
    facts = [where, f"update {update.update_id}", started, "full refresh" if update.full_refresh else ""]
    return [f for f in facts if f]


def _tiles(update: UpdateView) -> list[Markup]:
    ran = [v for v in update.datasets.values() if v.flows]
    rules = [r for v in update.datasets.values() for r in v.expectations.values()]
    violated = sum(1 for r in rules if r.failed)
    figures = [
        (words.duration(update.seconds) or "-", "duration"),
        (words.number(len(ran)), "datasets in the update"),
        (words.number(sum(v.rows_written or 0 for v in ran)), "rows written"),
        (words.number(sum(v.rows_upserted or 0 for v in ran)), "rows upserted"),
        (words.number(sum(v.rows_dropped or 0 for v in ran)), "rows dropped"),
        (f"{violated:,} of {len(rules):,}", "expectations violated"),
        (words.number(sum(1 for v in ran if v.status == "FAILED")), "flows failed"),
    ]
    return [
        html.tag("div", html.join([html.tag("b", value), html.tag("span", label)]), class_="tile")
        for value, label in figures
    ]


def _errors(update: UpdateView, problems: Sequence[LdpError]) -> Markup:
    if problems:
        return problem_blocks(problems)
    return html.join(html.pre(message, words.WRONG) for message in update.errors)


def _graph(graph: Graph, update: UpdateView) -> Markup:
    """The drawing itself, so that its titles show and its colours follow the page; beside it the same in words."""
    drawn = draw(graph, update, palette.variables())
    shrunk = round(drawn.width * 0.8)
    alt = html.esc(GraphView(graph, update).alt())
    svg = drawn.svg.replace("<svg ", f'<svg aria-label="{alt}" style="min-width:{shrunk}px" ', 1)
    return html.tag("div", html.Markup(svg), class_="scroll")


def _checks(graph: Graph) -> Markup:
    return html.join([warning_lines(graph.warnings), html.tag("div", not_checked(graph), "white-space:pre-line;")])


def _settings(update: UpdateView, settings: Mapping[str, Any] | None) -> Markup:
    told: dict[str, Any] = {
        "pipeline": update.pipeline,
        "update_id": update.update_id,
        "full_refresh": str(update.full_refresh).lower(),
    }
    created = next((e for e in update.events if e.event_type == "create_update"), None)
    payload = (created.details.get("create_update") or {}) if created else {}
    for key in ("cause", "refresh_selection", "full_refresh_selection", "validate_only"):
        if payload.get(key):
            told[key] = payload[key]
    told |= dict(settings or {})
    rows = [
        [html.code(key), ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)]
        for key, value in told.items()
    ]
    return html.table(["Setting", "Value"], rows, wrap=[1])


def _events(log: Sequence[Event], total: int) -> Markup:
    return EventsView(log[-_EVENTS:], total).html()
