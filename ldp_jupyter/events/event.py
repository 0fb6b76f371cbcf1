"""One event, shaped like a row of the platform's event log."""

from __future__ import annotations

import itertools
import json
import os
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any


class Level(str, Enum):
    """Levels of events."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    METRICS = "METRICS"


_LINE = json.JSONEncoder(separators=(",", ":"), default=str)
# Stands for this process in the ids of its events; the bit says that it is no address of a network card.
_PROCESS = int.from_bytes(os.urandom(6), "big") | 1 << 40
_NUMBERS = itertools.count()


def _new_id() -> str:
    """A new id, which holds the time; told the rest, Python asks no service of the system for it."""
    return str(uuid.uuid1(_PROCESS, next(_NUMBERS) & 0x3FFF))


@dataclass(frozen=True)
class Event:
    """One event.

    Parameters:
        event_type: e.g. ``flow_progress``; `details` has one key of this name.
        message: for people, e.g. ``Flow 'orders_silver' is RUNNING.``
        origin: pipeline_id, pipeline_name, update_id, flow_name, dataset_name, ... as far as they apply.
        details: the payload under the key `event_type`.
        error: ``{"fatal": bool, "exceptions": [{"class_name", "message", "stack"}]}``.
        sequence: number within the journal, set when the event is written there.
    """

    event_type: str
    message: str
    origin: dict[str, Any]
    details: dict[str, Any]
    level: Level = Level.INFO
    maturity_level: str = "STABLE"
    error: dict[str, Any] | None = None
    id: str = field(default_factory=_new_id)
    timestamp: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    sequence: int = 0

    def to_json(self) -> dict[str, Any]:
        """The row as plain values; `details` stays nested."""
        return {
            "id": self.id,
            "sequence": self.sequence,
            "origin": self.origin,
            "timestamp": self.timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "message": self.message,
            "level": self.level.value,
            "maturity_level": self.maturity_level,
            "error": self.error,
            "details": self.details,
            "event_type": self.event_type,
        }

    def to_line(self) -> str:
        """One line of the journal."""
        return _LINE.encode(self.to_json())

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Event:
        return cls(
            event_type=row["event_type"],
            message=row["message"],
            origin=row["origin"],
            details=row["details"],
            level=Level(row["level"]),
            maturity_level=row["maturity_level"],
            error=row["error"],
            id=row["id"],
            timestamp=datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00")),
            sequence=row["sequence"],
        )
