"""What a target's storage was built with, and whether a flow still fits it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldp_jupyter.cdc.columns import OP, PREFIX, lowered
from ldp_jupyter.cdc.delta_table import table_state
from ldp_jupyter.cdc.shapes import same_shape
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType, StructType

    from ldp_jupyter.cdc.delta_table import TableState
    from ldp_jupyter.cdc.plan import ChangePlan
    from ldp_jupyter.cdc.target import ChangeTarget
    from ldp_jupyter.declarations import CdcSpec

PROPERTY = "ldp.cdc"
_FORMAT = 1


@dataclass(frozen=True)
class Definition:
    """The part of a flow's arguments that stored changes depend on.

    Parameters:
        keys: key columns.
        key_types: their types, as Spark's simple strings.
        scd_type: "1", "2" or "bitemporal".
        sequence_type: type of the sequence.
        track: "all", "only" or "except" the columns of `track_columns`; history is kept for these.
        system_type: type of the system sequence of a bitemporal target.
    """

    keys: tuple[str, ...]
    key_types: tuple[str, ...]
    scd_type: str
    sequence_type: str
    track: str = "all"
    track_columns: tuple[str, ...] = ()
    system_type: str = ""

    def to_json(self) -> str:
        """The value of the table property."""
        system = {"system_type": self.system_type} if self.system_type else {}
        return json.dumps({
            "format": _FORMAT, "keys": self.keys, "key_types": self.key_types, "scd_type": self.scd_type,
            "sequence_type": self.sequence_type, "track": self.track, "track_columns": self.track_columns,
            **system,
        }, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Definition:
        value = json.loads(text)
        return cls(tuple(value["keys"]), tuple(value["key_types"]), value["scd_type"], value["sequence_type"],
                   value["track"], tuple(value["track_columns"]), value.get("system_type", ""))

    def is_tracked(self, column: str) -> bool:
        """Whether a change of this payload column starts a new row of history."""
        if self.track == "all":
            return True
        return (column.lower() in lowered(self.track_columns)) == (self.track == "only")

    def tracked(self, payload: Iterable[str]) -> tuple[str, ...]:
        return tuple(column for column in payload if self.is_tracked(column))


@dataclass(frozen=True)
class Storage:
    """An existing changes table, as read from its log."""

    state: TableState
    definition: Definition

    @property
    def payload(self) -> dict[str, DataType]:
        """Columns that are neither key nor the table's own, in stored order."""
        keys = lowered(self.definition.keys)
        return {field.name: field.dataType for field in self.state.schema.fields
                if not field.name.startswith(PREFIX) and field.name.lower() not in keys}

    def has(self, column: str) -> bool:
        return column in self.state.schema.names


def open_storage(
    session: SparkSession, target: ChangeTarget, *, to_read: bool = False, with_transactions: bool = False,
) -> Storage | None:
    """The target's changes table; None before its first batch.

    Parameters:
        to_read: whether its rows will be read: then files are listed.
        with_transactions: whether transactions are listed.

    Raises:
        LdpError: LDP-3005 when there is a table without a definition that this version understands.
    """
    state = table_state(session, target.changes_path, list_files=to_read, list_transactions=with_transactions)
    if not state.exists:
        return None
    text = state.properties.get(PROPERTY)
    if text is None or json.loads(text).get("format") != _FORMAT or OP not in state.schema.names:
        raise LdpError("LDP-3005", f"{target.name} needs a full refresh: its stored changes have a format unknown here",
                       dataset=target.name, hint=_refresh_hint(target))
    return Storage(state, Definition.from_json(text))


def changes_gone(target: ChangeTarget) -> LdpError:
    """The error for a target without the changes that it was made from."""
    return LdpError("LDP-5006", f"the stored changes of {target.name} are gone", dataset=target.name,
                    hint=f"run once with --full-refresh {target.name}")


def check_nothing_lost(session: SparkSession, flow_id: str, target: ChangeTarget) -> None:
    """Check, where nothing of a flow is stored, that the target has nothing of it either.

    A target without its changes would get wrong rows: late changes, and ends of rows of history, need what came before.

    Raises:
        LdpError: LDP-5006.
    """
    if flow_id in table_state(session, target.target_path, list_transactions=True).transactions:
        raise changes_gone(target)


def check_definition(session: SparkSession, spec: CdcSpec, source_df: DataFrame, target: ChangeTarget) -> None:
    """Check that what is stored still fits the flow; starts no Spark job.

    Raises:
        LdpError: LDP-3005 when keys, SCD type, type of the sequence, tracked columns or the type of a column have
            changed; LDP-2017 when the flow's own arguments are wrong.
    """
    from ldp_jupyter.cdc.plan import plan_changes

    plan = plan_changes(spec, source_df)
    storage = open_storage(session, target)
    if storage is not None:
        check_plan(plan, storage, target)


