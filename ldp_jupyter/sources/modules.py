"""Local helper modules: on the path while source runs, read again when they changed."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

# modification time and size of each helper module's file when it was imported
_seen: WeakKeyDictionary[ModuleType, tuple[float, int]] = WeakKeyDictionary()


@contextlib.contextmanager
def importable(folders: Sequence[Path]) -> Iterator[None]:
    """Put folders on `sys.path` for a block; what the block itself appends stays until its end.

    Path entries of the source (`sys.path.append`) are undone afterwards, so that one source cannot change what
    another imports.
    """
    before = list(sys.path)
    wanted = [str(folder) for folder in folders]
    sys.path[:0] = [folder for folder in dict.fromkeys(wanted) if folder not in sys.path]
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # a dry run writes nothing, not even __pycache__
    try:
        yield
    finally:
        sys.dont_write_bytecode = bytecode
        sys.path[:] = before


def forget_changed(root: Path) -> list[str]:
    """Drop modules below `root` whose file changed since they were imported, and all that may hold their values.

    Returns:
        Names of the modules dropped. When one changed, all local ones go: `from a import x` in another keeps the old x.
    """
    local = {name: module for name, module in list(sys.modules.items()) if _below(module, root)}
    changed = False
    for module in local.values():
        stamp = _stamp(module)
        if _seen.setdefault(module, stamp) != stamp:
            changed = True
    if not changed:
        return []
    for name in local:
        del sys.modules[name]
    importlib.invalidate_caches()
    return sorted(local)


def remember(root: Path) -> None:
    """Note the state of the files of local modules that are imported now."""
    for module in list(sys.modules.values()):
        if _below(module, root) and module not in _seen:
            _seen[module] = _stamp(module)


def _below(module: ModuleType, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    name = getattr(module, "__name__", "")
    if not file or name == "__main__" or name.split(".")[0] == "ldp_jupyter":
        return False
    inside = str(Path(file).absolute()).startswith(str(root) + os.sep)
    return inside and "site-packages" not in file and f"{os.sep}.venv{os.sep}" not in file


def _stamp(module: ModuleType) -> tuple[float, int]:
    try:
        status = Path(str(module.__file__)).stat()
    except OSError:
        return (0.0, -1)
    return (status.st_mtime, status.st_size)
