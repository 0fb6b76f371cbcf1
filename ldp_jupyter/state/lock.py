"""One update of a pipeline at a time, across kernels and processes.

The lock is the operating system's: it goes with its holder, however that ends. Beside it stands who holds it, and the
JVM that writes for it. Where that is still told when the lock is free, the holder was killed: its JVM may still run.
A storage in another file system has a lease as well, which other machines see.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.gateway import is_alive
from ldp_jupyter.spark.orphans import describe_jvm, end_jvm
from ldp_jupyter.spark.places import RemotePath, write_text
from ldp_jupyter.state.lease import DEAD, Lease

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from ldp_jupyter.state.layout import Layout


class UpdateLock:
    """Held while an update runs.

    Raises (on entering):
        LdpError: LDP-3003 that says who updates, since when, and how to stop it.
    """

    def __init__(self, layout: Layout) -> None:
        self._lock = FileLock(str(layout.lock), timeout=0)
        self._owner = layout.lock.with_suffix(".json")
        self._pipeline = layout.pipeline
        self._shared = layout.state / "lock.json" if layout.remote else None
        self._lease: Lease | None = None

    def __enter__(self) -> Self:
        try:
            self._lock.acquire()
        except Timeout:
            raise self._taken(_told(self._owner)) from None
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "user": _user(),
            "since": datetime.now(timezone.utc).isoformat(),
            "jvm": describe_jvm(),
        }
        try:
            self._end_what_is_left()
            if isinstance(self._shared, RemotePath):
                lease = Lease(self._shared, owner, _is_gone)
                holder = lease.take()
                if holder is not None:
                    raise self._taken(holder)
                self._lease = lease
            write_text(self._owner, json.dumps(owner))
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._owner.unlink()
        self._release()

    def _release(self) -> None:
        if self._lease is not None:
            self._lease.give_back()
        self._lock.release()

    def _end_what_is_left(self) -> None:
        """Let nothing of a killed holder write any more."""
        before = _told(self._owner)
        if before.get("host") == socket.gethostname():
            end_jvm(before.get("jvm"), before.get("pid", 0))

    def _taken(self, owner: Mapping[str, Any]) -> LdpError:
        hint = f"wait for it, or stop it: interrupt its kernel, or `kill {owner['pid']}`" if owner else "wait for it"
        if owner and owner["host"] == socket.gethostname() and owner["pid"] == os.getpid():
            hint = "%ldp stop ends it where it runs in the background of this kernel; else wait for it"
        elif owner and owner["host"] != socket.gethostname():
            hint += f" on {owner['host']}; if that machine is gone, run again in {DEAD:g} seconds"
        return LdpError("LDP-3003", f'an update of "{self._pipeline}" is running in {described(owner)}', hint=hint)


def running_holder(layout: Layout) -> Mapping[str, Any] | None:
    """Who updates the pipeline now; None where nobody does.

    The lock is not tried: an update that begins at this moment would be refused. Leases of other machines are not
    looked at.
    """
    owner = _told(layout.lock.with_suffix(".json"))
    return owner if owner and not _is_gone(owner) else None


def _told(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        owner = json.loads(file.read_text(encoding="utf-8"))
        return owner if isinstance(owner, dict) else {}
    return {}


def described(owner: Mapping[str, Any]) -> str:
    """``process 7 on here since 10:00:00 UTC``."""
    if not owner:
        return "another process"
    return f"process {owner['pid']} on {owner['host']} since {owner['since'][11:19]} UTC"


def _is_gone(owner: Mapping[str, Any]) -> bool:
    """Whether the holder of a lease was a process of this machine, and is no more."""
    return owner.get("host") == socket.gethostname() and not is_alive(owner.get("pid", 0))


def _user() -> str:
    try:
        return getpass.getuser()
    except Exception:
        return "unknown"
