"""Which failures are tried again, how often, and after what time.

In development mode nothing is: whoever looks at the failure mends its cause. In production mode a flow is, when what
made it fail may pass by itself: a lost executor, memory, a file system or service out of reach. What the source or the
data cause stays: errors of analysis, violated rules, values that do not fit, changed sources.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.project.numbers import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ldp_jupyter.errors import LdpError

_FLOW = ("pipelines.maxFlowRetryAttempts", "spark.sql.pipelines.execution.maxFlowRetryAttempts")
_UPDATE = ("pipelines.numUpdateRetryAttempts",)
_SHORTEST = ("spark.sql.pipelines.execution.watchdog.minRetryTime",)
_LONGEST = ("spark.sql.pipelines.execution.watchdog.maxRetryTime",)
# Classes of SQLSTATE that speak of the query or the data: they say the same again.
_LASTING = ("07", "0A", "21", "22", "23", "42", "54", "P0")
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Retries:
    """How often to try again.

    Parameters:
        flow: times a flow is tried again within an update.
        update: times an update is run again.
        shortest: seconds before the first further try; each later one waits twice as long.
        longest: seconds that nothing waits beyond.
    """

    flow: int = 0
    update: int = 0
    shortest: float = 5.0
    longest: float = 3600.0

    @classmethod
    def of(cls, configuration: Mapping[str, str], *, production: bool) -> Retries:
        """The mode's retries, as the pipeline's configuration sets them.

        Raises:
            UsageProblem: LDP-1003 for a value that is no number.
        """
        if not production:
            return cls()
        return cls(
            _count(configuration, _FLOW, 2),
            _count(configuration, _UPDATE, 5),
            _seconds(configuration, _SHORTEST, 5.0),
            _seconds(configuration, _LONGEST, 3600.0),
        )

    def pause(self, failures: int) -> float:
        """Seconds to wait after the so-manieth failure (from 1)."""
        return min(self.shortest * 2.0 ** min(failures - 1, 20), self.longest)

    def wait(self, failures: int) -> None:
        """Wait before an update is run again; an interrupt ends it."""
        threading.Event().wait(self.pause(failures))

    @staticmethod
    def worth_another_update(problems: Sequence[LdpError]) -> bool:
        """Whether an update may succeed that failed with these."""
        return bool(problems) and all(problem.heals for problem in problems)


def can_heal(error: BaseException, text: str) -> bool:
    """Whether the same flow may succeed later with nothing changed.

    Parameters:
        error: what the flow raised.
        text: its whole message, Java causes included.
    """
    if isinstance(error, OSError):  # of a dataset function: a service or file system out of reach
        return not isinstance(error, (PermissionError, NotADirectoryError, IsADirectoryError))
    if not type(error).__module__.startswith(("pyspark.", "py4j.")):
        return False
    if any(state.startswith(_LASTING) for state in re.findall(r"SQLSTATE: (\w{5})", text)):
        return False
    if "Traceback (most recent call last):" in text:  # of Python that ran for Spark
        return bool(re.search(r"^(\w+\.)*(Connection\w*|Timeout\w*|OSError|BlockingIOError)\b", text, re.MULTILINE))
    return True


def _count(configuration: Mapping[str, str], keys: tuple[str, ...], usual: int) -> int:
    return whole_number(configuration, next((key for key in keys if key in configuration), keys[0]), usual)


def _seconds(configuration: Mapping[str, str], keys: tuple[str, ...], usual: float) -> float:
    for key in keys:
        if key in configuration:
            found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", configuration[key].strip().lower())
            if not found or found[2] not in _UNITS:
                raise UsageProblem("LDP-1003", f"{key} wants a time such as 5s, got {configuration[key]!r}")
            return float(found[1]) * _UNITS[found[2]]
    return usual
