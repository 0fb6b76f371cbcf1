"""The scheduler over random graphs, with flows that only note that they ran."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from core_samples import NAMESPACE, declaring
from hypothesis import given, settings
from hypothesis import strategies as st

from ldp_jupyter import pipelines as dp
from ldp_jupyter.declarations import Kind
from ldp_jupyter.engine import PlannedFlow, UpdateRequest, plan_update
from ldp_jupyter.engine.emitter import Emitter
from ldp_jupyter.engine.failures import Canceled
from ldp_jupyter.engine.scheduler import CONCURRENCY, Scheduler, flows_side_by_side
from ldp_jupyter.engine.work import Work
from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.events import EventBus, UpdateView
from ldp_jupyter.graph import Graph, declared_graph
from ldp_jupyter.state import Layout

if TYPE_CHECKING:
    from collections.abc import Callable

Dag = dict[int, set[int]]  # what each reads: only smaller numbers


@st.composite
def dags(draw: st.DrawFn) -> Dag:
    size = draw(st.integers(1, 12))
    return {n: draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else set() for n in range(size)}


def graph_of(dag: Dag) -> Graph:
    with declaring() as declared:
        for n in dag:
            dp.materialized_view(dict, name=f"t{n}")
    graph = declared_graph("shop", NAMESPACE, [declared])
    for n, reads in dag.items():
        node = graph.nodes[NAMESPACE.qualify(f"t{n}")]
        node.kind = Kind.MATERIALIZED_VIEW
        node.flows[0].inputs = [NAMESPACE.qualify(f"t{read}") for read in sorted(reads)]
    return graph


def descendants(dag: Dag, of: set[int]) -> set[int]:
    found: set[int] = set()
    for n in sorted(dag):
        if dag[n] & (of | found):
            found.add(n)
    return found


class Update:
    """One run of the scheduler, with what was seen of it."""

    def __init__(self, dag: Dag, workers: int = 3, **request: Any) -> None:
        self.graph = graph_of(dag)
        self.plan = plan_update(self.graph, UpdateRequest(**request))
        self.bus = EventBus()
        self.view = UpdateView()
        self.bus.subscribe(self.view.apply)
        emitter = Emitter(self.bus, self.graph, "pipeline", "update")
        self.work = Work(self.graph, None, None, Layout("", ""), None, emitter, self.plan, {}, "owner")
        self.scheduler = Scheduler(self.work, self.bus, workers)
        self.log: list[tuple[str, int]] = []
        self._lock = threading.Lock()

    def note(self, what: str, planned: PlannedFlow) -> int:
        number = int(planned.key.rsplit("t", 1)[1])
        with self._lock:
            self.log.append((what, number))
        return number

    def run(self, execute: Callable[[int], object] = lambda _number: None) -> None:
        def one(planned: PlannedFlow) -> object:
            number = self.note("start", planned)
            try:
                return execute(number)
            finally:
                self.note("end", planned)

        self.scheduler.run(self.plan.flows, one)
        self.bus.drain()

    def started(self) -> set[int]:
        return {n for what, n in self.log if what == "start"}

    def status(self) -> dict[str, str | None]:
        return {name: dataset.status for name, dataset in self.view.datasets.items()}


def problem(number: int) -> LdpError:
    return LdpError("LDP-3001", f"flow t{number} failed", dataset=f"t{number}")


@settings(max_examples=60, deadline=None)
@given(dags(), st.integers(1, 4))
def test_every_flow_runs_once_and_after_all_that_it_waits_for(dag: Dag, workers: int) -> None:
    update = Update(dag, workers)
    update.run()
    for n, reads in dag.items():
        start = update.log.index(("start", n))
        assert all(update.log.index(("end", read)) < start for read in reads)
    assert sorted(n for what, n in update.log if what == "start") == sorted(dag)
    assert update.scheduler.problems == []


@settings(max_examples=60, deadline=None)
@given(dags(), st.data())
def test_a_failing_flow_skips_what_depends_on_it_and_nothing_else(dag: Dag, data: st.DataObject) -> None:
    failing = data.draw(st.sets(st.sampled_from(sorted(dag)), max_size=3))
    update = Update(dag)
    update.run(lambda n: problem(n) if n in failing else None)
    skipped = descendants(dag, failing)
    assert update.started() == set(dag) - skipped
    failed = failing - skipped
    assert {p.dataset for p in update.scheduler.problems} == {f"t{n}" for n in failed}
    assert {name for name, status in update.status().items() if status == "SKIPPED"} == {f"t{n}" for n in skipped}
    told = {name for p in update.scheduler.problems for name in p.because}
    assert told == {f"t{n}" for n in skipped}


@settings(max_examples=40, deadline=None)
@given(dags(), st.data())
def test_what_is_not_selected_is_not_run_and_nobody_waits_for_it(dag: Dag, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(dag)), min_size=1))
    update = Update(dag, refresh=[f"t{n}" for n in sorted(chosen)])
    update.run()
    assert update.started() == chosen
    assert {n for n, s in update.status().items() if s == "EXCLUDED"} == {f"t{n}" for n in set(dag) - chosen}


@settings(max_examples=30, deadline=None)
@given(dags(), st.integers(1, 4))
def test_no_more_flows_run_side_by_side_than_allowed(dag: Dag, workers: int) -> None:
    update = Update(dag, workers)
    update.run()
    running = most = 0
    for what, _ in update.log:
        running += 1 if what == "start" else -1
        most = max(most, running)
    assert most <= workers


def test_independent_flows_run_side_by_side() -> None:
    together = threading.Barrier(2, timeout=10)
    update = Update({0: set(), 1: set()}, 2)
    update.run(lambda _: together.wait() and None)
    assert update.started() == {0, 1}


def test_a_defect_in_a_flow_is_told_and_does_not_hang_the_update() -> None:
    def broken(number: int) -> object:
        if number == 0:
            raise RuntimeError("our own mistake")
        return None

    update = Update({0: set(), 1: {0}, 2: set()})
    update.run(broken)
    (found,) = update.scheduler.problems
    assert (found.code, found.message, found.because) == ("LDP-3001", "RuntimeError: our own mistake", ["t1"])
    assert update.started() == {0, 2}


def test_what_fails_with_two_flows_is_told_with_the_first_to_fail() -> None:
    gate = threading.Event()

    def execute(number: int) -> object:
        if number == 1:
            assert gate.wait(10)
        if number in (0, 1):
            gate.set()
            return problem(number)
        return None

    update = Update({0: set(), 1: set(), 2: {0, 1}})
    update.run(execute)
    assert sum(p.because == ["t2"] for p in update.scheduler.problems) == 1
    assert len(update.scheduler.problems) == 2


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stopped_update_lets_running_flows_end_and_starts_no_more(workers: int) -> None:
    update = Update({0: set(), 1: {0}, 2: {1}, 3: {0}}, workers)

    def execute(number: int) -> object:
        assert number == 0
        update.work.stop()
        raise Canceled

    with pytest.raises(Canceled):
        update.run(execute)
    update.bus.drain()
    assert update.started() == {0}
    assert update.scheduler.problems == []
    assert {n: s for n, s in update.status().items() if n != "t0"} == dict.fromkeys(["t1", "t2", "t3"], "STOPPED")


def test_an_interrupt_of_the_waiting_thread_stops_the_flows_and_goes_on() -> None:
    update = Update({0: set(), 1: {0}})
    stopped = threading.Event()

    def execute(number: int) -> object:
        with update.work.stoppable(stopped.set):
            assert stopped.wait(10)
        return None

    def interrupt(event: Any) -> None:
        progress = event.details.get("flow_progress", {})
        if progress.get("status") == "QUEUED" and event.origin["dataset_name"] == "t1":
            raise KeyboardInterrupt

    update.bus.subscribe(interrupt)
    with pytest.raises(KeyboardInterrupt):
        update.run(execute)
    update.bus.drain()
    assert stopped.is_set()
    deadline = time.monotonic() + 10
    while ("end", 0) not in update.log and time.monotonic() < deadline:
        time.sleep(0.01)
    assert update.log == [("start", 0), ("end", 0)]
    assert update.status()["t1"] == "STOPPED"


def test_an_update_without_flows() -> None:
    update = Update({0: set()})
    update.plan.flows.clear()
    update.run()
    assert update.log == []


def test_stopping_is_told_to_each_running_flow_once_and_a_late_one_does_not_start() -> None:
    work = Update({0: set()}).work
    stopped = []
    with pytest.raises(Canceled), work.stoppable(lambda: stopped.append("one")):
        work.stop()
    with pytest.raises(Canceled), work.stoppable(lambda: stopped.append("two")):
        raise AssertionError("it must not start")
    assert stopped == ["one"]


def test_an_error_of_a_flow_that_is_being_stopped_is_its_end() -> None:
    work = Update({0: set()}).work

    def query() -> None:
        with work.stoppable(lambda: None):
            work.stop()
            raise RuntimeError("the query was stopped")

    with pytest.raises(Canceled):
        query()


def test_a_flow_that_ended_is_not_stopped() -> None:
    work = Update({0: set()}).work
    stopped = []
    with work.stoppable(lambda: stopped.append("ended")):
        pass
    work.stop()
    assert stopped == []


def test_how_many_flows_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, flows in ((None, 2), (1, 2), (2, 2), (3, 3), (4, 4), (64, 4)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert flows_side_by_side({}) == flows
    assert flows_side_by_side({CONCURRENCY: "16"}) == 16
    for wrong in ("0", "-1", "many", "", "1.5", "²"):
        with pytest.raises(UsageProblem, match="maxConcurrentFlows wants a whole number from 1 on"):
            flows_side_by_side({CONCURRENCY: wrong})
