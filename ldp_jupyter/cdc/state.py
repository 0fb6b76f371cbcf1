"""From events to rows: pure functions of a set of events, whatever their order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from ldp_jupyter.cdc.columns import DELETE, END_AT, IGNORE, OP, SEQ, SET, START_AT, UPSERT, quoted
from ldp_jupyter.cdc.values import comparable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame, WindowSpec
    from pyspark.sql.types import DataType

    from ldp_jupyter.cdc.definition import Storage

# In the result: whether the row is in the target, or only says that there must be none with its identity.
LIVE = "__ldp_live"
_RUN = "__ldp_run"
_NEXT = "__ldp_next"
_LAST = "__ldp_last"


@dataclass(frozen=True)
class Layout:
    """Columns of the events that a target is computed from.

    Parameters:
        payload: columns that are no keys, with their types, in stored order.
        tracked: those whose change starts a new row of history.
        partial: whether events may set some columns only.
    """

    keys: tuple[str, ...]
    payload: Mapping[str, DataType]
    tracked: tuple[str, ...]
    set_lists: bool = False
    ignore_lists: bool = False

    @classmethod
    def of(cls, storage: Storage) -> Layout:
        """The layout of a changes table."""
        payload = storage.payload
        tracked = storage.definition.tracked(payload)
        return cls(storage.definition.keys, payload, tracked, storage.has(SET), storage.has(IGNORE))

    @property
    def partial(self) -> bool:
        return self.set_lists or self.ignore_lists

    def by_key(self) -> list[Column]:
        return _columns(self.keys)

    def order(self, first_at_tie: str) -> list[Column]:
        """A total order of different events of a key: sequence, then operation, then content.

        Parameters:
            first_at_tie: the operation that comes first, and so loses, at an equal sequence.
        """
        from pyspark.sql import functions as fn

        parts = [fn.col(SEQ), fn.col(OP) != first_at_tie]
        parts += [comparable(fn.col(quoted(name)), kind) for name, kind in self.payload.items()]
        lists = [name for name, there in ((SET, self.set_lists), (IGNORE, self.ignore_lists)) if there]
        return parts + [fn.array_sort(fn.col(name)) for name in lists]


def _columns(names: tuple[str, ...]) -> list[Column]:
    from pyspark.sql import functions as fn

    return [fn.col(quoted(name)) for name in names]


def current_rows(events: DataFrame, layout: Layout) -> DataFrame:
    """SCD type 1: one row for each key, `LIVE` or deleted.

    Parameters:
        events: upserts and deletes of whole keys, those before the last truncate left out.
    """
    from pyspark.sql import functions as fn

    newest = _in_order(events, layout, first_at_tie=DELETE).where(fn.col(_NEXT).isNull())
    return newest.select(*layout.by_key(), *_columns(tuple(layout.payload)), (fn.col(OP) == UPSERT).alias(LIVE))


def history_rows(events: DataFrame, layout: Layout, since: str | None = None) -> DataFrame:
    """SCD type 2: rows with the interval in which they are valid, and marks for starts at which there is no row.

    Every sequence of a key is the `START_AT` of exactly one row of the result: of a `LIVE` one where a run of equal
    versions starts, else of a mark. So the target needs no reading to know which of its rows are gone.

    Parameters:
        events: upserts and deletes of whole keys.
        since: column with a sequence before which the key's events are not new: rows that ended before it cannot have
            changed, and are left out.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as fn

    window = Window.partitionBy(*layout.by_key()).orderBy(SEQ)
    events = _in_order(events, layout, first_at_tie=UPSERT)
    # Of events at one sequence the last in order stays: no row is valid for no time.
    events = events.where(fn.col(_NEXT).isNull() | (fn.col(_NEXT) != fn.col(SEQ)))
    starts = (fn.col(OP) == UPSERT) & ~fn.coalesce(_continues(layout, window), fn.expr("false"))
    events = events.withColumn(_RUN, starts)
    ends = fn.lead(fn.col(_RUN) | (fn.col(OP) == DELETE)).over(window)
    start = fn.last(fn.when(fn.col(_RUN), fn.col(SEQ)), ignorenulls=True).over(window)
    events = events.withColumns({_LAST: fn.coalesce(ends, fn.expr("true")), START_AT: start})
    live = (fn.col(OP) == UPSERT) & fn.col(_LAST)
    # After an event that is not the last of its run comes one that starts nothing; nor does a delete.
    mark = fn.when(fn.col(OP) == DELETE, fn.col(SEQ)).otherwise(fn.col(_NEXT))
    rows = events.select(
        *layout.by_key(), *_columns(tuple(layout.payload)),
        fn.when(live, fn.col(START_AT)).otherwise(mark).alias(START_AT),
        fn.when(live, fn.col(_NEXT)).alias(END_AT),
        live.alias(LIVE),
        *([fn.col(since)] if since else []),
    )
    if since is None:
        return rows
    touched = fn.when(fn.col(LIVE), fn.coalesce(fn.col(END_AT) >= fn.col(since), fn.expr("true")))
    return rows.where(touched.otherwise(fn.col(START_AT) >= fn.col(since))).drop(since)


