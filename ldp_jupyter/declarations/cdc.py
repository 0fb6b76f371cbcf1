"""AUTO CDC: what a change-capture flow is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class CdcSpec:
    """Arguments of ``create_auto_cdc_flow`` or ``AUTO CDC INTO``.

    Expressions (`sequence_by`, `apply_as_deletes`, ...) are SQL text or Spark Columns; names are plain text.

    Parameters:
        source: name of a table or view that can be read as a stream, as written.
        source_options: options of that stream.
        keys: columns that identify a row.
        sequence_by: orders the events of a key.
        ignore_null_updates: True for all columns; the two lists narrow it.
        scd_type: "1", "2" or "bitemporal".
    """

    source: str
    keys: tuple[str, ...]
    sequence_by: Any
    system_sequence_by: Any = None
    ignore_null_updates: bool = False
    ignore_null_updates_columns: tuple[str, ...] | None = None
    ignore_null_updates_except: tuple[str, ...] | None = None
    columns_to_update: str | None = None
    where: Any = None
    apply_as_deletes: Any = None
    apply_as_truncates: Any = None
    column_list: tuple[str, ...] | None = None
    except_column_list: tuple[str, ...] | None = None
    scd_type: str = "1"
    track_history_columns: tuple[str, ...] | None = None
    track_history_except: tuple[str, ...] | None = None
    source_options: tuple[tuple[str, str], ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether a change may leave columns as they were: it is no whole row then."""
        ignoring = self.ignore_null_updates_columns is not None or self.ignore_null_updates_except is not None
        return self.ignore_null_updates or ignoring or self.columns_to_update is not None


@dataclass(frozen=True)
class SnapshotSpec:
    """Arguments of ``create_auto_cdc_from_snapshot_flow``.

    Parameters:
        source: a name (each update reads one snapshot), or a callable
            ``f(latest_version) -> (DataFrame, version) | None``.
    """

    source: str | Callable[[Any], Any]
    keys: tuple[str, ...]
    scd_type: str = "1"
    track_history_columns: tuple[str, ...] | None = None
    track_history_except: tuple[str, ...] | None = None
