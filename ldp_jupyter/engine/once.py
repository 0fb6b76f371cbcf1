"""Batch queries into streaming tables.

Once flows run once per life of their table: appended with a Delta `txn`, so that it cannot land twice. REPLACE WHERE
flows replace a part of their table in each update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import CdcSpec
from ldp_jupyter.engine.batch import Observed
from ldp_jupyter.engine.inputs import at_fixed_versions
from ldp_jupyter.engine.streaming import combine, to_target
from ldp_jupyter.events import FlowStatus
from ldp_jupyter.graph import rules_of

if TYPE_CHECKING:
    from ldp_jupyter.engine.flows import FlowRun


def run_once(run: FlowRun) -> None:
    """Run the flow unless it ran in this generation of its table."""
    assert run.node is not None
    full, generation = str(run.node.name), run.table.generation
    done: dict[str, Any] = run.work.memory.get(full, "once") or {}
    if done.get(run.flow.name) == generation:
        return
    if isinstance(run.flow.query, CdcSpec):
        from ldp_jupyter.engine.changes import apply_once

        frame, _ = at_fixed_versions(run, run.frame(Observed().apply))
        run.progress(FlowStatus.RUNNING)
        apply_once(run, frame)
    elif not _landed(run):
        observed = Observed()
        frame, _ = at_fixed_versions(run, run.frame(observed.apply))
        run.progress(FlowStatus.RUNNING)
        _write(run, observed, frame, "append", {"txnAppId": run.flow_id, "txnVersion": "0"})
    # only now: a kill before this line lets the flow run again, which the txn then ends
    run.work.memory.set(full, "once", {**done, run.flow.name: generation})


def _landed(run: FlowRun) -> bool:
    """Whether an update wrote the rows, and was killed before it noted that.

    Delta would pass over the write without running the query, for whose observations one would wait in vain.
    """
    from ldp_jupyter.cdc.delta_table import table_state

    return run.flow_id in table_state(run.session, run.table.path, list_transactions=True).transactions


def run_replacing(run: FlowRun) -> None:
    """Replace the target's rows of the flow's condition by the query's, in one commit.

    The same again gives the same table, so a kill needs no more than the next update.
    """
    from pyspark.sql import functions as F

    assert run.flow.replace_where is not None
    observed = Observed()
    frame, _ = at_fixed_versions(run, run.frame(observed.apply))
    frame = frame.filter(F.expr(run.flow.replace_where))
    run.progress(FlowStatus.RUNNING)
    assert run.node is not None
    with run.work.alone(run.node.name):  # another flow may replace another part
        _write(run, observed, frame, "overwrite", {"replaceWhere": run.flow.replace_where})


def _write(run: FlowRun, observed: Observed, frame: Any, mode: str, options: dict[str, str]) -> None:
    assert run.node is not None
    rules = rules_of(run.work.graph, run.node, run.work.base.configuration)
    frame = observed.apply(rules, to_target(run, frame))
    frame = _as_stored(frame, run.table.schema)
    frame.write.format("delta").mode(mode).option("mergeSchema", "true").options(**options).save(run.table.path)
    quality, written = combine(run, rules, observed.values(frame))
    run.progress(FlowStatus.RUNNING, metrics={"num_output_rows": written or 0}, quality=quality)


def _as_stored(frame: Any, schema: Any) -> Any:
    """Columns in the types of the table: Delta casts them for streams and not for a batch that may add columns."""
    from pyspark.sql import functions as F

    types = {field.name.lower(): field.dataType for field in schema.fields}
    if all(types.get(field.name.lower(), field.dataType) == field.dataType for field in frame.schema.fields):
        return frame
    return frame.select(*[
        F.col(f"`{field.name}`").cast(types.get(field.name.lower(), field.dataType)).alias(field.name)
        for field in frame.schema.fields
    ])  # fmt: skip
