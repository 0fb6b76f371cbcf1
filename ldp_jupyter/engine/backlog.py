"""Is there anything new for a streaming flow? Told from its checkpoint, without starting a query.

A checkpoint holds in `offsets/N` one JSON line per source, and `commits/N` once the batch is done. A Delta source is
caught up when it stands before the table's next version; a file source when every file there is in its list of
seen files, as far as the offset goes: Spark writes the list first, so a kill may leave files in it that no batch has.
State rests while no watermark moves: Spark runs a batch without rows when one has moved, at the end of the
same run. Anything else (other sources, timers of the user's functions, an unfinished batch) is for Spark to find out.
"""

from __future__ import annotations

import fnmatch
import glob
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from ldp_jupyter.spark.places import entries, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.spark.bridge import StreamSource
    from ldp_jupyter.spark.places import Place

_FEED = ("readchangefeed", "readchangedata")


def caught_up(
    checkpoint: str,
    sources: list[StreamSource],
    versions: Callable[[list[str]], list[int | None]],
    *,
    state_rests: Callable[[], bool] = lambda: False,
) -> bool:
    """Whether a query with this checkpoint would find nothing to do.

    Parameters:
        sources: the plan's source leaves, in the order of the offset log.
        versions: newest versions of Delta tables.
        state_rests: whether rows and watermarks alone can change the state that the query keeps; asked if it has some.
    """
    offsets = _last_offsets(place(checkpoint), state_rests)
    if offsets is None or len(offsets) != len(sources) or not sources:
        return False
    delta = [s.path for s in sources if s.kind == "delta" and s.path]
    newest = dict(zip(delta, versions(delta), strict=True)) if delta else {}
    for index, (source, offset) in enumerate(zip(sources, offsets, strict=True)):
        if source.kind == "delta":
            version = newest.get(source.path or "")
            if not _delta_done(offset, version) and not _feed_done(offset, version, source):
                return False
        elif source.kind == "files":
            if not _files_done(place(checkpoint) / "sources" / str(index), source, offset):
                return False
        else:
            return False
    return True


def _last_offsets(checkpoint: Place, state_rests: Callable[[], bool]) -> list[Any] | None:
    """Offsets of the last batch, if that batch was committed and there is no state to serve."""
    batches = _numbers(checkpoint / "offsets")
    committed = checkpoint / "commits" / str(batches[-1]) if batches else None
    if committed is None or not committed.exists():
        return None
    try:
        lines = (checkpoint / "offsets" / str(batches[-1])).read_text(encoding="utf-8").splitlines()
        if (checkpoint / "state").is_dir() and not (_watermark_rests(lines[1], committed) and state_rests()):
            return None
        return [None if line == "-" else json.loads(line) for line in lines[2:]]
    except (ValueError, KeyError, IndexError, TypeError):  # logs that are not as we know them
        return None


def _watermark_rests(metadata: str, committed: Place) -> bool:
    """Whether the last batch already had the watermark that the next one would have."""
    after = json.loads(committed.read_text(encoding="utf-8").splitlines()[1])
    return bool(after["nextBatchWatermarkMs"] <= json.loads(metadata)["batchWatermarkMs"])


def _numbers(folder: Place) -> list[int]:
    return sorted(int(entry.name) for entry in entries(folder) if entry.name.isdigit())


def _delta_done(offset: Any, version: int | None) -> bool:
    if not isinstance(offset, dict) or version is None or offset.get("isStartingVersion"):
        return False
    return bool(offset.get("reservoirVersion") == version + 1 and offset.get("index") in (-1, -100))


def _feed_done(offset: Any, version: int | None, source: StreamSource) -> bool:
    """Whether a change feed stands behind the last change of the newest commit.

    It does not go on to the version after that, as a stream of rows does.
    """
    on = any(k.lower() in _FEED and v.lower() == "true" for k, v in source.options.items())
    if not on or not source.path or not isinstance(offset, dict) or offset.get("isStartingVersion"):
        return False
    if version is None or offset.get("reservoirVersion") != version:
        return False
    try:
        lines = (table_folder(source) / "_delta_log" / f"{version:020}.json").read_text(encoding="utf-8").splitlines()
        actions = [action for line in lines for action in json.loads(line).items()]
    except (OSError, ValueError, AttributeError):  # a log that is not as we know it
        return False
    # files of changes, where a commit has them, stand for the files that it added and removed
    changes = [what for kind, what in actions if kind == "cdc"]
    changes = changes or [what for kind, what in actions if kind in ("add", "remove") and what.get("dataChange")]
    return bool(offset.get("index") == len(changes) - 1)


def _files_done(log: Place, source: StreamSource, offset: Any) -> bool:
    if not log.is_dir() or not isinstance(offset, dict) or waiting_files(log, source, offset) != []:
        return False
    return all(number <= offset["logOffset"] for number, _ in _entries(log))


