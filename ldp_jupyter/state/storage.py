"""Storage that cannot be read or written, in our words: what is missing, and that nothing is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    import os

_FULL = r"No space left on device|Disk quota exceeded|File too large"
_SHUT = r"Read-only file system"
_FORBIDDEN = r"Permission denied|Operation not permitted"


def storage_problem(path: str | os.PathLike[str], error: OSError) -> LdpError:
    """LDP-5006 for a file or folder of ours that the operating system does not let us write."""
    reason = error.strerror or str(error)
    return LdpError("LDP-5006", f"{path} cannot be written: {reason}", hint=storage_hint(reason, rights=True))


def storage_hint(text: str, *, rights: bool) -> str | None:
    """What to do where an error says that a disk is full or cannot be written; None where it says neither.

    Parameters:
        text: words of the operating system, maybe within others.
        rights: whether missing rights count too.
    """
    if re.search(_FULL, text):
        return "make room there, then run again: nothing is lost"
    if re.search(_SHUT, text) or (rights and re.search(_FORBIDDEN, text)):
        return "let this user write there, then run again: nothing is lost"
    return None
