"""Flows in which nothing can have changed, told without evaluating their queries a second time.

The graph of an update holds each query as it was evaluated over shapes. That is enough to know what a flow reads, and
for a materialized view to have the fingerprint that its query has over the stored tables: names of datasets stand in
the place of tables in both. What is settled is decided by the same facts as after an evaluation (`views`, `backlog`);
where these cannot be had from the graph, the flow runs and finds out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Kind, PythonQuery, SnapshotSpec
from ldp_jupyter.engine.backlog import caught_up
from ldp_jupyter.engine.changed_files import tell_changed_files
from ldp_jupyter.engine.definitions import views_behind
from ldp_jupyter.engine.views import fingerprint, told
from ldp_jupyter.events import FlowStatus

if TYPE_CHECKING:
    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.engine.work import Work
    from ldp_jupyter.graph import FlowNode, Graph
    from ldp_jupyter.names import Name
    from ldp_jupyter.spark.bridge import BatchInputs, Shape, StreamSource


def settled(run: FlowRun) -> bool:
    """Whether nothing can have changed for a flow since its last run; tells the plan of a materialized view."""
    flow_node, shape = run.planned.flow, run.planned.flow.shape
    flow = run.flow
    if shape is None or flow.once or flow.replace_where is not None or isinstance(flow.query, SnapshotSpec):
        return False
    if not _holds(run.work, flow_node, streaming=shape.streaming):
        return False
    if shape.streaming:
        return _caught_up(run, shape)
    if run.node is None or run.node.kind != Kind.MATERIALIZED_VIEW or shape.inputs is None:
        return False
    return _unchanged(run, shape.inputs)


def _holds(work: Work, flow_node: FlowNode, *, streaming: bool) -> bool:
    """Whether the graph's evaluation still says what a new one would.

    Code may look at anything: what it gave counts for the update that begins with it. A stream keeps its query for as
    long as the update goes on; a view is computed anew in each round of a continuous one.
    """
    code = [flow_node, *(flow for view in views_behind(work.graph, flow_node.inputs) for flow in view.flows)]
    if any(isinstance(part.flow.query, PythonQuery) and part.acted for part in code):
        return False
    if work.fresh and (streaming or not work.rounds):
        return True
    return not any(isinstance(part.flow.query, PythonQuery) or part.external_inputs for part in code)


def _caught_up(run: FlowRun, shape: Shape) -> bool:
    work = run.work
    stored = [_stored(work, source) for source in shape.sources or ()]
    if None in stored:
        return False
    sources = [source for source in stored if source is not None]
    done = caught_up(run.checkpoint, sources, lambda paths: [version for _, version in work.heads.of(paths)])
    if done:
        tell_changed_files(run, run.checkpoint, sources)
    return done


def _stored(work: Work, source: StreamSource) -> StreamSource | None:
    """A dataset as the table that it is; None for one that this update may have changed."""
    from ldp_jupyter.spark.bridge import StreamSource as Source

    if source.kind != "dataset":
        return source
    name = _names(work.graph)[source.path or ""]
    if name in work.touched:
        return None
    return Source("delta", "delta", work.table_path(name), source.options, work.tables[name].table_id)


def _unchanged(run: FlowRun, inputs: BatchInputs) -> bool:
    from ldp_jupyter.spark.bridge import TableInput

    work, node = run.work, run.node
    assert node is not None
    if not inputs.deterministic or inputs.other or node.name in work.plan.full:
        return False
    views = views_behind(work.graph, node.inputs)
    if any(view.dataset.expectations for view in views):  # the rules are part of the query over stored tables
        return False
    named = {*node.inputs, *(name for view in views for name in view.inputs)}
    stored = {str(name) for name in named if work.graph.nodes[name].kind != Kind.TEMPORARY_VIEW}
    if not stored <= set(inputs.datasets):  # code that asked for rows which are no part of its query
        return False
    names = _names(work.graph)
    if any(names[dataset] in work.touched for dataset in inputs.datasets):
        return False
    remembered: dict[str, Any] = work.memory.get(str(node.name), "view") or {}
    if not remembered or remembered["fingerprint"] != fingerprint(run, inputs, {}):
        return False
    *sources, written = work.heads.of([*remembered["sources"], run.table.path])
    now = [TableInput(path, head[0], head[1], False) for path, head in zip(remembered["sources"], sources, strict=True)]
    if any(table.version is None for table in now) or any(table.pinned for table in inputs.tables):
        return False
    fixed = work.inputs.of(replace(inputs, tables=now))  # of tables from outside
    read = {table.path: [table.id, fixed.get(table.path, table.version)] for table in now}
    if read != remembered["sources"] or written != remembered["written"]:
        return False
    run.progress(FlowStatus.PLANNING)
    work.emitter.planning(run.planned, "NO_OP", [], told(run, replace(inputs, tables=now)))
    return True


def _names(graph: Graph) -> dict[str, Name]:
    return {str(name): name for name in graph.nodes}
