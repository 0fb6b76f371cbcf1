"""Hints for Python's own exceptions: the name that was probably meant."""

from __future__ import annotations

import builtins
import importlib
import re
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from types import TracebackType

_NO_ARGUMENT = re.compile(r"missing \d+ required positional arguments?: (.+)")


def exception_hint(error: BaseException) -> str | None:
    """What to do about an exception of user code, where that can be told."""
    if isinstance(error, ModuleNotFoundError):
        return f"install {error.name}, or put its folder below the project root" if error.name else None
    if isinstance(error, ImportError):
        found = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", str(error))
        return did_you_mean(found[1], _names_of(sys.modules.get(found[2]))) if found else None
    name = getattr(error, "name", None)
    if isinstance(error, AttributeError) and name:
        return did_you_mean(name, _names_of(getattr(error, "obj", None)))
    if isinstance(error, NameError) and name:
        if name in ("F", "col", "lit", "expr", "when"):
            return "import it: from pyspark.sql import functions as F"
        if name in ("dp", "dlt"):
            return "import it: from pyspark import pipelines as dp" if name == "dp" else "import it: import dlt"
        return did_you_mean(name, _visible(error.__traceback__)) or f'"{name}" is defined nowhere before this line'
    missing = _NO_ARGUMENT.search(str(error)) if isinstance(error, TypeError) else None
    if missing and _last_frame(error.__traceback__, own=True):
        name = missing[1].strip("'")
        return f"a dataset function takes no arguments: bind a value by a default, def f({name}=...)"
    return f"give it {missing[1]}" if missing else None


def frame_attribute(error: BaseException) -> tuple[str, Any] | None:
    """The name and the DataFrame of `df.name` that Spark refused."""
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_name == "__getattr__" and hasattr(frame.f_locals.get("self"), "_jdf"):
            return str(frame.f_locals.get("name")), frame.f_locals["self"]
        trace = trace.tb_next
    return None


def _names_of(owner: Any) -> list[str]:
    if owner is None:
        return []
    module = getattr(owner, "__name__", "")
    if module in ("pyspark.pipelines", "dlt", "databricks.pipelines"):  # ours, under the platform's name
        return list(importlib.import_module("ldp_jupyter.pipelines").__all__)
    return [name for name in dir(owner) if not name.startswith("_")]


def _visible(trace: TracebackType | None) -> list[str]:
    """Names that the innermost frame sees."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return []
    frame = trace.tb_frame
    names = [*frame.f_locals, *frame.f_globals, *dir(builtins)]
    return [name for name in dict.fromkeys(names) if not name.startswith("_")]


def _last_frame(trace: TracebackType | None, *, own: bool) -> bool:
    """Whether the call that failed was made by this package (`own`): a dataset function, called without arguments."""
    from ldp_jupyter.pipelines.arguments import is_own_frame

    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and is_own_frame(trace.tb_frame.f_code.co_filename) == own
