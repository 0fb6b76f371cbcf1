"""Who updates in a storage that several machines reach: a file that is renewed while its holder lives.

File systems elsewhere have no locks of an operating system. The file is made by whoever finds none, and counts until
its holder has not renewed it for a while, by the clock of the file system. Two updates at a time would not spoil a
table: Delta and Spark's checkpoints let only one of them commit. They would fail in words that nobody understands.
"""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ldp_jupyter.spark.places import RemotePath

RENEWED = 20.0  # seconds from one renewal to the next
DEAD = 90.0  # seconds without one after which the holder is taken for dead


class Lease:
    """Held while an update runs.

    Parameters:
        file: tells who holds it.
        owner: what it tells.
        gone: whether an owner, on this machine, runs no more: its lease is taken at once.
    """

    def __init__(self, file: RemotePath, owner: Mapping[str, Any], gone: Callable[[Mapping[str, Any]], bool]) -> None:
        self._file = file
        self._id = uuid.uuid4().hex
        self._text = json.dumps({**owner, "lease": self._id})
        self._gone = gone
        self._ended = threading.Event()
        self._renewing: threading.Thread | None = None

    def take(self) -> Mapping[str, Any] | None:
        """Take it.

        Returns:
            Who holds it instead; None when it was taken.

        Raises:
            OSError: the storage cannot be read or written.
        """
        if not self._file.write_new(self._text):
            holder = self._holder()
            if not self._gone(holder) and self._age() < DEAD:
                return holder
            if not self._put_aside(holder) or not self._file.write_new(self._text):
                return self._holder()  # somebody else was quicker
        self._renewing = threading.Thread(target=self._renew, name="ldp-lease", daemon=True)
        self._renewing.start()
        return None

    def give_back(self) -> None:
        self._ended.set()
        if self._renewing is not None:
            self._renewing.join()
        with contextlib.suppress(OSError):
            if self._holder().get("lease") == self._id:
                self._file.unlink()

    def _holder(self) -> Mapping[str, Any]:
        try:
            told = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):  # given back, or being written
            return {}
        return told if isinstance(told, dict) else {}

    def _age(self) -> float:
        """Seconds since it was renewed, by the clock that wrote both times."""
        now = self._file.with_name(f"now-{self._id}")
        now.write_text("")
        try:
            return now.stat().st_mtime - self._file.stat().st_mtime
        except FileNotFoundError:  # given back meanwhile
            return DEAD
        finally:
            now.unlink()

    def _put_aside(self, holder: Mapping[str, Any]) -> bool:
        """Take a dead holder's file away; whether it was still that holder's."""
        aside = self._file.with_name(f"dead-{self._id}")
        try:
            self._file.rename(aside)
            mine = json.loads(aside.read_text()).get("lease") == holder.get("lease")
        except FileNotFoundError:
            return True
        except ValueError:  # never written whole
            mine = True
        if not mine:  # somebody took it over between our looks at it: it is theirs
            aside.rename(self._file)
            return False
        aside.unlink()
        return True

    def _renew(self) -> None:
        while not self._ended.wait(RENEWED):
            with contextlib.suppress(OSError):  # the storage may answer again next time
                if self._holder().get("lease") == self._id:
                    self._file.write_text(self._text)
