"""Is there anything new for a streaming flow? Told from its checkpoint, without starting a query.

A checkpoint holds in `offsets/N` one JSON line per source, and `commits/N` once the batch is done. A Delta source is
caught up when it stands before the table's next version; a file source when every file there is in its list of
seen files. Anything else (other sources, state with timers, an unfinished batch) is for Spark to find out.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.spark.bridge import StreamSource


def caught_up(checkpoint: str, sources: list[StreamSource], versions: Callable[[list[str]], list[int | None]]) -> bool:
    """Whether a query with this checkpoint would find nothing to do.

    Parameters:
        sources: the plan's source leaves, in the order of the offset log.
        versions: newest versions of Delta tables.
    """
    offsets = _last_offsets(Path(checkpoint))
    if offsets is None or len(offsets) != len(sources) or not sources:
        return False
    delta = [s.path for s in sources if s.kind == "delta" and s.path]
    newest = dict(zip(delta, versions(delta), strict=True)) if delta else {}
    for index, (source, offset) in enumerate(zip(sources, offsets, strict=True)):
        if source.kind == "delta":
            if not _delta_done(offset, newest.get(source.path or "")):
                return False
        elif source.kind == "files":
            if not _files_done(Path(checkpoint) / "sources" / str(index), source):
                return False
        else:
            return False
    return True


def _last_offsets(checkpoint: Path) -> list[Any] | None:
    """Offsets of the last batch, if that batch was committed and there is no state to serve."""
    if (checkpoint / "state").is_dir():
        return None
    batches = _numbers(checkpoint / "offsets")
    if not batches or not (checkpoint / "commits" / str(batches[-1])).exists():
        return None
    lines = (checkpoint / "offsets" / str(batches[-1])).read_text(encoding="utf-8").splitlines()
    try:
        return [None if line == "-" else json.loads(line) for line in lines[2:]]
    except ValueError:
        return None


def _numbers(folder: Path) -> list[int]:
    try:
        return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdigit())
    except OSError:
        return []


def _delta_done(offset: Any, version: int | None) -> bool:
    if not isinstance(offset, dict) or version is None or offset.get("isStartingVersion"):
        return False
    return bool(offset.get("reservoirVersion") == version + 1 and offset.get("index") in (-1, -100))


def _files_done(log: Path, source: StreamSource) -> bool:
    root = _local(source.path or "")
    if root is None or not root.is_dir() or any(c in str(root) for c in "*?[{"):
        return False
    try:
        seen = _seen_files(log)
    except (OSError, ValueError, KeyError, TypeError):  # a log that is not as we know it
        return False
    return seen is not None and all(path in seen for path in _listed(root))


def _seen_files(log: Path) -> set[str] | None:
    """All files that the source's log names; compacted entries hold all before them."""
    names = [entry.name for entry in log.iterdir()]
    compacted = max((int(n.split(".")[0]) for n in names if n.endswith(".compact")), default=-1)
    wanted = [f"{compacted}.compact"] if compacted >= 0 else []
    wanted += [n for n in names if n.isdigit() and int(n) > compacted]
    seen: set[str] = set()
    for name in wanted:
        for line in (log / name).read_text(encoding="utf-8").splitlines()[1:]:
            path = _local(json.loads(line)["path"])
            if path is None:
                return None
            seen.add(str(path))
    return seen


def _listed(root: Path) -> list[str]:
    """Files below a folder as Spark lists them: hidden ones and those that start with an underscore left out."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if not f.startswith((".", "_"))]
        found += [f"{folder}{os.sep}{f}" for f in files if not f.startswith((".", "_"))]
    return found


def _local(uri: str) -> Path | None:
    parsed = urlparse(uri)
    if parsed.scheme not in ("", "file"):
        return None
    return Path(unquote(parsed.path)) if parsed.scheme else Path(uri)
