"""Where a project begins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.project.paths import absolute, home

if TYPE_CHECKING:
    from pathlib import Path

BUNDLE_FILES = ("databricks.yml", "databricks.yaml", "bundle.yml", "bundle.yaml")
SPARK_FILES = ("spark-pipeline.yml", "spark-pipeline.yaml")
STATE_FOLDER = ".ldp"
# Keys that only a pipeline's settings have, among files of the common name pipeline.json.
_TELLING = frozenset({"catalog", "libraries", "root_path", "spec", "storage", "target"})
_FOLDERS = ("transformations", STATE_FOLDER)


def find_project(start: Path) -> Path:
    """The root of the project that a folder (or file) belongs to.

    A settings file marks a root, and so does a ``transformations`` or ``.ldp`` folder; the nearest one upward counts,
    but a pipeline's own folder inside a bundle belongs to the bundle. Without any of them: the folder itself.
    """
    here = absolute(start)
    if here.is_file():
        here = here.parent
    folders = (here, *here.parents)
    by_folder = next((folder for folder in folders if _has_folder(folder)), None)
    by_file = next((folder for folder in folders if settings_kind(folder)), None)
    if by_folder is None or by_file is None:
        return by_file or by_folder or here
    if by_folder in (by_file, *by_file.parents) or _owns(by_file, by_folder):
        return by_file
    return by_folder


def settings_kind(folder: Path) -> str | None:
    """``bundle``, ``spark-pipeline`` or ``settings`` for a folder with such a file."""
    if bundle_file(folder):
        return "bundle"
    if spark_file(folder):
        return "spark-pipeline"
    return "settings" if pipeline_json_files(folder) else None


def bundle_file(folder: Path) -> Path | None:
    return _first(folder, BUNDLE_FILES)


def spark_file(folder: Path) -> Path | None:
    return _first(folder, SPARK_FILES)


def pipeline_json_files(folder: Path) -> list[Path]:
    """Files in which the platform's pipeline settings were saved."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError:
        return []
    return [
        path
        for path in files
        if path.name.endswith(".pipeline.json") or (path.name == "pipeline.json" and _is_settings(path))
    ]


def _is_settings(path: Path) -> bool:
    """Whether a file of the common name ``pipeline.json`` is about such a pipeline, or cannot be told."""
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return True  # reading it properly tells what is wrong
    return isinstance(value, dict) and not _TELLING.isdisjoint(value)


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _has_folder(folder: Path) -> bool:
    # ~/.ldp may hold settings of the user: a home folder is no project because of it.
    return any((folder / name).is_dir() for name in (_FOLDERS[:1] if folder == home() else _FOLDERS))


def _owns(project: Path, folder: Path) -> bool:
    """Whether one of the project's pipelines has its sources or its root in the folder."""
    from ldp_jupyter.project.load import load_root

    try:
        pipelines = load_root(project).pipelines.values()
    except LdpError:
        return True  # the user should see what is wrong with it
    for pipeline in pipelines:
        bases = [pipeline.root, *(library.base / library.pattern for library in pipeline.libraries)]
        # The project's own root is over every folder inside it and says nothing about one of them.
        if any(folder in (path, *path.parents) for path in map(absolute, bases) if path != project):
            return True
    return False
