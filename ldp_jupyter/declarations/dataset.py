"""Tables and views of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.declarations.expectation import Expectation
    from ldp_jupyter.locations import Location
    from ldp_jupyter.names import Name


class Kind(str, Enum):
    """What a dataset is; TABLE until its query shows whether it is streaming (``@table`` on a batch query is an MV)."""

    STREAMING_TABLE = "streaming_table"
    MATERIALIZED_VIEW = "materialized_view"
    TEMPORARY_VIEW = "temporary_view"
    VIEW = "view"
    TABLE = "table"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")

    @property
    def stored(self) -> bool:
        """Whether an update writes a Delta table for it."""
        return self in (Kind.STREAMING_TABLE, Kind.MATERIALIZED_VIEW, Kind.TABLE)


@dataclass(frozen=True)
class TableOptions:
    """How a table is stored.

    Parameters:
        schema: DDL text or a StructType; None when the query gives it.
        properties: table properties as declared (``delta.*``, ``pipelines.*`` and free ones).
        path: storage location asked for; meaningful on the platform for Hive metastore pipelines only.
    """

    schema: Any = None
    properties: Mapping[str, str] = field(default_factory=dict)
    partition_cols: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    cluster_by_auto: bool = False
    path: str | None = None
    private: bool = False
    row_filter: str | None = None
    refresh_policy: str | None = None
    # Columns with a mask: their values are shown nowhere but in the table itself.
    masked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A streaming table, materialized view, temporary view or view."""

    name: Name
    kind: Kind
    comment: str | None = None
    options: TableOptions = field(default_factory=TableOptions)
    expectations: tuple[Expectation, ...] = ()
    spark_conf: Mapping[str, str] = field(default_factory=dict)
    location: Location | None = None
    language: str = "PYTHON"
    # Column comments of a SQL column list that carries no types, e.g. of a view.
    column_comments: Mapping[str, str] = field(default_factory=dict)
    # Made for a clause of another statement, e.g. the view of a query that AUTO CDC reads: nobody declared it.
    implied: bool = False

    @property
    def published(self) -> bool:
        """Whether other users of the catalog see it."""
        return self.kind != Kind.TEMPORARY_VIEW and not self.options.private
