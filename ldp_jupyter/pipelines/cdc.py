"""AUTO CDC in Python, under its new and old names."""

from __future__ import annotations

from typing import Any

from ldp_jupyter.declarations import CdcSpec, Flow, SnapshotSpec
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines import arguments as check


@check.api
def create_auto_cdc_flow(
    target: str | None = None,
    source: str | None = None,
    keys: Any = None,
    sequence_by: Any = None,
    where: Any = None,
    ignore_null_updates: bool = False,
    apply_as_deletes: Any = None,
    apply_as_truncates: Any = None,
    column_list: Any = None,
    except_column_list: Any = None,
    stored_as_scd_type: Any = "1",
    track_history_column_list: Any = None,
    track_history_except_column_list: Any = None,
    flow_name: str | None = None,
    once: bool = False,
    ignore_null_updates_column_list: Any = None,
    ignore_null_updates_except_column_list: Any = None,
    columns_to_update: Any = None,
    *,
    name: str | None = None,
    system_sequence_by: Any = None,
    spark_conf: dict[str, str] | None = None,
) -> None:
    """Apply a stream of changes to a streaming table.

    Parameters:
        target: a table declared with `create_streaming_table`.
        source: name of a table or view that can be read as a stream.
        keys: columns that identify a row.
        sequence_by: column or expression (also ``struct(...)``) that orders the changes of a key.
        stored_as_scd_type: 1 (current rows), 2 (history), "bitemporal" (history of what was known, too).
        system_sequence_by: of bitemporal history: orders what became known.
        apply_as_deletes, apply_as_truncates: conditions; TRUE means delete or truncate.

    Raises:
        LdpError: LDP-2011 or LDP-2017 for arguments that are wrong or exclude each other.
    """
    function = "create_auto_cdc_flow"
    context, declarations = check.declaring()
    place = check.caller_location()
    spec = CdcSpec(
        source=_source(function, source),
        keys=_keys(function, keys),
        sequence_by=_expression(function, "sequence_by", sequence_by, needed=True),
        system_sequence_by=_expression(function, "system_sequence_by", system_sequence_by),
        ignore_null_updates=check.flag(function, "ignore_null_updates", ignore_null_updates),
        ignore_null_updates_columns=check.column_names(
            function, "ignore_null_updates_column_list", ignore_null_updates_column_list
        ),
        ignore_null_updates_except=check.column_names(
            function, "ignore_null_updates_except_column_list", ignore_null_updates_except_column_list
        ),
        columns_to_update=_one_column(function, "columns_to_update", columns_to_update),
        where=_expression(function, "where", where),
        apply_as_deletes=_expression(function, "apply_as_deletes", apply_as_deletes),
        apply_as_truncates=_expression(function, "apply_as_truncates", apply_as_truncates),
        column_list=check.column_names(function, "column_list", column_list),
        except_column_list=check.column_names(function, "except_column_list", except_column_list),
        scd_type=_scd_type(function, stored_as_scd_type),
        track_history_columns=check.column_names(function, "track_history_column_list", track_history_column_list),
        track_history_except=check.column_names(
            function, "track_history_except_column_list", track_history_except_column_list
        ),
    )
    _exclusive(spec, place)
    own_name = check.text(function, "name", name) or check.text(function, "flow_name", flow_name)
    name_of_target = check.full_name(context, _target(function, target))
    declarations.flows.append(
        Flow(
            own_name or str(name_of_target),
            name_of_target,
            spec,
            context.namespace,
            once=check.flag(function, "once", once),
            default=own_name is None,
            confs={**context.confs, **check.text_map(function, "spark_conf", spark_conf)},
            location=place,
        )
    )


apply_changes = check.alias(create_auto_cdc_flow, "apply_changes")


