"""Each expectation of an update with its counts, and a few of the rows that violate it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, grid, plain, said
from ldp_jupyter.display.words import Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.events import RuleCount, UpdateView
    from ldp_jupyter.graph.model import Graph

_BAR = 10
_LINES = 3  # violating rows of a rule on a terminal


class ExpectationsView(Display):
    """One row for each dataset and rule.

    Parameters:
        update: the update.
        graph: the pipeline, when it is at hand: then the rules' conditions are shown.
    """

    def __init__(self, update: UpdateView, graph: Graph | None = None) -> None:
        self.update = update
        self.graph = graph

    @property
    def rules(self) -> list[tuple[str, RuleCount]]:
        """Dataset and rule, in order."""
        return [(d.name, rule) for d in self.update.datasets.values() for rule in d.expectations.values()]

    def html(self) -> Markup:
        if not self.rules:
            return html.box(html.muted("No expectations."))
        headers, numbers = self._headers()
        rows = []
        for dataset, rule in self.rules:
            total = rule.passed + rule.failed
            bar = html.share(rule.failed, total, result_word(rule).tone)
            share = html.join([bar, words.percent(rule.failed, total)], html.Markup("&nbsp;"))
            rows.append(self._row(dataset, rule, html.code(dataset), html.pill(result_word(rule)), share))
        samples = [_sampled(dataset, rule) for dataset, rule in self.rules if rule.samples]
        return html.box(html.table(headers, rows, numbers), *samples)

    def renderable(self) -> RenderableType:
        from rich.console import Group

        if not self.rules:
            return dim("No expectations.")
        headers, numbers = self._headers()
        rows = []
        for dataset, rule in self.rules:
            total = rule.passed + rule.failed
            share = f"{_bar(rule.failed, total)} {words.percent(rule.failed, total):>8}" if total else ""
            rows.append(self._row(dataset, rule, dataset, said(result_word(rule)), share))
        return Group(grid(headers, rows, numbers), *self._lines())

    def _lines(self) -> Iterator[RenderableType]:
        for dataset, rule in self.rules:
            for place, row in enumerate(rule.samples[:_LINES]):
                if not place:
                    yield plain(f"\n{dataset} · {rule.name} is violated by")
                yield dim(f"  {row}")

    def _headers(self) -> tuple[list[str], tuple[int, ...]]:
        condition = ["Condition"] if self.graph else []
        headers = ["Dataset", "Rule", *condition, "Action", "Result", "Passed", "Failed", "Fail %"]
        return headers, tuple(headers.index(h) for h in ("Passed", "Failed", "Fail %"))

    def _row(self, dataset: str, rule: RuleCount, shown: Any, result: Any, share: Any) -> list[Any]:
        counted = bool(rule.passed + rule.failed)
        condition = [self._condition(dataset, rule.name)] if self.graph else []
        return [
            shown,
            rule.name,
            *condition,
            words.ACTION.get(rule.action.lower(), rule.action),
            result,
            words.number(rule.passed) if counted else "",
            words.number(rule.failed) if counted else "",
            share,
        ]

    def _condition(self, dataset: str, rule: str) -> str:
        for node in self.graph.nodes.values() if self.graph else ():
            if dataset in (self.graph.shown(node.name), str(node.name)):  # type: ignore[union-attr]
                return next((e.text for e in node.dataset.expectations if e.name == rule), "")
        return ""


def _sampled(dataset: str, rule: RuleCount) -> Markup:
    """Rows that violate a rule, as a table that opens on a click."""
    told = html.join([words.counted(len(rule.samples), "row"), " that violate" + "s" * (len(rule.samples) == 1), " "])
    summary = html.join([told, html.code(rule.name), html.muted(f" of {dataset}")])
    try:
        rows = [json.loads(text) for text in rule.samples]
    except ValueError:  # a long row, cut
        return html.details(summary, html.pre("\n".join(rule.samples)))
    headers = list(dict.fromkeys(key for row in rows for key in row))
    return html.details(summary, html.table(headers, [[_value(row.get(key)) for key in headers] for row in rows]))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def result_word(rule: RuleCount) -> Word:
    """How a rule came out."""
    if not rule.passed and not rule.failed:
        return Word("○", "Not evaluated", words.QUIET)
    if not rule.failed:
        return Word("✓", "Passed", words.DONE)
    return Word("✗", "Failed", words.WRONG) if rule.action.lower() == "fail" else Word("!", "Violated", words.CAUTION)


def _bar(part: int, whole: int) -> str:
    filled = 0 if not part else max(1, round(_BAR * part / whole))
    return "█" * filled + "░" * (_BAR - filled)
