"""Snapshots for AUTO CDC FROM SNAPSHOT, in order, each with its version."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ldp_jupyter import cdc
from ldp_jupyter.declarations import SnapshotSpec
from ldp_jupyter.engine.inputs import at_fixed_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ldp_jupyter.engine.batch import Observed
    from ldp_jupyter.engine.flows import FlowRun


def snapshots_of(run: FlowRun, observed: Observed, target: cdc.ChangeTarget) -> Iterator[tuple[Any, Any]]:
    """DataFrame and version of each snapshot that is not applied yet.

    A table is one snapshot per update, its version the time of reading. A function is asked again and again, each time
    with the latest version applied, until it gives None; a version that a killed update stored is applied before.
    """
    query = run.flow.query
    assert isinstance(query, SnapshotSpec)
    assert run.node is not None
    if isinstance(query.source, str):
        frame, _ = at_fixed_versions(run, run.frame(observed.apply))
        yield frame, datetime.now(timezone.utc).replace(tzinfo=None)
        return
    while True:
        stored = cdc.finish_snapshots(run.session, flow_name=run.flow.name, flow_id=run.flow_id, target=target)
        latest = None if stored is None else stored.version
        answer = query.source(latest)
        if answer is None:
            return
        frame, version = answer
        if latest is not None and version <= latest:  # not newer: it was applied, or came out of order
            return
        yield frame, version
