"""Batch work of a flow: its jobs can be canceled, its observations read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.quality import RuleSet


class Observed:
    """Observations of the datasets whose rows pass through one batch query."""

    def __init__(self) -> None:
        self._observations: dict[str, Any] = {}

    def apply(self, rules: RuleSet, frame: Any, session: Any) -> Any:
        """Apply rules; their counts are there after the query ran."""
        return rules.apply(frame, session, self._observe)

    def _observe(self, frame: Any, name: str, measures: list[Any]) -> Any:
        from pyspark.sql import Observation

        observation = Observation(name)
        self._observations[name] = observation
        return frame.observe(observation, *measures)

    def values(self) -> dict[str, Any]:
        """Values by metric name. Call it only when the query has run: it waits for them."""
        return {name: observation.get for name, observation in self._observations.items()}


@contextlib.contextmanager
def job_group(run: FlowRun) -> Iterator[None]:
    """Run Spark jobs of this thread under the flow's own group, which stopping the update cancels."""
    from ldp_jupyter.spark import jobs

    group = f"{run.work.emitter.update_id}/{run.name}"
    with jobs.job_group(run.session, group, run.name) as cancel, run.work.stoppable(cancel):
        yield
