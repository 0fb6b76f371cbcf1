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
_TEXT = 4000  # characters of a row that are kept


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
        if not self.rules:
            return observe(frame, self.metric, [F.count(F.lit(1)).alias("rows")])
        result, good = self.judge(frame, session, observe)
        if self._places(Action.DROP):
            result = result.filter(good)
        return result.selectExpr(*map(_quoted, frame.columns))

    def judge(self, frame: Any, session: Any, observe: Observe, of: Any = None) -> tuple[Any, Any]:
        """As `apply`, but dropping nothing: the DataFrame with hidden columns, and whether a row violates no DROP rule.

        Parameters:
            of: a condition on the rows that are judged; the others are neither counted nor dropped.
        """
        from pyspark.sql import functions as F

        from ldp_jupyter.spark import bridge

        columns = frame.columns
        marked, names = bridge.with_violations(frame, [rule.condition for rule in self.rules])
        fail, drop = self._places(Action.FAIL), self._places(Action.DROP)
        text = F.expr(f"substring({self._row(columns)}, 1, {_TEXT})" if self.samples else "NULL")
        masks = [F.col(name) for name in names]
        measures = [bridge.rule_counts(session, masks, text, len(self.rules), drop, self.samples).alias("rules")]
        if of is not None:
            none = F.lit(0).cast("bigint")
            marked = marked.withColumns({name: F.when(of, F.col(name)).otherwise(none) for name in names})
            measures.append(F.count_if(~of).alias("others"))
        result = observe(marked, self.metric, measures)
        if fail:
            true = F.lit(True)
            result = result.filter(F.when(_none(names, fail), true).otherwise(self._raise(columns, names, fail)))
        return result, _none(names, drop)

    def _places(self, action: Action) -> list[int]:
        return [place for place, rule in enumerate(self.rules) if rule.action == action]

    def _raise(self, columns: list[str], masks: list[str], fail: list[int]) -> Any:
        """An expression that fails the task with the violated rules and the row as JSON, where rows may be shown."""
        from pyspark.sql import functions as F

        violated = F.concat_ws(
            "\u0001", *[F.when(~_none(masks, [place]), F.lit(self.rules[place].name)) for place in fail]
        )
        text = F.concat(
            F.lit(f"{MARK}{json.dumps(self.dataset)}\u0002"),
            violated,
            F.lit("\u0002"),
            F.expr(self._row(columns)) if self.samples else F.lit("null"),
            F.lit("\u0003"),
        )
        return F.raise_error(text).cast("boolean")

    def _row(self, columns: list[str]) -> str:
        """An expression for a row as JSON text, without its masked columns; one text costs one call into the JVM."""
        hidden = {c.lower() for c in self.masked}
        shown = [f"'(masked)' AS {_quoted(c)}" if c.lower() in hidden else _quoted(c) for c in columns]
        return f"to_json(struct({', '.join(shown)}), map('ignoreNullFields', 'false'))"

    def counts(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """The `data_quality` part of an event from the observation's values.

        Parameters:
            metrics: values of the observation named `metric`.
        """
        found = _found(metrics)
        failed = found.get("failed") or [0] * len(self.rules)
        total = found.get("rows", 0)
        return {
            "dropped_records": found.get("dropped", 0),
            "expectations": [
                {"name": rule.name, "dataset": self.dataset, "passed_records": total - bad, "failed_records": bad}
                for rule, bad in zip(self.rules, failed, strict=True)
            ],
        }

    def written(self, metrics: Mapping[str, Any]) -> int:
        """Rows that were not dropped."""
        found = _found(metrics)
        return int(found.get("rows", 0)) - int(found.get("dropped", 0))

    def rows(self, metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Violating rows, as JSON texts, of each rule that has some: the `samples` of an event's `data_quality`."""
        texts = _found(metrics).get("samples") or []
        return [
            {"name": rule.name, "dataset": self.dataset, "rows": rows}
            for rule, rows in zip(self.rules, texts, strict=False)
            if rows
        ]


def _found(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What an observation counted: with rules one JSON text, without them the rows alone."""
    if metrics.get("rules"):
        found: dict[str, Any] = json.loads(metrics["rules"])
        found["rows"] = found.get("rows", 0) - int(metrics.get("others") or 0)
        return found
    return {"rows": int(metrics.get("rows") or 0)}


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


def _none(masks: list[str], places: Sequence[int]) -> Any:
    """Whether none of the rules at some places is violated, from the numbers of `with_violations`."""
    from pyspark.sql import functions as F

    from ldp_jupyter.spark.bridge import RULES_OF_NUMBER

    wanted = [0] * len(masks)
    for place in places:
        wanted[place // RULES_OF_NUMBER] |= 1 << place % RULES_OF_NUMBER
    parts = [f"`{mask}` & {bits}L = 0L" for mask, bits in zip(masks, wanted, strict=True) if bits]
    return F.expr(" AND ".join(parts) or "true")


def _quoted(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"
