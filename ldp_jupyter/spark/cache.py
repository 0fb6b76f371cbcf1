"""The cache folder: what is fetched or built once for all projects and environments of a user."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def cache_dir() -> Path:
    """The cache folder, made if missing: `LDP_CACHE`, else the platform's place for caches.

    Raises:
        LdpError: LDP-5006 when it cannot be made.
    """
    chosen = os.environ.get("LDP_CACHE")
    if chosen:
        folder = Path(chosen).expanduser().absolute()
    else:
        from platformdirs import user_cache_dir

        folder = Path(user_cache_dir("ldp_jupyter"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LdpError("LDP-5006", f"the cache folder {folder} cannot be made: {error.strerror}",
                       hint="set LDP_CACHE to a folder that can be written") from error
    return folder


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the inter-process lock `name` of the cache: what two processes want is made once.

    Raises:
        LdpError: LDP-5006 when the cache cannot be written.
    """
    from filelock import FileLock

    lock = FileLock(str(cache_dir() / f"{name}.lock"))
    try:
        lock.acquire()
    except OSError as error:
        raise LdpError("LDP-5006", f"the cache folder {cache_dir()} cannot be written: {error.strerror}",
                       hint="set LDP_CACHE to a folder that can be written") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def arriving(target: Path) -> Iterator[Path]:
    """A temporary path that becomes `target` when the block ends well: readers never see half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)  # a cache may serve several users
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def keep_newest(folder: Path, pattern: str, count: int, in_use: Callable[[Path], bool] = lambda _: False) -> None:
    """Remove all but the newest files that match.

    Parameters:
        folder: where the files are.
        pattern: a glob for their names.
        count: how many stay.
        in_use: says of an old file that it stays all the same.
    """

    def changed(file: Path) -> float:
        try:
            return file.stat().st_mtime
        except OSError:
            return 0.0

    for old in sorted(folder.glob(pattern), key=changed, reverse=True)[count:]:
        with suppress(OSError):
            if not in_use(old):
                old.unlink()
