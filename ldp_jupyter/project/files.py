"""The source files that a pipeline's settings name."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.project.paths import absolute
from ldp_jupyter.project.problems import raise_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ldp_jupyter.project.settings import Library, PipelineSettings, Project

SUFFIXES = (".py", ".sql", ".ipynb")
# What source that lies elsewhere is known by, and how deep and how far it is looked for.
_DECLARES = re.compile(
    r"import +dlt\b|pipelines +import|import +pipelines\b"
    r"|CREATE\s+(?:OR\s+REFRESH\s+)?(?:STREAMING|MATERIALIZED|LIVE)\b",
    re.IGNORECASE,
)
_DEPTH, _MOST = 2, 200
_WILDCARD = re.compile(r"[*?\[{]")
_SKIPPED_FOLDERS = {"__pycache__", "node_modules"}
# Ad-hoc analysis is never part of the pipeline unless the settings name it.
_EXPLORATIONS = "explorations"


def source_files(settings: PipelineSettings, project: Project) -> list[Path]:
    """The files that the pipeline consists of, absolute and sorted, each once.

    Raises:
        UsageProblem: LDP-1003 for a file or notebook that does not exist; all of them at once.
    """
    found: set[Path] = set()
    problems: list[LdpError] = []
    for library in settings.libraries:
        if library.kind == "glob":
            found.update(_matching(library, project.root))
            continue
        path = _named(library)
        if path is None:
            problems.append(
                UsageProblem(
                    "LDP-1003",
                    f'{library.kind} "{library.pattern}" does not exist',
                    location=library.location,
                    hint=f"looked for it in {library.base}",
                )
            )
        else:
            found.add(path)
    raise_all(problems)
    return sorted(found)


def notebook_files(settings: PipelineSettings, project: Project) -> list[Path]:
    """Notebooks under ``notebooks/``, whose pipeline cells count as source; absolute and sorted."""
    sources = set(source_files(settings, project))
    found: set[Path] = set()
    for root in {settings.root, project.root}:
        folder = root / "notebooks"
        if folder.is_dir():
            found.update(path for path in _walk(folder, skip_explorations=True) if path.suffix == ".ipynb")
    return sorted(found - sources)


def source_elsewhere(settings: PipelineSettings, project: Project) -> Path | None:
    """A file that looks like pipeline source, and that the settings do not name; for hints."""
    known = {*source_files(settings, project), *notebook_files(settings, project)}
    looked_at = 0
    for path in _walk(project.root, skip_explorations=True):
        if looked_at == _MOST:
            break
        if path.suffix in SUFFIXES and path not in known and len(path.relative_to(project.root).parts) <= _DEPTH:
            looked_at += 1
            with contextlib.suppress(OSError):
                if _DECLARES.search(path.read_text(encoding="utf-8", errors="replace")):
                    return path
    return None


def _named(library: Library) -> Path | None:
    path = absolute(library.base / library.pattern)
    if path.is_file():
        return path
    if library.kind == "notebook":
        for suffix in (".ipynb", ".py", ".sql"):
            candidate = path.with_name(path.name + suffix)
            if candidate.is_file():
                return candidate
    return None


def _matching(library: Library, root: Path) -> Iterator[Path]:
    pattern = library.pattern.replace(os.sep, "/")
    parts = pattern.split("/")
    wild = next((number for number, part in enumerate(parts) if _WILDCARD.search(part)), len(parts))
    start = absolute(library.base / ("/".join(parts[:wild]) or ("/" if pattern.startswith("/") else ".")))
    if start.is_file():
        if start.suffix in SUFFIXES:
            yield start
        return
    matches = _compiled(parts[wild:] or ["**"])
    named = _EXPLORATIONS in parts or (start != root and _EXPLORATIONS in start.parts[len(root.parts) :])
    for path in _walk(start, skip_explorations=not named):
        if path.suffix in SUFFIXES and matches.fullmatch(path.relative_to(start).as_posix()):
            yield path


def _walk(start: Path, *, skip_explorations: bool) -> Iterator[Path]:
    for folder, folders, names in os.walk(start):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _SKIPPED_FOLDERS
            and not (skip_explorations and name == _EXPLORATIONS)
            and not (here / name / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in names if not name.startswith("."))


def _compiled(parts: list[str]) -> re.Pattern[str]:
    """Parts of a pattern as a regular expression over a relative path; ``**`` crosses folders."""
    text = ""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:[^/]+/)*"
        else:
            text += _part(part) + ("" if last else "/")
    return re.compile(text)


def _part(part: str) -> str:
    text = ""
    position = 0
    while position < len(part):
        character = part[position]
        position += 1
        if character == "*":
            crosses = part[position : position + 1] == "*"  # "a**.sql": as good as a/**/*.sql is meant
            position += crosses
            text += ".*" if crosses else "[^/]*"
        elif character == "?":
            text += "[^/]"
        elif character == "[" and "]" in part[position:]:
            end = part.index("]", position)
            inside = part[position:end]
            text += "[" + ("^" + inside[1:] if inside[:1] in "!^" else inside).replace("\\", r"\\") + "]"
            position = end + 1
        elif character == "{" and "}" in part[position:]:
            end = part.index("}", position)
            text += "(?:" + "|".join(_part(choice) for choice in part[position:end].split(",")) + ")"
            position = end + 1
        else:
            text += re.escape(character)
    return text
