"""`dbutils.fs`, `.widgets`, `.secrets`, `.notebook`: what pipeline source uses of them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current
from ldp_jupyter.dbutils.tasks import Jobs
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.pipelines.arguments import caller_location
from ldp_jupyter.project.local_paths import local_path
from ldp_jupyter.redaction import remember

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class FileInfo:
    """An entry of `dbutils.fs.ls`; times in ms since 1970."""

    path: str
    name: str
    size: int
    modificationTime: int  # noqa: N815  (the platform's name)

    def isDir(self) -> bool:  # noqa: N802
        return self.path.endswith("/")

    def isFile(self) -> bool:  # noqa: N802
        return not self.isDir()


class _Partial:
    """A part of `dbutils` of which more exists on the platform than here: what is missing is told by its name."""

    _called = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        known = [n for n in (*vars(self), *dir(type(self))) if not n.startswith("_")]
        raise LdpError(
            "LDP-2023",
            f"{self._called}.{name} is not there on this machine",
            hint=did_you_mean(name, known) or f"{self._called} has: {', '.join(sorted(known))}",
            location=caller_location(),
        )


class FileSystem(_Partial):
    """`dbutils.fs` over local paths: those that the configuration maps, and ``file:`` and ``dbfs:`` are taken off."""

    _called = "dbutils.fs"

    def ls(self, path: str) -> list[FileInfo]:
        """Entries of a folder.

        Raises:
            FileNotFoundError: with `java.io.FileNotFoundException` in its text, which is what people test for.
        """
        folder = self._there(path)
        entries = sorted(folder.iterdir()) if folder.is_dir() else [folder]
        return [
            FileInfo(
                f"{entry}/" if entry.is_dir() else str(entry),
                f"{entry.name}/" if entry.is_dir() else entry.name,
                0 if entry.is_dir() else entry.stat().st_size,
                int(entry.stat().st_mtime * 1000),
            )
            for entry in entries
        ]

    def head(self, path: str, maxBytes: int = 65536) -> str:  # noqa: N803
        with self._there(path).open("rb") as file:
            return file.read(maxBytes).decode("utf-8", "replace")

    def put(self, path: str, contents: str, overwrite: bool = False) -> bool:
        target = _local(path)
        if target.exists() and not overwrite:
            raise FileExistsError(f"java.nio.file.FileAlreadyExistsException: {path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(contents, encoding="utf-8")
        return True

    def mkdirs(self, path: str) -> bool:
        _local(path).mkdir(parents=True, exist_ok=True)
        return True

    def cp(self, source: str, to: str, recurse: bool = False) -> bool:
        origin, target = self._there(source), _local(to)
        if origin.is_dir():
            if not recurse:
                raise IsADirectoryError(f"{source} is a folder: pass recurse=True")
            shutil.copytree(origin, target, dirs_exist_ok=True)
        else:
            target = target / origin.name if target.is_dir() or to.endswith("/") else target
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, target)
        return True

    def mv(self, source: str, to: str, recurse: bool = False) -> bool:
        self.cp(source, to, recurse)
        return self.rm(source, recurse)

    def rm(self, path: str, recurse: bool = False) -> bool:
        target = _local(path)
        if not target.exists():
            return False
        if target.is_dir():
            if not recurse and any(target.iterdir()):
                raise OSError(f"{path} is a folder that is not empty: pass recurse=True")
            shutil.rmtree(target)
        else:
            target.unlink()
        return True

    def _there(self, path: str) -> Path:
        target = _local(path)
        if not target.exists():
            raise FileNotFoundError(f"java.io.FileNotFoundException: No such file or directory: {path}")
        return target


def _local(path: str) -> Path:
    context = current()
    if context is not None:
        path = local_path(path, context.configuration)
    for prefix in ("file:///", "dbfs:///", "file:/", "dbfs:/"):
        if path.startswith(prefix):
            path = "/" + path[len(prefix) :]
            break
    local = Path(path).expanduser()
    return local if local.is_absolute() or context is None or context.root is None else context.root / local


class Widgets(_Partial):
    """`dbutils.widgets`: a value set in the configuration wins over the widget's default."""

    _called = "dbutils.widgets"

    def __init__(self, arguments: Mapping[str, str] | None = None) -> None:
        self._arguments = dict(arguments or {})
        self._defaults: dict[str, str] = {}

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803, ARG002
        self._defaults.setdefault(name, str(defaultValue))

    def dropdown(self, name: str, defaultValue: str, choices: list[str], label: str | None = None) -> None:  # noqa: N803, ARG002
        self._defaults.setdefault(name, str(defaultValue))

    combobox = dropdown
    multiselect = dropdown

    def get(self, name: str) -> str:
        """The value of a widget.

        Raises:
            LdpError: LDP-2022 for a widget that nobody defined and no configuration sets.
        """
        context = current()
        for values in (self._arguments, context.configuration if context is not None else {}):
            if name in values:
                return values[name]
        if name not in self._defaults:
            raise LdpError(
                "LDP-2022",
                f'InputWidgetNotDefined: no widget "{name}"',
                hint=did_you_mean(name, self._defaults) or "define it with dbutils.widgets.text first",
                location=caller_location(),
            )
        return self._defaults[name]

    def getAll(self) -> dict[str, str]:  # noqa: N802
        return {name: self.get(name) for name in self._defaults}

    def remove(self, name: str) -> None:
        self._defaults.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802
        self._defaults.clear()


