"""Run the flows of a plan: each when all it waits for is done, several side by side, nobody asking in turns.

A worker that is done wakes the thread that waits; that thread hands out what became ready. A failed flow skips what
depends on it and nothing else.
"""

from __future__ import annotations

import os
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ldp_jupyter.engine.failures import Canceled
from ldp_jupyter.engine.flows import FlowRun
from ldp_jupyter.errors import LdpError
from ldp_jupyter.events import FlowStatus
from ldp_jupyter.project.numbers import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ldp_jupyter.engine.plan import PlannedFlow
    from ldp_jupyter.engine.work import Work
    from ldp_jupyter.events import EventBus

CONCURRENCY = "spark.sql.pipelines.execution.maxConcurrentFlows"

_GRACE = 10.0  # seconds that stopped flows have to end
# Seconds after which those that go on are stopped again: Spark refuses later jobs of a canceled group, but not the
# stages that adaptive execution submits, so one of these may begin just after the first stop.
_AGAIN = 0.5


def flows_side_by_side(configuration: Mapping[str, str]) -> int:
    """How many flows of an update run at a time: what is set, else two to four by the number of cores.

    Raises:
        UsageProblem: LDP-1003 when the setting is no number from 1 on.
    """
    return whole_number(configuration, CONCURRENCY, max(2, min(4, os.cpu_count() or 2)), least=1)


class Scheduler:
    """Runs the flows of one update.

    Parameters:
        bus: events are delivered by the thread that calls `run`, while it waits.
        workers: how many flows run side by side.
    """

    def __init__(self, work: Work, bus: EventBus, workers: int) -> None:
        self._work = work
        self._bus = bus
        self._workers = workers
        self._ended: queue.SimpleQueue[tuple[PlannedFlow, object]] = queue.SimpleQueue()
        # flows that failed and are tried again, with the moment when
        self._again: dict[str, float] = {}
        self.problems: list[LdpError] = []

    def run(self, flows: list[PlannedFlow], execute: Callable[[PlannedFlow], object] | None = None) -> None:
        """Run them to the end.

        Parameters:
            execute: runs one flow; returns a problem or None.

        Raises:
            Canceled: when the update was stopped meanwhile.
        """
        execute = execute or (lambda planned: FlowRun(self._work, planned).run())
        emitter = self._work.emitter
        waiting: dict[str, set[str]] = {}
        by_key = {planned.key: planned for planned in flows}
        for planned in flows:
            emitter.progress(planned, FlowStatus.EXCLUDED if planned.excluded else FlowStatus.QUEUED)
        for planned in flows:
            if not planned.excluded:
                waiting[planned.key] = {
                    k for k in planned.waits_for if k in by_key and not by_key[k].excluded and k != planned.key
                }
        running: set[str] = set()
        self._again.clear()
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="ldp-flow")
        try:
            while waiting or running or self._again:
                ready = [k for k, needs in waiting.items() if not needs]
                for key in [*ready, *self._due()]:
                    if self._work.stopping.is_set():
                        break
                    waiting.pop(key, None)
                    self._again.pop(key, None)
                    running.add(key)
                    pool.submit(self._one, by_key[key], execute)
                if not running and (not self._again or self._work.stopping.is_set()):
                    break
                with self._work.stoppable(self._bus.wake):  # stopping ends a wait for a further try, too
                    self._bus.pump(self._until_next())
                self._collect(waiting, running, by_key)
        except BaseException:  # an interrupt comes here, in the thread that waits
            self._work.stop()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            if self._work.stopping.is_set():
                self._wind_down(waiting, running, by_key)
        if self._work.stopping.is_set():
            raise Canceled

    def _wind_down(self, waiting: dict[str, set[str]], running: set[str], by_key: dict[str, PlannedFlow]) -> None:
        """Let stopped flows end, so that nothing writes after the update; one that will not is left behind."""
        deadline = time.monotonic() + _GRACE
        while running and (left := deadline - time.monotonic()) > 0:
            self._bus.pump(min(left, _AGAIN))
            self._collect({}, running, by_key)
            if running:
                self._work.stop()
        for key in [*waiting, *self._again]:  # one that failed meanwhile waits for its next try, too
            self._work.emitter.progress(by_key[key], FlowStatus.STOPPED)

    def _one(self, planned: PlannedFlow, execute: Callable[[PlannedFlow], object]) -> None:
        try:
            if self._work.stopping.is_set():  # handed out, and stopped before its turn came
                self._work.emitter.progress(planned, FlowStatus.STOPPED)
                raise Canceled
            result: object = execute(planned)
        except Canceled as canceled:
            result = canceled
        except LdpError as problem:  # of the journal, when it cannot be written
            result = problem
        except BaseException as error:  # a defect of ours: the update must not hang on it
            result = LdpError("LDP-3001", f"{type(error).__name__}: {error}", detail=repr(error))
        self._ended.put((planned, result))
        self._bus.wake()

    def _collect(self, waiting: dict[str, set[str]], running: set[str], by_key: dict[str, PlannedFlow]) -> None:
        while True:
            try:
                planned, result = self._ended.get_nowait()
            except queue.Empty:
                return
            running.discard(planned.key)
            if isinstance(result, LdpError) and self._work.tries_again(planned, result):
                self._retry(planned, result)
                continue
            if isinstance(result, LdpError):
                self.problems.append(result)
                self._skip(planned.key, waiting, by_key, result)
            for needs in waiting.values():
                needs.discard(planned.key)

    def _retry(self, planned: PlannedFlow, problem: LdpError) -> None:
        retries, failures = self._work.retries, self._work.failures.get(planned.key, 0) + 1
        self._work.failures[planned.key] = failures
        pause = retries.pause(failures)
        self._again[planned.key] = time.monotonic() + pause
        self._work.emitter.retrying(planned, problem, failures + 1, retries.flow + 1, pause)

    def _due(self) -> list[str]:
        now = time.monotonic()
        return [key for key, moment in self._again.items() if moment <= now]

    def _until_next(self) -> float | None:
        """Seconds until a flow is tried again; None where none is waiting for that."""
        return max(0.001, min(self._again.values()) - time.monotonic()) if self._again else None

    def _skip(
        self, failed: str, waiting: dict[str, set[str]], by_key: dict[str, PlannedFlow], problem: LdpError
    ) -> None:
        """Skip everything that waits for a failed flow, directly or through others."""
        for key in [k for k, needs in waiting.items() if failed in needs]:
            if key in waiting:
                del waiting[key]
                self._work.emitter.progress(
                    by_key[key],
                    FlowStatus.SKIPPED,
                    message=f"Flow '{self._work.emitter.flow_name(by_key[key].flow)}' is SKIPPED: an input failed.",
                )
                shown = self._work.emitter.target(by_key[key])
                if shown not in problem.because:
                    problem.because.append(shown)
                self._skip(key, waiting, by_key, problem)
