"""Shared by the API's functions: whose code calls, and whether what it passes is acceptable."""

from __future__ import annotations

import functools
import inspect
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from ldp_jupyter.absent import Absent
from ldp_jupyter.context import Context, current, why_missing
from ldp_jupyter.declarations import Note
from ldp_jupyter.errors import LdpError
from ldp_jupyter.locations import Location, shown_path
from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.declarations import Declarations
    from ldp_jupyter.names import Name

F = TypeVar("F", bound="Callable[..., Any]")

_PACKAGE = str(Path(__file__).absolute().parent.parent) + os.sep
_SAMPLES = f"{_PACKAGE}project{os.sep}samples{os.sep}"


def is_own_frame(filename: str) -> bool:
    """Whether a frame is this package's code (its shipped samples are user code)."""
    return filename.startswith(_PACKAGE) and not filename.startswith(_SAMPLES)


def location_of(filename: str, line: int, context: Context | None) -> Location:
    """The Location for a file name and line as Python knows them."""
    if context is not None and context.locate is not None:
        found = context.locate(filename, line)
        if found is not None:
            return found
    path, _, label = filename.partition("#")  # a cell of a notebook file, read before
    cell = label if label.startswith("cell ") else None
    shown = shown_path(path if cell else filename, context.root if context else None)
    return Location(shown, line, None, cell, filename)


