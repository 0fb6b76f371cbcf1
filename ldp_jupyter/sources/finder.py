"""`import dlt`, `from pyspark import pipelines`, `import databricks.pipelines`: provided at run time.

No package of these names is installed: two others on the package index bear the name `dlt`. While the finder is in
place it answers exactly these names; `databricks.sdk` and the like stay what they are.
"""

from __future__ import annotations

import importlib.machinery
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ldp_jupyter.sources import platform_modules

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("dlt", "databricks.pipelines", "pyspark.pipelines")


class _GuardedLoader:
    """Loads a module as its own loader does, then installs the guards."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _guard()


def _guard() -> None:
    from ldp_jupyter.dbutils import give_display
    from ldp_jupyter.spark import guards

    guards.install()
    give_display()


class PipelineModules:
    """Finder and loader of the alias modules."""

    def __init__(self) -> None:
        self._busy = False
        # a loader by its methods: `importlib.abc`, which names them, is slow to import
        self._loader: Any = self
        self.replaced: dict[str, ModuleType] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname in NAMES:
            return importlib.machinery.ModuleSpec(fullname, self._loader, origin="ldp_jupyter.pipelines")
        if self._busy:
            return None
        if fullname == "pyspark.sql":
            return self._guarded(fullname, path)
        spare = fullname == "databricks" or fullname in platform_modules.SPARE
        if fullname == platform_modules.RUNTIME or (spare and not self._is_installed(fullname, path)):
            package = fullname in ("databricks", "databricks.sdk")
            return importlib.machinery.ModuleSpec(fullname, self._loader, origin="ldp_jupyter", is_package=package)
        return None

    def _is_installed(self, fullname: str, path: Sequence[str] | None) -> bool:
        """Whether a real package has the name: it keeps it."""
        self._busy = True
        try:
            return importlib.machinery.PathFinder.find_spec(fullname, path) is not None
        finally:
            self._busy = False

    def _guarded(self, fullname: str, path: Sequence[str] | None) -> importlib.machinery.ModuleSpec | None:
        """The spec that pyspark has, and our guards once it is loaded: `getOrCreate()` then gives our session."""
        self._busy = True
        try:
            spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        finally:
            self._busy = False
        if spec is not None and spec.loader is not None:
            spec.loader = _GuardedLoader(spec.loader)  # type: ignore[assignment]
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return ModuleType(spec.name, "The pipelines module of ldp_jupyter.")

    def exec_module(self, module: ModuleType) -> None:
        module.__ldp_jupyter__ = True  # type: ignore[attr-defined]
        if module.__name__ == "databricks":
            module.__path__ = []
            return
        if module.__name__ in platform_modules.NAMES:
            platform_modules.fill(module)
            return
        from ldp_jupyter import pipelines

        for name in pipelines.__all__:
            setattr(module, name, getattr(pipelines, name))
        module.__all__ = list(pipelines.__all__)  # type: ignore[attr-defined]
        if module.__name__ == "dlt":
            module.__getattr__ = _not_of_this_dlt  # type: ignore[method-assign]


# What the package `dlt` of the index (dltHub) is used for, and the platform's module of the name does not have.
_DLTHUB = frozenset({"attach", "config", "destination", "pipeline", "resource", "run", "secrets", "source", "sources",
                     "transformer"})  # fmt: skip


def _not_of_this_dlt(name: str) -> Any:
    message = f"module 'dlt' has no attribute '{name}'"
    if name in _DLTHUB:
        message += (
            f": here it is the platform's pipelines module, not dltHub's package ({other_dlt() or 'not installed'})"
        )
    raise AttributeError(message, name=name, obj=sys.modules.get("dlt"))


_finder: PipelineModules | None = None


def install_finder() -> None:
    """Put the finder first, and set aside modules of these names that were imported before."""
    global _finder  # noqa: PLW0603  (sys.meta_path is one)
    if _finder is not None:
        return
    _finder = PipelineModules()
    sys.meta_path.insert(0, _finder)
    if "pyspark.sql" in sys.modules:  # imported before: nothing is left to be guarded on the way in
        _guard()
    for name in NAMES:
        module = sys.modules.get(name)
        if module is not None and not hasattr(module, "__ldp_jupyter__"):
            _finder.replaced[name] = sys.modules.pop(name)
            parent, _, child = name.rpartition(".")
            if parent in sys.modules and hasattr(sys.modules[parent], child):
                delattr(sys.modules[parent], child)


def remove_finder() -> None:
    """Undo `install_finder`."""
    global _finder  # noqa: PLW0603
    if _finder is None:
        return
    sys.meta_path.remove(_finder)
    for name in (*NAMES, *platform_modules.NAMES, "databricks"):
        module = sys.modules.get(name)
        if module is not None and hasattr(module, "__ldp_jupyter__"):
            del sys.modules[name]
            parent, _, child = name.rpartition(".")
            if parent in sys.modules and hasattr(sys.modules[parent], child):
                delattr(sys.modules[parent], child)
    for name, module in _finder.replaced.items():
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], child, module)
    _finder = None


def other_dlt() -> str | None:
    """What else `import dlt` could mean in this environment: the distribution's name, if one is installed."""
    if importlib.machinery.PathFinder.find_spec("dlt") is None:
        return None  # most often so: reading the metadata of all distributions would be slow
    from importlib import metadata

    for distribution in ("dlt", "databricks-dlt"):
        try:
            version = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
        return f"{distribution} {version}" + (" (dltHub)" if distribution == "dlt" else "")
    return None


def pipelines_module() -> Any:
    """The module as pipeline code sees it."""
    import importlib

    return importlib.import_module("dlt") if _finder is not None else importlib.import_module("ldp_jupyter.pipelines")