@check.api
def create_auto_cdc_from_snapshot_flow(
    target: str | None = None,
    source: Any = None,
    keys: Any = None,
    stored_as_scd_type: Any = 1,
    snapshot_and_version: Any = None,
    track_history_column_list: Any = None,
    track_history_except_column_list: Any = None,
    *,
    name: str | None = None,
    flow_name: str | None = None,
) -> None:
    """Apply snapshots to a streaming table: a key that is absent from a newer snapshot was deleted.

    Parameters:
        source: a name (each update reads one snapshot), or a callable
            ``f(latest_version) -> (DataFrame, version) | None``.
        snapshot_and_version: older name of a callable `source`.
    """
    function = "create_auto_cdc_from_snapshot_flow"
    context, declarations = check.declaring()
    place = check.caller_location()
    given = snapshot_and_version if source is None else source
    if not isinstance(given, str):
        check.takes(function, "source", given, 1, "a table name, or a function of the latest version")
    spec = SnapshotSpec(
        given,
        _keys(function, keys),
        _scd_type(function, stored_as_scd_type),
        check.column_names(function, "track_history_column_list", track_history_column_list),
        check.column_names(function, "track_history_except_column_list", track_history_except_column_list),
    )
    if spec.track_history_columns is not None and spec.track_history_except is not None:
        _both("track_history_column_list", "track_history_except_column_list", place)
    _history_needs_type_2(spec, place)
    own_name = check.text(function, "name", name) or check.text(function, "flow_name", flow_name)
    name_of_target = check.full_name(context, _target(function, target))
    declarations.flows.append(
        Flow(
            own_name or str(name_of_target),
            name_of_target,
            spec,
            context.namespace,
            default=own_name is None,
            confs=dict(context.confs),
            location=place,
        )
    )


apply_changes_from_snapshot = check.alias(create_auto_cdc_from_snapshot_flow, "apply_changes_from_snapshot")


def _target(function: str, target: Any) -> str:
    if not isinstance(target, str):
        check.wrong(function, "target", target, "the name of a streaming table declared with create_streaming_table")
    return target


def _source(function: str, source: Any) -> str:
    if not isinstance(source, str):
        check.wrong(function, "source", source, "the name of a table or view, not a DataFrame")
    return source


def _keys(function: str, keys: Any) -> tuple[str, ...]:
    names = check.column_names(function, "keys", keys)
    if not names:
        raise LdpError(
            "LDP-2017",
            f"{function}() needs at least one key column",
            hint='keys=["id"]',
            location=check.caller_location(),
        )
    return names


def _one_column(function: str, parameter: str, value: Any) -> str | None:
    names = check.column_names(function, parameter, value)
    if names is not None and len(names) != 1:
        check.wrong(function, parameter, value, "the name of one column")
    return names[0] if names else None


def _expression(function: str, parameter: str, value: Any, *, needed: bool = False) -> Any:
    if value is None:
        if needed:
            raise LdpError(
                "LDP-2017",
                f"{function}() needs {parameter}",
                hint="a column that orders the changes of a key",
                location=check.caller_location(),
            )
        return None
    if not isinstance(value, str) and not check.is_column(value):
        check.wrong(function, parameter, value, "an SQL expression (str) or a Column")
    return value


def _scd_type(function: str, value: Any) -> str:
    if value is None:
        return "1"
    text = str(value).strip().lower()
    if isinstance(value, bool) or text not in ("1", "2", "bitemporal"):
        check.wrong(function, "stored_as_scd_type", value, '1, 2, "1", "2" or "bitemporal"')
    return text


def _both(one: str, other: str, place: Any) -> None:
    raise LdpError("LDP-2017", f"{one} and {other} exclude each other", hint="keep one of the two", location=place)


def _history_needs_type_2(spec: CdcSpec | SnapshotSpec, place: Any) -> None:
    tracked = spec.track_history_columns is not None or spec.track_history_except is not None
    if tracked and spec.scd_type == "1":
        raise LdpError(
            "LDP-2017",
            "track_history_* needs stored_as_scd_type=2",
            hint="SCD type 1 keeps no history",
            location=place,
        )


def _exclusive(spec: CdcSpec, place: Any) -> None:
    pairs = [
        ("column_list", spec.column_list, "except_column_list", spec.except_column_list),
        (
            "track_history_column_list",
            spec.track_history_columns,
            "track_history_except_column_list",
            spec.track_history_except,
        ),
        (
            "ignore_null_updates_column_list",
            spec.ignore_null_updates_columns,
            "ignore_null_updates_except_column_list",
            spec.ignore_null_updates_except,
        ),
    ]
    for one, first, other, second in pairs:
        if first is not None and second is not None:
            _both(one, other, place)
    _history_needs_type_2(spec, place)
    if spec.apply_as_truncates is not None and spec.scd_type != "1":
        raise LdpError("LDP-2017", "apply_as_truncates is for SCD type 1 only", location=place)
    if spec.columns_to_update is not None and (
        spec.ignore_null_updates or spec.ignore_null_updates_columns or spec.ignore_null_updates_except
    ):
        _both("columns_to_update", "ignore_null_updates", place)
