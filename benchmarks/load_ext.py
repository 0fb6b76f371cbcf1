"""How long ``%load_ext ldp_jupyter`` takes in a fresh process that has IPython: median of eleven, in milliseconds."""

from __future__ import annotations

import statistics
import subprocess
import sys

SCRIPT = """
import sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
start = time.perf_counter()
shell.run_line_magic("load_ext", "ldp_jupyter")
print((time.perf_counter() - start) * 1000)
assert "pyspark" not in sys.modules
"""


def main() -> None:
    runs = [
        float(subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout.split()[-1])
        for _ in range(11)
    ]
    print(f"%load_ext: median {statistics.median(runs):.0f} ms, minimum {min(runs):.0f} ms; pyspark is not imported")


if __name__ == "__main__":
    main()
