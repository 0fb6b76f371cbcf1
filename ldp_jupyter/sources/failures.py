"""Exceptions of user code, told with the user's own traceback and nothing of ours."""

from __future__ import annotations

import os
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines.arguments import is_own_frame, location_of
from ldp_jupyter.sources.near_names import exception_hint

if TYPE_CHECKING:
    from types import TracebackType

    from ldp_jupyter.context import Context
    from ldp_jupyter.locations import Location
    from ldp_jupyter.names import Namespace

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
    """The traceback from the user's first frame on, without frames of libraries below it; what caused it stands above.

    Of Spark's errors the sentence stays: plans and frames of the JVM say nothing about the user's code.
    """
    lines = []
    cause = error.__cause__
    if cause is not None and not isinstance(cause, LdpError) and user_frames(cause.__traceback__):
        lines += [user_traceback(cause), "\n\nwhich led to:\n\n"]
    lines += traceback.format_list(user_frames(error.__traceback__))
    said = sparks_sentence(error)
    last = traceback.format_exception_only(type(error), error) if said is None else [f"{type(error).__name__}: {said}"]
    lines += last
    return "".join(lines).rstrip()


def sparks_sentence(error: BaseException) -> str | None:
    """What an error of Spark or of the JVM says, in one sentence; None for other errors."""
    if not type(error).__module__.startswith(("pyspark.errors", "py4j")):
        return None
    java = getattr(error, "java_exception", None)  # one that pyspark does not translate
    text = str(java.getMessage() or java.toString()) if java is not None else str(error)
    first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    return re.sub(r"^\[[A-Z0-9_.]+\]\s*|\s*SQLSTATE: \w+.*$", "", first)


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
            hint=_looks_like_sql(error.text),
            location=where.moved(where.line or 1, error.offset),
            dataset=known.get("dataset"),
        )
    context = current()
    table = _unread_table(error) if code == "LDP-2002" else None
    if table and context is not None:  # read while the source is: datasets of the pipeline do not exist yet
        return LdpError(
            "LDP-2003",
            f'unknown table "{table}"',
            hint="datasets of the pipeline are read inside dataset functions only; "
            + table_by_hand(table, context.namespace),
            detail=str(error),
            dataset=known.get("dataset"),
            location=place or known.get("location"),
            user_traceback=user_traceback(error),
        )
    said = sparks_sentence(error)
    first = said or (str(error).strip() or type(error).__name__).splitlines()[0]
    return LdpError(
        code,
        f"{type(error).__name__}: {first}",
        hint=exception_hint(error),
        detail=None if said is None else str(error),
        dataset=known.get("dataset"),
        location=place or known.get("location"),
        user_traceback=user_traceback(error),
    )


def _unread_table(error: BaseException) -> str | None:
    """The table that Spark did not find; None for another error."""
    condition = getattr(error, "getCondition", lambda: None)() or ""
    if not condition.startswith("TABLE_OR_VIEW_NOT_FOUND"):
        return None
    parameters = error.getMessageParameters() or {}  # type: ignore[attr-defined]
    return str(parameters.get("relationName", "")).replace("`", "")


def table_by_hand(name: str, namespace: Namespace) -> str:
    """How a table that no pipeline here declares comes to be; the default catalog and schema need not be made."""
    full = namespace.qualify(name)
    steps = [f"CREATE TABLE {name} AS SELECT ..."]
    if (full.catalog, full.schema) != (namespace.catalog, namespace.schema):
        steps.insert(0, f"CREATE SCHEMA IF NOT EXISTS {full.catalog}.{full.schema}")
    if full.catalog != namespace.catalog:
        steps.insert(0, f"CREATE CATALOG IF NOT EXISTS {full.catalog}")
    return f"another table is made by hand, with ldp query: {'; '.join(steps)}"


def _looks_like_sql(line: str | None) -> str | None:
    """A hint for SQL in a Python file."""
    first = (line or "").split()[:1]
    if first and first[0].upper() in ("CREATE", "SELECT", "APPLY", "SET", "USE"):
        return "this looks like SQL: its file is named .sql, its cell begins with %sql or %%ldp_sql"
    return "Python stops there: what is wrong stands there or just before it"
