"""Exceptions of user code, told with the user's own traceback and nothing of ours."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines.arguments import is_own_frame, location_of

if TYPE_CHECKING:
    from types import TracebackType

    from ldp_jupyter.context import Context
    from ldp_jupyter.locations import Location

_LIBRARIES = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))


def is_user_frame(filename: str) -> bool:
    """Whether a frame is the user's: not ours, not an installed library's, not Python's own."""
    if is_own_frame(filename) or any(part in filename for part in _LIBRARIES):
        return False
    return not filename.startswith((sys.prefix + os.sep + "lib", sys.base_prefix + os.sep + "lib", "<frozen"))


def user_frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """The user's frames of a traceback, outermost first."""
    return [frame for frame in traceback.extract_tb(trace) if is_user_frame(frame.filename)]


def user_location(error: BaseException, context: Context | None = None) -> Location | None:
    """Where in the user's code an exception came from: its innermost user frame."""
    frames = user_frames(error.__traceback__)
    if not frames:
        return None
    return location_of(frames[-1].filename, frames[-1].lineno or 0, context or current())


def user_traceback(error: BaseException) -> str:
    """The traceback from the user's first frame on, without frames of libraries below it."""
    frames = user_frames(error.__traceback__)
    lines = traceback.format_list(frames) if frames else []
    lines += traceback.format_exception_only(type(error), error)
    return "".join(lines).rstrip()


def source_problem(error: BaseException, code: str, **known: Any) -> LdpError:
    """An exception of user code as a problem; ours passes through with place and dataset filled in."""
    place = user_location(error)
    if isinstance(error, LdpError):
        error.location = error.location or place or known.get("location")
        error.dataset = error.dataset or known.get("dataset")
        return error
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        where = location_of(error.filename, error.lineno or 1, current())
        return LdpError(
            "LDP-2001",
            f"Python syntax: {error.msg}",
            location=where.moved(where.line or 1, error.offset),
            dataset=known.get("dataset"),
        )
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    hint = None
    if isinstance(error, ModuleNotFoundError):
        hint = f"install {error.name}, or put its folder below the project root" if error.name else None
    return LdpError(
        code,
        f"{type(error).__name__}: {first}",
        hint=hint,
        dataset=known.get("dataset"),
        location=place or known.get("location"),
        user_traceback=user_traceback(error),
    )