class Secrets(_Partial):
    """`dbutils.secrets` from environment variables ``LDP_SECRET_<SCOPE>_<KEY>``."""

    _called = "dbutils.secrets"

    def get(self, scope: str, key: str) -> str:
        """The secret.

        Raises:
            LdpError: LDP-2025 that names the variable to set.
        """
        name = "LDP_SECRET_" + "_".join(
            "".join(c if c.isalnum() else "_" for c in part).upper() for part in (scope, key)
        )
        if name not in os.environ:
            raise LdpError(
                "LDP-2025", f'secret "{scope}/{key}" is not set here', hint=f"set the environment variable {name}"
            )
        remember(os.environ[name])
        return os.environ[name]

    def getBytes(self, scope: str, key: str) -> bytes:  # noqa: N802  (the platform's name)
        """The secret as bytes."""
        return self.get(scope, key).encode()

    def list(self, scope: str) -> list[Any]:
        prefix = "LDP_SECRET_" + "".join(c if c.isalnum() else "_" for c in scope).upper() + "_"
        return [
            type("SecretMetadata", (), {"key": name[len(prefix) :].lower()})()
            for name in sorted(os.environ)
            if name.startswith(prefix)
        ]


class NotebookExit(Exception):  # noqa: N818  (not an error: the end of a notebook)
    """Raised by `dbutils.notebook.exit`; carries the value."""


class NotebookUtils(_Partial):
    """`dbutils.notebook`.

    Parameters:
        run_notebook: runs a notebook with arguments for its widgets and gives what it exits with.
    """

    _called = "dbutils.notebook"

    def __init__(self, run_notebook: Callable[[str, dict[str, str]], str | None] | None = None) -> None:
        self._run = run_notebook

    def exit(self, value: str = "") -> None:
        raise NotebookExit(value)

    def run(self, path: str, timeout_seconds: int = 0, arguments: dict[str, Any] | None = None) -> str | None:  # noqa: ARG002
        """Run another notebook with names of its own; `%run` is what shares names.

        Returns:
            The value of its `dbutils.notebook.exit`.
        """
        if self._run is None:
            raise LdpError(
                "LDP-2023",
                "dbutils.notebook.run() works in pipeline source only",
                hint=f"%run {path} runs it here, with the names of this notebook",
                location=caller_location(),
            )
        return self._run(path, {k: str(v) for k, v in (arguments or {}).items()})


class Library(_Partial):
    """`dbutils.library`: packages are those of this environment."""

    _called = "dbutils.library"

    def restartPython(self) -> None:  # noqa: N802  (the platform's name)
        """Nothing: no package was installed."""


class DbUtils(_Partial):
    """The `dbutils` object.

    Parameters:
        run_notebook: for `dbutils.notebook.run`.
        arguments: values of widgets that a caller gives; they come before all others.
    """

    _called = "dbutils"

    def __init__(
        self,
        run_notebook: Callable[[str, dict[str, str]], str | None] | None = None,
        arguments: Mapping[str, str] | None = None,
    ) -> None:
        self.fs = FileSystem()
        self.widgets = Widgets(arguments)
        self.secrets = Secrets()
        self.notebook = NotebookUtils(run_notebook)
        self.jobs = Jobs()
        self.library = Library()
