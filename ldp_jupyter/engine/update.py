"""One update from its beginning to its end."""

from __future__ import annotations

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import CdcSpec, Kind, SnapshotSpec
from ldp_jupyter.engine.emitter import Emitter, error_json
from ldp_jupyter.engine.failures import Canceled
from ldp_jupyter.engine.hooks import HookRunner
from ldp_jupyter.engine.plan import UpdatePlan, plan_update
from ldp_jupyter.engine.resets import Resets, remove_old_generations
from ldp_jupyter.engine.scheduler import Scheduler
from ldp_jupyter.engine.tables import read_tables, set_up
from ldp_jupyter.engine.work import Work
from ldp_jupyter.errors import LdpError, PipelineInvalid, UpdateFailed, problem_from
from ldp_jupyter.eventlog import Journal, publish_event_log
from ldp_jupyter.events import EventBus, UpdateState, UpdateView
from ldp_jupyter.state import Memory, UpdateLock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ldp_jupyter.context import Context
    from ldp_jupyter.declarations import EventHook
    from ldp_jupyter.engine.request import UpdateRequest
    from ldp_jupyter.events import Subscriber
    from ldp_jupyter.graph import Graph, Node
    from ldp_jupyter.names import Name
    from ldp_jupyter.state import Layout

CONCURRENCY = "spark.sql.pipelines.execution.maxConcurrentFlows"


