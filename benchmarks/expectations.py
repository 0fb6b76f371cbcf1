"""Five expectations on a write of five million rows, with samples of violating rows and without, against the same write without rules.

``python benchmarks/expectations.py [--rounds 5] [--rows 5000000]``: one session, a materialized view of eight columns that is computed
whole each time, the contestants by turns; medians, and the median of the ratios within a round. Exit status 1 above the budgets.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from dry_run import cpu_seconds

BUDGETS = {"rules": 1.1, "samples": 1.25}
RULES = """(
    CONSTRAINT has_id EXPECT (id IS NOT NULL) ON VIOLATION FAIL UPDATE,
    CONSTRAINT few EXPECT (quantity BETWEEN 1 AND 99) ON VIOLATION DROP ROW,
    CONSTRAINT priced EXPECT (price > 0.05),
    CONSTRAINT known EXPECT (country IN ('DE', 'FR', 'IT', 'ES')),
    CONSTRAINT dated EXPECT (day >= DATE'2024-01-01')
)"""
QUERY = """
CREATE MATERIALIZED VIEW orders {rules} AS
SELECT id, id % 100 AS quantity, (id % 9973) / 100.0D AS price, elt(CAST(id % 4 AS INT) + 1, 'DE', 'FR', 'IT', 'XX') AS country,
       date_add(DATE'2024-01-01', CAST(id % 365 AS INT)) AS day, concat('customer-', id % 50021) AS customer, id * 31 AS code, id % 7 AS part
FROM range({rows});
"""
SETTINGS = "bundle: {{name: p}}\nresources: {{pipelines: {{p: {{name: p, configuration: {{ldp.violationSamples: '{samples}'}}}}}}}}\n"


def pipeline(folder: Path, rules: str, samples: int, rows: int):
    from ldp_jupyter import Pipeline

    (folder / "transformations").mkdir(parents=True)
    (folder / "databricks.yml").write_text(SETTINGS.format(samples=samples), encoding="utf-8")
    (folder / "transformations" / "orders.sql").write_text(QUERY.format(rules=rules, rows=rows), encoding="utf-8")
    return Pipeline(folder, say=lambda _: None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=5_000_000)
    given = parser.parse_args()
    seconds: dict[str, list[float]] = {"without": [], "rules": [], "samples": []}
    cpu: dict[str, list[float]] = {name: [] for name in seconds}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        contestants = {
            "without": pipeline(Path(name) / "a", "", 0, given.rows),
            "rules": pipeline(Path(name) / "b", RULES, 0, given.rows),
            "samples": pipeline(Path(name) / "c", RULES, 10, given.rows),
        }
        for number in range(given.rounds + 1):
            for who, contestant in contestants.items():
                graph = contestant.dry_run()
                start, used = time.perf_counter(), cpu_seconds()
                view = contestant.run(full_refresh_all=True, graph=graph)
                took, used = time.perf_counter() - start, cpu_seconds() - used
                written = view.datasets["orders"].rows_written
                expected = given.rows if who == "without" else given.rows - given.rows // 100
                if abs(written - expected) > 1:
                    sys.exit(f"{who}: {written} rows written")
                print(f"round {number}, {who}: {took:.2f} s, CPU {used:.2f} s", file=sys.stderr, flush=True)
                if number:
                    seconds[who].append(took)
                    cpu[who].append(used)
    failed = False
    for who, budget in BUDGETS.items():
        ratios = [mine / plain for mine, plain in zip(cpu[who], cpu["without"], strict=True)]
        by_clock = [mine / plain for mine, plain in zip(seconds[who], seconds["without"], strict=True)]
        ratio = statistics.median(ratios)
        failed |= ratio > budget
        print(f"five rules{', with samples' if who == 'samples' else ''}: {statistics.median(seconds[who]):.2f} s against "
              f"{statistics.median(seconds['without']):.2f} s; {ratio:.2f} times the CPU ({statistics.median(by_clock):.2f} by the clock), "
              f"budget {budget:g}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
