"""AUTO CDC FROM SNAPSHOT: changes derived by comparing a new snapshot with the rows as they are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from ldp_jupyter.cdc.columns import BATCH, DELETE, END_AT, FLOW, OP, SEQ, SNAPSHOT, UPSERT, by_lower, dotted, quoted
from ldp_jupyter.cdc.definition import Definition, check_nothing_lost, check_plan, open_storage
from ldp_jupyter.cdc.delta_table import has_transaction, read_rows
from ldp_jupyter.cdc.plan import (
    ChangePlan,
    as_kept,
    check_key_types,
    check_keys,
    check_reserved,
    check_scd_type,
    resolve_columns,
    tracking,
)
from ldp_jupyter.cdc.publish import BatchCounts, publish_batch
from ldp_jupyter.cdc.refusal import raise_refused, refuse
from ldp_jupyter.cdc.store import append_changes
from ldp_jupyter.cdc.values import comparable
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import StructField, StructType

    from ldp_jupyter.cdc.definition import Storage
    from ldp_jupyter.cdc.target import ChangeTarget
    from ldp_jupyter.declarations import SnapshotSpec


@dataclass(frozen=True)
class StoredSnapshot:
    """The newest snapshot that the storage has.

    Parameters:
        version: as the caller gave it.
        number: its batch id.
    """

    version: Any
    number: int


def snapshot_schema(spec: SnapshotSpec, snapshot_df: DataFrame, version: Any) -> StructType:
    """Columns of the target, for versions like this one.

    Raises:
        LdpError: LDP-2017 for arguments that do not fit, or a version of a type that cannot be ordered.
    """
    return plan_snapshot(spec, snapshot_df, version).schema


def check_snapshot(
    session: SparkSession, spec: SnapshotSpec, snapshot_df: DataFrame, version: Any, target: ChangeTarget,
) -> None:
    """Check that what is stored still fits the flow.

    Raises:
        LdpError: LDP-3005 when it does not; LDP-2017 as `snapshot_schema`.
    """
    plan = plan_snapshot(spec, snapshot_df, version)
    storage = open_storage(session, target)
    if storage is not None:
        check_plan(plan, storage, target)


def latest_version(session: SparkSession, flow_name: str, target: ChangeTarget) -> StoredSnapshot | None:
    """The newest snapshot of the flow that is stored; None before the first. One small Spark job."""
    from pyspark.sql import functions as fn

    storage = open_storage(session, target, to_read=True)
    if storage is None:
        return None
    stored = read_rows(session, target.changes_path, storage.state)
    taken = stored.where((fn.col(OP) == SNAPSHOT) & (fn.col(FLOW) == flow_name))
    row = taken.agg(fn.max(fn.struct(SEQ, BATCH)).alias("newest")).collect()[0]["newest"]
    return None if row is None else StoredSnapshot(_as_given(row[SEQ]), row[BATCH])


def finish_snapshots(
    session: SparkSession, *, flow_name: str, flow_id: str, target: ChangeTarget,
) -> StoredSnapshot | None:
    """Publish the newest stored snapshot where a killed run did not come to it.

    Returns:
        That snapshot; None before the first.
    """
    with target.lock():
        newest = latest_version(session, flow_name, target)
        if newest is not None and not has_transaction(session, target.target_path, flow_id, newest.number):
            publish_batch(session, newest.number, flow_name=flow_name, flow_id=flow_id, target=target)
        return newest


def apply_snapshot(
    session: SparkSession, spec: SnapshotSpec, snapshot_df: DataFrame, version: Any, *, flow_name: str, flow_id: str,
    target: ChangeTarget,
) -> BatchCounts | None:
    """Apply one snapshot: keys that it lacks are deleted, rows that differ are upserted, at the sequence `version`.

    Also finishes what a killed run had stored but not published.

    Parameters:
        version: int, str, float, bytes, datetime, date or Decimal; must be greater than that of the snapshot before.

    Returns:
        Rows changed in the target; None when the snapshot is not newer than the one before and was skipped.

    Raises:
        LdpError: LDP-4002 for a row without key, LDP-3005 and LDP-2017 as `check_snapshot`, LDP-5006 when the stored
            changes have gone.
    """
    plan = plan_snapshot(spec, snapshot_df, version)
    with target.lock():
        before = finish_snapshots(session, flow_name=flow_name, flow_id=flow_id, target=target)
        if before is not None:
            storage = open_storage(session, target)
            if storage is not None:
                check_plan(plan, storage, target)
            if not _is_newer(version, before.version):
                return None
        else:
            check_nothing_lost(session, flow_id, target)
        number = 0 if before is None else before.number + 1
        store_snapshot(session, plan, snapshot_df, number, flow_name=flow_name, flow_id=flow_id, target=target)
        return publish_batch(session, number, flow_name=flow_name, flow_id=flow_id, target=target)


def store_snapshot(
    session: SparkSession, plan: ChangePlan, snapshot_df: DataFrame, number: int, *,
    flow_name: str, flow_id: str, target: ChangeTarget,
) -> None:
    """Append what the snapshot changes, and that it was taken, to the storage."""
    from pyspark.sql import functions as fn

    storage = open_storage(session, target)
    changes = _first(plan, snapshot_df) if storage is None else _compared(session, plan, snapshot_df, storage, target)
    columns = [field.name for field in plan.kept]
    taken = session.range(1).select(
        fn.lit(SNAPSHOT).alias(OP),
        *[fn.lit(None).cast(field.dataType).alias(field.name) for field in plan.kept],
    )
    # The snapshot may stem from another session's plan; a union needs only the same columns.
    events = changes.unionByName(taken).select(
        fn.lit(number).cast("bigint").alias(BATCH), fn.lit(flow_name).alias(FLOW), plan.sequence.alias(SEQ), fn.col(OP),
        *[fn.col(quoted(name)) for name in columns],
    )
    try:
        append_changes(events, plan.definition, storage, number, flow_id=flow_id, target=target)
    except LdpError:
        raise
    except Exception as error:
        raise_refused(error, target.name)


def plan_snapshot(spec: SnapshotSpec, snapshot_df: DataFrame, version: Any) -> ChangePlan:
    """Check a flow's arguments against a snapshot; starts no Spark job.

    Raises:
        LdpError: as `snapshot_schema`.
    """
    from pyspark.sql import functions as fn

    source = snapshot_df.schema
    known = by_lower(source.names)
    check_scd_type(spec.scd_type)
    check_reserved(source.names, source.names, spec.scd_type)
    keys = check_keys(spec.keys, known)
    check_key_types(keys, source)
    if spec.track_history_columns is not None and spec.track_history_except is not None:
        raise LdpError("LDP-2017", "track_history_column_list and track_history_except_column_list exclude each other",
                       hint="give one of the two")
    if spec.scd_type != "2" and (spec.track_history_columns is not None or spec.track_history_except is not None):
        raise LdpError("LDP-2017", "history is tracked with SCD type 2 only",
                       hint="set stored_as_scd_type=2, or drop the list")
    resolve_columns(spec.track_history_columns, known, "track_history_column_list")
    resolve_columns(spec.track_history_except, known, "track_history_except_column_list")
    sql_type = _version_type(version)
    sequence = fn.lit(version).cast(sql_type)
    kind = snapshot_df.select(sequence.alias("v")).schema["v"].dataType
    return ChangePlan(
        definition=Definition(keys, tuple(source[key].dataType.simpleString() for key in keys), spec.scd_type,
                              kind.simpleString(),
                              *tracking(spec.scd_type, spec.track_history_columns, spec.track_history_except)),
        source_columns=tuple(source.names), kept=tuple(as_kept(field) for field in source.fields),
        sequence=sequence, sequence_type=kind,
    )


def _version_type(version: Any) -> str:
    """The sequence's type: versions of one Python type share one, however long their values are."""
    if not isinstance(version, bool):
        for python, sql in ((int, "bigint"), (str, "string"), (float, "double"), (bytes, "binary"),
                            (dt.datetime, "timestamp"), (dt.date, "date"), (Decimal, "decimal(38,18)")):
            if isinstance(version, python):
                return sql
    raise LdpError("LDP-2017", f"a snapshot's version cannot be of the type {type(version).__name__}",
                   hint="int, str, float, bytes, datetime, date and Decimal are accepted")


