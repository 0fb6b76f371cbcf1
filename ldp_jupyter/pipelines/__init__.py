"""The module that pipeline code imports.

That is ``from pyspark import pipelines as dp``, ``import dlt`` or ``import databricks.pipelines``.
Old and new names of the platform's Python API side by side.
"""

from ldp_jupyter.pipelines.cdc import (
    apply_changes,
    apply_changes_from_snapshot,
    create_auto_cdc_flow,
    create_auto_cdc_from_snapshot_flow,
)
from ldp_jupyter.pipelines.datasets import (
    create_streaming_live_table,
    create_streaming_table,
    create_table,
    create_target_table,
    create_view,
    materialized_view,
    table,
    temporary_view,
    view,
)
from ldp_jupyter.pipelines.expectations import (
    expect,
    expect_all,
    expect_all_or_drop,
    expect_all_or_fail,
    expect_or_drop,
    expect_or_fail,
)
from ldp_jupyter.pipelines.flows import append_flow, create_sink, foreach_batch_sink, replace_flow, update_flow
from ldp_jupyter.pipelines.hooks import enable_local_execution, on_event_hook
from ldp_jupyter.pipelines.reading import read, read_stream, readStream

__all__ = [
    "append_flow",
    "apply_changes",
    "apply_changes_from_snapshot",
    "create_auto_cdc_flow",
    "create_auto_cdc_from_snapshot_flow",
    "create_sink",
    "create_streaming_live_table",
    "create_streaming_table",
    "create_table",
    "create_target_table",
    "create_view",
    "enable_local_execution",
    "expect",
    "expect_all",
    "expect_all_or_drop",
    "expect_all_or_fail",
    "expect_or_drop",
    "expect_or_fail",
    "foreach_batch_sink",
    "materialized_view",
    "on_event_hook",
    "read",
    "readStream",
    "read_stream",
    "replace_flow",
    "table",
    "temporary_view",
    "update_flow",
    "view",
]
