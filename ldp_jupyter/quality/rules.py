"""Rules of a dataset applied to its rows: one observation and one filter, in the pass that writes them.

The order is count, fail, drop: every rule is evaluated on every row, so a row that one rule drops still counts as a
violation of another, and a violated FAIL rule fails the flow whatever other rules say of the row. A few
violating rows come with the counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Action, Expectation
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Observe = Callable[[Any, str, list[Any]], Any]

MARK = "LDP-EXPECTATION-FAILED "
# The pipeline's setting for violating rows kept of each rule and flow; 0 switches them off.
SAMPLES_KEY = "ldp.violationSamples"
SAMPLES = 10
_PREFIX = "ldp:"
_SEPARATOR = "\u0001"
_TEXT = 4000  # characters of a row that are kept


def condition_columns(rules: Sequence[Expectation], session: Any) -> list[Any]:  # noqa: ARG001
    """Spark Columns of the rules' conditions."""
    from pyspark.sql import functions as F

    return [F.expr(rule.condition) if isinstance(rule.condition, str) else rule.condition for rule in rules]


@dataclass(frozen=True)
class RuleSet:
    """The rules of one dataset.

    Parameters:
        dataset: shown name; metrics are told under it.
        samples: violating rows that are kept of each rule.
        masked: columns that these do not show.
    """

    dataset: str
    rules: tuple[Expectation, ...]
    samples: int = 0
    masked: tuple[str, ...] = ()

    @property
    def metric(self) -> str:
        """Name of the observation that counts for this dataset."""
        return _PREFIX + self.dataset

    def apply(self, frame: Any, session: Any, observe: Observe | None = None) -> Any:
        """The DataFrame with violations counted, failed on and dropped.

        Parameters:
            observe: puts an observation of a name and measures on a DataFrame; default: by name, which a streaming
                query's progress reports.

        Every row is counted even where there is no rule: the count of what is written costs nothing here, and a job
        or a look into the table's log elsewhere.
        """
        from pyspark.sql import functions as F

        observe = observe or _by_name
        columns = frame.columns
        if not self.rules:
            return observe(frame, self.metric, [F.count(F.lit(1)).alias("rows")])
        from ldp_jupyter.spark import bridge

        flagged, names = bridge.with_conditions(frame, condition_columns(self.rules, session))
        flags = [F.col(name) for name in names]
        by_action = {
            action: [f for f, r in zip(flags, self.rules, strict=True) if r.action == action] for action in Action
        }
        measures = [F.count(F.lit(1)).alias("rows")]
        measures += [F.count_if(~flag).alias(f"failed_{i}") for i, flag in enumerate(flags)]
        measures += self._sampled(session, columns, flags)
        drop, fail = by_action[Action.DROP], by_action[Action.FAIL]
        if drop:
            measures.append(F.count_if(~_all(drop)).alias("dropped"))
        result = observe(flagged, self.metric, measures)
        if fail:
            true = F.lit(True)
            result = result.filter(F.when(_all(fail), true).otherwise(self._raise(columns, flags)))
        if drop:
            result = result.filter(_all(drop))
        return result.select(*[F.col(_quoted(c)) for c in columns])

    def _raise(self, columns: list[str], flags: list[Any]) -> Any:
        """An expression that fails the task with the violated rules and the row as JSON, where rows may be shown."""
        from pyspark.sql import functions as F

        violated = F.concat_ws(
            "\u0001",
            *[
                F.when(~flag, F.lit(rule.name))
                for flag, rule in zip(flags, self.rules, strict=True)
                if rule.action == Action.FAIL
            ],
        )
        text = F.concat(
            F.lit(f"{MARK}{json.dumps(self.dataset)}\u0002"),
            violated,
            F.lit("\u0002"),
            self._row(columns) if self.samples else F.lit("null"),
            F.lit("\u0003"),
        )
        return F.raise_error(text).cast("boolean")

    def _row(self, columns: list[str]) -> Any:
        """A row as JSON text, without its masked columns."""
        from pyspark.sql import functions as F

        hidden = {c.lower() for c in self.masked}
        shown = [F.lit("(masked)").alias(c) if c.lower() in hidden else F.col(_quoted(c)) for c in columns]
        return F.to_json(F.struct(*shown), {"ignoreNullFields": "false"})

    def _sampled(self, session: Any, columns: list[str], flags: list[Any]) -> list[Any]:
        from pyspark.sql import functions as F

        from ldp_jupyter.spark import bridge

        if not self.samples:
            return []
        text = F.substring(self._row(columns), 1, _TEXT)
        return [
            bridge.first_violations(session, flag, text, self.samples).alias(f"sample_{i}")
            for i, flag in enumerate(flags)
        ]

    def counts(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """The `data_quality` part of an event from the observation's values.

        Parameters:
            metrics: values of the observation named `metric`.
        """
        total = int(metrics.get("rows") or 0)
        failed = [int(metrics.get(f"failed_{i}") or 0) for i in range(len(self.rules))]
        return {
            "dropped_records": int(metrics.get("dropped") or 0),
            "expectations": [
                {"name": rule.name, "dataset": self.dataset, "passed_records": total - bad, "failed_records": bad}
                for rule, bad in zip(self.rules, failed, strict=True)
            ],
        }


    def rows(self, metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Violating rows, as JSON texts, of each rule that has some: the `samples` of an event's `data_quality`."""
        found = [(rule.name, metrics.get(f"sample_{i}")) for i, rule in enumerate(self.rules)]
        return [
            {"name": name, "dataset": self.dataset, "rows": texts.split(_SEPARATOR)} for name, texts in found if texts
        ]


def samples_wanted(configuration: Mapping[str, str]) -> int:
    """Violating rows to keep of each rule.

    Raises:
        LdpError: LDP-1003 when the setting is no number.
    """
    given = configuration.get(SAMPLES_KEY, str(SAMPLES))
    if not given.strip().isdigit():
        raise LdpError("LDP-1003", f'{SAMPLES_KEY} is "{given}"', hint="a number of rows; 0 keeps none")
    return int(given)


def _by_name(frame: Any, name: str, measures: list[Any]) -> Any:
    return frame.observe(name, *measures)


def _all(flags: list[Any]) -> Any:
    condition = flags[0]
    for flag in flags[1:]:
        condition = condition & flag
    return condition


def _quoted(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"
