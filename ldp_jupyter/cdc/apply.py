"""One micro-batch of a flow, both halves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ldp_jupyter.cdc.plan import plan_changes
from ldp_jupyter.cdc.publish import BatchCounts, publish_batch
from ldp_jupyter.cdc.store import store_batch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from ldp_jupyter.cdc.plan import ChangePlan
    from ldp_jupyter.cdc.target import ChangeTarget
    from ldp_jupyter.declarations import CdcSpec
    from ldp_jupyter.quality import RuleSet


def apply_batch(
    session: SparkSession, spec: CdcSpec | ChangePlan, batch_df: DataFrame, batch_id: int, *,
    flow_name: str, flow_id: str, target: ChangeTarget, rules: RuleSet | None = None,
) -> BatchCounts:
    """Apply a micro-batch of changes to a target. May be called again with the same batch, at any time.

    Parameters:
        session: the flow's own session.
        spec: the flow's arguments, or what `plan_changes` made of them (then they are checked once, not at each batch).
        batch_df: rows of the source.
        flow_name: unique among the flows of the target and the lives of their checkpoints: `batch_id` counts within it.
        flow_id: unique for pipeline, target, flow and generation of the target.
        rules: expectations of the target, see `store_batch`.

    Returns:
        Rows that changed in the target; zeros for a batch applied before.

    Raises:
        LdpError: LDP-4002 for a row that cannot be applied (nothing of the batch is), LDP-3005 for a definition that
            does not fit what is stored, LDP-2017 for wrong arguments.
    """
    from ldp_jupyter.cdc.plan import ChangePlan

    plan = spec if isinstance(spec, ChangePlan) else plan_changes(spec, batch_df)
    names = {"flow_name": flow_name, "flow_id": flow_id}
    observed = store_batch(session, plan, batch_df, batch_id, **names, target=target, rules=rules)
    return replace(publish_batch(session, batch_id, **names, target=target), observed=observed)
