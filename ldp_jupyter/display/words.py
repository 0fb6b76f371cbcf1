"""Words, icons and numbers as users read them: one place for all displays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Action, Kind
from ldp_jupyter.events import FlowStatus, UpdateState

if TYPE_CHECKING:
    from datetime import datetime

    from ldp_jupyter.events import DatasetView, FlowView
    from ldp_jupyter.graph.model import Node

# tone: a key of `palette`; several states share one.
DONE, ACTIVE, WAITING, WRONG, CAUTION, QUIET = "done", "active", "waiting", "wrong", "caution", "quiet"


@dataclass(frozen=True)
class Word:
    """How something is named: never by its colour alone.

    Parameters:
        icon: one character that common fonts have.
        word: the word beside it.
        tone: key of its colours in `palette`.
    """

    icon: str
    word: str
    tone: str = QUIET

    def __str__(self) -> str:
        return f"{self.icon} {self.word}"


STATUS: dict[str, Word] = {
    FlowStatus.QUEUED.value: Word("○", "Queued", WAITING),
    FlowStatus.STARTING.value: Word("◔", "Starting", ACTIVE),
    FlowStatus.PLANNING.value: Word("◔", "Planning", ACTIVE),
    FlowStatus.RUNNING.value: Word("▶", "Running", ACTIVE),
    FlowStatus.IDLE.value: Word("◌", "Idle", DONE),
    FlowStatus.COMPLETED.value: Word("✓", "Completed", DONE),
    FlowStatus.FAILED.value: Word("✗", "Failed", WRONG),
    FlowStatus.SKIPPED.value: Word("↷", "Skipped", CAUTION),
    FlowStatus.STOPPED.value: Word("■", "Stopped", CAUTION),
    FlowStatus.EXCLUDED.value: Word("⊘", "Excluded", QUIET),
}

STATE: dict[str, Word] = {
    UpdateState.CREATED.value: Word("○", "Created", WAITING),
    UpdateState.INITIALIZING.value: Word("◔", "Initializing", ACTIVE),
    UpdateState.RESETTING.value: Word("↺", "Resetting", ACTIVE),
    UpdateState.SETTING_UP_TABLES.value: Word("◔", "Setting up tables", ACTIVE),
    UpdateState.RUNNING.value: Word("▶", "Running", ACTIVE),
    UpdateState.STOPPING.value: Word("■", "Stopping", CAUTION),
    UpdateState.COMPLETED.value: Word("✓", "Completed", DONE),
    UpdateState.FAILED.value: Word("✗", "Failed", WRONG),
    UpdateState.CANCELED.value: Word("■", "Canceled", CAUTION),
}

INVALID = Word("✗", "Invalid", WRONG)
VALID = Word("✓", "Valid locally", DONE)
PASSED = Word("✓", "passed", DONE)

KIND: dict[str, Word] = {
    Kind.STREAMING_TABLE.value: Word("≋", "streaming table"),
    Kind.MATERIALIZED_VIEW.value: Word("▦", "materialized view"),
    Kind.TEMPORARY_VIEW.value: Word("◇", "temporary view"),
    Kind.VIEW.value: Word("◆", "view"),
    Kind.TABLE.value: Word("▤", "table"),
    "sink": Word("⇥", "sink"),
    "files": Word("▭", "files"),
    "stream": Word("⇝", "stream"),
    "external table": Word("▥", "external table"),
}

LEVEL: dict[str, Word] = {
    "INFO": Word("·", "Info", QUIET),
    "METRICS": Word("·", "Metrics", QUIET),
    "WARN": Word("!", "Warn", CAUTION),
    "ERROR": Word("✗", "Error", WRONG),
}

ACTION: dict[str, str] = {Action.WARN.value: "warn", Action.DROP.value: "drop", Action.FAIL.value: "fail"}

NOTE: dict[str, str] = {
    "not_checked": "Not checked here",
    "no_effect": "No effect here",
    "deprecated": "Deprecated",
    "warning": "Warning",
}

_FULL, _NOTHING = ("FULL_RECOMPUTE", "COMPLETE_RECOMPUTE"), "NO_OP"


def status_word(status: str | None) -> Word | None:
    """The word of a flow's or dataset's status; None when there is none."""
    if not status:
        return None
    return STATUS.get(status.upper()) or Word("·", status.capitalize())


def state_word(state: UpdateState | None) -> Word:
    """The word of an update's state."""
    return STATE[state.value] if state else Word("○", "Not started", WAITING)


def kind_word(kind: str) -> Word:
    """The word of a dataset's kind, given by the value of `Kind` or by an event's ``dataset_type``."""
    key = kind.lower()
    return KIND.get(key) or Word("▤", key.replace("_", " ") or "table")


def kind_of(node: Node) -> str:
    """The kind in words, with the SCD type for the target of an AUTO CDC flow."""
    word = kind_word(node.kind.value).word
    scd = {getattr(flow.flow.query, "scd_type", None) for flow in node.flows if flow.flow.is_cdc} - {None}
    return f"{word}, SCD {'/'.join(sorted(str(s) for s in scd))}" if scd else word


def refresh_word(refresh: str | None, *, short: bool = False) -> str:
    """How a materialized view was refreshed, as the platform's column says it; `short` leaves the technique out."""
    if not refresh:
        return ""
    technique = refresh.upper()
    if technique == _NOTHING:
        return "No change"
    if technique in _FULL:
        return "Full recompute"
    return "Incremental" if short else f"Incremental ({technique.lower().replace('_', ' ')})"


def number(value: float | None) -> str:
    """``1,000``; an empty text for nothing known."""
    return "" if value is None else f"{value:,}"


def counted(count: int, word: str, plural: str | None = None) -> str:
    """``1 row``, ``1,000 rows``."""
    return f"{count:,} {word if count == 1 else plural or word + 's'}"


def duration(seconds: float | None) -> str:
    """``0.3 s``, ``12 s``, ``3 min 04 s``, ``2 h 05 min``."""
    if seconds is None:
        return ""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def percent(part: int, whole: int) -> str:
    """Share with one decimal; never ``0.0 %`` or ``100.0 %`` for what is not exactly that."""
    if whole <= 0:
        return ""
    share = 100 * part / whole
    if 0 < share < 0.05:
        return "< 0.1 %"
    if 99.95 <= share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %"


def clock(moment: datetime) -> str:
    """Time of day where the reader sits, for lines that scroll by."""
    return moment.astimezone().strftime("%H:%M:%S")


def utc(moment: datetime) -> str:
    """Date and time in UTC, for what is kept."""
    from datetime import timezone

    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def rows_text(
    written: int | None, upserted: int | None = None, deleted: int | None = None, dropped: int | None = None
) -> str:
    """``976 rows, 24 dropped``: what an update did, zeros left out unless all is zero."""
    parts = []
    if written is not None and (written or not (upserted or deleted)):
        parts.append(counted(written, "row"))
    for value, word in ((upserted, "upserted"), (deleted, "deleted"), (dropped, "dropped")):
        if value:
            parts.append(f"{value:,} {word}")
    if not parts and (upserted is not None or deleted is not None):
        return "0 upserted"
    return ", ".join(parts)


def rows_of(view: DatasetView | FlowView) -> str:
    """`rows_text` of a dataset or flow."""
    return rows_text(view.rows_written, view.rows_upserted, view.rows_deleted, view.rows_dropped)
