"""Rules of a dataset applied to its rows: one observation and one filter, in the pass that writes them.

The order is count, fail, drop: every rule is evaluated on every row, so a row that one rule drops still counts as a
violation of another, and a violated FAIL rule fails the flow whatever other rules say of the row. A few
violating rows come with the counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.project.numbers import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.declarations import Expectation
    from ldp_jupyter.spark.expectations import Observations

MARK = "LDP-EXPECTATION-FAILED "
# The pipeline's setting for violating rows kept of each rule and flow; 0 switches them off.
SAMPLES_KEY = "ldp.violationSamples"
SAMPLES = 10
_PREFIX = "ldp:"


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

    def apply(self, frame: Any, observations: Observations | None = None) -> Any:
        """The DataFrame with violations counted, failed on and dropped.

        Parameters:
            observations: of a batch; a streaming query's progress has them.

        Every row is counted even where there is no rule: the count of what is written costs nothing here, and a job
        or a look into the table's log elsewhere.
        """
        from ldp_jupyter.spark.expectations import judge

        return judge(frame, [rule.condition for rule in self.rules], self._wanted(), observations)

    def judge(self, frame: Any, observations: Observations, of: str) -> Any:
        """As `apply`, but dropping nothing: the DataFrame with hidden columns, one of them whether a row is good.

        Parameters:
            of: a condition on the rows that are judged; the others are neither counted nor dropped.
        """
        from ldp_jupyter.spark.expectations import judge

        conditions = [rule.condition for rule in self.rules]
        return judge(frame, conditions, {**self._wanted(), "judged": of}, observations)

    def _wanted(self) -> dict[str, Any]:
        return {
            "metric": self.metric,
            "rules": [{"name": rule.name, "action": rule.action.value} for rule in self.rules],
            "failure": f"{MARK}{json.dumps(self.dataset)}\u0002",
            "samples": self.samples,
            "masked": self.masked,
        }

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
    """Violating rows to keep of each rule; 0 keeps none.

    Raises:
        UsageProblem: LDP-1003 when the setting is no number.
    """
    return whole_number(configuration, SAMPLES_KEY, SAMPLES)
