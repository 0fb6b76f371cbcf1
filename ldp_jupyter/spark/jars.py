"""JARs, of Delta and of connectors: fetched once, checked, kept in the cache; later starts touch no network."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.cache import arriving, cache_dir, locked
from ldp_jupyter.spark.repositories import Repository, download, local_repository, repositories

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Jar:
    """A JAR by its Maven coordinates and checksum."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """Its place within a Maven repository."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"


DELTA_VERSION = "4.4.0"
DELTA_JARS = (
    Jar("io.delta", "delta-spark_4.2_2.13", DELTA_VERSION,
        "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead"),
    Jar("io.delta", "delta-storage", DELTA_VERSION,
        "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc"),
)


def delta_jars() -> list[Path]:
    """Local paths of Delta's JARs; see `find_jars`."""
    return find_jars(DELTA_JARS)


def find_jars(jars: Sequence[Jar]) -> list[Path]:
    """Local paths of JARs, fetched if they are not there yet.

    Raises:
        LdpError: LDP-5002 with all that was tried.
    """
    present = [_given(jar) or _cached(jar) for jar in jars]
    if not all(present):
        with locked("jars"):
            present = [path or _cached(jar) or _fetched(jar) for path, jar in zip(present, jars, strict=True)]
    return [path for path in present if path is not None]


def missing_jars(jars: Sequence[Jar] = DELTA_JARS) -> list[Jar]:
    """The JARs that a start would have to look for."""
    return [jar for jar in jars if not (_given(jar) or _cached(jar))]


def _given(jar: Jar) -> Path | None:
    """The JAR in the folder `LDP_JARS`: taken as it is, the user vouches for it."""
    folder = os.environ.get("LDP_JARS")
    path = Path(folder).expanduser().absolute() / jar.file_name if folder else None
    return path if path and path.is_file() else None


def _cached(jar: Jar) -> Path | None:
    # Checked when it came in, and it came in by a rename: no need to read 10 MB at each start.
    path = cache_dir() / "jars" / jar.file_name
    return path if path.is_file() else None


def _fetched(jar: Jar) -> Path:
    target = cache_dir() / "jars" / jar.file_name
    tried: list[str] = []
    if os.environ.get("LDP_JARS"):
        tried.append(f"LDP_JARS: no {jar.file_name} in {os.environ['LDP_JARS']}")
    sources: list[Path | Repository] = [local_repository() / jar.path, *repositories()]
    for source in sources:
        try:
            with arriving(target) as part:
                if isinstance(source, Path):
                    shutil.copyfile(source, part)
                else:
                    download(source, jar.path, part)
                _check(jar, part)
            return target
        except OSError as error:
            reason = error.strerror or getattr(error, "reason", None) or error
            tried.append(f"{source}: {reason}")
    raise LdpError(
        "LDP-5002", f"{jar.file_name} cannot be fetched",
        hint="tried " + "\n      ".join(tried)
        + "\nput it into a folder and name the folder with LDP_JARS, or name a Maven mirror with LDP_MAVEN_MIRROR",
    )


def _check(jar: Jar, path: Path) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != jar.sha256:
        raise OSError(f"checksum differs: sha256 {found[:12]}… where {jar.sha256[:12]}… is expected")
