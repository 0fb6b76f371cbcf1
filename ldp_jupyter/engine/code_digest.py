"""A digest of what a dataset function does, to tell whether its definition changed.

It covers the code, the values that the code closes over or takes from its module where they are plain, and functions of
user source that it calls. Places and comments do not count. It is a help for people: nothing is left out of an update
because of it.
"""

from __future__ import annotations

import hashlib
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from ldp_jupyter.sources.failures import is_user_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PLAIN = (str, bytes, int, float, bool, type(None))


def code_digest(function: Callable[..., Any]) -> str:
    """Digest of a function: the same in another process with the same Python."""
    text = "\n".join(_told(function, set()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _told(function: Any, seen: set[int]) -> Iterator[str]:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if isinstance(function, MethodType):
        function = function.__func__
    if not isinstance(function, FunctionType):
        yield _value(function)
        return
    if id(function.__code__) in seen:
        return
    seen.add(id(function.__code__))
    yield from _code(function.__code__)
    yield _value(function.__defaults__)
    yield _value(function.__kwdefaults__)
    for cell in function.__closure__ or ():
        try:
            yield from _used(cell.cell_contents, seen)
        except ValueError:  # an empty cell
            yield "empty"
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield name
            yield from _used(function.__globals__[name], seen)


def _used(value: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(value, FunctionType) and is_user_frame(value.__code__.co_filename):
        yield from _told(value, seen)
    else:
        yield _value(value)


def _code(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant)
        else:
            yield _value(constant)


def _names(code: CodeType) -> set[str]:
    nested = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*nested)


def _value(value: Any) -> str:
    """Plain values as they are, anything else by its type: its text may hold an address."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(_value(v) for v in value)})"
    if isinstance(value, (set, frozenset)):
        return f"set({', '.join(sorted(_value(v) for v in value))})"
    if isinstance(value, dict):
        return f"dict({', '.join(f'{_value(k)}: {_value(v)}' for k, v in value.items())})"
    return f"{type(value).__module__}.{type(value).__qualname__}"
