"""AUTO CDC: a micro-batch of changes in, internal storage and a clean target out.

**Two halves.** `store_batch` appends the change events of a batch to the target's *changes table*; `publish_batch`
computes the target's rows from committed changes alone and merges them. `apply_batch` does both. Whatever the order,
the cut into batches, repetition or a kill in between: the target is a function of the set of stored events.

**Format of the changes table** (internal, Delta, one per target and generation of the target; append-only but for
compaction). Columns, in this order:

=================  ==========================================================================================
``__ldp_batch``    BIGINT, id of the micro-batch (for snapshots: number of the snapshot)
``__ldp_flow``     STRING, name of the flow
``__ldp_seq``      the sequence, typed like the sequence expression (a STRUCT is kept as one)
``__ldp_sys``      the system sequence, of bitemporal targets only
``__ldp_op``       STRING: ``u`` upsert, ``d`` delete, ``t`` truncate, ``s`` a snapshot was taken at this version
``__ldp_cut``      like ``__ldp_seq``, the sequence of a truncate and else NULL; only if some flow truncates
``__ldp_set``      ARRAY<STRING>, lower-case names of the columns that this event sets, NULL for all; only if some flow
                   has COLUMNS TO UPDATE
``__ldp_ignore``   ARRAY<STRING>, lower-case names of the columns for which a NULL of this event means "as before", NULL
                   for none; only if some flow ignores NULL updates
keys, payload      columns of the target, named and typed like the source's, all nullable
=================  ==========================================================================================

Columns that appear later (new in the source, or the three optional ones) stand at the end. The table property
``ldp.cdc`` holds the definition that the storage was built with as JSON, see `Definition`.

**Commits.** Both tables carry Delta's ``txn`` action with the flow's id and the batch id: a batch that is replayed is
skipped by either table that has it already. Statistics are kept for batch, flow, truncate marks and keys only.

**Equal sequences** are settled by content, never by arrival. SCD type 1: an upsert beats a delete. SCD type 2: a delete
beats an upsert. Among upserts the greater row wins, compared column by column, NULL smallest. With bitemporal history
the event with the later system sequence wins before all that.
"""

from ldp_jupyter.cdc.apply import apply_batch
from ldp_jupyter.cdc.definition import Definition, check_definition, check_together
from ldp_jupyter.cdc.plan import ChangePlan, output_schema, plan_changes
from ldp_jupyter.cdc.publish import BatchCounts, publish_batch
from ldp_jupyter.cdc.snapshot import apply_snapshot, check_snapshot, finish_snapshots, plan_snapshot, snapshot_schema
from ldp_jupyter.cdc.store import store_batch
from ldp_jupyter.cdc.target import ChangeTarget

__all__ = [
    "BatchCounts",
    "ChangePlan",
    "ChangeTarget",
    "Definition",
    "apply_batch",
    "apply_snapshot",
    "check_definition",
    "check_snapshot",
    "check_together",
    "finish_snapshots",
    "output_schema",
    "plan_changes",
    "plan_snapshot",
    "publish_batch",
    "snapshot_schema",
    "store_batch",
]
