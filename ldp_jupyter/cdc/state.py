"""From events to rows: pure functions of a set of events, whatever their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from ldp_jupyter.cdc.columns import (
    BITEMPORAL,
    DELETE,
    END_AT,
    IGNORE,
    OP,
    SEQ,
    SET,
    START_AT,
    SYS,
    SYSTEM_END_AT,
    SYSTEM_START_AT,
    UPSERT,
    quoted,
)
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
_KNOWN = "__ldp_known"
_UNTIL = "__ldp_until"


@dataclass(frozen=True)
class Layout:
    """Columns of the events that a target is computed from.

    Parameters:
        payload: columns that are no keys, with their types, in stored order.
        tracked: those whose change starts a new row of history.
        history: whether rows have the interval in which they are valid.
        system: whether they have that in which they are known, too.
    """

    keys: tuple[str, ...]
    payload: Mapping[str, DataType]
    tracked: tuple[str, ...]
    history: bool = False
    system: bool = False
    set_lists: bool = False
    ignore_lists: bool = False

    @classmethod
    def of(cls, storage: Storage) -> Layout:
        """The layout of a changes table."""
        payload = storage.payload
        tracked = storage.definition.tracked(payload)
        scd_type = storage.definition.scd_type
        return cls(storage.definition.keys, payload, tracked, scd_type != "1", scd_type == BITEMPORAL,
                   storage.has(SET), storage.has(IGNORE))

    @property
    def partial(self) -> bool:
        """Whether events may set some columns only."""
        return self.set_lists or self.ignore_lists

    @property
    def intervals(self) -> tuple[str, ...]:
        """Columns of the target that are neither key nor payload."""
        system = (SYSTEM_START_AT, SYSTEM_END_AT) if self.system else ()
        return (START_AT, END_AT, *system) if self.history else ()

    @property
    def identity(self) -> tuple[str, ...]:
        """Columns that tell one row of the target from another."""
        return (*self.keys, *self.intervals[::2])

    @property
    def values(self) -> tuple[str, ...]:
        """The others."""
        return (*self.payload, *self.intervals[1::2])

    def by_key(self) -> list[Column]:
        return _columns(self.keys)

    def order(self, first_at_tie: str) -> list[Column]:
        """A total order of different events of a key: sequence, then operation, then content.

        Parameters:
            first_at_tie: the operation that comes first, and so loses, at an equal sequence.
        """
        from pyspark.sql import functions as fn

        parts = [fn.col(SEQ), *([fn.col(SYS)] if self.system else []), fn.col(OP) != first_at_tie]
        parts += [comparable(fn.col(quoted(name)), kind) for name, kind in self.payload.items()]
        lists = [name for name, there in ((SET, self.set_lists), (IGNORE, self.ignore_lists)) if there]
        return parts + [fn.array_sort(fn.col(name)) for name in lists]


def _columns(names: tuple[str, ...]) -> list[Column]:
    from pyspark.sql import functions as fn

    return [fn.col(quoted(name)) for name in names]


def current_rows(events: DataFrame, layout: Layout, *also: str) -> DataFrame:
    """SCD type 1: one row for each key, `LIVE` or deleted.

    Parameters:
        events: upserts and deletes of whole keys, those before the last truncate left out.
        also: further columns of the newest events.
    """
    from pyspark.sql import functions as fn

    return one_event_each(_in_order(events, layout, first_at_tie=DELETE).where(fn.col(_NEXT).isNull()), layout, *also)


def one_event_each(events: DataFrame, layout: Layout, *also: str) -> DataFrame:
    """The same of events of which no key has more than one."""
    from pyspark.sql import functions as fn

    return events.select(*layout.by_key(), *_columns((*layout.payload, *also)), (fn.col(OP) == UPSERT).alias(LIVE))


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


def bitemporal_rows(events: DataFrame, layout: Layout) -> DataFrame:
    """Rows with the interval in which they are valid, and that in which they were what was known.

    At each system sequence of a key, the rows of SCD type 2 of all its events up to there are what is known; a row is
    known as long as it stays among them, the same. So a key costs the square of the number of its events.

    Parameters:
        events: upserts and deletes of whole keys.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as fn

    keys = layout.by_key()
    following = fn.lead(_KNOWN).over(Window.partitionBy(*keys).orderBy(_KNOWN)).alias(_UNTIL)
    moments = events.select(*keys, fn.col(SYS).alias(_KNOWN)).distinct().select("*", following)
    seen = events.join(moments, list(layout.keys)).where(fn.col(SYS) <= fn.col(_KNOWN))
    by_moment = replace(layout, keys=(*layout.keys, _KNOWN, _UNTIL))
    rows = history_rows(seen, by_moment).where(fn.col(LIVE))
    window = Window.partitionBy(*keys, fn.col(START_AT)).orderBy(_KNOWN)
    content = fn.struct(*[comparable(fn.col(quoted(name)), kind).alias(name) for name, kind in layout.payload.items()],
                        fn.col(END_AT))
    stays = (fn.lag(_UNTIL).over(window) == fn.col(_KNOWN)) & fn.lag(content).over(window).eqNullSafe(content)
    rows = rows.withColumn(_RUN, ~fn.coalesce(stays, fn.expr("false")))
    start = fn.last(fn.when(fn.col(_RUN), fn.col(_KNOWN)), ignorenulls=True).over(window)
    rows = rows.withColumns({SYSTEM_START_AT: start, _LAST: fn.coalesce(fn.lead(_RUN).over(window), fn.expr("true"))})
    return rows.where(_LAST).select(
        *_columns((*layout.keys, *layout.payload)), START_AT, END_AT, SYSTEM_START_AT,
        fn.col(_UNTIL).alias(SYSTEM_END_AT), LIVE,
    )


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
