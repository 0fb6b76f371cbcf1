"""States of updates and flows, with the platform's names."""

from __future__ import annotations

from enum import Enum


class UpdateState(str, Enum):
    """States of an update, in the order in which it passes through them."""

    CREATED = "CREATED"
    INITIALIZING = "INITIALIZING"
    RESETTING = "RESETTING"
    SETTING_UP_TABLES = "SETTING_UP_TABLES"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def final(self) -> bool:
        return self in (UpdateState.COMPLETED, UpdateState.FAILED, UpdateState.CANCELED)


class FlowStatus(str, Enum):
    """States of a flow within an update."""

    QUEUED = "QUEUED"
    STARTING = "STARTING"
    PLANNING = "PLANNING"
    RUNNING = "RUNNING"
    IDLE = "IDLE"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    STOPPED = "STOPPED"
    EXCLUDED = "EXCLUDED"

    @property
    def final(self) -> bool:
        return self in (
            FlowStatus.COMPLETED,
            FlowStatus.FAILED,
            FlowStatus.SKIPPED,
            FlowStatus.STOPPED,
            FlowStatus.EXCLUDED,
        )
