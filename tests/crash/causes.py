"""What makes updates fail from outside, at random moments; when it is gone, the next update must give the right tables.

``python tests/crash/causes.py 40 --seed 7`` disturbs forty updates of the Bookstore and of the accounts: jobs of Spark fail,
the disk is full, folders take no change. The tables after the next update are compared as those after kills are (`kills.py`).
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.insert(0, str(Path(__file__).parent))
import kills

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark import session as sessions


class FailingJobs(threading.Thread):
    """Lets jobs of Spark fail: all that are there after so many others, or the first one of them."""

    def __init__(self, context: Any, after: int, *, one: bool = False) -> None:
        super().__init__()
        self._context, self._after, self._one = context, after, one
        self._over = False

    def run(self) -> None:
        jobs, tracker = self._context._jsc.sc(), self._context.statusTracker()
        seen: set[int] = set()
        while not self._over:
            active = tracker.getActiveJobsIds()
            seen.update(active)
            if len(seen) > self._after:
                for job in active:
                    jobs.cancelJob(job, "it was let fail")
                if active and self._one:
                    return
            time.sleep(0.003)

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over = True
        self.join()


@contextlib.contextmanager
def small_files(limit: int) -> Iterator[None]:
    """The JVM can write so many bytes of a file: what comes after does not fit, as on a full disk."""
    try:
        import resource
    except ImportError:
        raise unittest.SkipTest("this system has no limits of processes") from None
    if not hasattr(resource, "prlimit"):
        raise unittest.SkipTest("this system does not let limits of other processes be set")
    assert sessions._jvm is not None
    jvm = sessions._jvm.process.pid
    before = resource.prlimit(jvm, resource.RLIMIT_FSIZE)
    resource.prlimit(jvm, resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(jvm, resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The folder and all below take no change, not even from root."""
    if os.geteuid():
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for path in folders:
            path.chmod(0o555)
        try:
            yield
        finally:
            for path in folders:
                path.chmod(0o755)
        return
    try:
        subprocess.run(["chattr", "-R", "+i", folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise unittest.SkipTest("this file system has no folders that root cannot write") from None
    try:
        yield
    finally:
        subprocess.run(["chattr", "-R", "-i", folder], check=True)


class Later(threading.Thread):
    """Enters a context at a moment of its own, and leaves it at the end."""

    def __init__(self, context: contextlib.AbstractContextManager[None], seconds: float) -> None:
        super().__init__()
        self._context, self._seconds = context, seconds
        self._over = threading.Event()

    def run(self) -> None:
        if not self._over.wait(self._seconds):
            with self._context:
                self._over.wait()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


def cause(rng: random.Random, project: Path, seconds: float) -> tuple[str, contextlib.AbstractContextManager[None]]:
    """Something that goes wrong in an update that takes about so long, and its name."""
    moment = rng.uniform(0, seconds)
    kind = rng.choice(("jobs", "one job", "disk", "table", "warehouse", "checkpoints"))
    if kind in ("jobs", "one job"):
        assert sessions._root is not None
        return kind, FailingJobs(sessions._root.sparkContext, rng.randrange(60), one=kind == "one job")
    if kind == "disk":
        return kind, Later(small_files(rng.randrange(6000)), moment)
    folder = project / ".ldp" / "warehouse"
    tables = sorted(log.parent for log in folder.rglob("_delta_log"))
    if kind == "table" and tables:
        return kind, Later(read_only(rng.choice(tables)), moment)
    checkpoints = next(project.glob(".ldp/pipelines/*/checkpoints"), None)
    if kind == "checkpoints" and checkpoints:
        return kind, Later(read_only(checkpoints), moment)
    folder.mkdir(parents=True, exist_ok=True)
    return "warehouse", Later(read_only(folder), moment)


def one(places: kills.Places, subject: kills.Subject, rng: random.Random) -> str:
    """An update that is disturbed, and the next one; gives what happened."""
    kind = rng.choice(kills.KINDS)
    project, state, options = places.take(subject, kind)
    kills.restore(state, project)
    name, trouble = cause(rng, project, places.seconds.get((subject.name, kind), 12.0))
    said = "was not hurt"
    begun = time.monotonic()
    with trouble:
        try:
            kills.run_here(project, **options)
        except LdpError as error:
            said = ", ".join(sorted({problem.code for problem in getattr(error, "problems", [error])}))
    places.seconds[(subject.name, kind)] = time.monotonic() - begun
    kills.run_here(project)
    kills.check(subject, project, kind)
    return f"{subject.name} {kind}, {name}: {said}"


def main() -> int:
    given = kills.arguments(__doc__).parse_args()
    print("seed", given.seed)
    rng = random.Random(given.seed)
    folder = Path(tempfile.mkdtemp(prefix="causes-"))
    places = kills.Places(folder)
    subjects = [kills.SUBJECTS[name] for name in given.of or kills.SUBJECTS]
    begun, told = time.monotonic(), Counter[str]()
    for number in range(given.tries):
        if time.monotonic() - begun > given.seconds:
            break
        try:
            said = one(places, subjects[number % len(subjects)], rng)
        except Exception:
            traceback.print_exc(limit=-3)
            said = "WRONG"
        told["wrong" if said == "WRONG" else "right"] += 1
        print(f"{number + 1} {said}", flush=True)
    print(dict(told))
    shutil.rmtree(folder)
    return 1 if told["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
