"""First half of a batch: its changes go into the storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.cdc.columns import (
    BATCH,
    CUT,
    DELETE,
    END_AT,
    FLOW,
    IGNORE,
    OP,
    SEQ,
    SET,
    START_AT,
    SYS,
    SYSTEM_END_AT,
    SYSTEM_START_AT,
    TRUNCATE,
    UPSERT,
    lowered,
    quoted,
)
from ldp_jupyter.cdc.definition import PROPERTY, Storage, check_nothing_lost, check_plan, open_storage
from ldp_jupyter.cdc.delta_table import FILES_BY_NAME
from ldp_jupyter.cdc.refusal import raise_refused, refuse
from ldp_jupyter.cdc.settings import COMPACT, settings
from ldp_jupyter.cdc.shapes import add_columns, in_columns_of
from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.expectations import GOOD, Observations
from ldp_jupyter.spark.places import place, remove

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import DataType

    from ldp_jupyter.cdc.definition import Definition
    from ldp_jupyter.cdc.plan import ChangePlan
    from ldp_jupyter.cdc.target import ChangeTarget
    from ldp_jupyter.quality import RuleSet

_COMPACT_FROM = "spark.databricks.delta.autoCompact.minNumFiles"
_FEW = FILES_BY_NAME * 3 // 4
# Letters that Delta takes in column names only with column mapping.
_NEEDS_MAPPING = " ,;{}()\n\t="


def store_batch(
    session: SparkSession, plan: ChangePlan, batch_df: DataFrame, batch_id: int, *,
    flow_name: str, flow_id: str, target: ChangeTarget, rules: RuleSet | None = None,
) -> Mapping[str, Any]:
    """Append the changes of a batch to the target's storage; a batch already there is skipped. One Spark job.

    Parameters:
        rules: expectations of the target. Each upsert is judged as the row that it means: one that a rule drops is
            stored as a delete, so that the target has no row of the key from there on, whatever the order of arrival.

    Returns:
        What was observed of the rules; nothing without rules and for a batch already there.

    Raises:
        LdpError: LDP-4002 for a row without key or sequence, or one that violates `where`; then nothing is stored.
            LDP-3005 when the storage was built with another definition, LDP-5006 when it has gone.
    """
    with target.lock():
        storage = open_storage(session, target, with_transactions=True)
        if storage is not None:
            check_plan(plan, storage, target)
            if storage.state.transactions.get(flow_id, -1) >= batch_id:
                return {}
        else:
            check_nothing_lost(session, flow_id, target)
        observed = Observations()
        try:
            changes = _changes(plan, batch_df, batch_id, flow_name)
            if rules is not None and rules.rules:
                if storage is None:  # a table made and filled in one go does not tell what was observed
                    _create(changes, plan.definition, target)
                    storage = open_storage(session, target)
                changes = _judged(changes, plan, rules, observed)
            append_changes(changes, plan.definition, storage, batch_id, flow_id=flow_id, target=target)
        except LdpError:
            raise
        except Exception as error:
            raise_refused(error, target.name)
        return observed.values(changes)


def _judged(changes: DataFrame, plan: ChangePlan, rules: RuleSet, observed: Observations) -> DataFrame:
    from pyspark.sql import functions as fn

    names = changes.columns
    rows = changes
    if plan.definition.scd_type != "1":  # a new row of history has no end yet
        rows = rows.withColumns({START_AT: fn.col(SEQ), END_AT: fn.lit(None).cast(plan.sequence_type)})
    if plan.system is not None:
        rows = rows.withColumns({SYSTEM_START_AT: fn.col(SYS), SYSTEM_END_AT: fn.lit(None).cast(plan.system[1])})
    rows = rules.judge(rows, observed, f"{OP} = '{UPSERT}'")
    op = fn.when(fn.col(GOOD), fn.col(OP)).otherwise(DELETE)
    return rows.withColumn(OP, op).select(*[quoted(name) for name in names])


def append_changes(
    changes: DataFrame, definition: Definition, storage: Storage | None, batch_id: int, *,
    flow_id: str, target: ChangeTarget,
) -> None:
    """Write events in the shape of the changes table, which has no batch like this yet; the first ones create it."""
    if storage is None:
        # Made and filled in one commit: it exists with its definition and its first batch, or not at all. Files of a
        # try that was killed before its commit are nobody's, and Delta makes no table where some lie.
        remove(place(target.changes_path))
        writer = changes.writeTo(f"spark_catalog.delta.{quoted(target.changes_path)}").using("delta")
        for key, value in _properties(changes, definition).items():
            writer = writer.tableProperty(key, value)
        with settings(changes.sparkSession, {COMPACT: "false"}):
            writer.option("txnAppId", flow_id).option("txnVersion", str(batch_id)).create()
    else:
        from ldp_jupyter.spark.tables import append_rows

        session = changes.sparkSession
        storage = _with_new_columns(session, changes, storage, target)
        # Small files are put together before they are too many to be read by name, not sooner: Delta does it also with
        # the first that a process writes, however few there are.
        files = storage.state.files
        many = files is None or files >= _FEW
        with settings(session, {COMPACT: str(many).lower(), _COMPACT_FROM: str(_FEW)}):
            append_rows(in_columns_of(changes, storage.state.schema), target.changes_path, (flow_id, batch_id))


def _create(changes: DataFrame, definition: Definition, target: ChangeTarget) -> None:
    """An empty table for such changes."""
    from ldp_jupyter.spark.tables import create_table

    columns = changes.schema.toNullable()
    create_table(changes.sparkSession, target.changes_path, columns, [], [], _properties(changes, definition), None)


def _properties(changes: DataFrame, definition: Definition) -> dict[str, str]:
    with_statistics = [BATCH, FLOW]
    with_statistics += [name for name in (*definition.keys, CUT)
                        if name in changes.columns and _has_statistics(changes.schema[name].dataType)]
    properties = {
        PROPERTY: definition.to_json(),
        "delta.dataSkippingStatsColumns": ",".join(quoted(name) for name in with_statistics),
    }
    if any(letter in name for name in _all_names(changes.schema) for letter in _NEEDS_MAPPING):
        properties["delta.columnMapping.mode"] = "name"
    return properties


def _all_names(kind: DataType) -> Iterator[str]:
    from pyspark.sql import types as t

    if isinstance(kind, t.StructType):
        for field in kind.fields:
            yield field.name
            yield from _all_names(field.dataType)
    elif isinstance(kind, t.ArrayType):
        yield from _all_names(kind.elementType)
    elif isinstance(kind, t.MapType):
        yield from _all_names(kind.valueType)


def _has_statistics(kind: DataType) -> bool:
    from pyspark.sql import types as t

    return isinstance(kind, (t.NumericType, t.StringType, t.DateType, t.TimestampType, t.TimestampNTZType))


def _changes(plan: ChangePlan, batch_df: DataFrame, batch_id: int, flow_name: str) -> DataFrame:
    from pyspark.sql import functions as fn

    # Conditions look at the source's row, which may have columns that are not kept.
    judged = batch_df.select("*", plan.sequence.alias(SEQ), _operation(plan).alias(OP))
    columns = [fn.lit(batch_id).cast("bigint").alias(BATCH), fn.lit(flow_name).alias(FLOW), fn.col(SEQ), fn.col(OP)]
    if plan.system is not None:
        columns.insert(3, plan.system[0].alias(SYS))
    if plan.truncates is not None:
        columns.append(fn.when(fn.col(OP) == TRUNCATE, fn.col(SEQ)).alias(CUT))
    if plan.set_column is not None:
        columns.append(fn.transform(fn.col(quoted(plan.set_column)), fn.lower).alias(SET))
    if plan.ignored is not None:
        columns.append(fn.array(*[fn.lit(name) for name in plan.ignored]).cast("array<string>").alias(IGNORE))
    columns.extend(fn.col(quoted(field.name)) for field in plan.kept)
    return judged.select(*columns)


def _operation(plan: ChangePlan) -> Column:
    """What the row is; a row that must not be fails the write."""
    from pyspark.sql import functions as fn

    columns = plan.source_columns
    no_sequence = is_missing(plan.sequence, plan.sequence_type)
    needs_key = fn.expr("true") if plan.truncates is None else ~_holds(plan.truncates)
    kinds = fn.when(no_sequence, refuse("its sequence is NULL", columns))
    if plan.system is not None:
        kinds = kinds.when(is_missing(*plan.system), refuse("its system sequence is NULL", columns))
    for key in plan.keys:
        kinds = kinds.when(needs_key & fn.col(quoted(key)).isNull(), refuse(f'its key "{key}" is NULL', columns))
    if plan.where is not None:
        kinds = kinds.when(~_holds(plan.where), refuse(f"it violates the condition {plan.where_text}", columns))
    if plan.truncates is not None:
        kinds = kinds.when(plan.truncates, TRUNCATE)
    if plan.set_column is not None:
        listed = fn.transform(fn.col(quoted(plan.set_column)), fn.lower)
        unknown = fn.array_except(listed, fn.array(*[fn.lit(name) for name in lowered(columns)]))
        reason = f'"{plan.set_column}" lists a column that the source does not have'
        kinds = kinds.when(fn.size(unknown) > 0, refuse(reason, columns))
    if plan.deletes is not None:
        kinds = kinds.when(plan.deletes, DELETE)
    return kinds.otherwise(UPSERT)


def _holds(condition: Column) -> Column:
    """TRUE or FALSE: NULL does not hold."""
    from pyspark.sql import functions as fn

    return fn.coalesce(condition, fn.expr("false"))


def is_missing(column: Column, kind: DataType) -> Column:
    """Whether a sequence is NULL; a struct also when all its fields are."""
    from functools import reduce
    from operator import and_

    from pyspark.sql.types import StructType

    if not isinstance(kind, StructType):
        return column.isNull()
    fields = [column.getField(field.name).isNull() for field in kind.fields]
    return column.isNull() | reduce(and_, fields)


def _with_new_columns(session: SparkSession, changes: DataFrame, storage: Storage, target: ChangeTarget) -> Storage:
    """The storage with the columns, and the fields of structs, that it lacked; in a commit of its own."""
    if not add_columns(session, target.changes_path, changes.schema, storage.state.schema):
        return storage
    return open_storage(session, target) or storage
