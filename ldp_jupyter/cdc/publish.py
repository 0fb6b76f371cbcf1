"""Second half of a batch: the target follows the stored changes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from ldp_jupyter.cdc.columns import BATCH, CUT, DELETE, END_AT, FLOW, OP, SEQ, START_AT, UPSERT, dotted, quoted
from ldp_jupyter.cdc.definition import Storage, open_storage
from ldp_jupyter.cdc.delta_table import TableState, rows_written, table_state
from ldp_jupyter.cdc.state import LIVE, Layout, current_rows, history_rows
from ldp_jupyter.cdc.values import comparable
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import DataType

    from ldp_jupyter.cdc.target import ChangeTarget

_FROM = "__ldp_from"
_LAST_CUT = "__ldp_last_cut"
_APP_ID = "spark.databricks.delta.write.txnAppId"
_APP_VERSION = "spark.databricks.delta.write.txnVersion"


@dataclass(frozen=True)
class BatchCounts:
    """Rows of the target that a batch inserted or changed, and rows that it deleted; none for a replayed batch."""

    upserted: int = 0
    deleted: int = 0


def publish_batch(
    session: SparkSession, batch_id: int, flow_name: str, flow_id: str, target: ChangeTarget,
) -> BatchCounts:
    """Bring the rows of the keys that a stored batch touched up to date, in one commit; a replayed batch is skipped.

    Parameters:
        session: the flow's own session: transaction settings are put into it for the time of the commit.

    Raises:
        LdpError: LDP-5006 when the storage has gone.
    """
    with target.lock():
        storage = open_storage(session, target)
        if storage is None:
            raise LdpError("LDP-5006", f"the stored changes of {target.name} are gone", dataset=target.name,
                           hint=f"run once with --full-refresh {target.name}")
        layout = Layout.of(storage)
        state = _with_new_columns(session, storage, target, table_state(session, target.target_path))
        events = session.read.format("delta").load(target.changes_path)
        batch = events.where((events[FLOW] == flow_name) & (events[BATCH] == batch_id))
        emptied = storage.has(CUT) and bool(batch.where(batch[CUT].isNotNull()).limit(1).collect())
        # In its first version the table holds the batch that created it, and nothing else.
        alone = storage.state.version == 0
        rows = _rows(events, None if alone or emptied else batch, storage, layout)
        if state.files == 0:
            return _append(session, rows, layout, storage, state, batch_id, flow_id, target)
        if emptied:
            rows = rows.where(LIVE)
        return _merge(session, rows, layout, storage, batch_id, flow_id, target, replace_all=emptied)


def _rows(events: DataFrame, batch: DataFrame | None, storage: Storage, layout: Layout) -> DataFrame:
    """Rows, and marks of no row, for the keys of the batch; for all keys without one."""
    from pyspark.sql import functions as F

    history = storage.definition.scd_type == "2"
    chosen = events.where(F.col(OP).isin(UPSERT, DELETE))
    if storage.has(CUT):
        last = events.where(events[CUT].isNotNull()).agg(F.max(CUT).alias(_LAST_CUT))
        chosen = chosen.join(F.broadcast(last), F.col(_LAST_CUT).isNull() | (F.col(SEQ) >= F.col(_LAST_CUT)))
    if batch is not None and history:
        touched = batch.where(F.col(OP).isin(UPSERT, DELETE)).groupBy(*layout.by_key()).agg(F.min(SEQ).alias(_FROM))
        chosen = chosen.join(touched, list(layout.keys))
        rows = history_rows(chosen, layout, _FROM)
    elif batch is not None:
        touched = batch.where(F.col(OP).isin(UPSERT, DELETE)).select(*layout.by_key())
        rows = current_rows(chosen.join(touched, list(layout.keys), "left_semi"), layout)
    else:
        rows = history_rows(chosen, layout) if history else current_rows(chosen, layout)
    return rows


def _append(
    session: SparkSession, rows: DataFrame, layout: Layout, storage: Storage, state: TableState, batch_id: int,
    flow_id: str, target: ChangeTarget,
) -> BatchCounts:
    """The first rows of an empty target: no MERGE is needed."""
    from pyspark.sql import functions as F

    columns = [F.col(quoted(name)) for name in _target_columns(layout, storage)]
    (rows.where(F.col(LIVE)).select(*columns).write.format("delta").mode("append")
        .option("txnAppId", flow_id).option("txnVersion", str(batch_id)).save(target.target_path))
    return BatchCounts(upserted=rows_written(session, target.target_path, state.version, flow_id))


def _merge(
    session: SparkSession, rows: DataFrame, layout: Layout, storage: Storage, batch_id: int, flow_id: str,
    target: ChangeTarget, *, replace_all: bool,
) -> BatchCounts:
    from delta.tables import DeltaTable
    from pyspark.sql import functions as F

    columns = _target_columns(layout, storage)
    identity = [*layout.keys, START_AT] if storage.definition.scd_type == "2" else list(layout.keys)
    values = [name for name in columns if name not in identity]
    types: dict[str, DataType] = {**layout.payload}
    matches = reduce(and_, (F.col(dotted("t", name)) == F.col(dotted("s", name)) for name in identity))
    live = F.col(f"s.{LIVE}")
    merge = DeltaTable.forPath(session, target.target_path).alias("t").merge(rows.alias("s"), matches)
    if not replace_all:
        merge = merge.whenMatchedDelete(~live)
    if values:
        merge = merge.whenMatchedUpdate(
            live & _differs(values, types), {quoted(name): F.col(dotted("s", name)) for name in values},
        )
    merge = merge.whenNotMatchedInsert(live, {quoted(name): F.col(dotted("s", name)) for name in columns})
    if replace_all:
        merge = merge.whenNotMatchedBySourceDelete()
    with _transaction(session, flow_id, batch_id):
        result = merge.execute().collect()
    if not result:
        return BatchCounts()
    counts = result[0]
    return BatchCounts(counts["num_updated_rows"] + counts["num_inserted_rows"], counts["num_deleted_rows"])


def _differs(values: list[str], types: dict[str, DataType]) -> Column:
    from pyspark.sql import functions as F

    def side(prefix: str) -> Column:
        columns = [F.col(dotted(prefix, name)) for name in values]
        return F.struct(*[comparable(column, types[name]) if name in types else column
                          for name, column in zip(values, columns)])

    return ~side("t").eqNullSafe(side("s"))


def _target_columns(layout: Layout, storage: Storage) -> list[str]:
    stored = [*layout.keys, *layout.payload]
    return [*stored, START_AT, END_AT] if storage.definition.scd_type == "2" else stored


def _with_new_columns(session: SparkSession, storage: Storage, target: ChangeTarget, state: TableState) -> TableState:
    """Give the target the columns, and the fields of structs, that the storage has gained."""
    from pyspark.sql.types import StructType

    stored = StructType([field for field in storage.state.schema.fields if field.name in storage.payload])
    before_interval = [field.name for field in state.schema.fields if field.name.upper() not in (START_AT, END_AT)]
    clauses = list(_additions(stored, state.schema, "", before_interval[-1] if before_interval else None))
    if not clauses:
        return state
    session.sql(f"ALTER TABLE spark_catalog.delta.{quoted(target.target_path)} ADD COLUMNS ({', '.join(clauses)})")
    return table_state(session, target.target_path)


def _additions(stored: DataType, there: DataType, path: str, after: str | None = None) -> Iterator[str]:
    """Clauses of ADD COLUMNS for what `stored` has and `there` lacks."""
    from pyspark.sql import types as t

    if isinstance(stored, t.ArrayType) and isinstance(there, t.ArrayType):
        yield from _additions(stored.elementType, there.elementType, f"{path}element.")
    elif isinstance(stored, t.MapType) and isinstance(there, t.MapType):
        yield from _additions(stored.valueType, there.valueType, f"{path}value.")
    elif isinstance(stored, t.StructType) and isinstance(there, t.StructType):
        known = {field.name.lower(): field.dataType for field in there.fields}
        for field in stored.fields:
            name = f"{path}{quoted(field.name)}"
            if field.name.lower() in known:
                yield from _additions(field.dataType, known[field.name.lower()], f"{name}.")
            else:
                yield f"{name} {field.dataType.simpleString()}" + (f" AFTER {quoted(after)}" if after else "")
                after = field.name if after else None


@contextmanager
def _transaction(session: SparkSession, app_id: str, version: int) -> Iterator[None]:
    """MERGE takes its transaction from the session."""
    settings: dict[str, Any] = {_APP_ID: app_id, _APP_VERSION: str(version)}
    for key, value in settings.items():
        session.conf.set(key, value)
    try:
        yield
    finally:
        for key in settings:
            session.conf.unset(key)
