"""Arguments of an AUTO CDC flow, checked against the columns of its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ldp_jupyter.cdc.columns import (
    BITEMPORAL,
    END_AT,
    INTERVALS,
    PREFIX,
    START_AT,
    SYSTEM_END_AT,
    SYSTEM_START_AT,
    by_lower,
    lowered,
    quoted,
)
from ldp_jupyter.cdc.definition import Definition
from ldp_jupyter.cdc.values import is_orderable
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType, StructField, StructType

    from ldp_jupyter.declarations import CdcSpec


@dataclass(frozen=True)
class ChangePlan:
    """A flow whose arguments fit its source.

    Parameters:
        kept: columns of the source that the target keeps, keys included, all nullable.
        conditions: `apply_as_deletes`, `apply_as_truncates` and `where`, as far as given.
        ignored: columns for which NULL means "as before"; None when NULL is a value everywhere.
        set_column: the source column that names, row by row, the columns which the row updates.
        system: the system sequence of a bitemporal target, with its type.
    """

    definition: Definition
    source_columns: tuple[str, ...]
    kept: tuple[StructField, ...]
    sequence: Column
    sequence_type: DataType
    deletes: Column | None = None
    truncates: Column | None = None
    where: Column | None = None
    where_text: str = ""
    ignored: tuple[str, ...] | None = None
    set_column: str | None = None
    system: tuple[Column, DataType] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return self.definition.keys

    @property
    def payload(self) -> tuple[StructField, ...]:
        keys = lowered(self.keys)
        return tuple(field for field in self.kept if field.name.lower() not in keys)

    @property
    def schema(self) -> StructType:
        """Columns of the target."""
        return target_schema(self.kept, self.definition.scd_type, self.sequence_type, self.system and self.system[1])


def target_schema(
    kept: Sequence[StructField], scd_type: str, sequence_type: DataType, system_type: DataType | None = None,
) -> StructType:
    """The columns kept; for history also the interval in which a row was valid, and that in which it was known."""
    from pyspark.sql.types import StructField, StructType

    fields = list(kept)
    if scd_type != "1":
        fields += [StructField(name, sequence_type, nullable=True) for name in (START_AT, END_AT)]
    if system_type is not None:
        fields += [StructField(name, system_type, nullable=True) for name in (SYSTEM_START_AT, SYSTEM_END_AT)]
    return StructType(fields)


def output_schema(spec: CdcSpec, source_df: DataFrame) -> StructType:
    """Columns of the target of an AUTO CDC flow: those kept, then for SCD type 2 ``__START_AT`` and ``__END_AT``.

    Bitemporal ones have ``__SYSTEM_START_AT`` and ``__SYSTEM_END_AT`` too.

    Parameters:
        spec: the flow's arguments.
        source_df: its source; may be empty and streaming. No Spark job is started.

    Raises:
        LdpError: LDP-2017 for arguments that contradict each other or do not fit the source.
    """
    return plan_changes(spec, source_df).schema


def plan_changes(spec: CdcSpec, source_df: DataFrame) -> ChangePlan:
    """Check a flow's arguments against its source; starts no Spark job.

    Raises:
        LdpError: as `output_schema`.
    """
    _check_combination(spec)
    source = source_df.schema
    known = by_lower(source.names)
    keys = check_keys(spec.keys, known)
    kept = _kept_columns(spec, source, known)
    check_reserved(source.names, [field.name for field in kept], spec.scd_type)
    missing = [key for key in keys if key not in {field.name for field in kept}]
    if missing:
        _refuse(f'key "{missing[0]}" is not among the columns kept', "keys stay in the target: keep it")
    check_key_types(keys, source)
    sequence, sequence_type = _sequence(spec.sequence_by, "sequence_by", source_df, known)
    system = None
    if spec.system_sequence_by is not None:
        system = _sequence(spec.system_sequence_by, "system_sequence_by", source_df, known)
    for name, columns in (("track_history_column_list", spec.track_history_columns),
                          ("track_history_except_column_list", spec.track_history_except)):
        resolve_columns(columns, known, name)
    types = {field.name: field.dataType for field in kept}
    return ChangePlan(
        definition=Definition(
            keys, tuple(types[key].simpleString() for key in keys), spec.scd_type, sequence_type.simpleString(),
            *tracking(spec.scd_type, spec.track_history_columns, spec.track_history_except),
            system_type=system[1].simpleString() if system else "",
        ),
        source_columns=tuple(source.names),
        kept=tuple(kept),
        sequence=sequence,
        sequence_type=sequence_type,
        deletes=_condition(spec.apply_as_deletes, "apply_as_deletes", source_df, known),
        truncates=_condition(spec.apply_as_truncates, "apply_as_truncates", source_df, known),
        where=_condition(spec.where, "where", source_df, known),
        where_text=str(spec.where) if spec.where is not None else "",
        ignored=_ignored(spec, kept, keys, known),
        set_column=_set_column(spec, source, known),
        system=system,
    )


def tracking(scd_type: str, only: Sequence[str] | None, but: Sequence[str] | None) -> tuple[str, tuple[str, ...]]:
    """How a definition tells the tracked columns."""
    if scd_type != "1" and only is not None:
        return "only", tuple(sorted(lowered(only)))
    if scd_type != "1" and but is not None:
        return "except", tuple(sorted(lowered(but)))
    return "all", ()


def check_reserved(names: Sequence[str], kept: Sequence[str], scd_type: str) -> None:
    """Refuse columns with names that the storage needs, and kept ones with those that the target needs.

    So the history of another target can be a source: SCD type 1 may keep its ``__START_AT``, type 2 may leave it out.
    """
    intervals = {"1": (), "2": (START_AT, END_AT)}.get(scd_type, INTERVALS)
    for name in names:
        if name.lower().startswith(PREFIX) or (name in kept and name.upper() in intervals):
            _refuse(f'the source has a column "{name}", a name that AUTO CDC reserves',
                    "rename it in a view before, or leave it out of the columns kept")


def check_keys(keys: Sequence[str], known: dict[str, str]) -> tuple[str, ...]:
    """The key columns, spelled like in the source."""
    if not keys:
        _refuse("keys are missing", "name at least one column that identifies a row")
    return resolve_columns(keys, known, "keys") or ()


def check_key_types(keys: Sequence[str], source: StructType) -> None:
    """Keys are compared for equality."""
    for key in keys:
        if not is_orderable(source[key].dataType):
            _refuse(f'key "{key}" has the type {source[key].dataType.simpleString()}, which cannot be compared')


def resolve_columns(columns: Sequence[str] | None, known: dict[str, str], argument: str) -> tuple[str, ...] | None:
    """Column names as the source spells them.

    Raises:
        LdpError: LDP-2017 for a column that the source does not have.
    """
    if columns is None:
        return None
    for column in columns:
        if column.lower() not in known:
            _refuse(f'unknown column "{column}" in {argument}',
                    did_you_mean(column, known.values()) or f"columns are {', '.join(known.values())}")
    return tuple(dict.fromkeys(known[column.lower()] for column in columns))


def _refuse(message: str, hint: str | None = None) -> NoReturn:
    raise LdpError("LDP-2017", message, hint=hint)


def _check_combination(spec: CdcSpec) -> None:
    if spec.scd_type != BITEMPORAL:
        check_scd_type(spec.scd_type)
    if (spec.scd_type == BITEMPORAL) != (spec.system_sequence_by is not None):
        _refuse("bitemporal history and system_sequence_by belong together", "give both, or neither")
    if spec.sequence_by is None:
        _refuse("sequence_by is missing", "name the column or expression that orders the changes of a key")
    for left, right in (
        ("column_list", "except_column_list"),
        ("track_history_columns", "track_history_except"),
        ("ignore_null_updates_columns", "ignore_null_updates_except"),
        ("columns_to_update", "ignore_null_updates_columns"),
        ("columns_to_update", "ignore_null_updates_except"),
    ):
        if getattr(spec, left) is not None and getattr(spec, right) is not None:
            _refuse(f"{_shown(left)} and {_shown(right)} exclude each other", "give one of the two")
    if spec.columns_to_update is not None and spec.ignore_null_updates:
        _refuse("columns_to_update and ignore_null_updates exclude each other", "give one of the two")
    if spec.scd_type == "1" and (spec.track_history_columns is not None or spec.track_history_except is not None):
        _refuse("history is tracked with SCD type 2 only", "set stored_as_scd_type=2, or drop TRACK HISTORY")
    if spec.scd_type != "1" and spec.apply_as_truncates is not None:
        _refuse("apply_as_truncates works with SCD type 1 only", "drop it, or set stored_as_scd_type=1")


def _shown(field: str) -> str:
    return {
        "track_history_columns": "track_history_column_list",
        "track_history_except": "track_history_except_column_list",
        "ignore_null_updates_columns": "ignore_null_updates_column_list",
        "ignore_null_updates_except": "ignore_null_updates_except_column_list",
    }.get(field, field)


def check_scd_type(scd_type: str) -> None:
    """The two types that have one sequence."""
    if scd_type not in ("1", "2"):
        _refuse(f"unknown SCD type {scd_type!r}", "1 and 2 are known")


def _kept_columns(spec: CdcSpec, source: StructType, known: dict[str, str]) -> list[StructField]:
    only = resolve_columns(spec.column_list, known, "column_list")
    but = resolve_columns(spec.except_column_list, known, "except_column_list")
    return [as_kept(field) for field in source.fields
            if (only is None or field.name in only) and (but is None or field.name not in but)]


def as_kept(field: StructField) -> StructField:
    """A source column as a column of the target: nullable, with nothing but its comment and length."""
    from pyspark.sql.types import StructField

    metadata = {key: value for key, value in (field.metadata or {}).items()
                if key in ("comment", "__CHAR_VARCHAR_TYPE_STRING")}
    return StructField(field.name, field.dataType, nullable=True, metadata=metadata)


def _ignored(
    spec: CdcSpec, kept: list[StructField], keys: tuple[str, ...], known: dict[str, str],
) -> tuple[str, ...] | None:
    only = resolve_columns(spec.ignore_null_updates_columns, known, "ignore_null_updates_column_list")
    but = resolve_columns(spec.ignore_null_updates_except, known, "ignore_null_updates_except_column_list")
    if not spec.ignore_null_updates and only is None and but is None:
        return None
    chosen = [field.name for field in kept if field.name not in keys
              and (only is None or field.name in only) and (but is None or field.name not in but)]
    return lowered(chosen)


def _set_column(spec: CdcSpec, source: StructType, known: dict[str, str]) -> str | None:
    from pyspark.sql.types import ArrayType, StringType

    if spec.columns_to_update is None:
        return None
    resolve_columns([spec.columns_to_update], known, "columns_to_update")
    name = known[spec.columns_to_update.lower()]
    kind = source[name].dataType
    if not (isinstance(kind, ArrayType) and isinstance(kind.elementType, StringType)):
        _refuse(f'columns_to_update names the column "{name}" of type {kind.simpleString()}',
                "it must be an array<string> that lists column names")
    return name


def expression(value: Any, known: dict[str, str]) -> Column:
    """A Column from what the declaration holds: a Column, a column's name, or SQL text."""
    from pyspark.sql import functions as fn

    if not isinstance(value, str):
        return value
    return fn.expr(sql_text(value, known))


