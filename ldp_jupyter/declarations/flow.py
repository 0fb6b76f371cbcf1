"""Flows: queries that write into one target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ldp_jupyter.declarations.cdc import CdcSpec, SnapshotSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ldp_jupyter.locations import Location
    from ldp_jupyter.names import Name, Namespace


@dataclass(frozen=True)
class PythonQuery:
    """A dataset function: no arguments, returns a Spark DataFrame."""

    function: Callable[[], Any]


@dataclass(frozen=True)
class SqlQuery:
    """A SELECT as text, parameters already substituted; Spark's own parser reads it.

    Parameters:
        text: the query.
        location: where its first character stands, so that a span in it becomes a line of the source.
        columns: names that its columns take, in order; empty where they keep their own.
    """

    text: str
    location: Location
    columns: tuple[str, ...] = ()


Query: TypeAlias = PythonQuery | SqlQuery | CdcSpec | SnapshotSpec


@dataclass(frozen=True)
class Flow:
    """A query with its target.

    Parameters:
        name: unique in the pipeline; a default flow bears its dataset's full name. It is the checkpoint's identity.
        target: full name of the table, or of the sink (then only `sink` counts).
        once: a batch query that runs once per life of the target.
        replace_where: a batch query whose rows replace the target's rows of this condition, in each update.
        namespace: default catalog and schema of the source that holds it.
        by_name: whether columns match by name (always so in Python).
        confs: Spark settings for this flow only.
        sink: name of the sink it writes to instead of a table.
    """

    name: str
    target: Name
    query: Query
    namespace: Namespace
    once: bool = False
    default: bool = False
    by_name: bool = True
    confs: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None
    location: Location | None = None
    language: str = "PYTHON"
    sink: str | None = None
    replace_where: str | None = None

    @property
    def updates(self) -> bool:
        """Whether it is an update flow: rows that a batch changed are written again."""
        return self.confs.get("ldp.outputMode") == "update"

    @property
    def is_cdc(self) -> bool:
        return isinstance(self.query, (CdcSpec, SnapshotSpec))
