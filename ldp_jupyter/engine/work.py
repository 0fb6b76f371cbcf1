"""What all flows of one update share, and the handles by which running ones are stopped."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldp_jupyter.engine.failures import Canceled
from ldp_jupyter.engine.heads import Heads
from ldp_jupyter.engine.inputs import FixedVersions
from ldp_jupyter.engine.retries import Retries
from ldp_jupyter.events import UpdateState

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.context import Context
    from ldp_jupyter.engine.emitter import Emitter
    from ldp_jupyter.engine.plan import PlannedFlow, UpdatePlan
    from ldp_jupyter.engine.tables import Table
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.names import Name
    from ldp_jupyter.state import Layout, Memory


@dataclass
class Work:
    """One update's shared state.

    Parameters:
        session: base session of the pipeline; each flow runs in a clone of it.
        owner: id of the pipeline.
        fresh: whether the queries were evaluated for this update.
        touched: datasets whose tables may have changed in this round.
        rounds: of a continuous update, after its first run.
    """

    graph: Graph
    base: Context
    session: Any
    layout: Layout
    memory: Memory
    emitter: Emitter
    plan: UpdatePlan
    tables: dict[Name, Table]
    owner: str
    fresh: bool = True
    touched: set[Name] = field(default_factory=set)
    rounds: int = 0
    retries: Retries = field(default_factory=Retries)
    stopping: threading.Event = field(default_factory=threading.Event)
    failures: dict[str, int] = field(default_factory=dict)  # of flows, by key
    told_files: dict[str, set[str]] = field(default_factory=dict)  # changed ones that were told, by key of the flow
    _stops: dict[int, Callable[[], None]] = field(default_factory=dict)
    _writers: dict[Name, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.inputs = FixedVersions(table.path for table in self.tables.values())
        self.heads = Heads(self.session, self.tables.values())

    def alone(self, name: Name) -> contextlib.AbstractContextManager[Any]:
        """While the block runs, no other flow is in such a block for the table: Delta would refuse the later commit."""
        with self._lock:
            return self._writers.setdefault(name, threading.Lock())

    def next_round(self) -> None:
        """Begin to run flows again: others may have written meanwhile."""
        self.rounds += 1
        self.touched.clear()
        self.heads.forget()
        self.inputs.forget()

    def table_path(self, name: Name) -> str:
        return self.layout.table(name, private=self.graph.nodes[name].dataset.options.private)

    def tries_again(self, planned: PlannedFlow, problem: LdpError) -> bool:
        """Whether a flow that failed so is tried again in this update."""
        return problem.heals and self.failures.get(planned.key, 0) < self.retries.flow

    @contextlib.contextmanager
    def stoppable(self, stop: Callable[[], None]) -> Any:
        """While the block runs, stopping the update calls `stop`."""
        key = id(stop)
        with self._lock:
            if self.stopping.is_set():
                raise Canceled
            self._stops[key] = stop
        try:
            yield
        except BaseException:
            if self.stopping.is_set():
                raise Canceled from None
            raise
        finally:
            with self._lock:
                self._stops.pop(key, None)
        if self.stopping.is_set():
            raise Canceled

    def stop(self) -> None:
        """Cancel whatever runs, from any thread."""
        with self._lock:
            first = not self.stopping.is_set()
            self.stopping.set()
            stops = list(self._stops.values())
        if first:
            self.emitter.update(UpdateState.STOPPING)
        threads = [threading.Thread(target=_quietly, args=(stop,), daemon=True) for stop in stops]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2)


def _quietly(stop: Callable[[], None]) -> None:
    with contextlib.suppress(Exception):
        stop()
