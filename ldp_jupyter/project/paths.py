"""Paths as users write them: absolute, without following links."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(path: str | os.PathLike[str]) -> Path:
    """The absolute path; links stay as they are, so that files are shown under the names by which users know them."""
    return Path(os.path.abspath(path))


def home() -> Path | None:
    """The user's folder; None for a user without one, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return None
