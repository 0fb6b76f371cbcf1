"""Kill updates of the Bookstore at random moments; run again; the tables must be those of an undisturbed run.

``python tests/crash/kills.py 20 --seed 7`` tries twenty moments. Each try lands data, kills an update by SIGKILL when its
journal has reached a random length (and a random moment later), maybe once more, and then lets it run.
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import bookstore_oracle as oracle

from ldp_jupyter.project.samples import bookstore_data

ROOT = Path(__file__).parents[2]
# Events of a whole update: kills after so many lines of its journal hit everything from planning to the last view.
EVENTS = 78


def make(folder: Path) -> Path:
    shutil.copy(ROOT / "databricks.yml", folder)
    for name in ("transformations", "notebooks"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def start(project: Path, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "ldp_jupyter", "run", "--project", str(project), *options],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def run_killed(project: Path, events: int, pause: float, *options: str) -> str:
    """Run an update and kill its whole process group after so many events and seconds."""
    journal = project / ".ldp" / "pipelines" / "bookstore" / "journal.jsonl"
    before = lines(journal)
    process = start(project, *options)
    while process.poll() is None and lines(journal) - before < events:
        time.sleep(0.02)
    time.sleep(pause)
    if process.poll() is not None:
        process.communicate()
        return "ended before the kill"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    last = json.loads(journal.read_bytes().rsplit(b"\n", 2)[-2]) if lines(journal) else {"message": "nothing yet"}
    return f"killed after: {last['message']}"


def run_whole(project: Path, *options: str) -> None:
    process = start(project, *options)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()


def lines(journal: Path) -> int:
    try:
        return journal.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def tables(project: Path) -> dict[str, list[tuple]]:
    from ldp_jupyter import Pipeline

    session = Pipeline(project, say=lambda _: None).session()
    return {name: oracle.comparable(session.table(f"main.default.{name}").select(*columns).collect())
            for name, columns in oracle.COLUMNS.items()}


def one(project: Path, rng: random.Random, say=print) -> None:
    """One try: a first update or a later one or a full refresh, killed once or twice."""
    kind = rng.choice(["first", "later", "full"])
    bookstore_data.land(project / "data", 1)
    updates, options = [[1]], []
    if kind != "first":
        run_whole(project)
    if kind == "later":
        bookstore_data.land(project / "data", 2)
        updates = [[1], [2]]
    if kind == "full":
        options = ["--full-refresh-all"]
    for _ in range(rng.choice([1, 1, 2])):
        say(kind, run_killed(project, rng.randrange(2, EVENTS), rng.random() * 1.5, *options))
        options = []
    run_whole(project)
    want = oracle.expected(project / "data", updates)
    got = tables(project)
    for name, rows in want.tables.items():
        assert got[name] == rows, f"{name} after a kill ({kind})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tries", type=int)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print("seed", given.seed)
    rng = random.Random(given.seed)
    for number in range(given.tries):
        folder = Path(tempfile.mkdtemp(prefix="kill-"))
        print(f"try {number + 1}", end=" ", flush=True)
        one(make(folder), rng)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
