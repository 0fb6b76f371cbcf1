"""Random moments of running updates, as a kill would leave them: from each the next update must give the right tables.

``python tests/crash/moments.py 200 --seconds 2400`` looks at two hundred moments. An update runs in a process of its own;
again and again that process and its JVM are stopped (SIGSTOP), the project's state is copied, and they go on. A copy is
what SIGKILL at that moment would have left, for the price of a copy instead of a start of Spark (``kills.py`` kills
processes indeed). Then each copy is put in the project's place, an update runs from there and the tables are compared; a
copy that is like an earlier one but for the journal is not run again. Every other time one of the copies is what a further
update begins with, that is copied in its turn: killed twice.

The copy of a moment with wrong tables is kept, and its folder told: ``moments.py --again FOLDER`` takes it up again.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import kills

from ldp_jupyter import Pipeline

COPIES = 10  # of one update


def victim() -> None:
    """The process that is stopped: one line of JSON is one update; says its JVM's number first, then the end of each."""
    from ldp_jupyter.spark import session

    with contextlib.redirect_stdout(sys.stderr):
        Pipeline(tempfile.mkdtemp(), say=lambda _: None).session()
    print(session._jvm.process.pid, flush=True)
    for line in sys.stdin:
        given = json.loads(line)
        problem = ""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                kills.run_here(Path(given["project"]), **given["options"])
        except Exception as error:
            problem = f"{error}"
        print(json.dumps(problem), flush=True)


class Victim:
    """Runs updates and is stopped in their midst."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the process)
        self.process = subprocess.Popen([sys.executable, __file__, "--victim"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self._log, text=True)
        assert self.process.stdout is not None
        self.jvm = int(self.process.stdout.readline())

    def moments(self, project: Path, options: dict[str, Any], gaps: Any, folder: Path) -> tuple[list[Path], float]:
        """Run an update, copy its state again and again, after so many seconds each; gives the copies, and how long it ran."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"project": str(project), "options": options}) + "\n")
        self.process.stdin.flush()
        said: list[str] = []
        ended = threading.Thread(target=lambda: said.append(self.process.stdout.readline()))  # type: ignore[union-attr]
        ended.start()
        found: list[Path] = []
        ran, begun = 0.0, time.monotonic()
        for gap in gaps:
            ended.join(gap)
            if not ended.is_alive():
                break
            ran += time.monotonic() - begun
            copy = folder / str(len(found))
            for number in (self.process.pid, self.jvm):
                os.kill(number, signal.SIGSTOP)
            kills.save(project, copy)
            for number in (self.process.pid, self.jvm):
                os.kill(number, signal.SIGCONT)
            begun = time.monotonic()
            found.append(copy)
        ended.join()
        assert not json.loads(said[0]), said[0]
        return found, ran + time.monotonic() - begun

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def last_event(project: Path, name: str) -> str:
    told = kills.lines(project / ".ldp" / "pipelines" / name / "journal.jsonl")
    return str(json.loads(told[-1])["message"]) if told else "nothing yet"


def digest(copy: Path) -> str:
    """What tells states apart."""
    found = hashlib.sha256()
    for file in sorted(copy.rglob("*")):
        if file.is_file() and not file.name.startswith(("journal", "lock")) and "/runs/" not in str(file):
            found.update(f"{file.relative_to(copy)}\n{len(content := file.read_bytes())}\n".encode() + content)
    return found.hexdigest()


def one(places: kills.Places, victim: Victim, subject: kills.Subject, rng: random.Random, tries: int, folder: Path) -> int:
    """Copies of one update, maybe of a second one after a kill; gives how many moments were tried."""
    kind = rng.choice(kills.KINDS)
    project, state, options = places.take(subject, kind)
    key = (subject.name, kind)
    done, times = 0, 1
    known: set[str] = set()
    while done < tries:
        kills.restore(state, project)
        mean = places.seconds.get(key, 10.0) / COPIES
        gaps = [rng.uniform(0, 2 * mean) for _ in range(2 * COPIES)]
        copies, places.seconds[key] = victim.moments(project, options, gaps, folder / f"{subject.name}-{kind}" / str(times))
        print(f"{subject.name} {kind}: {len(copies)} moments of {places.seconds[key]:.1f} s, kill {times}", flush=True)
        for copy in copies[: tries - done]:
            done += 1
            state_of_copy = digest(copy)
            if state_of_copy not in known:
                known.add(state_of_copy)
                attempt(subject, kind, project, copy)
        if not copies or rng.random() < 0.5:
            break
        state, options, times = rng.choice(copies), {}, times + 1
    return done


RIGHT: list[Path] = []
FAILED: list[Path] = []


def attempt(subject: kills.Subject, kind: str, project: Path, copy: Path) -> None:
    """Put a copy in place, run, compare; tell and keep what is wrong."""
    kills.restore(copy, project)
    told = last_event(project, subject.name)
    begun = time.monotonic()
    try:
        kills.run_here(project)
        kills.check(subject, project, kind)
    except Exception:
        FAILED.append(copy)
        print(f"  WRONG after: {told}; {copy} ({project})\n{traceback.format_exc(limit=-2)}", flush=True)
    else:
        RIGHT.append(copy)
        print(f"  right after: {told} ({time.monotonic() - begun:.1f} s)", flush=True)


def main() -> int:
    parser = kills.arguments(__doc__)
    parser.add_argument("--again", type=Path, metavar="FOLDER", help="a moment that went wrong")
    parser.add_argument("--victim", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.victim:
        victim()
        return 0
    if given.again:
        name, _, kind = given.again.parents[1].name.partition("-")
        attempt(kills.SUBJECTS[name], kind, given.again.parents[3] / f"{name}-{kind}", given.again.absolute())
        return len(FAILED)
    print("seed", given.seed)
    rng = random.Random(given.seed)
    folder = Path(tempfile.mkdtemp(prefix="moments-"))
    places, stopped = kills.Places(folder), Victim()
    subjects = [kills.SUBJECTS[name] for name in given.of or kills.SUBJECTS]
    begun, done, number = time.monotonic(), 0, 0
    while done < given.tries and time.monotonic() - begun < given.seconds:
        copies = folder / f"update-{number}"
        before = len(FAILED)
        done += one(places, stopped, subjects[number % len(subjects)], rng, given.tries - done, copies)
        if len(FAILED) == before:
            shutil.rmtree(copies)
        number += 1
    stopped.close()
    print(f"{done} moments, {len(RIGHT) + len(FAILED)} different ones, {len(FAILED)} with wrong tables", *FAILED, sep="\n")
    if not FAILED:
        shutil.rmtree(folder)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
