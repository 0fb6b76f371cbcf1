"""Second half of a batch: the target follows the stored changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from ldp_jupyter.cdc.columns import BATCH, CUT, DELETE, END_AT, FLOW, OP, SEQ, START_AT, UPSERT, dotted, quoted
from ldp_jupyter.cdc.definition import Storage, open_storage
from ldp_jupyter.cdc.delta_table import TableState, read_rows, rows_written, table_state
from ldp_jupyter.cdc.settings import settings
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


@dataclass(frozen=True)
class BatchCounts:
    """Rows of the target that a batch inserted or changed, and rows that it deleted; none for a replayed batch."""

    upserted: int = 0
    deleted: int = 0


def publish_batch(
    session: SparkSession, batch_id: int, *, flow_name: str, flow_id: str, target: ChangeTarget,
) -> BatchCounts:
    """Bring the rows of the keys that a stored batch touched up to date, in one commit; a replayed batch is skipped.

    Parameters:
        session: the flow's own session: transaction settings are put into it for the time of the commit.

    Raises:
        LdpError: LDP-5006 when the storage has gone.
    """
    with target.lock():
        storage = open_storage(session, target, list_files=True)
        if storage is None:
            raise LdpError("LDP-5006", f"the stored changes of {target.name} are gone", dataset=target.name,
                           hint=f"run once with --full-refresh {target.name}")
        state = _with_new_columns(session, storage, target, table_state(session, target.target_path))
        return _Publication(session, storage, Layout.of(storage), state, target, flow_id, batch_id).publish(flow_name)


@dataclass(frozen=True)
class _Publication:
    """One batch on its way from the storage to the target."""

    session: SparkSession
    storage: Storage
    layout: Layout
    state: TableState
    target: ChangeTarget
    flow_id: str
    batch_id: int

    @property
    def history(self) -> bool:
        return self.storage.definition.scd_type == "2"

    @property
    def columns(self) -> list[str]:
        """Columns of the target that are written."""
        stored = [*self.layout.keys, *self.layout.payload]
        return [*stored, START_AT, END_AT] if self.history else stored

    def publish(self, flow_name: str) -> BatchCounts:
        from pyspark.sql import functions as fn

        path, stored = self.target.changes_path, self.storage.state
        events = read_rows(self.session, path, stored)
        some = read_rows(self.session, path, stored, **{BATCH: self.batch_id})
        batch = some.where((fn.col(FLOW) == flow_name) & (fn.col(BATCH) == self.batch_id))
        truncated = self.storage.has(CUT) and bool(batch.where(fn.col(CUT).isNotNull()).limit(1).collect())
        # In its first version the table holds the batch that created it, and nothing else.
        alone = self.storage.state.version == 0
        rows = self._rows(events, None if alone or truncated else batch)
        if self.state.files == 0:
            return self._append(rows)
        return self._merge(rows, truncated=truncated)

    def _rows(self, events: DataFrame, batch: DataFrame | None) -> DataFrame:
        """Rows, and marks of no row, for the keys of the batch; for all keys without one."""
        from pyspark.sql import functions as fn

        keys = list(self.layout.keys)
        chosen = events.where(fn.col(OP).isin(UPSERT, DELETE))
        if self.storage.has(CUT):
            last = events.where(fn.col(CUT).isNotNull()).agg(fn.max(CUT).alias(_LAST_CUT))
            counts = fn.col(_LAST_CUT).isNull() | (fn.col(SEQ) >= fn.col(_LAST_CUT))
            chosen = chosen.join(fn.broadcast(last), counts).drop(_LAST_CUT)
        if batch is None:
            return history_rows(chosen, self.layout) if self.history else current_rows(chosen, self.layout)
        touched = batch.where(fn.col(OP).isin(UPSERT, DELETE))
        if not self.history:
            only_keys = touched.select(*self.layout.by_key())
            return current_rows(chosen.join(only_keys, keys, "left_semi"), self.layout)
        since = touched.groupBy(*self.layout.by_key()).agg(fn.min(SEQ).alias(_FROM))
        return history_rows(chosen.join(since, keys), self.layout, _FROM)

    def _append(self, rows: DataFrame) -> BatchCounts:
        """The first rows of an empty target need no MERGE."""
        from pyspark.sql import functions as fn

        path = self.target.target_path
        live = rows.where(fn.col(LIVE)).select(*[fn.col(quoted(name)) for name in self.columns])
        writer = live.write.format("delta").mode("append")
        writer.option("txnAppId", self.flow_id).option("txnVersion", str(self.batch_id)).save(path)
        return BatchCounts(upserted=rows_written(self.session, path, self.state.version, self.flow_id))

    def _merge(self, rows: DataFrame, *, truncated: bool) -> BatchCounts:
        from delta.tables import DeltaTable
        from pyspark.sql import functions as fn

        identity = [*self.layout.keys, START_AT] if self.history else list(self.layout.keys)
        values = [name for name in self.columns if name not in identity]
        live = fn.col(f"s.{LIVE}")
        same_row = reduce(and_, (fn.col(dotted("t", name)) == fn.col(dotted("s", name)) for name in identity))
        if truncated:  # the result is the whole table
            rows = rows.where(fn.col(LIVE))
        merge = DeltaTable.forPath(self.session, self.target.target_path).alias("t").merge(rows.alias("s"), same_row)
        if not truncated:
            merge = merge.whenMatchedDelete(~live)
        if values:
            changes = {quoted(name): fn.col(dotted("s", name)) for name in values}
            merge = merge.whenMatchedUpdate(live & self._differs(values), changes)
        merge = merge.whenNotMatchedInsert(live, {quoted(name): fn.col(dotted("s", name)) for name in self.columns})
        if truncated:
            merge = merge.whenNotMatchedBySourceDelete()
        # MERGE takes its transaction from the session.
        prefix = "spark.databricks.delta.write"
        transaction = {f"{prefix}.txnAppId": self.flow_id, f"{prefix}.txnVersion": str(self.batch_id)}
        with settings(self.session, transaction):
            result = merge.execute().collect()
        if not result:  # skipped: the target has this batch
            return BatchCounts()
        counts = result[0]
        return BatchCounts(counts["num_updated_rows"] + counts["num_inserted_rows"], counts["num_deleted_rows"])

    def _differs(self, values: list[str]) -> Column:
        """Whether a row in the target is another one than that of the result: only such rows are updated."""
        from pyspark.sql import functions as fn

        def side(prefix: str, name: str) -> Column:
            column = fn.col(dotted(prefix, name))
            return comparable(column, self.layout.payload[name]) if name in self.layout.payload else column

        left, right = ([side(prefix, name) for name in values] for prefix in ("t", "s"))
        return ~fn.struct(*left).eqNullSafe(fn.struct(*right))


def _with_new_columns(session: SparkSession, storage: Storage, target: ChangeTarget, state: TableState) -> TableState:
    """Give the target the columns, and the fields of structs, that the storage has gained."""
    from pyspark.sql.types import StructType

    stored = StructType([field for field in storage.state.schema.fields if field.name in storage.payload])
    others = [field.name for field in state.schema.fields if field.name.upper() not in (START_AT, END_AT)]
    clauses = list(_additions(stored, state.schema, "", others[-1] if others else None))
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
