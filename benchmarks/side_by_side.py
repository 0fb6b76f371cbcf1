"""How many flows should run side by side: first updates of one pipeline with one flow at a time, with two, and so on.

``python benchmarks/side_by_side.py [--flows 1,2,3,4,6] [--datasets 18] [--rows 20000] [--rounds 3]``: all in one session, each
update in a project of its own, the settings by turns. Prints the median seconds of each and its ratio to the default's
in the same round; exit status 1 when another number is better than the default by more than a tenth.

The pipeline is that of `many.py`: streaming tables, views with rules, views over those. The best number depends on the
cores: run it on each machine that the default should suit.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import many

from ldp_jupyter.engine.scheduler import CONCURRENCY

WORSE = 1.1


def update(folder: Path, flows: int | None, datasets: int, rows: int) -> float:
    """Seconds of a first update.

    Parameters:
        flows: side by side; None for the default.
    """
    from ldp_jupyter import Pipeline

    many.write_project(folder, datasets, rows)
    pipeline = Pipeline(folder, say=lambda _: None, settings={} if flows is None else {CONCURRENCY: str(flows)})
    graph = pipeline.dry_run()
    start = time.perf_counter()
    view = pipeline.run(graph=graph)
    seconds = time.perf_counter() - start
    if {d.status for d in view.datasets.values()} != {"COMPLETED"}:
        sys.exit("not every dataset was computed")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", default="1,2,3,4,6")
    parser.add_argument("--datasets", type=int, default=18)
    parser.add_argument("--rows", type=int, default=20_000, help="in the one file that is read")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    contestants: list[int | None] = [None, *map(int, given.flows.split(","))]
    found: dict[int | None, list[float]] = {flows: [] for flows in contestants}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        update(Path(folder) / "warm", None, given.datasets, given.rows)
        for number in range(given.rounds):
            for place in range(len(contestants)):
                flows = contestants[(number + place) % len(contestants)]
                found[flows].append(update(Path(folder) / f"{number}-{place}", flows, given.datasets, given.rows))
    print(f"{os.cpu_count()} cores, {given.datasets} datasets, {given.rows:,} rows")
    best = None
    for flows, seconds in found.items():
        ratio = statistics.median(mine / default for mine, default in zip(seconds, found[None], strict=True))
        best = ratio if best is None else min(best, ratio)
        print(f"{flows or 'default'} side by side: {statistics.median(seconds):.1f} s ({ratio:.2f} times the default's)")
    sys.exit(1 if best is not None and best < 1 / WORSE else 0)


if __name__ == "__main__":
    main()