def _as_given(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytearray) else value


def _is_newer(version: Any, before: Any) -> bool:
    if isinstance(version, dt.datetime) and version.tzinfo is not None:
        version = version.astimezone().replace(tzinfo=None)
    return bool(version > before)


def _key_checked(plan: ChangePlan) -> Column:
    from pyspark.sql import functions as fn

    kinds = None
    for key in plan.keys:
        refused = refuse(f'its key "{key}" is NULL', plan.source_columns)
        missing = fn.col(quoted(key)).isNull()
        kinds = fn.when(missing, refused) if kinds is None else kinds.when(missing, refused)
    assert kinds is not None
    return kinds.otherwise(UPSERT)


def _first(plan: ChangePlan, snapshot_df: DataFrame) -> DataFrame:
    """The snapshot's rows as upserts, one for each key: of several the greatest, as among equal sequences."""
    from pyspark.sql import Window
    from pyspark.sql import functions as fn

    order = [comparable(fn.col(quoted(field.name)), field.dataType) for field in plan.payload]
    by_key = Window.partitionBy(*[fn.col(quoted(key)) for key in plan.keys]).orderBy(
        *[value.desc() for value in order], fn.lit(1))
    rows = snapshot_df.select("*", fn.row_number().over(by_key).alias("__ldp_place")).where("__ldp_place = 1")
    return rows.select(_key_checked(plan).alias(OP), *[quoted(field.name) for field in plan.kept])


