"""AUTO CDC flows: each micro-batch goes to `cdc`, which stores it and then brings the target up to date."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from ldp_jupyter import cdc
from ldp_jupyter.declarations import CdcSpec, SnapshotSpec
from ldp_jupyter.engine.batch import Observed
from ldp_jupyter.engine.sizing import CHANGES_LIMIT
from ldp_jupyter.engine.streaming import (
    combine,
    follow,
    nothing_new,
    observe_stream,
    report_views,
    suit_stream,
    waiting,
)
from ldp_jupyter.events import FlowStatus
from ldp_jupyter.graph import rules_of
from ldp_jupyter.spark.places import place

if TYPE_CHECKING:
    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.quality import RuleSet


def run_changes(run: FlowRun) -> None:
    """Apply what is new of a stream of changes."""
    from ldp_jupyter.spark import bridge

    assert isinstance(run.flow.query, CdcSpec)
    assert run.node is not None
    frame = run.frame(observe_stream)
    checkpoint = run.checkpoint
    if nothing_new(run, frame, checkpoint):
        return
    # The target and what is stored of its changes are read as well, once they are there.
    target = _target(run)
    there = (path for path in (target.target_path, target.changes_path) if place(path).exists())
    suit_stream(run, frame, stateless=True, also=list(there), limit=CHANGES_LIMIT)
    plan = cdc.plan_changes(run.flow.query, frame)
    cdc.check_definition(run.session, run.flow.query, frame, target)
    run.progress(FlowStatus.RUNNING, metrics=waiting(run, frame, checkpoint))
    failures: list[BaseException] = []

    def apply(batch: Any, batch_id: int) -> None:
        try:
            _apply(run, plan, batch, batch_id)
        except BaseException as error:  # Spark keeps only the text: keep the error itself for the user
            failures.append(error)
            raise

    with closing(bridge.ProgressFeed(frame.sparkSession)) as feed:
        query = (
            frame.writeStream.foreachBatch(apply)
            .option("checkpointLocation", checkpoint)
            .queryName(run.name)
            .trigger(availableNow=True)
            .start()
        )
        try:
            follow(run, feed, query, lambda progress: report_views(run, progress))
        except Exception:
            if failures:
                raise failures[0] from None
            raise


def _apply(run: FlowRun, plan: Any, batch: Any, batch_id: int) -> None:
    rules = _rules(run)
    counts = cdc.apply_batch(
        batch.sparkSession,
        plan,
        batch,
        batch_id,
        flow_name=run.name_in_life,
        flow_id=run.flow_id,
        target=_target(run),
        rules=rules,
    )
    run.progress(
        FlowStatus.RUNNING,
        batch_id=batch_id,
        metrics={"num_upserted_rows": counts.upserted, "num_deleted_rows": counts.deleted},
        quality=combine(run, rules, dict(counts.observed))[0] if counts.observed else None,
    )


def _rules(run: FlowRun) -> RuleSet | None:
    """Expectations of the target; those of a flow whose changes are parts of rows are not applied."""
    query = run.flow.query
    assert isinstance(query, CdcSpec)
    assert run.node is not None
    return None if query.is_partial else rules_of(run.work.graph, run.node, run.work.base.configuration)


def apply_once(run: FlowRun, frame: Any) -> None:
    """An AUTO CDC flow with `once`: the whole source is one batch."""
    assert isinstance(run.flow.query, CdcSpec)
    _apply(run, cdc.plan_changes(run.flow.query, frame), frame, 0)


def run_snapshot(run: FlowRun) -> None:
    """Apply snapshots: one per update from a table, or all that a function still gives."""
    assert isinstance(run.flow.query, SnapshotSpec)
    assert run.node is not None
    from ldp_jupyter.context import using
    from ldp_jupyter.engine.snapshots import snapshots_of

    run.progress(FlowStatus.RUNNING)
    observed = Observed()
    target = _target(run)
    context = run.work.base.but(namespace=run.flow.namespace, declarations=None, get_session=lambda: run.session)
    with using(context):
        for frame, version in snapshots_of(run, observed, target):
            counts = cdc.apply_snapshot(
                run.session,
                run.flow.query,
                frame,
                version,
                flow_name=run.flow.name,
                flow_id=run.flow_id,
                target=target,
            )
            if counts is not None:
                metrics = {"num_upserted_rows": counts.upserted, "num_deleted_rows": counts.deleted}
                run.progress(FlowStatus.RUNNING, metrics=metrics)


def _target(run: FlowRun) -> cdc.ChangeTarget:
    assert run.node is not None
    return cdc.ChangeTarget(
        run.work.graph.shown(run.node.name),
        run.table.path,
        run.work.layout.changes(run.node.name, run.table.generation),
    )
