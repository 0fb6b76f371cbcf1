"""Checks of the environment: what a pipeline needs here, and the command that mends what is missing."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.distribution import installed

if TYPE_CHECKING:
    from collections.abc import Callable

PYSPARK = "4.2.0"
_PIP = f"{sys.executable} -m pip"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters:
        detail: what was found, in one line.
        fix: the command that mends it, when it is not ok.
    """

    name: str
    ok: bool
    detail: str
    fix: str | None = None


def checks(project_dir: Path | None = None, *, start: bool = False) -> list[Check]:
    """All checks, in the order in which a start of Spark needs them.

    Parameters:
        project_dir: the project whose state folder must be writable.
        start: also start Spark, which takes some seconds.
    """
    looks: list[Callable[[], Check]] = [
        _python, _pyspark, _delta, _pandas, _pyarrow, _other_dlt, _databricks_connect, _worker_python, _cache,
        lambda: _project(project_dir), _java, _jars, _companion, _archive,
    ]
    if start:
        looks.append(_start)
    return [look() for look in looks]


def _fine(name: str, detail: str) -> Check:
    return Check(name, ok=True, detail=detail)


def _wrong(name: str, detail: str, fix: str) -> Check:
    return Check(name, ok=False, detail=detail, fix=fix)


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return _fine("Python", f"{found} ({sys.executable})")


def _pyspark() -> Check:
    found = installed("pyspark")
    if found == PYSPARK:
        return _fine("pyspark", found)
    return _wrong("pyspark", found or "missing", f"{_PIP} install pyspark=={PYSPARK}")


def _delta() -> Check:
    from ldp_jupyter.spark.jars import DELTA_VERSION

    found = installed("delta-spark")
    if found == DELTA_VERSION:
        return _fine("delta-spark", found)
    return _wrong("delta-spark", found or "missing", f"{_PIP} install delta-spark=={DELTA_VERSION}")


def _pandas() -> Check:
    found = installed("pandas")
    if found is not None and int(found.split(".")[0]) < 3:
        return _fine("pandas", found)
    return _wrong("pandas", found or "missing", f"{_PIP} install 'pandas>=2.2,<3'")


def _pyarrow() -> Check:
    found = installed("pyarrow")
    if found is not None:
        return _fine("pyarrow", found)
    return _wrong("pyarrow", "missing: Python functions in queries need it", f"{_PIP} install 'pyarrow>=18'")


def _other_dlt() -> Check:
    """`dlt` in pipeline code means the platform's; a package of that name does other things."""
    found = installed("dlt")
    if found is None or _is_stub("dlt"):
        return _fine("import dlt", "means the pipelines module")
    return _wrong("import dlt", f"the package dlt {found} has the name that pipelines use",
                 f"{_PIP} uninstall -y dlt")


def _is_stub(package: str) -> bool:
    """Whether it is the package of the platform's vendor that carries nothing but signatures."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return False
    return "databricks" in str(found.metadata["Author"]).lower()


def _databricks_connect() -> Check:
    found = installed("databricks-connect")
    if found is None:
        return _fine("databricks-connect", "not installed")
    return _wrong("databricks-connect", f"{found} replaces the files of pyspark",
                 f"{_PIP} uninstall -y databricks-connect pyspark && {_PIP} install pyspark=={PYSPARK}")


def _worker_python() -> Check:
    chosen = os.environ.get("PYSPARK_PYTHON")
    program = shutil.which(chosen) if chosen else sys.executable
    same = program is not None and Path(program).resolve() == Path(sys.executable).resolve()
    if same:
        return _fine("PYSPARK_PYTHON", chosen or "not set: this Python is used")
    # Sessions started here set it themselves; a session of the user's own takes it as it is.
    return _wrong("PYSPARK_PYTHON", f"{chosen} is another Python than {sys.executable}", "unset PYSPARK_PYTHON")


def _cache() -> Check:
    from ldp_jupyter.spark.cache import cache_dir

    try:
        folder = cache_dir()
    except LdpError as error:
        return _wrong("cache", error.message, "export LDP_CACHE=/a/folder/that/can/be/written")
    reason = _unwritable(folder)
    if reason is None:
        return _fine("cache", str(folder))
    return _wrong("cache", f"{folder}: {reason}", "export LDP_CACHE=/a/folder/that/can/be/written")


def _project(project_dir: Path | None) -> Check:
    if project_dir is None:
        return _fine("project", "none here")
    state = project_dir / ".ldp"
    folder = state if state.is_dir() else project_dir
    reason = _unwritable(folder)
    if reason is None:
        return _fine("project", str(folder))
    return _wrong("project", f"{folder}: {reason}", f"chmod -R u+rwX {folder}")


def _unwritable(folder: Path) -> str | None:
    """Why no file can be made in a folder; None when one can."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _java() -> Check:
    from ldp_jupyter.spark.java import find_java

    try:
        return _fine("Java", str(find_java()))
    except LdpError as error:
        return _wrong("Java", error.message, f"{_PIP} install 'ldp_jupyter[java]'")


def _jars() -> Check:
    from ldp_jupyter.spark.jars import missing_jars

    with contextlib.suppress(LdpError):
        missing = missing_jars()
        if not missing:
            return _fine("Delta JARs", "there")
        names = ", ".join(jar.file_name for jar in missing)
        return _wrong("Delta JARs", f"not fetched yet: {names}", "ldp doctor --prepare")
    return _wrong("Delta JARs", "wait for the cache", "ldp doctor --prepare")


def _companion() -> Check:
    from ldp_jupyter.spark.build import built_companion

    with contextlib.suppress(LdpError):
        jar = built_companion()
        return _fine("companion", str(jar)) if jar else _wrong("companion", "not built yet", "ldp doctor --prepare")
    return _wrong("companion", "waits for Java and the JARs", "ldp doctor --prepare")


def _archive() -> Check:
    from ldp_jupyter.spark import archive
    from ldp_jupyter.spark.jars import delta_jars, missing_jars
    from ldp_jupyter.spark.java import find_java

    with contextlib.suppress(LdpError):
        if not missing_jars():
            file = archive.archive_file(find_java(), delta_jars())
            if file.is_file():
                return _fine("class-data archive", str(file))
    # Spark starts without it, only slower: nothing is wrong.
    return _fine("class-data archive", "not made yet: `ldp doctor --prepare` makes every start faster")


def _start() -> Check:
    """Start Spark in a process of its own: the one that asks may not want it."""
    code = ("import sys, tempfile; from ldp_jupyter.spark.session import SessionSettings, get_session, stop; "
            "s = get_session(SessionSettings(tempfile.mkdtemp()), lambda t: None); print(s.range(3).count()); stop()")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                         stdin=subprocess.DEVNULL, env={**os.environ, "LDP_ARCHIVE": "use"})
    if run.returncode == 0 and run.stdout.strip() == "3":
        return _fine("Spark", "starts and counts")
    last = (run.stderr.strip().splitlines() or ["it ends without a word"])[-1]
    return _wrong("Spark", last, "LDP_DEBUG=1 ldp doctor --start")
