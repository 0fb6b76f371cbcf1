"""Run one flow: the choice of how, and what all kinds have in common."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import using
from ldp_jupyter.declarations import CdcSpec, Kind, SnapshotSpec
from ldp_jupyter.engine.batch import job_group
from ldp_jupyter.engine.causes import causes_of
from ldp_jupyter.engine.failures import Canceled, flow_problem
from ldp_jupyter.engine.new_columns import take_new_columns
from ldp_jupyter.engine.refused_files import note_refused
from ldp_jupyter.engine.stored import StoredFrames
from ldp_jupyter.errors import LdpError
from ldp_jupyter.events import FlowStatus
from ldp_jupyter.graph import Evaluation, evaluate, flow_session
from ldp_jupyter.quality import Samples, samples_wanted
from ldp_jupyter.redaction import scrub
from ldp_jupyter.state.checkpoints import SINK_GENERATION, Checkpoints
from ldp_jupyter.state.kept_columns import kept_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.engine.met_columns import MetColumns
    from ldp_jupyter.engine.plan import PlannedFlow
    from ldp_jupyter.engine.work import Work
    from ldp_jupyter.quality import RuleSet


_IDS = uuid.UUID("3f1f6f0a-6f1f-4d55-9d0e-5a4f2f3c8b7e")


class FlowRun:
    """One flow while it runs, in its own session and thread."""

    def __init__(self, work: Work, planned: PlannedFlow) -> None:
        self.work = work
        self.planned = planned
        self.flow = planned.flow.flow
        self.node = planned.node
        self.name = work.emitter.flow_name(planned.flow)
        self.session: Any = None
        self.evaluation: Evaluation | None = None
        self.frames: StoredFrames | None = None
        self.samples = Samples(0)
        self.met: list[MetColumns] = []  # new columns of files that ended its stream

    def run(self) -> LdpError | None:
        """Run it to its end.

        Returns:
            What went wrong, None for a flow that is done.

        Raises:
            Canceled: when the update was stopped.
        """
        from ldp_jupyter.engine.settled import settled

        try:
            self._progress(FlowStatus.STARTING)
            if settled(self):
                self._progress(FlowStatus.COMPLETED)
                return None
            if self.node is not None:
                self.work.touched.add(self.node.name)
            self._open_session()
            self.samples = Samples(samples_wanted(self.work.base.configuration))
            with job_group(self):  # inference while the query is evaluated runs jobs, too
                self._execute_knowing_columns()
        except Canceled:
            self._progress(FlowStatus.STOPPED)
            raise
        except (Exception, SystemExit) as error:
            if self.work.stopping.is_set():
                self._progress(FlowStatus.STOPPED)
                raise Canceled from None
            with using(self.work.base):
                problem = flow_problem(error, self.work.graph, self.node, self.evaluation, self.name)
            note_refused(self, error, problem)
            if error is not problem and problem.code != "LDP-4001":  # behind a violated rule there is only our own text
                problem.causes = [(name, scrub(message)) for name, message in causes_of(error)]
            if not self.work.tries_again(self.planned, problem):  # else the scheduler says so
                self._progress(FlowStatus.FAILED, problem=problem)
            return problem
        self._progress(FlowStatus.COMPLETED)
        return None

    def _open_session(self) -> None:
        from ldp_jupyter.spark import bridge

        self.session = flow_session(self.work.session, self.flow)
        bridge.activate(self.session)

    def _execute_knowing_columns(self) -> None:
        """A stream of files that meets new columns takes them and begins again, as often as it meets some."""
        while True:
            try:
                self._execute()
                return
            except Exception as error:
                if self.work.stopping.is_set() or not take_new_columns(self, error):
                    raise
            self._open_session()

    def _execute(self) -> None:
        from ldp_jupyter.engine import changes, once, streaming, views

        if self.node is not None and self.node.kind == Kind.VIEW:
            views.publish_view(self)
        elif isinstance(self.flow.query, SnapshotSpec):
            changes.run_snapshot(self)
        elif self.flow.once:
            once.run_once(self)
        elif self.flow.replace_where is not None:
            once.run_replacing(self)
        elif isinstance(self.flow.query, CdcSpec):
            changes.run_changes(self)
        elif self.node is not None and self.node.kind == Kind.MATERIALIZED_VIEW:
            views.refresh_view(self)
        else:
            streaming.run_stream(self)

    def frame(self, observe: Callable[[RuleSet, Any], Any]) -> Any:
        """The DataFrame of the flow's query over the tables as they are stored now."""
        work = self.work
        self.frames = StoredFrames(work.graph, work.base, work.table_path, observe, lambda: self.columns)
        self.evaluation = Evaluation(work.graph, self.flow, self.session, self.frames)
        return evaluate(self.evaluation, work.base)

    @property
    def table(self) -> Any:
        """The table that the flow writes."""
        assert self.node is not None
        return self.work.tables[self.node.name]

    @property
    def configured(self) -> dict[str, str]:
        """Settings that the user made for this flow: nothing of ours replaces them."""
        return {**self.work.base.configuration, **self.work.base.confs, **self.flow.confs}

    @property
    def flow_id(self) -> str:
        """Identity of the flow within a life of its table and checkpoint: the base of Delta's `txn` ids."""
        target, generation = self._target
        return f"{self.work.owner}/{target}/{generation}/{self.name_in_life}"

    @property
    def name_in_life(self) -> str:
        """The flow's name, told apart by lives of its checkpoint: in each, batches are counted from 0 again."""
        life = Checkpoints(self.work.layout).life(*self._target, self.flow.name)
        return self.flow.name + (f"/{life}" if life else "")

    @property
    def checkpoint(self) -> str:
        """Folder of the flow's checkpoint."""
        return Checkpoints(self.work.layout).path(*self._target, self.flow.name)

    @property
    def columns(self) -> str:
        """Folder of the columns that its streams of files were found to have."""
        return kept_columns(self.checkpoint)

    @property
    def _target(self) -> tuple[Any, str]:
        if self.node is None:
            return str(self.flow.sink), SINK_GENERATION
        return self.node.name, self.table.generation

    def _progress(self, status: FlowStatus, **more: Any) -> None:
        self.work.emitter.progress(self.planned, status, **more)

    progress = _progress


def flow_ids(work: Work) -> dict[str, str]:
    """Ids of flows by key, as the event log has them: the same until the table is emptied or the checkpoint reset."""
    found = {}
    for planned in work.plan.flows:
        if planned.node is None or planned.node.kind.stored:
            with contextlib.suppress(LdpError):  # a damaged checkpoint: the flow itself says so
                found[planned.key] = str(uuid.uuid5(_IDS, FlowRun(work, planned).flow_id))
    return found
