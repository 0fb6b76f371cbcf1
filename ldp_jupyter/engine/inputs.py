"""One version of each table from outside in an update, whoever reads it as a batch.

Another process may write such a table meanwhile. Two views of one update must not tell of two states of it: the first
flow that reads a Delta table fixes its version, and the others read that one. The pipeline's own tables need none of
this: a reader starts when their flows are done.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ldp_jupyter.engine.definitions import views_behind
from ldp_jupyter.engine.sizing import local_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.spark.bridge import BatchInputs


class FixedVersions:
    """Versions that the flows of one update read.

    Parameters:
        own: folders of the pipeline's own tables.
    """

    def __init__(self, own: Iterable[str]) -> None:
        self._own = frozenset(own)
        self._versions: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def of(self, facts: BatchInputs) -> dict[str, int]:
        """Versions of a query's tables from outside, by path; those that nobody read before are fixed now."""
        outside = [t for t in facts.tables if not t.pinned and (local_of(t.path) or t.path) not in self._own]
        with self._lock:
            return {t.path: self._versions.setdefault((t.path, t.id), t.version) for t in outside}

    def forget(self) -> None:
        """Begin anew, for the next round of a continuous update."""
        with self._lock:
            self._versions.clear()


def at_fixed_versions(run: FlowRun, frame: Any) -> tuple[Any, BatchInputs]:
    """A flow's batch query at the versions that the update reads, and what it depends on."""
    from ldp_jupyter.spark import bridge

    facts = bridge.batch_inputs(frame, _datasets(run))
    versions = run.work.inputs.of(facts)
    if not versions:
        return frame, facts
    tables = [t if t.pinned else replace(t, version=versions.get(t.path, t.version)) for t in facts.tables]
    return bridge.at_versions(frame, versions), replace(facts, tables=tables)


def _datasets(run: FlowRun) -> dict[str, str]:
    """Names of the stored datasets that the flow reads, also through views, by their folders."""
    graph = run.work.graph
    direct = run.planned.flow.inputs
    read = {*direct, *(name for view in views_behind(graph, direct) for name in view.inputs)}
    return {run.work.table_path(name): str(name) for name in read if graph.nodes[name].kind.stored}
