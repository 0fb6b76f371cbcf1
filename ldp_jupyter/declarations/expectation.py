"""A rule on the rows of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ldp_jupyter.locations import Location


class Action(str, Enum):
    """What happens to a row that violates the rule."""

    WARN = "warn"
    DROP = "drop"
    FAIL = "fail"


@dataclass(frozen=True)
class Expectation:
    """A named condition that each row must meet; NULL counts as a violation.

    Parameters:
        name: unique inside the dataset.
        condition: SQL text, or a Spark Column in Python.
        action: what happens to violating rows.
    """

    name: str
    condition: Any
    action: Action
    location: Location | None = None

    @property
    def text(self) -> str:
        """The condition as shown."""
        return self.condition if isinstance(self.condition, str) else str(self.condition)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "condition": self.text, "action": self.action.value}
