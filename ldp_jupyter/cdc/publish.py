"""Second half of a batch: the target follows the stored changes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from ldp_jupyter.cdc.columns import BATCH, CUT, DELETE, FLOW, INTERVALS, OP, SEQ, UPSERT, dotted, quoted
from ldp_jupyter.cdc.definition import Storage, changes_gone, open_storage
from ldp_jupyter.cdc.delta_table import TableState, read_rows, rows_written, table_state
from ldp_jupyter.cdc.difference import TIE, changed_rows, differing, events_of_keys, newest_rows, result
from ldp_jupyter.cdc.refusal import raise_refused
from ldp_jupyter.cdc.settings import COMPACT, settings
from ldp_jupyter.cdc.shapes import add_columns, in_columns_of, same_shape
from ldp_jupyter.cdc.state import LIVE, Layout, one_event_each

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import Column, DataFrame, Row, SparkSession
    from pyspark.sql.types import StructField

    from ldp_jupyter.cdc.target import ChangeTarget

# Files of so many bytes together are written anew; rows of larger tables are marked as deleted in their files.
REWRITE_UP_TO = 8 * 1024 * 1024
_COMPACT = "delta.autoOptimize.autoCompact"
_MANY = 32  # files; those of small batches are then put together
# What Delta keeps with a column whose values it works out.
_COMPUTED = ("delta.generationExpression", "delta.identity.")
_LAST_CUT = "__ldp_last_cut"


@dataclass(frozen=True)
class BatchCounts:
    """Rows of the target that a batch inserted or changed, and rows that it deleted; none for a replayed batch.

    Parameters:
        observed: what the target's rules observed in the batch.
    """

    upserted: int = 0
    deleted: int = 0
    observed: Mapping[str, Any] = field(default_factory=dict, compare=False)


def publish_batch(
    session: SparkSession, batch_id: int, *, flow_name: str, flow_id: str, target: ChangeTarget,
) -> BatchCounts:
    """Bring the rows of the keys that a stored batch touched up to date, in one commit; a replayed batch is skipped.

    Parameters:
        session: the flow's own session: transaction settings are put into it for the time of the commit.

    Raises:
        LdpError: LDP-5006 when the storage has gone, LDP-4002 for a value that the target's declared type cannot hold.
    """
    with target.lock():
        storage = open_storage(session, target, to_read=True, with_transactions=True)
        if storage is None:
            raise changes_gone(target)
        state = table_state(session, target.target_path, list_transactions=True)
        state = _with_new_columns(session, storage, target, state)
        work = _Publication(session, storage, Layout.of(storage), state, target, flow_id, batch_id)
        try:
            return work.publish(flow_name)
        except Exception as error:
            raise_refused(error, target.name)


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
    def columns(self) -> list[str]:
        """Columns of the target that are written."""
        return [*self.layout.keys, *self.layout.payload, *self.layout.intervals]

    def publish(self, flow_name: str) -> BatchCounts:
        from pyspark.sql import functions as fn

        if self.state.transactions.get(self.flow_id, -1) >= self.batch_id:
            return BatchCounts()
        path, stored = self.target.changes_path, self.storage.state
        is_of_batch = (fn.col(FLOW) == flow_name) & (fn.col(BATCH) == self.batch_id)
        batch = read_rows(self.session, path, stored, **{BATCH: self.batch_id}).where(is_of_batch)
        truncated = self.storage.has(CUT) and bool(batch.where(fn.col(CUT).isNotNull()).limit(1).collect())
        events = read_rows(self.session, path, stored)
        chosen = self._counting(events, events)
        whole = truncated or (self.layout.system and self._others_wait())
        # In its first version the table holds the batch that created it, and nothing else.
        if whole or stored.version == 0:
            rows = one_event_each(chosen, self.layout) if self._distinct(chosen) else result(chosen, self.layout)
        elif self.state.files == 0 or self._others_wait():
            rows = result(events_of_keys(chosen, batch, self.layout), self.layout)
        else:
            return self._change(chosen, self._counting(batch, events), is_of_batch)
        return self._append(rows) if self.state.files == 0 else self._merge(rows, whole=whole)

    def _distinct(self, chosen: DataFrame) -> bool:
        """Whether each key has one event, so that the rows need not be put in order: told by the keys alone."""
        from pyspark.sql import functions as fn

        if self.layout.history or self.layout.partial:
            return False
        twice = chosen.groupBy(*self.layout.by_key()).agg(fn.count("*").alias("n")).where(fn.col("n") > 1)
        return not twice.limit(1).collect()

    def _counting(self, some: DataFrame, events: DataFrame) -> DataFrame:
        """Upserts and deletes that no truncate among all events has undone."""
        from pyspark.sql import functions as fn

        chosen = some.where(fn.col(OP).isin(UPSERT, DELETE))
        if not self.storage.has(CUT):
            return chosen
        last = events.where(fn.col(CUT).isNotNull()).agg(fn.max(CUT).alias(_LAST_CUT))
        counts = fn.col(_LAST_CUT).isNull() | (fn.col(SEQ) >= fn.col(_LAST_CUT))
        return chosen.join(fn.broadcast(last), counts).drop(_LAST_CUT)

    def _others_wait(self) -> bool:
        """Whether a batch of another flow is stored that the target does not have: a kill came between the two.

        What this batch changes then cannot be told from the events alone.
        """
        return any(self.state.transactions.get(app_id, -1) < version
                   for app_id, version in self.storage.state.transactions.items() if app_id != self.flow_id)

    def _change(self, chosen: DataFrame, batch: DataFrame, is_of_batch: Column) -> BatchCounts:
        """Only rows that the batch changes are written."""
        if not self.layout.history and not self.layout.partial:
            with kept(newest_rows(chosen, batch, is_of_batch, self.layout)) as rows:
                facts = self._facts(rows)
                if not facts["ties"]:
                    return self._exchange(rows, facts)
        with (kept(events_of_keys(chosen, batch, self.layout)) as events,
              kept(changed_rows(events, is_of_batch, self.layout)) as rows):
            return self._exchange(rows, self._facts(rows))

    def _facts(self, rows: DataFrame) -> Row:
        """Numbers of rows, of those that go, and of ties; the least and greatest value of the first key as text."""
        from pyspark.sql import functions as fn

        key = fn.col(quoted(self.layout.keys[0]))
        return rows.agg(
            fn.count("*").alias("rows"), fn.count_if(~fn.col(LIVE)).alias("gone"), fn.count_if(TIE).alias("ties"),
            fn.min(key).cast("string").alias("least"), fn.max(key).cast("string").alias("greatest"),
        ).collect()[0]

    def _exchange(self, rows: DataFrame, facts: Row) -> BatchCounts:
        from ldp_jupyter.spark.tables import exchange_rows

        declared = {field.name.lower(): field for field in self.state.schema.fields}
        key = rows.schema[self.layout.keys[0]]
        plain = _has_plain_text(key) and same_shape(key.dataType, declared[key.name.lower()].dataType)
        bounds = (facts["least"], facts["greatest"]) if plain else None
        # Unless the table's owner has said something of it.
        many = self.state.files is None or self.state.files >= _MANY
        compact = {} if _COMPACT in self.state.properties else {COMPACT: str(many).lower()}
        with settings(self.session, compact):
            done = exchange_rows(
                in_columns_of(rows.drop(TIE), self.state.schema), self.target.target_path,
                [declared[name.lower()].name for name in self.layout.identity], LIVE, facts["rows"],
                bounds if facts["rows"] else None, (self.flow_id, self.batch_id), REWRITE_UP_TO,
            )
        if not done:
            rows.unpersist()  # MERGE wants to keep its source in its own way
            return self._merge(rows.drop(TIE), whole=False)
        return BatchCounts(facts["rows"] - facts["gone"], facts["gone"])

    def _append(self, rows: DataFrame) -> BatchCounts:
        """The first rows of an empty target need no MERGE."""
        from pyspark.sql import functions as fn

        from ldp_jupyter.spark.tables import append_rows

        path = self.target.target_path
        live = rows.where(fn.col(LIVE)).select(*[fn.col(quoted(name)) for name in self.columns])
        live = in_columns_of(live, self.state.schema)
        if any(key.startswith(_COMPUTED) for field in self.state.schema.fields for key in field.metadata or {}):
            writer = live.write.format("delta").mode("append")
            writer.option("txnAppId", self.flow_id).option("txnVersion", str(self.batch_id)).save(path)
        else:
            append_rows(live, path, (self.flow_id, self.batch_id))
        return BatchCounts(upserted=rows_written(self.session, path, self.state.version, self.flow_id))

    def _merge(self, rows: DataFrame, *, whole: bool) -> BatchCounts:
        """Merge rows and marks of no row, or a result that is the whole table."""
        from delta.tables import DeltaTable
        from pyspark.sql import functions as fn

        names, values = self.layout.identity, self.layout.values
        live = fn.col(f"s.{LIVE}")
        same_row = reduce(and_, (fn.col(dotted("t", name)) == fn.col(dotted("s", name)) for name in names))
        rows = in_columns_of(rows, self.state.schema)
        if whole:
            rows = rows.where(fn.col(LIVE))
        merge = DeltaTable.forPath(self.session, self.target.target_path).alias("t").merge(rows.alias("s"), same_row)
        if not whole:
            merge = merge.whenMatchedDelete(~live)
        if values:
            changes = {quoted(name): fn.col(dotted("s", name)) for name in values}
            differs = differing(self.layout, "t", "s")
            merge = merge.whenMatchedUpdate(live & differs, changes)
        merge = merge.whenNotMatchedInsert(live, {quoted(name): fn.col(dotted("s", name)) for name in self.columns})
        if whole:
            merge = merge.whenNotMatchedBySourceDelete()
        # MERGE takes its transaction from the session.
        prefix = "spark.databricks.delta.write"
        transaction = {f"{prefix}.txnAppId": self.flow_id, f"{prefix}.txnVersion": str(self.batch_id)}
        with settings(self.session, transaction):
            found = merge.execute().collect()
        if not found:  # skipped: the target has this batch
            return BatchCounts()
        counts = found[0]
        return BatchCounts(counts["num_updated_rows"] + counts["num_inserted_rows"], counts["num_deleted_rows"])


@contextmanager
def kept(rows: DataFrame) -> Iterator[DataFrame]:
    """Keep rows that are read several times, for that time."""
    rows.persist()
    try:
        yield rows
    finally:
        rows.unpersist()


def _has_plain_text(field: StructField) -> bool:
    """Whether text is another form of the type's values, the same in every session."""
    from pyspark.sql import types as t

    return isinstance(field.dataType, (t.ByteType, t.ShortType, t.IntegerType, t.LongType, t.StringType, t.DateType))


def _with_new_columns(session: SparkSession, storage: Storage, target: ChangeTarget, state: TableState) -> TableState:
    """Give the target the columns, and the fields of structs, that the storage has gained."""
    from pyspark.sql.types import StructType

    stored = StructType([field for field in storage.state.schema.fields if field.name in storage.payload])
    others = [field.name for field in state.schema.fields if field.name.upper() not in INTERVALS]
    if not add_columns(session, target.target_path, stored, state.schema, after=others[-1] if others else None):
        return state
    return table_state(session, target.target_path, list_transactions=True)
