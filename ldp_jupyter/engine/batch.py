"""Batch work of a flow: its jobs can be canceled, its observations read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.expectations import Observations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.quality import RuleSet


class Observed(Observations):
    """Observations of the datasets whose rows pass through one batch query."""

    def apply(self, rules: RuleSet, frame: Any) -> Any:
        """Apply rules; their counts are there after the query ran."""
        return rules.apply(frame, self)


@contextlib.contextmanager
def job_group(run: FlowRun) -> Iterator[None]:
    """Run Spark jobs of this thread under the flow's own group, which stopping the update cancels."""
    from ldp_jupyter.spark import jobs

    group = f"{run.work.emitter.update_id}/{run.name}"
    with jobs.job_group(run.session, group, run.name) as cancel, run.work.stoppable(cancel):
        yield
