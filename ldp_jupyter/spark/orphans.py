"""The JVM of a process that was killed: it ends by itself, but not at once, and a query goes on writing until then."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.spark import session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_LONGEST = 10.0  # seconds that a killed process may take to be gone


def describe_jvm() -> dict[str, Any] | None:
    """What to know the JVM of this process by, later and elsewhere; None where it is not ours."""
    jvm = session.jvm()
    return None if jvm is None else {"pid": jvm.process.pid, "folder": str(jvm.folder)}


def end_jvm(described: Mapping[str, Any] | None, python: int) -> None:
    """End a JVM whose Python process is gone, if it is still there, and wait until it is not.

    Its private folder stands in its command line, so another process that got its number is left alone. Where the
    system does not tell command lines in `/proc`, nothing is done.
    """
    if described is None or _command(python) or not _runs(described):
        return
    with contextlib.suppress(OSError):
        os.kill(described["pid"], signal.SIGKILL)
    until = time.monotonic() + _LONGEST
    while _runs(described) and time.monotonic() < until:
        time.sleep(0.01)


def _runs(described: Mapping[str, Any]) -> bool:
    return os.fsencode(f"@{described['folder']}{os.sep}") in _command(described["pid"])


def _command(process: int) -> bytes:
    """The command line of a process; empty for one that is gone, or dead and not yet waited for."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
