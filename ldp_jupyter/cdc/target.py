"""Where a target and its changes live."""

from __future__ import annotations

import threading
from dataclasses import dataclass

_locks: dict[str, threading.RLock] = {}
_locks_guard = threading.Lock()


@dataclass(frozen=True)
class ChangeTarget:
    """A table maintained by AUTO CDC.

    Parameters:
        name: as shown in errors.
        target_path: existing Delta table whose columns are those of `output_schema`.
        changes_path: where the changes table is, or will be made by the first batch. A new generation of the target
            (after a full refresh) has a new path.
    """

    name: str
    target_path: str
    changes_path: str

    def lock(self) -> threading.RLock:
        """One writer at a time: flows into the same target would make each other's MERGE fail."""
        with _locks_guard:
            return _locks.setdefault(self.target_path, threading.RLock())
