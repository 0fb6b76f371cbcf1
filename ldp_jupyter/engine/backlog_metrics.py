"""How much waits in the sources of a stream when its query starts: files and bytes, as the event log's metrics.

It is told for files and Delta tables, from listings and logs, without a Spark job; where one source of a query cannot
be looked into, nothing is told of the query.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ldp_jupyter.engine.backlog import committed_offsets, table_folder, waiting_files
from ldp_jupyter.spark.places import place

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.spark.bridge import StreamSource, TableInfo
    from ldp_jupyter.spark.places import Place

# More files than these are counted without asking for their sizes; more commits are not read.
_MANY_FILES = 10_000
_MANY_COMMITS = 1_000
# With these a stream of a Delta table does not begin with all that the table holds, or reads other files.
_OTHER_START = ("startingversion", "startingtimestamp", "readchangefeed", "readchangedata")


class _Amount(NamedTuple):
    """Files, and their bytes where these are known."""

    files: int
    size: int | None


def backlog_metrics(
    checkpoint: str, sources: list[StreamSource], tables: Callable[[list[str]], list[TableInfo | None]]
) -> dict[str, int]:
    """`backlog_files` and `backlog_bytes`; empty where they are not known.

    Parameters:
        sources: the plan's source leaves, in the order of the offset log.
        tables: what the logs of Delta tables say.
    """
    folder = place(checkpoint)
    try:
        offsets = committed_offsets(folder) or [None] * len(sources)
    except (OSError, ValueError):  # logs that are not as we know them
        return {}
    if len(offsets) != len(sources):
        return {}
    amounts = []
    for index, (source, offset) in enumerate(zip(sources, offsets, strict=True)):
        if source.kind == "files":
            amount = _files(waiting_files(folder / "sources" / str(index), source, offset))
        elif source.kind == "delta" and source.path:
            amount = _table(source, offset, tables)
        else:
            amount = None
        if amount is None:
            return {}
        amounts.append(amount)
    if not amounts:
        return {}
    metrics = {"backlog_files": sum(amount.files for amount in amounts)}
    sizes = [amount.size for amount in amounts if amount.size is not None]
    if len(sizes) == len(amounts):
        metrics["backlog_bytes"] = sum(sizes)
    return metrics


def _files(paths: list[str] | None) -> _Amount | None:
    if paths is None:
        return None
    if len(paths) > _MANY_FILES:
        return _Amount(len(paths), None)
    try:
        return _Amount(len(paths), sum(os.stat(path).st_size for path in paths))
    except OSError:  # one went away meanwhile
        return _Amount(len(paths), None)


def _table(
    source: StreamSource, offset: Any, tables: Callable[[list[str]], list[TableInfo | None]]
) -> _Amount | None:
    options = {key.lower() for key in source.options}
    if options.intersection(_OTHER_START):
        return None
    (info,) = tables([source.path or ""])
    if info is None:
        return None
    if offset is None:
        return _Amount(info.num_files, info.size_in_bytes)
    try:
        first, index, inside = offset["reservoirVersion"], offset["index"], offset["isStartingVersion"]
    except (KeyError, TypeError):
        return None
    if inside or info.version - first >= _MANY_COMMITS:
        return None
    return _commits(table_folder(source) / "_delta_log", first, index, info.version)


def _commits(log: Place, first: int, index: int, last: int) -> _Amount | None:
    """Files that commits added, those before and at `index` of the first one left out."""
    files = size = 0
    try:
        for version in range(first, last + 1):
            lines = (log / f"{version:020d}.json").read_text(encoding="utf-8").splitlines()
            added = [add for line in lines if (add := json.loads(line).get("add")) and add["dataChange"]]
            left = added[index + 1 :] if version == first and index >= 0 else added
            files += len(left)
            size += sum(add["size"] for add in left)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # cleaned up, or not as we know it
        return None
    return _Amount(files, size)
