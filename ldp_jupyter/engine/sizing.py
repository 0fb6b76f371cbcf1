"""Settings for flows over little data.

Most of a small update is spent on compiling: Spark generates Java for every query, has it compiled, and the JVM
compiles it again; adaptive execution splits a query into jobs to measure what is small anyway. Over some ten thousand
rows all that costs more than it saves. Without code generation a row costs five to ten times as much (of eight columns:
40 us), so what is small must really be small: `benchmarks/README.md` has the figures.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from ldp_jupyter.spark.places import RemotePath, is_remote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ldp_jupyter.spark.bridge import BatchInputs, StreamSource

LIMIT = 8 * 1024 * 1024  # bytes of all inputs together, about as many as their rows have as text
CHANGES_LIMIT = 4 * 1024 * 1024  # the same for AUTO CDC, which sorts and joins all of it
MANY_ROWS = 40_000  # which text of that size has
_MANY_FILES = 2_000  # of another file system: whoever lists more has waited long enough
MUCH = 256 * 1024 * 1024  # from here on Java's slow compiler pays, whose code the next start of a JVM can have

# Files of columns and compressed ones hold more rows than text of their size; each has a head that is no row.
_DENSE = (".parquet", ".orc", ".avro", ".gz", ".zst", ".bz2", ".lz4", ".snappy", ".deflate", ".xz")
_DENSITY, _HEAD = 8, 4096

_SMALL = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}


def begin_small(session: Any, configured: Mapping[str, str]) -> None:
    """Set the pipeline's base session up for little data: Delta's own work on the tables' logs is always little.

    Parameters:
        configured: settings that the user made: they stay.
    """
    for key, value in _SMALL.items():
        if key not in configured:
            session.conf.set(key, value)


def suit(
    session: Any, paths: Iterable[str | None], configured: Mapping[str, str], *, batch: bool, limit: int = LIMIT
) -> bool:
    """Set a flow's session, a clone of the base session, up for the size of its inputs.

    Parameters:
        session: the flow's own.
        paths: folders or files that it reads; None for an input whose size nobody knows.
        configured: settings that the user made: they stay.
        batch: whether no stateful streaming query may run in the session: such a one keeps the number of shuffle
            partitions of its first run for ever, so it must not begin with one.
        limit: bytes, as text, up to which the inputs are small.

    Returns:
        Whether the inputs are much.
    """
    size = weigh(paths, MUCH)
    small = size is not None and size <= limit
    usual = {
        "spark.sql.codegen.wholeStage": "true",
        "spark.sql.codegen.factoryMode": "FALLBACK",
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.shuffle.partitions": str(session.sparkContext.defaultParallelism),
    }
    for key, value in usual.items():
        if key not in configured and (not small or (key.endswith("partitions") and not batch)):
            session.conf.set(key, value)
    return size is not None and size > MUCH


def input_paths(facts: BatchInputs, sources: Sequence[StreamSource] = ()) -> list[str | None]:
    """Where all that a plan reads is stored; None for an input whose size nobody knows.

    Parameters:
        facts: the plan's batch inputs (the static side of a streaming plan).
        sources: its streaming inputs.
    """
    paths: list[str | None] = [source.path for source in sources]
    if facts.generated > MANY_ROWS:
        paths.append(None)
    paths += [table.path for table in facts.tables]
    for other in facts.other:
        if other["kind"] == "files":
            paths += other["paths"]
        elif not str(other["format"]).startswith("StreamingRelation"):  # those are among the sources
            paths.append(None)
    return paths


def weigh(paths: Iterable[str | None], enough: int) -> int | None:
    """Bytes that the rows under these paths have as text; counting ends above `enough`. None where nobody can tell."""
    total = 0
    for path in paths:
        sizes = _sizes(path)
        if sizes is None:
            return None
        for size in sizes:
            total += size
            if total > enough:
                return total
    return total


def _sizes(path: str | None) -> Iterable[int] | None:
    """Of the files under a path, as text; None where nobody can tell."""
    local = local_of(path)
    if local is not None:
        return _local_sizes(local) if os.path.exists(local) else None
    if path is None or not is_remote(path):
        return None
    try:
        found = RemotePath(path).sizes(_MANY_FILES)
    except OSError:  # a pattern, or gone
        return None
    return None if found is None else [_weight(name, size) for name, size in found]


def _local_sizes(path: str) -> Iterable[int]:
    if os.path.isfile(path):
        yield _weight(path, os.path.getsize(path))
        return
    todo = [path]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "_delta_log":
                        todo.append(entry.path)
                else:
                    yield _weight(entry.name, entry.stat().st_size)


def _weight(name: str, size: int) -> int:
    """Bytes that the rows of a file have as text, by a rule of thumb."""
    return max(size - _HEAD, 0) * _DENSITY if name.lower().endswith(_DENSE) else size


def local_of(path: str | None) -> str | None:
    """The path on this machine that Spark's path or URI means; None for another file system's."""
    if not path:
        return None
    parsed = urlparse(path)
    if parsed.scheme not in ("", "file"):
        return None
    return unquote(parsed.path) if parsed.scheme else path
