"""The class-data archive: classes as the JVM keeps them in memory, made once, so that Spark starts twice as fast.

One file of about 200 MB per Java, pyspark and Delta; the companion, which changes more often, is not in it. The JVM
checks that it fits and goes without when it does not; a new combination gets a new file, and the oldest ones go.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.spark.cache import cache_dir, keep_newest
from ldp_jupyter.spark.distribution import installed, spark_jars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.spark.gateway import Launch
    from ldp_jupyter.spark.java import Java

MODE = "LDP_ARCHIVE"
"""``auto``: used, and made in the background after a first start; ``use``: used when there; ``off``."""
_KEPT = 3
_SILENT = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xlog:class+path=off")


def mode() -> str:
    """What `LDP_ARCHIVE` says; on a CI machine nothing is made in the background."""
    chosen = os.environ.get(MODE, "").strip().lower()
    if chosen in ("auto", "use", "off"):
        return chosen
    return "use" if os.environ.get("CI") else "auto"


def archive_file(java: Java, jars: Sequence[Path]) -> Path:
    """Where the archive for this combination is, or would be."""
    digest = hashlib.sha256()
    parts = [java.version, str(java.executable.resolve()), str(installed("pyspark"))]
    for jar in [spark_jars()[0], *jars]:
        state = jar.stat()
        parts += [str(jar), str(state.st_size), str(state.st_mtime_ns)]  # what the JVM itself compares
    digest.update("\0".join(parts).encode())
    return cache_dir() / "archive" / f"spark-{digest.hexdigest()[:16]}.jsa"


def options_for(java: Java, jars: Sequence[Path]) -> list[str]:
    """Options of Java that use the archive, none when there is no archive (or it is off)."""
    if mode() == "off":
        return []
    file = archive_file(java, jars)
    if not _present(file):
        return []
    with contextlib.suppress(OSError):
        os.utime(file)  # the newest used are kept
    return [f"-XX:SharedArchiveFile={file}", "-Xshare:auto", *_SILENT]


def make(launch: Launch) -> Path | None:
    """Make the archive for a launch, unless it is there; None when this Java cannot.

    A JVM starts, does what pipelines do, and writes down the classes it loaded when it ends: about a minute.
    """
    from filelock import FileLock

    target = archive_file(launch.java, launch.jars)
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(str(target.with_suffix(".lock"))):
        if _present(target):
            return target
        if _refused(target).exists():
            return None
        part = target.with_name(f".{target.stem}.{os.getpid()}.jsa")
        try:
            _train(_training(launch, part))
            if not _present(part):
                _refused(target).touch()
                return None
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        keep_newest(target.parent, "spark-*.jsa", _KEPT)
    return target


def make_in_background(launch: Launch) -> bool:
    """Start a process of lowest priority that makes the archive; whether one was started."""
    file = archive_file(launch.java, launch.jars)
    if mode() != "auto" or _present(file) or _refused(file).exists():
        return False
    command = [sys.executable, "-m", "ldp_jupyter.spark.prepare", "--background"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYSPARK_")}
    with contextlib.suppress(OSError):
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         env=environment, cwd=cache_dir(), start_new_session=True)
        return True
    return False


def _training(launch: Launch, part: Path) -> Launch:
    """The launch with the companion loaded by Spark and not on the class path: the archive is tied to that path.

    Spark reads its own settings for files before it loads the companion: here files are read by Hadoop's own classes.
    """
    from ldp_jupyter.spark.settings import LOCAL_FILES

    confs = {key: value for key, value in launch.confs.items() if key not in LOCAL_FILES}
    if launch.companion is not None:
        confs["spark.jars"] = str(launch.companion)
    options = [*launch.options, *_base(launch.java), f"-XX:ArchiveClassesAtExit={part}", *_SILENT]
    return replace(launch, companion=None, confs=confs, options=options, submit=True)


def _base(java: Java) -> list[str]:
    """Options that give a Java an archive of its own classes, on which ours builds, where it came without one."""
    home = java.executable.resolve().parent.parent
    if any(home.glob("lib/**/classes.jsa")) or not (home / "lib" / "classlist").is_file():
        return []
    digest = hashlib.sha256(f"{home}\0{java.version}\0{java.executable.stat().st_mtime_ns}".encode())
    base = cache_dir() / "archive" / f"java-{digest.hexdigest()[:16]}.jsa"
    if not _present(base):
        command = [str(java.executable), "-Xshare:dump", f"-XX:SharedArchiveFile={base}", *_SILENT]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return [f"-XX:SharedArchiveFile={base}"] if _present(base) else []


def _train(launch: Launch) -> None:
    """Do in a JVM what a small pipeline does, so that its classes are loaded."""
    import tempfile

    from ldp_jupyter.spark.session import SessionSettings, start_with, stop
    from ldp_jupyter.spark.training import work

    with tempfile.TemporaryDirectory(prefix="ldp-training-") as folder:
        spark = start_with(launch, SessionSettings(warehouse=str(Path(folder) / "warehouse")))
        try:
            work(spark, Path(folder))
        finally:
            stop()


def _present(file: Path) -> bool:
    try:
        return file.stat().st_size > 1_000_000
    except OSError:
        return False


def _refused(target: Path) -> Path:
    """A mark that this Java wrote no archive: some are built without support for it."""
    return target.with_suffix(".none")
