"""The exceptions behind a problem, for the event log: their classes and messages, without Spark's plans and stacks."""

from __future__ import annotations

from typing import Any

from ldp_jupyter.graph.spark_errors import java_exception

_DEPTH = 12
_LENGTH = 1000


def causes_of(error: BaseException) -> list[tuple[str, str]]:
    """Class and message of an exception and of what caused it, outermost first.

    An exception of the JVM counts with its class there; one that only repeats the message before it is left out.
    """
    found: list[tuple[str, str]] = []
    cause: BaseException | None = error
    while cause is not None and len(found) < _DEPTH:
        java = java_exception(cause)
        found += _of_java(java) if java is not None else [(_class_name(cause), str(cause))]
        cause = cause.__cause__
    told: list[tuple[str, str]] = []
    for name, message in found:
        short = message.strip()[:_LENGTH]
        if not told or short != told[-1][1]:
            told.append((name, short))
    return told[:_DEPTH]


def _class_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _of_java(java: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while java is not None and len(found) < _DEPTH:
        try:
            found.append((str(java.getClass().getName()), str(java.getMessage() or "")))
            java = java.getCause()
        except Exception:  # a JVM that is gone
            break
    return found