def _in_order(events: DataFrame, layout: Layout, first_at_tie: str) -> DataFrame:
    """Each event with the sequence of the next one of its key; partial ones filled from those before."""
    from pyspark.sql import Window
    from pyspark.sql import functions as fn

    order = Window.partitionBy(*layout.by_key()).orderBy(*layout.order(first_at_tie))
    following = fn.lead(SEQ).over(order).alias(_NEXT)
    if not layout.partial:
        return events.select("*", following)
    # In one go: the order is that of the events as they came, not as they are once filled.
    helpers = [fn.col(name) for name in events.columns if name not in layout.payload]
    return events.select(*helpers, *_filled(layout, order), following)


def _continues(layout: Layout, window: WindowSpec) -> Column:
    """Whether an event has the same tracked values as the upsert just before it; NULL for the first event."""
    from pyspark.sql import functions as fn

    same = fn.lag(OP).over(window) == UPSERT
    if not layout.tracked:
        return same
    values = [comparable(fn.col(quoted(name)), layout.payload[name]) for name in layout.tracked]
    return reduce(and_, (value.eqNullSafe(fn.lag(value).over(window)) for value in values), same)


def _filled(layout: Layout, order: WindowSpec) -> list[Column]:
    """The payload: what an event does not set is inherited from the events before it, up to a delete."""
    from pyspark.sql import Window
    from pyspark.sql import functions as fn

    until_here = order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return [
        _inherited(fn.col(quoted(name)), kind, _sets(name, layout), _keeps_null(name, layout), until_here).alias(name)
        for name, kind in layout.payload.items()
    ]


def _sets(name: str, layout: Layout) -> Column | None:
    """Whether the event says anything about the column; None when every one does."""
    from pyspark.sql import functions as fn

    if not layout.set_lists:
        return None
    return fn.col(SET).isNull() | fn.array_contains(SET, name.lower()) | (fn.col(OP) == DELETE)


def _keeps_null(name: str, layout: Layout) -> Column | None:
    """Whether a NULL of the event is a value; None when it always is."""
    from pyspark.sql import functions as fn

    if not layout.ignore_lists:
        return None
    return fn.col(IGNORE).isNull() | ~fn.array_contains(IGNORE, name.lower()) | (fn.col(OP) == DELETE)


def _inherited(
    value: Column, kind: DataType, sets: Column | None, keeps_null: Column | None, window: WindowSpec,
) -> Column:
    from pyspark.sql import functions as fn
    from pyspark.sql.types import StructType

    value = fn.when(fn.col(OP) != DELETE, value)
    conditions = [c for c in (sets, None if keeps_null is None else keeps_null | value.isNotNull()) if c is not None]
    counts = reduce(and_, conditions)
    if isinstance(kind, StructType) and keeps_null is not None:
        # Fields inherit one by one; whether there is a struct at all is inherited like a value.
        fields = [_inherited(value.getField(field.name), field.dataType, sets, keeps_null, window).alias(field.name)
                  for field in kind.fields]
        there = fn.last(fn.when(counts, value.isNotNull()), ignorenulls=True).over(window)
        return fn.when(there, fn.struct(*fields))
    # The value is wrapped, since a NULL that counts must not be passed over.
    return fn.last(fn.when(counts, fn.struct(value.alias("value"))), ignorenulls=True).over(window).getField("value")
