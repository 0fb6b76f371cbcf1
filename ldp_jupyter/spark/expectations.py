"""Conditions over the rows of a query, judged in Spark's JVM by one call for all of a dataset's rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.bridge import call, frame_of, new

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame

GOOD = "__ldp_good"
"""The column that tells of a judged row whether it violates no rule that drops."""


class Observations:
    """What batch queries observe while they run, by name."""

    def __init__(self) -> None:
        self._held: Any = None

    def held(self, frame: DataFrame) -> Any:
        """The object of the JVM that keeps the observations."""
        if self._held is None:
            self._held = new(frame.sparkSession, "Observations")
        return self._held

    def values(self, query: DataFrame) -> dict[str, dict[str, Any]]:
        """Measures of each observation in a query. Call it only when the query has run: it waits for that."""
        found: dict[str, dict[str, Any]] = json.loads(self._held.values(query._jdf)) if self._held is not None else {}
        return found


def judge(
    df: DataFrame,
    conditions: Sequence[Column | str],
    wanted: Mapping[str, Any],
    observations: Observations | None = None,
) -> DataFrame:
    """The rows with violated rules counted and failed on, and bad rows dropped.

    A condition may name columns and aliases of the query's tables that the output lacks, as a filter may.

    Parameters:
        conditions: of the rules, true for a good row.
        wanted: ``metric``, the observation's name; ``rules``, the name and action of each; ``failure``, what an error
            of a violated rule begins with; ``samples``, texts of violating rows kept of each rule; ``masked``, columns
            that these do not show. With ``judged``, a condition, no row is dropped and rows that do not meet it are
            only counted; then hidden columns are there, `GOOD` among them.
        observations: of a batch; a stream's are in its progress.

    The observation has ``rows`` where there is no rule, else ``rules``, a JSON object: ``rows``; ``failed``, rows that
    violate each rule; ``dropped``, rows that violate a rule that drops; ``samples``, for each rule the texts of the
    first rows that violate it; and with ``judged`` also ``others``.

    Raises:
        pyspark.errors.AnalysisException: Spark cannot resolve one of the conditions.
    """
    columns, texts = _of_the_jvm(conditions)
    rules = [{**rule, "text": text} for rule, text in zip(wanted["rules"], texts, strict=True)]
    held = observations.held(df) if observations is not None else None
    text = json.dumps({**wanted, "rules": rules})
    return frame_of(df.sparkSession, call(df.sparkSession, "Expectations", "judge", df._jdf, columns, text, held))


def first_unresolved(df: DataFrame, conditions: Sequence[Column | str]) -> tuple[int, str] | None:
    """Place of the first condition that Spark cannot resolve as `judge` does, and its message; else None."""
    columns, texts = _of_the_jvm(conditions)
    if columns is None:
        found = call(df.sparkSession, "Conditions", "firstUnresolvedText", df._jdf, json.dumps(texts))
    else:
        found = call(df.sparkSession, "Conditions", "firstUnresolved", df._jdf, columns)
    failed = json.loads(found)
    return (failed["index"], failed["message"]) if failed["index"] >= 0 else None


def _of_the_jvm(conditions: Sequence[Column | str]) -> tuple[list[Any] | None, list[Any]]:
    """Conditions as columns of the JVM, None where all are texts; and the texts."""
    if all(isinstance(condition, str) for condition in conditions):
        return None, list(conditions)
    from pyspark.sql import functions

    columns = [(functions.expr(c) if isinstance(c, str) else c)._jc for c in conditions]
    return columns, [None] * len(columns)
