"""``ldp ls`` on 300 source files, the whole command in fresh processes: it starts no Spark and no Java.

``python benchmarks/ls.py [--rounds 5] [--files 300]``: medians of wall and CPU time. Exit status 1 above two seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generated import GROUP, write_pipeline

BUDGET = 2.0


def run(folder: Path, arguments: list[str]) -> tuple[float, float, str]:
    """Seconds, CPU seconds and what the command printed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    # a command that starts Java would fail here
    environment = {**os.environ, "JAVA_HOME": str(folder / "no-java"), "PATH": str(Path(sys.executable).parent)}
    done = subprocess.run([str(Path(sys.executable).with_name("ldp")), *arguments, "--project", str(folder)], env=environment,
                          capture_output=True, text=True, check=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = write_pipeline(Path(name), given.files // 2 * GROUP)  # a group is two files
        runs = []
        for number in range(given.rounds + 1):
            seconds, cpu, printed = run(folder, ["ls", "--format", "json"])
            listed = json.loads(printed)
            if len(listed["datasets"]) != given.files // 2 * GROUP or listed["errors"]:
                sys.exit(f"{len(listed['datasets'])} datasets, errors {listed['errors'][:2]}")
            if number:
                runs.append((seconds, cpu))
    seconds, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"ldp ls, {given.files} files, {len(listed['datasets'])} datasets: {seconds:.2f} s ({cpu:.2f} s of CPU), "
          f"fastest {min(s for s, _ in runs):.2f} s, budget {BUDGET:g} s")
    sys.exit(1 if seconds > BUDGET else 0)


if __name__ == "__main__":
    main()
