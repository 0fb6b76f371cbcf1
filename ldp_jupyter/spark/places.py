"""Files and folders of a storage, wherever it is: on this machine's disk, or in another file system that Spark reaches.

On the disk they are `pathlib` paths, so that much is told without Spark. Elsewhere they are asked for through Spark's
JVM, with the settings and rights that its own reads and writes have; that needs a session.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.distribution import spark_jars

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_remote(text: str) -> bool:
    """Whether a storage, or a path in one, is a URI of another file system than this machine's."""
    return "://" in text and not text.startswith("file://")


class _State(NamedTuple):
    """What is told of a file, by the names of `os.stat_result`."""

    st_size: int
    st_mtime: float


class RemotePath:
    """A file or folder by its URI: the part of `pathlib.Path` that a storage needs.

    Raises (all methods that look or write):
        OSError: as the same method of `pathlib.Path` would, with the words of the file system.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")

    def __str__(self) -> str:
        return self._uri

    def __repr__(self) -> str:
        return f"RemotePath({self._uri!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and self._uri == other._uri

    def __hash__(self) -> int:
        return hash(self._uri)

    def __lt__(self, other: RemotePath) -> bool:
        return self._uri < other._uri

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(f"{self._uri}/{name}")

    def joinpath(self, *names: str) -> RemotePath:
        return RemotePath("/".join((self._uri, *names)))

    @property
    def name(self) -> str:
        return self._uri.rpartition("/")[2]

    @property
    def parent(self) -> RemotePath:
        return RemotePath(self._uri.rpartition("/")[0])

    @property
    def parents(self) -> tuple[RemotePath, ...]:
        """Folders above it, the nearest first; up to the root of its file system."""
        count = self._uri.partition("://")[2].count("/")
        pieces = self._uri.split("/")
        return tuple(RemotePath("/".join(pieces[: -up or None])) for up in range(1, count + 1))

    @property
    def parts(self) -> tuple[str, ...]:
        root, _, rest = self._uri.partition("://")[2].partition("/")
        return (f"{self._uri.partition('://')[0]}://{root}/", *filter(None, rest.split("/")))

    def with_name(self, name: str) -> RemotePath:
        return self.parent / name

    def stat(self) -> _State:
        found = self._ask("state")
        if found is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._uri)
        return _State(max(found[0], 0), found[1] / 1000)

    def exists(self) -> bool:
        return self._ask("state") is not None

    def is_dir(self) -> bool:
        found = self._ask("state")
        return found is not None and found[0] < 0

    def is_file(self) -> bool:
        found = self._ask("state")
        return found is not None and found[0] >= 0

    def iterdir(self) -> Iterator[RemotePath]:
        return iter([self / name for name in self._ask("names")])

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        """As of `pathlib`, without ``**``; a name without wildcards is looked for, not listed."""
        found = [self]
        for part in pattern.split("/"):
            if any(c in part for c in "*?["):
                below = [child for folder in found for child in folder._children()]
                found = [child for child in below if fnmatch.fnmatchcase(child.name, part)]
            else:
                found = [child for child in (folder / part for folder in found) if child.exists()]
        return iter(found)

    def _children(self) -> list[RemotePath]:
        try:
            return list(self.iterdir())
        except OSError:  # a file, or gone
            return []

    def sizes(self, most: int) -> list[tuple[str, int]] | None:
        """Names and bytes of all files below it but those of a table's log; None for more than `most`."""
        found = self._ask("sizes", most)
        return None if found is None else [(name, int(size)) for name, size in map(_split, found)]

    def read_text(self, encoding: str = "utf-8") -> str:
        """The text of a file in UTF-8, which all files of a storage are in."""
        assert encoding == "utf-8"
        return str(self._ask("read"))

    def write_text(self, text: str, encoding: str = "utf-8") -> None:
        """Write a file; a reader sees the old text or the new one, never a part."""
        assert encoding == "utf-8"
        self._ask("write", text)

    def write_new(self, text: str) -> bool:
        """Write a file that is not there yet; whether it was so."""
        return bool(self._ask("writeNew", text))

    def mkdir(self, *, parents: bool = True, exist_ok: bool = True) -> None:
        """Make a folder and those above it; one that is there stays."""
        assert parents
        assert exist_ok
        self._ask("makeFolder")

    def rename(self, target: RemotePath) -> None:
        self._ask("rename", str(target))

    def unlink(self) -> None:
        self._ask("delete")

    def _ask(self, method: str, *arguments: str | int) -> Any:
        from py4j.protocol import Py4JJavaError

        from ldp_jupyter.spark import bridge
        from ldp_jupyter.spark.session import current

        session = current()
        if session is None:
            raise OSError(errno.ENOTCONN, "Spark does not run, which alone can reach it", self._uri)
        try:
            return bridge.call(session, "Places", method, session._jsparkSession, self._uri, *arguments)
        except Py4JJavaError as error:
            raise _os_error(error, self._uri) from None


def _split(line: str) -> list[str]:
    return line.split("\t", 1)[::-1]


def _os_error(error: Any, uri: str) -> OSError:
    """What Java says of a file, as Python says it."""
    problem = error.java_exception
    name = problem.getClass().getSimpleName()
    text = (problem.getMessage() or name).splitlines()[0].partition("; For more details see")[0]
    kind = errno.ENOENT if name == "FileNotFoundException" else errno.EIO
    return OSError(kind, text.rpartition("Exception: ")[2], uri)


def unreachable(error: Any, uri: str) -> LdpError:
    """LDP-5006 for a storage that Spark does not reach.

    Parameters:
        error: py4j's, with what Java says.
    """
    text = str(_os_error(error, uri).strerror)
    hint = "check its address, and the rights and settings that Spark has for it"
    if re.search(r"Class \S+ not found|No FileSystem for scheme", text):
        hint = (
            "Spark reaches such a storage with a JAR of its own: name it in the configuration, for s3a "
            f"spark.jars.packages: org.apache.hadoop:hadoop-aws:{_hadoop()}"
        )
    return LdpError("LDP-5006", f"the storage {uri} cannot be reached: {text}", hint=hint)


def _hadoop() -> str:
    """The version of Hadoop that Spark brings."""
    names = (re.fullmatch(r"hadoop-client-api-(.+)\.jar", jar.name) for jar in spark_jars())
    return next((name[1] for name in names if name), "VERSION")


Place: TypeAlias = Path | RemotePath


def place(text: str) -> Place:
    """The file or folder that a path or URI names."""
    return RemotePath(text) if is_remote(text) else Path(text)


def write_text(path: Place, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, never a part."""
    if isinstance(path, RemotePath):
        path.write_text(text)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def remove(path: Place) -> None:
    """Remove a file, or a folder with all that it holds; what cannot be removed stays."""
    if isinstance(path, Path) and path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()


def entries(folder: Place) -> list[Place]:
    """What lies in a folder; nothing where there is none."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []
