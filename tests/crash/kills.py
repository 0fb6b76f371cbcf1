"""Kill updates at random moments; run again; the tables must be those of an undisturbed run.

``python tests/crash/kills.py 20 --seed 7`` tries twenty moments, of the Bookstore and of the accounts in turn (``--of``
takes one of the two). Each try kills an update by SIGKILL when its journal has reached a random length (and a random moment
later), maybe the next one or two as well, and then lets it run. What came before the killed update is run once and put back for each try.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import accounts
import bookstore_oracle as oracle
import delta_files

from ldp_jupyter.project.samples import bookstore_data

ROOT = Path(__file__).parents[2]
STATE = (".ldp", "outside")  # what an update writes
PATIENCE = 600.0  # seconds in which an update ends, on any machine
KINDS = ("first", "later", "full", "after")  # what is killed, see `prepare`
Tables = dict[str, list[Any]]


class Bookstore:
    """The sample; what is right is worked out from its files."""

    name = "bookstore"
    events = 78  # of a whole update: kills after so many lines of the journal hit everything from planning to the end

    def make(self, folder: Path) -> Path:
        folder.mkdir()
        shutil.copy(ROOT / "databricks.yml", folder)
        for name in ("transformations", "notebooks"):
            shutil.copytree(ROOT / name, folder / name)
        return folder

    def land(self, project: Path, number: int) -> None:
        bookstore_data.land(project / "data", number)

    def tables(self, project: Path) -> Tables:
        warehouse = project / ".ldp" / "warehouse" / "main" / "default"
        return {name: oracle.comparable(delta_files.rows(warehouse / name, columns)) for name, columns in oracle.COLUMNS.items()}

    def right(self, project: Path, kind: str) -> Tables:
        return oracle.expected(project / "data", 1 if kind in ("first", "full") else 2).tables


class Accounts:
    """The pipeline of `accounts.py`; what is right is what an undisturbed run of the same updates gives."""

    name = accounts.NAME
    events = accounts.EVENTS

    def make(self, folder: Path) -> Path:
        return accounts.make(folder)

    def land(self, project: Path, number: int) -> None:
        accounts.land(project, number)

    def tables(self, project: Path) -> Tables:
        found = accounts.tables(project)
        often = [told.split(":")[0] for told in found.pop("how often")]
        assert len(often) == len(set(often)), "some rows of the sink are there more often than others of their landing"
        return found

    def right(self, _: Path, kind: str) -> Tables:
        return _undisturbed("first" if kind in ("first", "full") else "later")


SUBJECTS = {"bookstore": Bookstore(), "accounts": Accounts()}
Subject = Bookstore | Accounts


@lru_cache
def _undisturbed(kind: str) -> Tables:
    subject = Accounts()
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        project = subject.make(Path(folder) / "project")
        run_here(project, **prepare(subject, project, kind, lambda **options: run_here(project, **options)))
        return subject.tables(project)


def prepare(subject: Subject, project: Path, kind: str, run: Any) -> dict[str, Any]:
    """Bring a project to where the update begins that is killed.

    Parameters:
        kind: ``first``, ``later`` (the second update), ``full`` (a full refresh) or ``after`` (the first update after a
            full refresh).
        run: runs an update with these options to its end.

    Returns:
        Options of the update that is killed.
    """
    subject.land(project, 1)
    if kind != "first":
        run()
        if kind == "after":
            run(full_refresh_all=True)
        if kind != "full":
            subject.land(project, 2)
    return {"full_refresh_all": True} if kind == "full" else {}


def start(project: Path, **options: Any) -> subprocess.Popen[bytes]:
    arguments = ["--full-refresh-all"] if options.get("full_refresh_all") else []
    return subprocess.Popen([sys.executable, "-m", "ldp_jupyter", "run", "--project", str(project), *arguments],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def run_killed(subject: Subject, project: Path, moment: int | str, pause: float, **options: Any) -> str:
    """Run an update and kill it, seconds after so many events, or after an event with this text.

    Its JVM is in a group of its own and is left to itself, and to whoever updates next.
    """
    journal = project / ".ldp" / "pipelines" / subject.name / "journal.jsonl"
    before = lines(journal)

    def reached() -> bool:
        new = lines(journal)[len(before):]
        return len(new) >= moment if isinstance(moment, int) else any(moment.encode() in line for line in new)

    process = start(project, **options)
    begun = time.monotonic()
    while process.poll() is None and not reached():
        assert time.monotonic() - begun < PATIENCE, f"the update of {project} hangs (process {process.pid})"
        time.sleep(0.02)
    time.sleep(pause)
    if process.poll() is not None:
        process.communicate()
        return "ended before the kill"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    told = lines(journal)
    return f"killed after: {json.loads(told[-1])['message'] if told else 'nothing yet'}"


def lines(journal: Path) -> list[bytes]:
    try:
        return journal.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def run_here(project: Path, **options: Any) -> None:
    """Run an update in this process, knowing nothing of what lay in this place before."""
    from ldp_jupyter import Pipeline

    pipeline = Pipeline(project, say=lambda _: None)
    pipeline.session()._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    pipeline.run(**options)


def check(subject: Subject, project: Path, kind: str, right: Tables | None = None) -> None:
    """The tables must be those of an undisturbed run."""
    got = subject.tables(project)
    for name, rows in (right or subject.right(project, kind)).items():
        assert got[name] == rows, f"{name} after a kill ({subject.name}, {kind})"


def save(project: Path, copy: Path) -> None:
    copy.mkdir(parents=True)
    for name in STATE:
        if (project / name).exists():
            shutil.copytree(project / name, copy / name, symlinks=True)


def restore(copy: Path, project: Path) -> None:
    for name in STATE:
        shutil.rmtree(project / name, ignore_errors=True)
        if (copy / name).exists():
            shutil.copytree(copy / name, project / name, symlinks=True)


class Places:
    """A project for each subject and kind, brought to where the killed update begins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ready: dict[tuple[str, str], dict[str, Any]] = {}
        self.seconds: dict[tuple[str, str], float] = {}

    def take(self, subject: Subject, kind: str) -> tuple[Path, Path, dict[str, Any]]:
        """The project, its state, and the options of the update."""
        key = (subject.name, kind)
        project = self.folder / f"{subject.name}-{kind}"
        state = self.folder / f"{subject.name}-{kind}.before"
        if key not in self._ready:
            subject.make(project)
            self._ready[key] = prepare(subject, project, kind, lambda **options: run_here(project, **options))
            save(project, state)
        return project, state, self._ready[key]


def one(places: Places, subject: Subject, rng: random.Random) -> tuple[int, bool]:
    """One try: up to three updates killed. Gives how many kills there were and whether the tables are right."""
    kind = rng.choice(KINDS)
    project, state, options = places.take(subject, kind)
    restore(state, project)
    killed = 0
    for _ in range(rng.choice([1, 2, 3])):
        told = run_killed(subject, project, rng.randrange(2, subject.events), rng.random() * 1.5, **options)
        killed += told.startswith("killed")
        options = {}
        print(f"{subject.name} {kind} {told}", end="; ", flush=True)
    left = places.folder / "left"
    shutil.rmtree(left, ignore_errors=True)
    save(project, left)
    try:
        run_here(project)
        check(subject, project, kind)
    except Exception:
        left.rename(kept := places.folder / f"wrong-{time.monotonic_ns()}")
        print(f"WRONG, what the kill left is in {kept} (of {project})\n{traceback.format_exc(limit=-2)}", flush=True)
        return killed, False
    print("right", flush=True)
    return killed, True


def arguments(description: str | None) -> argparse.ArgumentParser:
    """What all programs of this folder are asked with."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tries", type=int, nargs="?", default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no further try after so long")
    parser.add_argument("--of", choices=SUBJECTS, action="append", help="this pipeline only")
    return parser


def main() -> int:
    given = arguments(__doc__).parse_args()
    print("seed", given.seed)
    rng = random.Random(given.seed)
    subjects = [SUBJECTS[name] for name in given.of or SUBJECTS]
    places = Places(Path(tempfile.mkdtemp(prefix="kill-")))
    begun, tries, kills, wrong = time.monotonic(), 0, 0, 0
    while tries < given.tries and time.monotonic() - begun < given.seconds:
        tries += 1
        print(f"try {tries}", end=" ", flush=True)
        killed, right = one(places, subjects[tries % len(subjects)], rng)
        kills, wrong = kills + killed, wrong + (not right)
    print(f"{tries} tries, {kills} kills, {wrong} with wrong tables")
    if not wrong:
        shutil.rmtree(places.folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
