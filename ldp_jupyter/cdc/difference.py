"""What a batch changes in a target: told by the stored events alone, the target is not read for it."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from ldp_jupyter.cdc.columns import DELETE, OP, SEQ, UPSERT, dotted
from ldp_jupyter.cdc.state import LIVE, bitemporal_rows, current_rows, history_rows
from ldp_jupyter.cdc.values import comparable

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from ldp_jupyter.cdc.state import Layout

# In the result: whether another batch has an event of the same sequence, so that content decides, which was not read.
TIE = "__ldp_tie"
_FROM = "__ldp_from"
_BEFORE = "__ldp_before"


def events_of_keys(chosen: DataFrame, batch: DataFrame, layout: Layout) -> DataFrame:
    """The events that decide on the rows of the keys of a batch.

    Parameters:
        chosen: upserts and deletes that count.
        batch: those of the batch.
    """
    from pyspark.sql import functions as fn

    touched = batch.where(fn.col(OP).isin(UPSERT, DELETE))
    if layout.system or not layout.history:
        return chosen.join(touched.select(*layout.by_key()), list(layout.keys), "left_semi")
    since = touched.groupBy(*layout.by_key()).agg(fn.min(SEQ).alias(_FROM))
    return chosen.join(since, list(layout.keys))


def result(events: DataFrame, layout: Layout) -> DataFrame:
    """Rows, and marks of no row (none of bitemporal ones); of SCD type 2 only what may have changed since the batch."""
    if not layout.history:
        return current_rows(events, layout)
    if layout.system:
        return bitemporal_rows(events, layout)
    return history_rows(events, layout, _FROM if _FROM in events.columns else None)


def newest_rows(chosen: DataFrame, batch: DataFrame, is_of_batch: Column, layout: Layout) -> DataFrame:
    """What a batch of whole rows changes with SCD type 1: of older events only key, sequence and operation are read.

    The newest event of the batch is the row of its key, unless there is a newer one, which has been published.
    Rows with the same content as before are in the result too.

    Parameters:
        chosen: upserts and deletes that count.
        batch: those of the batch.
        is_of_batch: whether an event of `chosen` is one of the batch.
    """
    from pyspark.sql import functions as fn

    keys = list(layout.keys)
    # At an equal sequence an upsert is the newer one.
    place = fn.struct(SEQ, (fn.col(OP) == UPSERT).alias("upsert"))
    others = chosen.where(~is_of_batch).join(batch.select(*layout.by_key()), keys, "left_semi")
    before = others.groupBy(*layout.by_key()).agg(fn.max(place).alias(_BEFORE))
    own = current_rows(batch, layout, SEQ)
    there = fn.col(f"{_BEFORE}.upsert")
    here = fn.struct(SEQ, fn.col(LIVE).alias("upsert"))
    first = fn.col(_BEFORE).isNull() & fn.col(LIVE)
    newer = (here > fn.col(_BEFORE)) & (fn.col(LIVE) | there)
    tie = (here == fn.col(_BEFORE)) & fn.col(LIVE)
    joined = own.join(before, keys, "left").withColumn(TIE, fn.coalesce(tie, fn.expr("false")))
    return joined.where(first | newer | fn.col(TIE)).drop(SEQ, _BEFORE)


def changed_rows(events: DataFrame, is_of_batch: Column, layout: Layout) -> DataFrame:
    """What a batch changes, rows with the same content as before left out.

    Parameters:
        events: of `events_of_keys`; is read twice.
    """
    from pyspark.sql import functions as fn

    after = result(events, layout)
    before = result(events.where(~is_of_batch), layout).where(fn.col(LIVE))
    same_row = reduce(and_, (fn.col(dotted("n", name)) == fn.col(dotted("o", name)) for name in layout.identity))
    joined = after.alias("n").join(before.alias("o"), same_row, "left")
    live, there = fn.col(f"n.{LIVE}"), fn.col(f"o.{LIVE}").isNotNull()
    differs = differing(layout, "o", "n")
    changed = joined.where((live & (~there | differs)) | (~live & there))
    changed = changed.select("n.*")
    if layout.system:
        gone = before.alias("o").join(after.alias("n"), same_row, "left_anti")
        changed = changed.unionByName(gone.withColumn(LIVE, fn.expr("false")))
    return changed.withColumn(TIE, fn.expr("false"))


def differing(layout: Layout, left: str, right: str) -> Column:
    """Whether two aliased rows of one identity have other contents."""
    from pyspark.sql import functions as fn

    def side(prefix: str) -> Column:
        values = ((name, fn.col(dotted(prefix, name))) for name in layout.values)
        return fn.struct(fn.lit(1), *[
            comparable(value, layout.payload[name]) if name in layout.payload else value for name, value in values
        ])

    return ~side(left).eqNullSafe(side(right))