def caller_location() -> Location | None:
    """Where the user's code called us."""
    frame = sys._getframe(1)
    while frame is not None and is_own_frame(frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return None
    return location_of(frame.f_code.co_filename, frame.f_lineno, current())


def function_location(function: Callable[..., Any]) -> Location | None:
    """Where a function is defined: its first decorator or its `def`."""
    inner = function
    while hasattr(inner, "func") or hasattr(inner, "__wrapped__"):  # functools.partial and wraps
        inner = getattr(inner, "func", None) or inner.__wrapped__  # type: ignore[attr-defined]
    code = getattr(inner, "__code__", None)
    if code is None or is_own_frame(code.co_filename):
        return caller_location()
    return location_of(code.co_filename, code.co_firstlineno, current())


def declaring() -> tuple[Context, Declarations]:
    """The context that declarations go to now.

    Raises:
        LdpError: LDP-2012 outside of pipeline source; in a notebook whose settings cannot be read, what is wrong.
    """
    context = current()
    missing = why_missing() if context is None else None
    if missing is not None:
        raise missing
    if context is None or context.declarations is None:
        where = (
            "inside a dataset function"
            if context is not None and context.resolver is not None
            else "outside of a pipeline"
        )
        raise LdpError(
            "LDP-2012",
            f"a dataset or flow was declared {where}",
            hint="declare at the top level of pipeline source, or in a notebook cell after %load_ext ldp_jupyter",
            location=caller_location(),
        )
    return context, context.declarations


def full_name(context: Context, name: str) -> Name:
    """The full name that a name in the source means.

    Raises:
        LdpError: LDP-2021, at the caller's place.
    """
    try:
        return context.namespace.qualify(name)
    except LdpError as error:
        error.location = caller_location()
        raise


def wrong(function: str, parameter: str, value: Any, accepted: str) -> NoReturn:
    """Refuse an argument: the parameter, what was given, what is accepted, the place."""
    raise LdpError(
        "LDP-2011", f"{function}({parameter}=...) got {_shown(value)}; accepted: {accepted}", location=caller_location()
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"


def api(function: F) -> F:
    """Make a function of the API refuse a call that does not fit its parameters as it refuses a wrong value.

    Python's own TypeError would name our file, or no place at all where a whole file is read.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        # what this machine lacks leaves a parameter open; it is told where it was asked for
        kwargs = {key: value for key, value in kwargs.items() if not isinstance(value, Absent)}
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise _unfit(function.__name__, signature, kwargs, error) from None
        return function(*args, **kwargs)

    return cast("F", call)


def _unfit(function: str, signature: inspect.Signature, given: dict[str, Any], error: TypeError) -> LdpError:
    """What does not fit: an unknown keyword, a missing parameter, or too much by position."""
    known = signature.parameters
    catches_all = any(p.kind is p.VAR_KEYWORD for p in known.values())
    unknown = [] if catches_all else [key for key in given if key not in known]
    named = ", ".join(n for n, p in known.items() if p.kind is not p.VAR_KEYWORD) or "none"
    missing = [n for n, p in known.items() if p.default is p.empty and p.kind is not p.VAR_KEYWORD and n not in given]
    if unknown:
        message = f'{function}() has no parameter "{unknown[0]}"'
        hint = did_you_mean(unknown[0], known) or f"parameters: {named}"
    elif "missing" in str(error) and missing:
        message, hint = f'{function}() needs the parameter "{missing[-1]}"', f"parameters: {named}"
    else:
        places = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in known.values())
        message = f"{function}() got more than its {places} parameters by position, or one of them twice"
        hint = f"give them by keyword: {named}"
    return LdpError("LDP-2011", message, hint=hint, location=caller_location())


def alias(function: F, name: str, *, instead: str | None = None) -> F:
    """The function under another name of the platform's; errors speak of the name that was called.

    Parameters:
        instead: the name to use where this one is deprecated; each use is noted.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        if instead is not None:
            _, declarations = declaring()
            declarations.notes.append(
                Note("deprecated", f"`{name}` is deprecated: use `{instead}`", caller_location())
            )
        try:
            return function(*args, **kwargs)
        except LdpError as error:
            error.message = error.message.replace(f"{function.__name__}(", f"{name}(")
            raise

    functools.update_wrapper(call, function)
    call.__name__ = call.__qualname__ = name
    if instead is not None:
        call.__doc__ = f"Deprecated name of `{instead}`."
    return cast("F", call)


def takes(function: str, parameter: str, value: Any, count: int, accepted: str) -> None:
    """Refuse what cannot be called with so many arguments by position."""
    if callable(value):
        try:
            inspect.signature(value).bind(*range(count))
        except TypeError:
            pass
        except ValueError:  # a built-in that does not tell its parameters
            return
        else:
            return
    wrong(function, parameter, value, accepted)


def text(function: str, parameter: str, value: Any) -> str | None:
    """A string or None."""
    if value is not None and not isinstance(value, str):
        wrong(function, parameter, value, "str or None")
    return value


def flag(function: str, parameter: str, value: Any) -> bool:
    """A bool; None counts as False (templates pass every parameter as None)."""
    if value is None:
        return False
    if not isinstance(value, bool):
        wrong(function, parameter, value, "True or False")
    return value


def text_map(function: str, parameter: str, value: Any) -> dict[str, str]:
    """A dict with string keys; values become the text that Spark reads."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
        wrong(function, parameter, value, "a dict of str to str")
    return {k: ("true" if v else "false") if isinstance(v, bool) else str(v) for k, v in value.items()}


def column_names(function: str, parameter: str, value: Any) -> tuple[str, ...] | None:
    """A list of column names; a single name and Column objects of plain columns are taken too.

    An empty list says no more than none at all, and backticks are no part of a name (both as in open-source Spark).
    """
    if value is None:
        return None
    items = [value] if isinstance(value, str) or is_column(value) else value
    if not isinstance(items, (list, tuple)):
        wrong(function, parameter, value, "a list of column names")
    names = []
    for item in items:
        if isinstance(item, str):
            names.append(_without_backticks(item))
        elif is_column(item):
            names.append(column_text(item))
        else:
            wrong(function, parameter, item, "a list of column names (str or col(...))")
    return tuple(names) or None


def _without_backticks(name: str) -> str:
    quoted = re.fullmatch("`((?:[^`]|``)+)`", name.strip())
    return quoted[1].replace("``", "`") if quoted else name


def is_column(value: Any) -> bool:
    """Whether a value is a Spark Column, without importing pyspark for those that are not."""
    pyspark = sys.modules.get("pyspark.sql")
    return pyspark is not None and isinstance(value, pyspark.Column)


def column_text(column: Any) -> str:
    """The name of a Column that is a plain column."""
    name = str(column).removeprefix("Column<'").removesuffix("'>")
    return name.strip("`")
