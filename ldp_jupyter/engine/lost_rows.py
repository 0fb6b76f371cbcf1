"""Streams over tables that lost rows since will refuse: checkpoints and Delta's logs tell it before they start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ldp_jupyter.engine.backlog import committed_offsets
from ldp_jupyter.engine.request import has_checkpoint
from ldp_jupyter.spark.places import place
from ldp_jupyter.state.checkpoints import SINK_GENERATION, Checkpoints

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ldp_jupyter.engine.tables import Table
    from ldp_jupyter.graph import FlowNode
    from ldp_jupyter.names import Name
    from ldp_jupyter.state import Layout

# Of a stream that is further behind nothing is told: its own start says so.
_MANY_COMMITS = 1_000


class LostRows(NamedTuple):
    """A table that a stream reads, and the version in which rows that the stream has passed on went or changed."""

    table: Name
    version: int


def lost_rows(
    flow: FlowNode, target: Table | None, streamed: Iterable[Name], tables: Mapping[Name, Table], layout: Layout
) -> LostRows | None:
    """The first loss that ends a streaming flow with LDP-3004 when it goes on; None where none is known.

    Parameters:
        target: the table that it writes; None for a flow into a sink.
        streamed: datasets of the pipeline that it reads as streams which do not pass over changes.

    Raises:
        LdpError: LDP-5006 where it is not told which checkpoint the flow has.
    """
    sources = {tables[name].table_id: name for name in streamed if tables[name].exists}
    if not sources or not has_checkpoint(flow):
        return None
    key: Name | str = flow.flow.target if target is not None else str(flow.flow.sink)
    generation = target.generation if target is not None else SINK_GENERATION
    checkpoint = place(Checkpoints(layout).path(key, generation, flow.flow.name))
    try:
        offsets = committed_offsets(checkpoint)
    except (OSError, ValueError):  # logs that are not as we know them
        return None
    for offset in offsets:
        name = sources.get(offset.get("reservoirId")) if isinstance(offset, dict) else None
        version = _removing_version(tables[name], offset) if name is not None else None
        if name is not None and version is not None:
            return LostRows(name, version)
    return None


def _removing_version(table: Table, offset: dict[str, Any]) -> int | None:
    """The first version from an offset on in which rows were removed or rewritten, as Delta's source looks at it."""
    log = place(table.path) / "_delta_log"
    try:
        first = offset["reservoirVersion"] + (1 if offset["isStartingVersion"] else 0)
        newest = int(table.version or 0)
        if newest - first >= _MANY_COMMITS:
            return None
        for version in range(first, newest + 1):
            text = (log / f"{version:020d}.json").read_text(encoding="utf-8")
            actions = [json.loads(line) for line in text.splitlines() if '"remove"' in line]
            if any("remove" in action and action["remove"].get("dataChange", True) for action in actions):
                return version
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # cleaned up, or not as we know it
        return None
    return None
