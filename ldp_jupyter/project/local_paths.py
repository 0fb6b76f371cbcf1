"""Local folders for paths of the platform: the configuration `ldp.path.PREFIX = FOLDER`.

Pipeline source names its files where they lie there: `/Volumes/...`, `dbfs:/...`, `s3://...`. With such an entry
every path that begins with PREFIX is read and written below FOLDER here, and the source stays as it is. Without one, a
volume is the folder `Volumes/CATALOG/SCHEMA/VOLUME` of the project, and DBFS its folder `dbfs`. Relative paths are
below the project's folder, wherever a command is given.

Spark's sessions get these settings too: what `local_path` does here, `LocalPaths` of the companion does there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ldp_jupyter.project.paths import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PATH_SETTING = "ldp.path."
ROOT_SETTING = "ldp.root"
SETTINGS = (PATH_SETTING, ROOT_SETTING)
_DBFS = "dbfs:/"


def with_root(configuration: Mapping[str, str], root: Path) -> dict[str, str]:
    """The configuration with the project's folder, and with the folders of its path entries made absolute."""
    known = {
        key: str(absolute(root / value)) if key.startswith(PATH_SETTING) and "://" not in value else value
        for key, value in configuration.items()
    }
    return {**known, ROOT_SETTING: str(root)}


def local_path(path: str, configuration: Mapping[str, str]) -> str:
    """The path as it is read here; the longest prefix wins, and `dbfs:/x` is the same as `/x`.

    A volume whose folder this machine has itself stays there.
    """
    folders = {k[len(PATH_SETTING) :].rstrip("/"): v for k, v in configuration.items() if k.startswith(PATH_SETTING)}
    for prefix in sorted(folders, key=len, reverse=True):
        for spelling in (path, _without_dbfs(path)):
            if spelling == prefix or spelling.startswith(prefix + "/"):
                return folders[prefix].rstrip("/") + spelling[len(prefix) :]
    root = configuration.get(ROOT_SETTING)
    plain = _without_dbfs(path)
    if root is not None and plain.startswith("/Volumes/") and not os.path.exists("/".join(plain.split("/")[:5])):
        return root + plain
    if root is not None and path.startswith(_DBFS):
        return f"{root}/dbfs{plain}"
    return path if root is None or ":" in path.partition("/")[0] else os.path.join(root, path)


def platform_prefix(path: str) -> str | None:
    """The part of a path that one would map: a volume, a bucket, a root of DBFS; None for a path of this machine.

    >>> platform_prefix("/Volumes/main/raw/files/orders/2024")
    '/Volumes/main/raw/files'
    """
    if "://" in path:
        scheme, rest = path.split("://", 1)
        return None if scheme == "file" else f"{scheme}://{rest.split('/')[0]}"
    parts = _without_dbfs(path).split("/")[1:]
    depth = {"Volumes": 4, "dbfs": 2, "mnt": 2, "Workspace": 3, "databricks-datasets": 1, "FileStore": 1}
    if path.startswith(_DBFS):
        depth = {parts[0]: 1, **depth}
    return "/" + "/".join(parts[: depth[parts[0]]]) if parts and parts[0] in depth else None


def _without_dbfs(path: str) -> str:
    return "/" + path[len(_DBFS) :].lstrip("/") if path.startswith(_DBFS) else path
