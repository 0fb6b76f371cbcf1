"""`ldp init`: a new project, empty or with a sample."""

from __future__ import annotations

import re
from pathlib import Path

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.project.paths import absolute

SAMPLES = ("bookstore",)
# What the sample consists of; in a checkout it stands at the repository's root, in a wheel beside this file.
_SAMPLE_PARTS = ("databricks.yml", "transformations", "explorations", "notebooks")
_SKIPPED = (".ipynb_checkpoints", "__pycache__")

_BUNDLE = """\
# The project: its pipeline, and the targets it can be deployed to.
bundle:
  name: {name}

targets:
  dev:
    mode: development
    default: true
  prod:
    mode: production

resources:
  pipelines:
    {name}:
      name: {name}
      catalog: main
      schema: default
      root_path: .
      libraries:
        - glob:
            include: transformations/**
"""

_FIRST = '''\
"""A first dataset: replace it with your own."""

from pyspark import pipelines as dp


@dp.materialized_view(comment="Ten numbers and their squares")
@dp.expect("small", "square < 100")
def squares():
    return spark.range(10).selectExpr("id AS number", "id * id AS square")
'''


def init_project(directory: Path, sample: str | None) -> list[Path]:
    """Make a project in a folder; files that stand there already are never overwritten.

    Parameters:
        directory: made if it does not exist.
        sample: name of a sample to start from (`SAMPLES`); None for one small transformation.

    Returns:
        The files written, sorted.

    Raises:
        UsageProblem: LDP-1001 for an unknown sample, and when one of the files exists.
    """
    directory = absolute(directory)
    if sample is None:
        name = re.sub(r"\W+", "_", directory.name).strip("_") or "pipeline"
        files = {
            "databricks.yml": _BUNDLE.format(name=name).encode(),
            "transformations/first.py": _FIRST.encode(),
        }
    elif sample in SAMPLES:
        files = {path: source.read_bytes() for path, source in _sample_files(sample).items()}
    else:
        hint = did_you_mean(sample, SAMPLES) or f"samples: {', '.join(SAMPLES)}"
        raise UsageProblem("LDP-1001", f'unknown sample "{sample}"', hint=hint)
    if directory.exists() and not directory.is_dir():
        raise UsageProblem("LDP-1001", f"{directory} is a file")
    there = [path for path in files if (directory / path).exists()]
    if there:
        raise UsageProblem(
            "LDP-1001",
            f"{', '.join(sorted(there))} exists in {directory}",
            hint="choose another folder; nothing was written",
        )
    written = []
    for path, content in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written.append(target)
    if sample == "bookstore":
        from ldp_jupyter.project.samples.bookstore_data import land

        written.extend(land(directory / "data", 1))
    return sorted(written)


def sample_root(sample: str) -> Path:
    """Folder that holds a sample: inside the installed package, or the root of a checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "samples" / sample
    return packaged if (packaged / _SAMPLE_PARTS[0]).is_file() else here.parents[1]


def _sample_files(sample: str) -> dict[str, Path]:
    root = sample_root(sample)
    if not (root / _SAMPLE_PARTS[0]).is_file():
        raise UsageProblem("LDP-1001", f'the files of sample "{sample}" are not installed')
    found: dict[str, Path] = {}
    for part in _SAMPLE_PARTS:
        path = root / part
        candidates = [path] if path.is_file() else sorted(path.rglob("*"))
        for candidate in candidates:
            relative = candidate.relative_to(root)
            if candidate.is_file() and not any(p in _SKIPPED or p.startswith(".") for p in relative.parts):
                found[relative.as_posix()] = candidate
    return found
