"""What batch queries observe while they run."""

from __future__ import annotations

from typing import Any


class Observations:
    """Observations of one query, by name."""

    def __init__(self) -> None:
        self._observations: dict[str, Any] = {}

    def observe(self, frame: Any, name: str, measures: list[Any]) -> Any:
        """Put an observation of some measures on a DataFrame."""
        from pyspark.sql import Observation

        observation = Observation(name)
        self._observations[name] = observation
        return frame.observe(observation, *measures)

    def values(self) -> dict[str, Any]:
        """Values by name. Call it only when the query has run: it waits for them."""
        return {name: observation.get for name, observation in self._observations.items()}