@dataclass
class Update:
    """An update of a pipeline.

    Parameters:
        graph: resolved; its problems make the update fail before anything is touched.
        base: the pipeline's context.
        session: base session of the pipeline.
        owner: id of the pipeline.
        event_log: name of the event log's table.
        settings: what the log's `create_update` event tells of the pipeline's settings.
        before_end: called with the update so far and its problems before an error is raised; writes the report.
    """

    graph: Graph
    base: Context
    session: Any
    layout: Layout
    owner: str
    event_log: Name
    settings: dict[str, Any]
    hooks: Sequence[EventHook] = ()
    before_end: Callable[[UpdateView, list[LdpError]], None] | None = None

    def __post_init__(self) -> None:
        self.update_id = str(uuid.uuid4())
        self.view = UpdateView()
        self._work: Work | None = None

    def stop(self) -> None:
        """Cancel the update, from any thread."""
        if self._work is not None:
            self._work.stop()

    def run(self, request: UpdateRequest, subscribers: Sequence[Subscriber] = ()) -> UpdateView:
        """Run it.

        Returns:
            The update as its events tell it, when it is COMPLETED.

        Raises:
            PipelineInvalid: with all that is wrong, before anything was touched.
            UpdateFailed: with the problems of the flows that failed.
            LdpError: LDP-3003 while another update of the pipeline runs, LDP-3008 when it was stopped.
            KeyboardInterrupt: after the update is CANCELED.
        """
        try:
            self.layout.prepare()
        except OSError as error:
            raise LdpError("LDP-5006", f"storage {self.layout.storage} cannot be written: {error.strerror}") from None
        with UpdateLock(self.layout), Journal(self.layout.journal) as journal:
            bus = EventBus()
            bus.journal(journal.write)
            bus.subscribe(self.view.apply)
            hooks = HookRunner(self.hooks, bus) if self.hooks else None
            for subscriber in subscribers:
                bus.subscribe(subscriber)
            try:
                return self._run(request, bus)
            finally:
                bus.drain()
                if hooks is not None:
                    hooks.close()
                    bus.drain()

    def _run(self, request: UpdateRequest, bus: EventBus) -> UpdateView:
        emitter = Emitter(bus, self.graph, self.owner, self.update_id)
        publish_event_log(self.layout, self.event_log)
        emitter.create_update(
            {
                "full_refresh": request.full_refresh_all,
                "refresh_selection": list(request.refresh),
                "full_refresh_selection": list(request.full_refresh),
                "config": self.settings,
            }
        )
        emitter.user_action("START")
        emitter.runtime(_versions())
        emitter.update(UpdateState.INITIALIZING)
        problems: list[LdpError] = []
        try:
            if self.graph.problems:
                problems = list(self.graph.problems)
                raise PipelineInvalid(problems, self.graph.pipeline)
            plan = plan_update(self.graph, request)
            work = self._prepare(emitter, plan)
            bus.drain()
            problems = self._set_up(work, emitter)
            if not problems:
                emitter.update(UpdateState.RUNNING)
                scheduler = Scheduler(work, bus, self._workers())
                problems = scheduler.problems
                scheduler.run(plan.flows)
            if problems:
                raise UpdateFailed(problems, self.update_id)
        except (Canceled, KeyboardInterrupt) as stopped:
            if self._work is not None:
                self._work.stop()
            emitter.update(UpdateState.CANCELED, cause="USER_ACTION")
            self._finish(bus, problems)
            if isinstance(stopped, KeyboardInterrupt):
                raise
            raise LdpError("LDP-3008", f"update {self.update_id[:6]} was canceled") from None
        except BaseException as error:
            told = (
                problem_from(error, "LDP-3001") if isinstance(error, Exception) else LdpError("LDP-3001", repr(error))
            )
            emitter.update(UpdateState.FAILED, error_json(problems[0] if problems else told))
            self._finish(bus, problems or [told])
            raise
        emitter.update(UpdateState.COMPLETED)
        self._finish(bus, [])
        return self.view

    def _prepare(self, emitter: Emitter, plan: UpdatePlan) -> Work:
        for node in self.graph.nodes.values():
            emitter.dataset(node)
        for sink in self.graph.sinks.values():
            emitter.sink(sink.name, sink.format, dict(sink.options))
        for planned in plan.flows:
            query = planned.flow.flow.query
            kind = (
                "cdc"
                if isinstance(query, CdcSpec)
                else "snapshot"
                if isinstance(query, SnapshotSpec)
                else "view"
                if planned.node is not None and planned.node.kind in (Kind.MATERIALIZED_VIEW, Kind.VIEW)
                else "append"
            )
            emitter.flow(planned, kind)
        stored = [node for node in self.graph.nodes.values() if node.kind.stored]
        tables = read_tables(self.session, self.layout, stored)
        work = Work(
            self.graph, self.base, self.session, self.layout, Memory(self.layout), emitter, plan, tables, self.owner
        )
        self._work = work
        return work

    def _set_up(self, work: Work, emitter: Emitter) -> list[LdpError]:
        """Create, evolve and empty tables; every table that cannot be set up is told."""
        resets = Resets(work.memory, work.tables)
        unfinished = resets.unfinished()
        emitter.update(UpdateState.RESETTING if work.plan.full or unfinished else UpdateState.SETTING_UP_TABLES)
        full = work.plan.full | unfinished
        resets.begin({name for name in full if work.graph.nodes[name].kind == Kind.STREAMING_TABLE})
        wanted = [
            (name, node)
            for name, node in work.graph.nodes.items()
            if node.kind.stored and (name in work.plan.selected or name in unfinished)
        ]

        def one(item: tuple[Name, Node]) -> LdpError | None:
            name, node = item
            try:
                set_up(self.session, node, work.tables[name], node.schema, self.owner, self.graph, full=name in full)
            except Exception as error:
                return problem_from(error, "LDP-3001", dataset=self.graph.shown(name), location=node.dataset.location)
            return None

        with ThreadPoolExecutor(self._workers()) as pool:
            problems = [problem for problem in pool.map(one, wanted) if problem is not None]
        if not problems:
            resets.end()
        for name in full:
            remove_old_generations(self.layout, work.tables[name])
        return problems

    def _workers(self) -> int:
        configured = self.base.configuration.get(CONCURRENCY)
        return int(configured) if configured else max(2, min(4, os.cpu_count() or 2))

    def _finish(self, bus: EventBus, problems: list[LdpError]) -> None:
        bus.drain()
        if self.before_end is not None:
            self.before_end(self.view, problems)


def _versions() -> dict[str, str]:
    """Versions of what runs the update."""
    import platform

    import pyspark

    from ldp_jupyter import __version__

    return {"ldp_jupyter": __version__, "spark": pyspark.__version__, "python": platform.python_version()}
