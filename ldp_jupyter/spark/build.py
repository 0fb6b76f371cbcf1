"""The companion's JAR: prebuilt in the wheel, or compiled once into the cache by the Scala compiler of pyspark."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.cache import arriving, cache_dir, keep_newest, locked
from ldp_jupyter.spark.distribution import installed, spark_jars
from ldp_jupyter.spark.java import argument_file, class_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ldp_jupyter.spark.java import Java

FOLDER = Path(__file__).parent / "companion"
SERVICES = "services.properties"
_KEPT = 5
_IN_USE = 7 * 86400.0  # seconds since its last start in which a JVM may still read a JAR


def companion_jar(
    java: Java, delta: Sequence[Path], say: Callable[[str], None] | None = None, folder: Path = FOLDER
) -> Path | None:
    """The companion for this Spark, Delta and Java; None when there are no sources.

    Parameters:
        delta: the Delta JARs to compile against.
        say: told when compiling starts.

    Raises:
        LdpError: LDP-5004 with the compiler's output.
    """
    sources = sorted(folder.glob("*.scala"))
    if not sources:
        return None
    key = companion_key(java, delta, folder)
    ready = _built(key, folder)
    if ready is not None:
        with suppress(OSError):  # one within the package may be another user's
            os.utime(ready)
        return ready
    with locked("companion"):
        target = cache_dir() / "companion" / f"{key}.jar"
        if not target.is_file():
            if say is not None:
                say("Building the companion (about 20 s, once)")
            _compile(java, delta, folder, sources, target)
        return target


def built_companion() -> Path | None:
    """The companion's JAR if it is there for the Java and the JARs that a start would take; builds and fetches nothing.

    Raises:
        LdpError: LDP-5001 no Java.
    """
    from ldp_jupyter.spark.jars import delta_jars, missing_jars
    from ldp_jupyter.spark.java import find_java

    if missing_jars():
        return None
    return _built(companion_key(find_java(), delta_jars()), FOLDER)


def _built(key: str, folder: Path) -> Path | None:
    for ready in (folder / "prebuilt" / f"{key}.jar", cache_dir() / "companion" / f"{key}.jar"):
        if ready.is_file():
            return ready
    return None


def companion_key(java: Java, delta: Sequence[Path], folder: Path = FOLDER) -> str:
    """What the JAR depends on, hashed: its sources, Spark, Delta and the Java that compiles it."""
    digest = hashlib.sha256()
    for file in [*sorted(folder.glob("*.scala")), folder / SERVICES]:
        if file.is_file():
            digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    digest.update(f"{installed('pyspark')}\0{' '.join(p.name for p in delta)}\0{java.major}".encode())
    return f"companion-{digest.hexdigest()[:16]}"


def _compile(java: Java, delta: Sequence[Path], folder: Path, sources: Sequence[Path], target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ldp-build-") as made:
        jar = Path(made) / "companion.jar"
        arguments = Path(made) / "compiler.args"
        arguments.write_text(argument_file(["-cp", class_path([*spark_jars(), *delta])]), encoding="utf-8")
        command = [str(java.executable), "-Xmx1g", "-Xss4m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                   f"@{arguments}", "scala.tools.nsc.Main", "-usejavacp", "-nowarn", "-d", str(jar),
                   *(str(source) for source in sources)]
        run = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if run.returncode != 0 or not jar.is_file():
            output = (run.stdout + run.stderr).strip()
            first = next((line for line in output.splitlines() if "error" in line.lower()), output[:200])
            raise LdpError("LDP-5004", f"the companion cannot be compiled: {first}", detail=output,
                           hint=f"compiled with {java} against pyspark {installed('pyspark')}\n"
                                "set LDP_DEBUG=1 to see the compiler's whole output; `ldp doctor` checks versions")
        with zipfile.ZipFile(jar, "a") as archive:
            for interface, classes in _services(folder).items():
                archive.writestr(f"META-INF/services/{interface}", "\n".join(classes) + "\n")
        with arriving(target) as part:
            shutil.copyfile(jar, part)
    keep_newest(target.parent, "companion-*.jar", _KEPT, _in_use)


def _in_use(jar: Path) -> bool:
    """Whether a JVM that runs may have started with the JAR: one that is gone fails whatever it loads next."""
    return time.time() - jar.stat().st_mtime < _IN_USE


def _services(folder: Path) -> dict[str, list[str]]:
    """Lines ``interface=class1,class2`` of the services file."""
    file = folder / SERVICES
    if not file.is_file():
        return {}
    found: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        interface, _, classes = line.partition("=")
        if classes and not line.lstrip().startswith("#"):
            found[interface.strip()] = [name.strip() for name in classes.split(",") if name.strip()]
    return found
