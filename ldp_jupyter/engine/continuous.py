"""Continuous mode: an update whose flows run again, each by its trigger interval, until it is stopped.

Each run is what a triggered update does with a flow: a stream takes what is new and commits it, a materialized view is
computed if it can have changed. So a table is at a committed batch at every moment, and whatever ends the update, the
next one goes on from there. Nothing is told of a flow that found nothing new.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Kind
from ldp_jupyter.engine.emitter import Emitter
from ldp_jupyter.engine.failures import Canceled
from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.events import FlowStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ldp_jupyter.engine.plan import PlannedFlow
    from ldp_jupyter.engine.scheduler import Scheduler
    from ldp_jupyter.engine.work import Work
    from ldp_jupyter.events import EventBus
    from ldp_jupyter.locations import Location

KEY = "pipelines.trigger.interval"
# The platform's: for streams, for views over Delta tables alone, and for other views.
STREAM, VIEW, OTHER_VIEW = 5.0, 60.0, 600.0
_UNITS = {"millisecond": 0.001, "second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_BLIND = {"INPUT_NOT_IN_DELTA", "PLAN_NOT_DETERMINISTIC"}


class Continuous:
    """Runs the flows of an update after their first run.

    Parameters:
        scheduler: the one that ran them first.
    """

    def __init__(self, work: Work, bus: EventBus, scheduler: Scheduler) -> None:
        self._work = work
        self._bus = bus
        self._scheduler = scheduler
        self._flows = [planned for planned in work.plan.flows if not planned.excluded and _repeats(planned)]
        self._intervals = {planned.key: self._interval(planned) for planned in self._flows}
        self._told = RoundEmitter(work.emitter)

    def run(self) -> None:
        """Run until the update is stopped, or a flow fails.

        Raises:
            Canceled: when it was stopped.
        """
        work = self._work
        work.emitter = self._told
        work.plan.full = set()  # tables are emptied once
        due = dict.fromkeys(self._intervals, time.monotonic())
        self._push_on(due, list(due))
        while not self._scheduler.problems:
            if not due:  # nothing here runs twice
                self._wait(None)
            self._wait(min(due.values()) - time.monotonic())
            self._round(due)

    def _round(self, due: dict[str, float]) -> None:
        now = time.monotonic()
        self._told.changed.clear()
        self._work.next_round()
        streams = [p for p in self._flows if not _is_view(p) and due[p.key] <= now]
        if streams:
            self._scheduler.run(streams)
        views = [p for p in self._flows if _is_view(p) and (due[p.key] <= now or self._reads_changed(p))]
        if views and not self._scheduler.problems:
            self._scheduler.run(views)
        self._push_on(due, [p.key for p in (*streams, *views)])

    def _push_on(self, due: dict[str, float], done: list[str]) -> None:
        now = time.monotonic()
        for key in done:
            interval = self._intervals[key]
            if interval is None:
                interval = OTHER_VIEW if key in self._told.blind else VIEW
            due[key] = now + interval

    def _reads_changed(self, planned: PlannedFlow) -> bool:
        """Whether something that it waits for wrote in this round, or will."""
        by_key = {p.key: p for p in self._flows}
        found, todo = set(), list(planned.waits_for)
        while todo:
            key = todo.pop()
            if key in self._told.changed:
                return True
            if key in by_key and key not in found:
                found.add(key)
                todo += by_key[key].waits_for
        return False

    def _wait(self, seconds: float | None) -> None:
        until = None if seconds is None else time.monotonic() + seconds
        with self._work.stoppable(self._bus.wake):
            while not self._work.stopping.is_set():
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return
                self._bus.pump(left)
        raise Canceled

    def _interval(self, planned: PlannedFlow) -> float | None:
        """Seconds between two runs; None for a view's own."""
        flow = planned.flow.flow
        properties = planned.node.dataset.options.properties if planned.node is not None else {}
        for given in (flow.confs, properties, self._work.base.configuration):
            if KEY in given:
                return seconds(given[KEY], flow.location)
        return None if _is_view(planned) else STREAM


class RoundEmitter(Emitter):
    """Tells of a flow from the moment on when it has done something."""

    def __init__(self, emitter: Emitter) -> None:
        self.__dict__.update(emitter.__dict__)
        self.changed: set[str] = set()
        # views that cannot know whether they have changed
        self.blind: set[str] = set()
        self._held: dict[str, list[Callable[[], None]]] = {}
        self._quiet: set[str] = set()

    def planning(self, planned: PlannedFlow, technique: str, reasons: list[str], tables: list[dict[str, Any]]) -> None:
        (self.blind.add if _BLIND.intersection(reasons) else self.blind.discard)(planned.key)
        if technique != "NO_OP":
            tell = super().planning
            self._held.setdefault(planned.key, []).append(lambda: tell(planned, technique, reasons, tables))

    def progress(self, planned: PlannedFlow, status: FlowStatus, **more: Any) -> None:
        tell = super().progress
        key = planned.key
        if status == FlowStatus.QUEUED:
            self._quiet.add(key)
            self._held[key] = []
        done = status == FlowStatus.COMPLETED
        if key in self._quiet:
            news = status == FlowStatus.RUNNING and (_rows(more.get("metrics")) or more.get("quality"))
            if done or (status in _BEFORE and not news):
                held = self._held.get(key, [])
                if done:
                    held.clear()
                else:
                    held.append(lambda: tell(planned, status, **more))
                return
            self._quiet.discard(key)
            for event in self._held.pop(key, []):
                event()
            if news:
                self.changed.add(key)
        tell(planned, FlowStatus.IDLE if done else status, **more)


_BEFORE = (FlowStatus.QUEUED, FlowStatus.STARTING, FlowStatus.PLANNING, FlowStatus.RUNNING)


def seconds(text: str, location: Location | None = None) -> float:
    """A trigger interval in seconds.

    Parameters:
        location: the flow that it is for.

    Raises:
        UsageProblem: LDP-1003 for a text that is no time.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(millisecond|second|minute|hour|day)s?", text.strip().lower())
    if found is None:
        raise UsageProblem(
            "LDP-1003", f'{KEY} is "{text}"', hint='for example "10 seconds" or "1 hour"', location=location
        )
    return float(found[1]) * _UNITS[found[2]]


def _repeats(planned: PlannedFlow) -> bool:
    """Whether a flow can have more to do later: not one that runs once, nor a view that is only published."""
    return not planned.flow.flow.once and (planned.node is None or planned.node.kind != Kind.VIEW)


def _rows(metrics: Mapping[str, Any] | None) -> bool:
    """Whether metrics tell that the target was written, and not only of what waits, or of changes that were none."""
    counts = {key: value for key, value in (metrics or {}).items() if key.startswith("num_")}
    return any(key == "num_output_rows" or value for key, value in counts.items())


def _is_view(planned: PlannedFlow) -> bool:
    return planned.node is not None and planned.node.kind == Kind.MATERIALIZED_VIEW
