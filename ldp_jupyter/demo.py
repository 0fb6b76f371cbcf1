"""`make demo`: run the Bookstore notebook from landing to report, and say where the result is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NOTEBOOK = "notebooks/bookstore.ipynb"


def main(root: Path | None = None, output: Path | None = None) -> int:
    """Execute the notebook to HTML in a fresh storage.

    Parameters:
        root: project folder that holds the notebook; default: the working folder.
        output: folder of the result; default: ``demo-output`` below the root. It is emptied first.

    Returns:
        Exit status: 0, or that of the failed conversion.
    """
    from ldp_jupyter.spark.java import find_java

    root = (root or Path.cwd()).resolve()
    output = output or root / "demo-output"
    work = output / "work"
    shutil.rmtree(output, ignore_errors=True)
    work.mkdir(parents=True)
    _say(f"Java: {find_java()}")
    _say(f"Executing {NOTEBOOK} (about a minute)")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "jupyter",
            "nbconvert",
            "--execute",
            "--to",
            "html",
            "--output-dir",
            str(output),
            "--ExecutePreprocessor.timeout=1200",
            "--ExecutePreprocessor.kernel_name=python3",
            "--log-level=ERROR",
            NOTEBOOK,
        ],
        cwd=root,
        env={**os.environ, "BOOKSTORE_WORK": str(work)},
        check=False,
    )
    if done.returncode:
        _say("The notebook failed: its error stands above.")
        return done.returncode
    tables = _tables(root, work)
    page = output / Path(NOTEBOOK).with_suffix(".html").name
    _say(f"Done: {page}: " + ", ".join(f"{name} {rows:,} rows" for name, rows in tables.items()))
    return 0


def _tables(root: Path, work: Path) -> dict[str, int]:
    from ldp_jupyter.pipeline import Pipeline

    pipeline = Pipeline(root, overrides={"storage": str(work / "storage")}, say=lambda _text: None)
    return {table["name"]: table["rows"] for table in pipeline.tables()}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
