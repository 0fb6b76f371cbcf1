"""What an update would do, before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.display import html, words
from ldp_jupyter.display.base import Display, dim, grid, plain, said
from ldp_jupyter.display.problems_view import warning_lines, warning_texts
from ldp_jupyter.display.words import Word

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ldp_jupyter.display.html import Markup
    from ldp_jupyter.engine.preview import DatasetPlan, PlanPreview

STATE: dict[str, Word] = {
    "NEW": Word("+", "New", words.ACTIVE),
    "UNCHANGED": Word("·", "Unchanged", words.QUIET),
    "CHANGED": Word("~", "Changed", words.CAUTION),
    "UNKNOWN": Word("?", "Not known", words.QUIET),
    "INACTIVE": Word("⊘", "Inactive", words.QUIET),
    "NOT_LOADED": Word("◌", "Not loaded", words.CAUTION),
}
REFRESH: dict[str, str] = {
    "INCREMENTAL": "New data",
    "FULL_REFRESH": "Full refresh",
    "COMPLETE_RECOMPUTE": "Full recompute",
    "COMPLETE_RECOMPUTE_IF_INPUTS_CHANGE": "Full recompute if inputs change",
    "NO_OP": "No change",
    "EXCLUDED": "Excluded",
}
REFUSED = Word("✗", "Refused", words.WRONG)  # for what `why` says
REASON: dict[str, str] = {
    "FULL_REFRESH": "full refresh asked for",
    "FIRST_REFRESH": "it has no table yet",
    "PLAN_NOT_DETERMINISTIC": "its query is not deterministic",
    "INPUT_NOT_IN_DELTA": "it reads something other than Delta tables",
    "QUERY_FINGERPRINT_CHANGED": "its definition changed",
    "DATA_HAS_CHANGED": "an input changed",
}
_HEADERS = ["Name", "Type", "Definition", "Refresh", "Why"]


class PlanView(Display):
    """One row for each dataset, and what should be known before the update starts.

    Parameters:
        plan: what the update would do.
        where: what runs where, e.g. ``dev · local .ldp``.
    """

    def __init__(self, plan: PlanPreview, where: str = "") -> None:
        self.plan = plan
        self.where = where

    def to_json(self) -> dict[str, Any]:
        """The object of ``ldp plan --format json``."""
        return self.plan.to_json()

    def html(self) -> Markup:
        rows = [
            [
                html.code(d.name),
                words.kind_word(d.kind).word,
                html.pill(STATE[d.state]),
                html.pill(REFUSED) if d.problem is not None else REFRESH.get(d.refresh or "", ""),
                html.join([*why(d)], html.Markup("<br>")),
            ]
            for d in self.plan.datasets
        ]
        head = html.header(self.plan.pipeline, "plan", self.where)
        closing = html.tag("div", html.muted(summary(self.plan)), "margin:6px 0;")
        table = html.table(_HEADERS, rows, wrap=[0, 4]) if rows else ""
        return html.box(head, table, warning_lines(self.plan.warnings), closing)

    def renderable(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        head = plain(" · ".join(t for t in (self.plan.pipeline, "plan", self.where) if t))
        rows = [
            [
                d.name,
                dim(words.kind_word(d.kind).word),
                said(STATE[d.state]),
                said(REFUSED) if d.problem is not None else REFRESH.get(d.refresh or "", ""),
                "\n".join(why(d)),
            ]
            for d in self.plan.datasets
        ]
        parts: list[RenderableType] = [head, Text("")]
        parts += [grid(_HEADERS, rows, whole=(1, 2))] if rows else []
        if self.plan.warnings:
            parts += [Text(""), *warning_texts(self.plan.warnings)]
        return Group(*parts, Text(""), dim(summary(self.plan)))


def why(dataset: DatasetPlan) -> list[str]:
    """What there is to say of one dataset, a line for each thing."""
    lines = []
    if dataset.changes:
        lines.append("changed: " + "; ".join(dataset.changes))
    told = [r for r in dataset.reasons if not (r == "QUERY_FINGERPRINT_CHANGED" and dataset.changes)]
    lines += [REASON.get(reason, reason.lower().replace("_", " ")) for reason in told]
    lines += [f"checkpoint of {flow} is reset: its source is read again from the start" for flow in dataset.resets]
    if dataset.problem is not None:
        lines.append(dataset.problem.message)
        lines += [dataset.problem.hint] if dataset.problem.hint else []
    if dataset.state == "INACTIVE":
        lines.append("it left the source: its table stays and is updated no more")
    if dataset.state == "NOT_LOADED":
        lines.append("its cell did not run in this kernel")
    return lines


def summary(plan: PlanPreview) -> str:
    """``3 new, 1 changed, 1 needs a full refresh, 2 inactive``."""
    counts: dict[str, int] = {}
    for dataset in plan.datasets:
        counts[dataset.state] = counts.get(dataset.state, 0) + 1
    parts = [f"{counts[state]:,} {word.word.lower()}" for state, word in STATE.items() if state in counts]
    full = sum(dataset.needs_full_refresh for dataset in plan.datasets)
    if full:
        parts.append(f"{full:,} {'needs' if full == 1 else 'need'} a full refresh")
    return ", ".join(parts) or "nothing to do"


def noteworthy(plan: PlanPreview) -> list[str]:
    """For the result of a dry run: what an update would do that its user may not expect, one line for each dataset."""
    return [
        f"{dataset.name}: {'; '.join(why(dataset))}"
        for dataset in plan.datasets
        if dataset.changes or dataset.problem is not None or dataset.state == "INACTIVE"
    ]