def waiting_files(log: Place, source: StreamSource, offset: Any) -> list[str] | None:
    """Files of a source that no batch up to an offset has, before the first batch all; None where that is not told."""
    path = _local(source.path or "")
    if path is None or "{" in str(path):
        return None
    roots = [Path(root) for root in glob.glob(str(path))] if any(c in str(path) for c in "*?[") else [path]
    if not roots or not all(root.exists() for root in roots):
        return None
    try:
        seen = {} if offset is None else _seen_files(log, offset["logOffset"])
    except (OSError, ValueError, KeyError, TypeError):  # a log that is not as we know it
        return None
    if seen is None:
        return None
    wanted = next((v for k, v in source.options.items() if k.lower() == "pathglobfilter" and "{" not in v), "*")
    again = _reads_again(source)
    files = (file for root in roots for file in _listed(root) if fnmatch.fnmatchcase(os.path.basename(file), wanted))
    return [file for file in files if file not in seen or (again and _is_changed(file, seen))]


def changed_files(checkpoint: str, sources: list[StreamSource]) -> list[str]:
    """Files that changed after a stream has read them, and that it does not read again."""
    folder = place(checkpoint)
    try:
        offsets = committed_offsets(folder)
        seen = [
            _seen_files(folder / "sources" / str(index), offset["logOffset"]) or {}
            for index, (source, offset) in enumerate(zip(sources, offsets, strict=False))
            if source.kind == "files" and not _reads_again(source) and isinstance(offset, dict)
        ]
    except (OSError, ValueError, KeyError, TypeError):  # logs that are not as we know them
        return []
    return sorted({file for files in seen for file in files if _is_changed(file, files)})


def _reads_again(source: StreamSource) -> bool:
    return any(key.lower() == "ldp.allowoverwrites" and value == "true" for key, value in source.options.items())


def _is_changed(file: str, seen: dict[str, int]) -> bool:
    return modified_at(file) not in (None, seen[file])


def modified_at(file: str) -> int | None:
    """When a file was changed, in milliseconds as Java has them; None for one that is gone."""
    try:
        return os.stat(file).st_mtime_ns // 1_000_000
    except OSError:
        return None


def files_gone(checkpoint: str, sources: list[StreamSource]) -> list[str]:
    """Files that the next batch is bound to read and that are not there: Spark would leave them out for ever.

    A batch that was planned has its files in the source's log. Spark reads those of them that are there when it runs
    the batch again, and takes all as read.
    """
    folder = place(checkpoint)
    try:
        offsets = committed_offsets(folder) or [None] * len(sources)
        gone = [
            str(file)
            for index, (source, offset) in enumerate(zip(sources, offsets, strict=True))
            if source.kind == "files" and not _may_miss(source)
            for file in _planned_files(folder / "sources" / str(index), -1 if offset is None else offset["logOffset"])
            if not file.exists()
        ]
    except (OSError, ValueError, KeyError, TypeError):  # logs that are not as we know them
        return []
    return gone


def _may_miss(source: StreamSource) -> bool:
    return any(key.lower() == "ignoremissingfiles" and value.lower() == "true" for key, value in source.options.items())


def _planned_files(log: Place, committed: int) -> list[Place]:
    """Files of a source's log that belong to batches after the committed one."""
    names = [name for number, name in _entries(log) if number > committed] if log.is_dir() else []
    lines = [line for name in names for line in (log / name).read_text(encoding="utf-8").splitlines()[1:]]
    planned = [entry for entry in map(json.loads, lines) if entry["batchId"] > committed]
    return [_local(entry["path"]) or place(unquote(entry["path"])) for entry in planned]


def committed_offsets(checkpoint: Place) -> list[Any]:
    """Where the last committed batch came to in each source; empty before the first one."""
    done, begun = (
        {int(entry.name) for entry in folder.iterdir() if entry.name.isdigit()} if folder.is_dir() else set()
        for folder in (checkpoint / "commits", checkpoint / "offsets")
    )
    if not done & begun:
        return []
    lines = (checkpoint / "offsets" / str(max(done & begun))).read_text(encoding="utf-8").splitlines()
    return [None if line == "-" else json.loads(line) for line in lines[2:]]


def _seen_files(log: Place, last: int) -> dict[str, int] | None:
    """Files of the entries up to the last one, with their times; compacted entries hold all before them."""
    entries = _entries(log)
    compacted = max((number for number, name in entries if name.endswith(".compact")), default=-1)
    if compacted > last:
        return None
    wanted = [name for number, name in sorted(entries) if compacted < number <= last or name == f"{compacted}.compact"]
    seen: dict[str, int] = {}
    for name in wanted:
        for line in (log / name).read_text(encoding="utf-8").splitlines()[1:]:
            entry = json.loads(line)
            path = _local(entry["path"])
            if path is None:
                return None
            seen[str(path)] = entry["timestamp"]
    return seen


def _entries(log: Place) -> list[tuple[int, str]]:
    """Numbers and names of the files of a source's log."""
    names = [(entry.name.removesuffix(".compact"), entry.name) for entry in log.iterdir()]
    return [(int(number), name) for number, name in names if number.isdigit()]


def _listed(root: Path) -> list[str]:
    """Files below a folder as Spark lists them: hidden ones and those that start with an underscore left out."""
    if root.is_file():
        return [str(root)]
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if not f.startswith((".", "_"))]
        found += [f"{folder}{os.sep}{f}" for f in files if not f.startswith((".", "_"))]
    return found


def table_folder(source: StreamSource) -> Place:
    """Folder of the Delta table that a stream reads."""
    return _local(source.path or "") or place(source.path or "")


def _local(uri: str) -> Path | None:
    parsed = urlparse(uri)
    if parsed.scheme not in ("", "file"):
        return None
    return Path(unquote(parsed.path)) if parsed.scheme else Path(uri)
