"""One update from its beginning to its end."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Kind
from ldp_jupyter.engine import definitions
from ldp_jupyter.engine.continuous import Continuous
from ldp_jupyter.engine.emitter import Emitter
from ldp_jupyter.engine.failures import Canceled, set_up_problem
from ldp_jupyter.engine.flows import flow_ids
from ldp_jupyter.engine.hooks import HookRunner
from ldp_jupyter.engine.inactive import find_absent, remember
from ldp_jupyter.engine.plan import UpdatePlan, plan_update
from ldp_jupyter.engine.preview import full_refresh_warnings
from ldp_jupyter.engine.resets import Resets
from ldp_jupyter.engine.retries import Retries
from ldp_jupyter.engine.scheduler import Scheduler, flows_side_by_side
from ldp_jupyter.engine.tables import read_tables, set_up
from ldp_jupyter.engine.work import Work
from ldp_jupyter.errors import LdpError, PipelineInvalid, UpdateFailed, problem_from
from ldp_jupyter.eventlog import Journal, flush_beside, publish_event_log
from ldp_jupyter.events import EventBus, FlowStatus, UpdateState, UpdateView, errors_json
from ldp_jupyter.quality import samples_wanted
from ldp_jupyter.state import Checkpoints, Memory, UpdateLock, storage_problem
from ldp_jupyter.state.checkpoints import SINK_GENERATION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from ldp_jupyter.context import Context
    from ldp_jupyter.declarations import EventHook
    from ldp_jupyter.engine.request import UpdateRequest
    from ldp_jupyter.events import Subscriber
    from ldp_jupyter.graph import Graph, Node
    from ldp_jupyter.names import Name
    from ldp_jupyter.state import Layout


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
        retries: what failures are tried again, by the mode; none in development.
        cause: why it runs, in the event log's words.
        last: the last update, where the request asks for what failed in it.
        unloaded: datasets of this kernel's notebook whose cells did not run: they have not left the source.
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
    retries: Retries = field(default_factory=Retries)
    cause: str = "USER_ACTION"
    last: UpdateView | None = None
    unloaded: AbstractSet[Name] = frozenset()

    def __post_init__(self) -> None:
        self.update_id = str(uuid.uuid4())
        self.view = UpdateView()
        self._work: Work | None = None
        # settings that are wrong are told before anything is touched
        self._workers = flows_side_by_side(self.base.configuration)
        samples_wanted(self.base.configuration)

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
            LdpError: LDP-3003 while another update of the pipeline runs, LDP-3008 when it was stopped, LDP-5006 when
                the storage cannot be written.
            KeyboardInterrupt: after the update is CANCELED.
        """
        try:
            return self._run_alone(request, subscribers)
        except OSError as error:  # those of flows are told with their flow
            raise storage_problem(error.filename or self.layout.storage, error) from None

    def _run_alone(self, request: UpdateRequest, subscribers: Sequence[Subscriber]) -> UpdateView:
        self.layout.prepare()

        def put_aside() -> None:
            flush_beside(self.session, self.layout, self.event_log)

        with UpdateLock(self.layout), Journal(self.layout.journal, put_aside=put_aside) as journal:
            bus = EventBus()
            bus.journal(journal.write)
            bus.subscribe(self.view.apply)
            hooks = HookRunner(self.hooks, bus, self.base) if self.hooks else None
            for subscriber in subscribers:
                bus.subscribe(subscriber)
            try:
                return self._run(request, bus)
            finally:
                bus.drain()
                if hooks is not None:
                    hooks.close()
                    bus.drain()
                bus.close()

    def _run(self, request: UpdateRequest, bus: EventBus) -> UpdateView:
        emitter = Emitter(bus, self.graph, self.owner, self.update_id)
        publish_event_log(self.layout, self.event_log)
        emitter.create_update(
            {
                "full_refresh": request.full_refresh_all,
                "refresh_selection": list(request.refresh),
                "full_refresh_selection": list(request.full_refresh),
                "refresh_selection_by_path": list(request.refresh_files),
                "reset_checkpoint_selection": list(request.reset_checkpoints),
                "development": self.retries == Retries(),
                "continuous": request.continuous,
                "config": self.settings,
            },
            self.cause,
        )
        if self.cause == "USER_ACTION":
            emitter.user_action("START")
        emitter.runtime(_versions())
        for hook in self.hooks:
            emitter.hook(hook.name)
        emitter.update(UpdateState.INITIALIZING)
        problems: list[LdpError] = []
        try:
            if self.graph.problems:
                problems = list(self.graph.problems)
                raise PipelineInvalid(problems, self.graph.pipeline)
            plan = plan_update(self.graph, request, self.last)
            work = self._prepare(emitter, plan)
            bus.drain()
            failed = self._set_up(work, emitter)
            problems = list(failed.values())
            if failed:
                _tell_unbegun(emitter, plan, failed)
            else:
                emitter.flow_ids = flow_ids(work)
                emitter.update(UpdateState.RUNNING)
                scheduler = Scheduler(work, bus, self._workers)
                problems = scheduler.problems
                # made before anything runs: a wrong interval is told then
                rounds = Continuous(work, bus, scheduler) if request.continuous else None
                try:
                    scheduler.run(plan.flows)
                finally:
                    self._remember(work, bus)
                if rounds is not None and not problems:
                    rounds.run()
            if problems:
                raise UpdateFailed(problems, self.update_id)
        except (Canceled, KeyboardInterrupt) as stopped:
            if self._work is not None:
                self._work.stop()
            emitter.user_action("STOP")
            emitter.update(UpdateState.CANCELED, cause="USER_ACTION")
            self._finish(bus, problems)
            if isinstance(stopped, KeyboardInterrupt):
                raise
            raise LdpError("LDP-3008", f"update {self.update_id[:6]} was canceled") from None
        except BaseException as error:
            told = (
                problem_from(error, "LDP-3001") if isinstance(error, Exception) else LdpError("LDP-3001", repr(error))
            )
            emitter.update(UpdateState.FAILED, errors_json(problems or [told]))
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
        for note in self.graph.warnings:
            if note.kind == "deprecated":
                emitter.deprecation(note.text, str(note.location))
        for node in self.graph.nodes.values():
            for flow in node.flows:
                emitter.flow(flow, node)
        for flow in self.graph.sink_flows:
            emitter.flow(flow, None)
        stored = [node for node in self.graph.nodes.values() if node.kind.stored]
        tables = read_tables(self.session, self.layout, stored)
        memory = Memory(self.layout)
        missing = find_absent(self.session, self.layout, memory, self.graph, self.owner, self.unloaded)
        remember(memory, self.graph, missing)
        if missing.inactive:
            emitter.inactive([self.graph.shown(name) for name in missing.inactive])
        for warning in full_refresh_warnings(self.graph, plan, tables):
            emitter.warning(warning.text)
            if warning not in self.graph.warnings:
                self.graph.warnings.append(warning)
        work = Work(
            self.graph,
            self.base,
            self.session,
            self.layout,
            memory,
            emitter,
            plan,
            tables,
            self.owner,
            fresh=self.graph.used_by is None,
            retries=self.retries,
        )
        self.graph.used_by = self.update_id
        self._work = work
        return work

    def _remember(self, work: Work, bus: EventBus) -> None:
        """Keep the definitions of what was refreshed, to tell later what changed."""
        bus.drain()
        done = [
            node
            for name, node in self.graph.nodes.items()
            if name in work.plan.selected
            and node.kind.stored
            and self.view.datasets[self.graph.shown(name)].status == FlowStatus.COMPLETED.value
        ]
        work.memory.keep(
            definitions.KEY, {str(node.name): definitions.definition(self.graph, node) for node in done}
        )

    def _set_up(self, work: Work, emitter: Emitter) -> dict[Name, LdpError]:
        """Create, evolve and empty tables.

        Returns:
            What was wrong, by table: of each that cannot be set up.
        """
        resets = Resets(work.memory, work.tables, self.layout)
        unfinished = resets.unfinished()
        asked = {node.flow.name for node in work.plan.resets}
        others = [planned.flow for planned in work.plan.flows if planned.flow.flow.name not in asked]
        flows = [*work.plan.resets, *resets.unfinished_flows(others)]
        full = work.plan.full | unfinished
        emitter.update(UpdateState.RESETTING if full else UpdateState.SETTING_UP_TABLES)
        resets.begin({name for name in full if work.graph.nodes[name].kind == Kind.STREAMING_TABLE}, flows)
        wanted = [
            (name, node)
            for name, node in work.graph.nodes.items()
            if node.kind.stored and (name in work.plan.selected or name in unfinished)
        ]

        def one(item: tuple[Name, Node]) -> tuple[Name, LdpError | None]:
            name, node = item
            try:
                table, full_refresh = work.tables[name], name in full
                if set_up(
                    self.session, node, table, node.schema, self.owner, self.graph, self.layout, full=full_refresh
                ):
                    work.touched.add(name)
            except Exception as error:
                return name, set_up_problem(error, self.graph.shown(name), node.dataset.location)
            return name, None

        with ThreadPoolExecutor(self._workers) as pool:
            found = list(pool.map(one, [item for item in wanted if item[0] in full]))
            if full:
                emitter.update(UpdateState.SETTING_UP_TABLES)
            found += pool.map(one, [item for item in wanted if item[0] not in full])
        problems = {name: problem for name, problem in found if problem is not None}
        if not problems:
            resets.reset(flows)
            resets.end()
            self._sweep(work)
        return problems

    def _sweep(self, work: Work) -> None:
        """Remove checkpoints that can never count again, this update's or those that a killed one left."""
        checkpoints = Checkpoints(self.layout)
        for name in work.plan.selected:
            if self.graph.nodes[name].kind == Kind.STREAMING_TABLE:
                checkpoints.sweep(name, work.tables[name].generation)
        for sink in self.graph.sinks:
            checkpoints.sweep(sink, SINK_GENERATION)

    def _finish(self, bus: EventBus, problems: list[LdpError]) -> None:
        bus.drain()
        if self.before_end is not None:
            self.before_end(self.view, problems)


def _versions() -> dict[str, str]:
    """Versions of what runs the update."""
    import platform
    from importlib.metadata import version

    import pyspark

    from ldp_jupyter import __version__

    return {
        "ldp_jupyter": __version__,
        "spark": pyspark.__version__,
        "delta": version("delta-spark"),
        "python": platform.python_version(),
    }


def _tell_unbegun(emitter: Emitter, plan: UpdatePlan, failed: Mapping[Name, LdpError]) -> None:
    """No flow runs where tables cannot be set up: those of such a table have failed, the others are skipped."""
    for planned in plan.flows:
        problem = failed.get(planned.node.name) if planned.node is not None else None
        if planned.excluded:
            emitter.progress(planned, FlowStatus.EXCLUDED)
        elif problem is not None:
            emitter.progress(planned, FlowStatus.FAILED, problem=problem)
        else:
            told = f"Flow '{emitter.flow_name(planned.flow)}' is SKIPPED: tables could not be set up."
            emitter.progress(planned, FlowStatus.SKIPPED, message=told)