def _compared(
    session: SparkSession, plan: ChangePlan, snapshot_df: DataFrame, storage: Storage, target: ChangeTarget,
) -> DataFrame:
    """Upserts for rows that are new or differ, deletes for keys that are gone.

    The rows as they are come from the target, which follows the storage and is smaller.
    """
    from pyspark.sql import functions as fn

    old = session.read.format("delta").load(target.target_path)
    if storage.definition.scd_type == "2":
        old = old.where(fn.col(END_AT).isNull())
    there = by_lower(old.columns)
    payload = [field for field in plan.payload if field.name.lower() in there]

    def side(prefix: str, field: StructField) -> Column:
        return comparable(fn.col(dotted(prefix, field.name)), field.dataType)

    same = [side("n", field).eqNullSafe(side("o", field)) for field in payload]
    # A column that the target lacks so far is NULL in each of its rows.
    same += [fn.col(dotted("n", field.name)).isNull() for field in plan.payload if field not in payload]
    new = _first(plan, snapshot_df).withColumnRenamed(OP, "__ldp_new")
    joined = new.alias("n").join(
        old.withColumn("__ldp_old", fn.expr("true")).alias("o"),
        reduce(and_, (fn.col(dotted("n", key)) == fn.col(dotted("o", key)) for key in plan.keys)), "full_outer",
    )
    in_both = fn.col("__ldp_new").isNotNull() & fn.col("__ldp_old").isNotNull()
    changed = joined.where(~(in_both & reduce(and_, same, fn.expr("true"))))
    gone = fn.col("__ldp_new").isNull()
    keys = set(plan.keys)
    columns = [
        fn.coalesce(fn.col(dotted("n", f.name)), fn.col(dotted("o", f.name))).alias(f.name) if f.name in keys
        else fn.col(dotted("n", f.name)).alias(f.name)
        for f in plan.kept
    ]
    return changed.select(fn.when(gone, fn.lit(DELETE)).otherwise(fn.col("__ldp_new")).alias(OP), *columns)