def sql_text(value: str, known: dict[str, str]) -> str:
    """SQL text of a declaration's text, which may be a column's name as it is."""
    name = known.get(value.strip().strip("`").lower())
    return quoted(name) if name is not None else value


def _typed(value: Any, argument: str, source_df: DataFrame, known: dict[str, str]) -> tuple[Column, DataType]:
    from pyspark.errors import PySparkException

    from ldp_jupyter.spark import bridge

    try:
        if isinstance(value, str):
            text = sql_text(value, known)
            (kind,) = bridge.column_types(source_df, [text])
            return bridge.expression(source_df.sparkSession, text), kind
        return value, source_df.select(value.alias("value")).schema["value"].dataType
    except PySparkException as error:
        text = str(error).strip()
        parameters = error.getMessageParameters() or {}
        wrong = parameters.get("objectName", "").strip("`")
        hint = did_you_mean(wrong, known.values()) if wrong else None
        what = f'unknown column "{wrong}"' if wrong else text.splitlines()[0]
        raise LdpError("LDP-2017", f"{argument} cannot be resolved: {what}", detail=text,
                       hint=hint or f"columns are {', '.join(known.values())}") from None


def _sequence(value: Any, argument: str, source_df: DataFrame, known: dict[str, str]) -> tuple[Column, DataType]:
    sequence, kind = _typed(value, argument, source_df, known)
    if not is_orderable(kind):
        _refuse(f"{argument} has the type {kind.simpleString()}, which cannot be ordered",
                "use a number, a timestamp, a string or a struct of such")
    return sequence, kind


def _condition(value: Any, argument: str, source_df: DataFrame, known: dict[str, str]) -> Column | None:
    from pyspark.sql.types import BooleanType

    if value is None:
        return None
    column, kind = _typed(value, argument, source_df, known)
    if not isinstance(kind, BooleanType):
        _refuse(f"{argument} is not a condition: its type is {kind.simpleString()}", "give a boolean expression")
    return column
