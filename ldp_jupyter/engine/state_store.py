"""Where stateful streams keep their state: Spark's own classes for what pipelines say on the platform."""

from __future__ import annotations

from typing import Any

from ldp_jupyter.graph.streams import transforms_with_state

_PROVIDER = "spark.sql.streaming.stateStore.providerClass"
_ROCKSDB = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"


def choose_state_store(session: Any, frame: Any) -> None:
    """Set the state store that the query of a flow needs, in the flow's own session.

    The vendor's class for RocksDB is Spark's here. `transformWithState` works with RocksDB alone.
    """
    given = session.conf.get(_PROVIDER, "")
    if given.startswith("com.databricks.") or transforms_with_state(frame):
        session.conf.set(_PROVIDER, _ROCKSDB)