def check_plan(plan: ChangePlan, storage: Storage, target: ChangeTarget) -> None:
    """The same for arguments already checked.

    Raises:
        LdpError: LDP-3005.
    """
    for what, before, now in _differences(plan, storage):
        raise LdpError("LDP-3005", f"{target.name} needs a full refresh: {what} changed from {before} to {now}",
                       dataset=target.name, hint=_refresh_hint(target))


def check_together(name: str, one: tuple[str, ChangePlan], other: tuple[str, ChangePlan]) -> None:
    """Check that two flows into one target mean the same rows; the types of columns are checked with their names.

    Parameters:
        name: of the target.
        one, other: name of the flow, and its arguments.

    Raises:
        LdpError: LDP-2017.
    """
    payload = [*one[1].payload, *other[1].payload]
    found = _changes(one[1].definition, other[1].definition, (field.name for field in payload))
    for what, first, second in found:
        raise LdpError(
            "LDP-2017", f'AUTO CDC flows "{one[0]}" and "{other[0]}" of {name} differ in {what}: {first} and {second}',
            hint="flows into one target have the same keys, SCD type, type of the sequence and tracked columns",
            dataset=name)


def _changes(old: Definition, new: Definition, payload: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    if set(lowered(old.keys)) != set(lowered(new.keys)):
        yield "keys", _listed(old.keys), _listed(new.keys)
        return
    if old.scd_type != new.scd_type:
        yield "the SCD type", old.scd_type, new.scd_type
    if old.sequence_type != new.sequence_type:
        yield "the type of the sequence", old.sequence_type, new.sequence_type
    if old.scd_type == new.scd_type and old.system_type != new.system_type:
        yield "the type of the system sequence", old.system_type, new.system_type
    columns = dict.fromkeys(lowered(payload))
    before, now = old.tracked(columns), new.tracked(columns)
    if new.scd_type != "1" and set(before) != set(now):
        yield "the tracked columns", _listed(before), _listed(now)


def _differences(plan: ChangePlan, storage: Storage) -> Iterator[tuple[str, str, str]]:
    old = storage.definition
    stored = {name.lower(): kind for name, kind in storage.payload.items()}
    yield from _changes(old, plan.definition, (*(field.name for field in plan.payload), *stored))
    if set(lowered(old.keys)) != set(lowered(plan.keys)):
        return
    key_types = dict(zip(lowered(old.keys), old.key_types, strict=True))
    for field in plan.kept:
        name = field.name.lower()
        kind = key_types.get(name) or (stored[name].simpleString() if name in stored else None)
        if kind is not None and not _fits(field.dataType, storage.state.schema, name):
            yield f"the type of column {field.name}", kind, field.dataType.simpleString()


def _listed(names: Iterable[str]) -> str:
    return f"({', '.join(names)})"


def _refresh_hint(target: ChangeTarget) -> str:
    return f"run once with --full-refresh {target.name}, or declare it as before"


_WIDENINGS: Mapping[str, frozenset[str]] = {
    "tinyint": frozenset({"smallint", "int", "bigint"}),
    "smallint": frozenset({"int", "bigint"}),
    "int": frozenset({"bigint", "double"}),
    "float": frozenset({"double"}),
    "date": frozenset({"timestamp"}),
}


def _fits(new: DataType, schema: StructType, name: str) -> bool:
    stored = next(field.dataType for field in schema.fields if field.name.lower() == name)
    return fits(new, stored)


def fits(new: DataType, stored: DataType) -> bool:
    """Whether values of a type can be kept, losing nothing, in a column of the stored type (which may gain fields)."""
    from pyspark.sql import types as t

    if isinstance(new, t.StructType) and isinstance(stored, t.StructType):
        known = {field.name.lower(): field.dataType for field in stored.fields}
        return all(field.name.lower() not in known or fits(field.dataType, known[field.name.lower()])
                   for field in new.fields)
    if isinstance(new, t.ArrayType) and isinstance(stored, t.ArrayType):
        return fits(new.elementType, stored.elementType)
    if isinstance(new, t.MapType) and isinstance(stored, t.MapType):
        return fits(new.keyType, stored.keyType) and fits(new.valueType, stored.valueType)
    if isinstance(new, t.DecimalType) and isinstance(stored, t.DecimalType):
        return bool(new.scale <= stored.scale and new.precision - new.scale <= stored.precision - stored.scale)
    return same_shape(new, stored) or stored.simpleString() in _WIDENINGS.get(new.simpleString(), frozenset())
