"""`dbutils.jobs.taskValues`: what tasks of a job hand to each other."""

from __future__ import annotations

import json
from typing import Any

from ldp_jupyter.errors import LdpError


class TaskValues:
    """Values by task and key. Outside of a job there are none: `get` gives its `debugValue`, `set` leaves nothing."""

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:  # noqa: ARG002, N803
        """The value; outside of a job that is `debugValue`, as on the platform.

        Raises:
            LdpError: LDP-2022 without a `debugValue`.
        """
        if debugValue is None:
            raise LdpError(
                "LDP-2022",
                f'task value "{key}" of task "{taskKey}" is read outside of a job',
                hint="give debugValue=...: it stands for the value there",
            )
        return debugValue

    def set(self, key: str, value: Any) -> None:
        """Keep a value of the running task; it must be one that JSON can hold.

        Raises:
            LdpError: LDP-2011 for another value.
        """
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            raise LdpError(
                "LDP-2011", f'taskValues.set(key="{key}") got a {type(value).__name__}; accepted: what JSON can hold'
            ) from None


class Jobs:
    """`dbutils.jobs`."""

    def __init__(self) -> None:
        self.taskValues = TaskValues()
