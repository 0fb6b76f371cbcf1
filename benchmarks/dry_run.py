"""Warm dry runs of 20 to 300 datasets in one session: seconds, milliseconds for each dataset, Spark jobs started.

``python benchmarks/dry_run.py [--rounds 5] [--sizes 20,50,100,200,300] [--plot benchmarks/dry_run.svg]``: each size once to
warm up, then all sizes in turn; medians. Exit status 1 when a budget is exceeded or a job was started.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from generated import write_pipeline

BUDGETS = {20: 1.0, 300: 10.0}


def jobs_started(spark) -> int:
    """How many jobs this Spark ever started, whoever started them."""
    return spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs()


def cpu_seconds() -> float:
    """CPU of this process and of its JVM so far: on a busy machine it says more than the clock."""
    used = [process.cpu_times() for process in psutil.Process().children(recursive=True)]
    return time.process_time() + sum(times.user + times.system for times in used)


def measure(sizes: list[int], rounds: int) -> dict[int, list[tuple[float, float, int]]]:
    """By size: seconds, CPU seconds and jobs of each round."""
    from ldp_jupyter import Pipeline

    found: dict[int, list[tuple[float, float, int]]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        pipelines = {size: Pipeline(write_pipeline(Path(folder) / str(size), size), say=lambda _: None) for size in sizes}
        for number in range(rounds + 1):
            for size, pipeline in pipelines.items():
                spark = pipeline.session()
                jobs, cpu, start = jobs_started(spark), cpu_seconds(), time.perf_counter()
                graph = pipeline.dry_run()
                seconds = time.perf_counter() - start
                if graph.problems or len(graph.nodes) != size:
                    sys.exit(f"{size} datasets: {len(graph.nodes)} found, {[str(p) for p in graph.problems[:3]]}")
                told = (seconds, cpu_seconds() - cpu, jobs_started(spark) - jobs)
                print(f"round {number}: {size} datasets, {seconds:.2f} s, CPU {told[1]:.2f} s", file=sys.stderr, flush=True)
                if number:
                    found[size].append(told)
    return found


def plot(points: dict[int, float], budgets: dict[int, float]) -> str:
    """Median seconds over datasets, with the budgets as a line, as an SVG."""
    width, height, left, bottom, top = 560, 320, 50, 40, 30
    right, most = max(*points, *budgets), max(*points.values(), *budgets.values())

    def at(x: float, y: float) -> str:
        return f"{left + x / right * (width - left - 20):.1f},{height - bottom - y / most * (height - bottom - top):.1f}"

    def text(x: float, y: float, words: str, anchor: str = "middle") -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'

    def place(x: float, y: float) -> tuple[float, float]:
        across, down = at(x, y).split(",")
        return float(across), float(down)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#444">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        text(width / 2, 18, "Dry run in a warm session: seconds by number of datasets"),
        f'<polyline points="{at(0, most)} {at(0, 0)} {at(right, 0)}" fill="none" stroke="#999"/>',
        f'<polyline points="{" ".join(at(x, y) for x, y in sorted(budgets.items()))}" fill="none" stroke="#c66" stroke-dasharray="5 4"/>',
        f'<polyline points="{" ".join(at(x, y) for x, y in sorted(points.items()))}" fill="none" stroke="#27c" stroke-width="2"/>',
    ]
    for x, y in sorted(points.items()):
        across, down = place(x, y)
        parts.append(f'<circle cx="{across}" cy="{down}" r="3.5" fill="#27c"/>')
        parts.append(text(across, down - 8, f"{y:.2f}"))
        parts.append(text(across, height - bottom + 16, str(x)))
    parts += [text(left - 6, place(0, y)[1] + 4, f"{y:g} s", "end") for y in sorted(budgets.values())]
    parts.append(text(*place(right * 0.62, most * 0.78), "budget", "end"))
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="20,50,100,200,300")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    found = measure([int(size) for size in given.sizes.split(",")], given.rounds)
    medians = {size: statistics.median(seconds for seconds, _, _ in runs) for size, runs in found.items()}
    late = False
    print("datasets  seconds  CPU s  ms each  jobs")
    for size, runs in found.items():
        cpu, jobs = statistics.median(c for _, c, _ in runs), sum(j for _, _, j in runs)
        over = medians[size] > BUDGETS.get(size, float("inf"))
        late = late or over or jobs > 0
        print(f"{size:8} {medians[size]:8.2f} {cpu:6.2f} {medians[size] / size * 1000:8.1f} {jobs:5}", "over budget" if over else "")
    if given.plot:
        given.plot.write_text(plot(medians, BUDGETS), encoding="utf-8")
    sys.exit(1 if late else 0)


if __name__ == "__main__":
    main()
