"""Local helper modules: on the path while source runs, read again when they changed; stand-ins for those not here."""

from __future__ import annotations

import contextlib
import importlib.machinery
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ldp_jupyter.absent import AbsentModule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType

    from ldp_jupyter.errors import LdpError

# modification time and size of each helper module's file when it was imported
_seen: WeakKeyDictionary[ModuleType, tuple[float, int]] = WeakKeyDictionary()
# modules that the source being read asks for and that are not here, with the problem that says so
_stood_in: dict[str, LdpError] = {}
# path and number of modules when `forget_hidden` last looked
_looked: tuple[list[str], int] = ([], 0)


@contextlib.contextmanager
def importable(folders: Sequence[Path]) -> Iterator[None]:
    """Put folders first on `sys.path` for a block; what the block itself appends stays until its end.

    Path entries of the source (`sys.path.append`) are undone afterwards, so that one source cannot change what
    another imports; stand-ins for modules end with the block, too.
    """
    before = list(sys.path)
    wanted = list(dict.fromkeys(str(folder) for folder in folders))
    sys.path[:] = [*wanted, *(entry for entry in before if entry not in wanted)]
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # a dry run writes nothing, not even __pycache__
    sys.meta_path.append(_FINDER)
    try:
        yield
    finally:
        sys.meta_path.remove(_FINDER)
        if _stood_in:
            _stood_in.clear()
            _drop(name for name, module in sys.modules.items() if isinstance(module, AbsentModule))
        sys.dont_write_bytecode = bytecode
        sys.path[:] = before


class _StandIns:
    """Finds a stand-in for what `stand_in` named; asked last, when nobody else has the module."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:  # noqa: ARG002
        problem = next((p for name, p in _stood_in.items() if f"{fullname}.".startswith(f"{name}.")), None)
        if problem is None:
            return None
        loader: Any = self
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=True, loader_state=problem)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return AbsentModule(spec.name, spec.loader_state)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


_FINDER: Any = _StandIns()


def stand_in(name: str, problem: LdpError) -> None:
    """From here on, until the source is read, a module that is not here is a stand-in."""
    _stood_in[name] = problem


def is_stood_in(name: str) -> bool:
    """Whether there is a stand-in already: importing it again would change nothing."""
    return name in _stood_in


def forget_hidden(root: Path) -> None:
    """Drop local modules that the path of now does not lead to: two folders may each have a module of one name.

    Those of another project that was read before count, too.
    """
    global _looked  # noqa: PLW0603  (what is imported is one for the process)
    now = (sys.path[:], len(sys.modules))
    if now == _looked:  # the usual case of many files in one folder
        return
    local = [name for name, module in list(sys.modules.items()) if _below(module, root) or _is_seen(module)]
    tops = {name.split(".")[0] for name in local}
    for top in tops:
        module = sys.modules.get(top)
        found = importlib.machinery.PathFinder.find_spec(top)
        if module is None or found is None or not _same(module, found):
            _drop(name for name in sys.modules if name == top or name.startswith(top + "."))
    _looked = (sys.path[:], len(sys.modules))


def _is_seen(module: ModuleType) -> bool:
    try:
        return module in _seen
    except TypeError:  # something else that was put among the modules
        return False


def _same(module: ModuleType, found: importlib.machinery.ModuleSpec) -> bool:
    if found.origin is not None:
        return found.origin == getattr(module, "__file__", None)
    return list(found.submodule_search_locations or ()) == list(getattr(module, "__path__", ()))


def forget_local(root: Path) -> None:
    """Drop all modules below `root`: a file that is read on its own finds nothing that others left."""
    _drop(name for name, module in sys.modules.items() if _below(module, root))


def hides_modules(folder: Path) -> bool:
    """Whether a folder on the path would hide a module of Python or an installed one that is in use."""
    for entry in folder.iterdir():
        name = entry.stem if entry.suffix == ".py" else entry.name if (entry / "__init__.py").is_file() else None
        if name and (name in sys.stdlib_module_names or f"{os.sep}site-packages{os.sep}" in _file(name)):
            return True
    return False


def _file(name: str) -> str:
    return str(getattr(sys.modules.get(name), "__file__", None))


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
    _drop(local)
    return sorted(local)


def _drop(names: Iterable[str]) -> None:
    for name in list(names):
        del sys.modules[name]
    importlib.invalidate_caches()


def remember(root: Path) -> None:
    """Note the state of the files of local modules that are imported now."""
    for module in list(sys.modules.values()):
        if _below(module, root) and module not in _seen:
            _seen[module] = _stamp(module)


def _below(module: ModuleType, root: Path) -> bool:
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", None) or ()), None)
    name = getattr(module, "__name__", "")
    if not isinstance(file, str) or name == "__main__" or name.split(".")[0] == "ldp_jupyter":
        return False
    inside = (file if os.path.isabs(file) else os.path.abspath(file)).startswith(str(root) + os.sep)
    return inside and "site-packages" not in file and f"{os.sep}.venv{os.sep}" not in file


def _stamp(module: ModuleType) -> tuple[float, int]:
    try:
        status = Path(str(module.__file__)).stat()
    except OSError:
        return (0.0, -1)
    return (status.st_mtime, status.st_size)
