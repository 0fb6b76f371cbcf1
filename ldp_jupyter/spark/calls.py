"""Cheaper calls into the JVM.

An update makes dozens of calls for each dataset, and pyspark dozens for each query of a user. py4j asks each of its
converters about each argument, two of which look through the value's class for methods as `inspect` does: a fifth of
Python's time in an update went there, nearly all of it for texts and numbers, which none of them takes. And it asks the
JVM for each class again by each name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN = frozenset({str, int, float, bool, bytes, bytearray, type(None)})


def spare_calls(gateway: Any) -> None:
    """Let calls through this gateway pass plain values over, and its view of the JVM remember classes.

    Parameters:
        gateway: py4j's, as pyspark makes it. Calling it again changes nothing.
    """
    from py4j.java_gateway import JVMView

    client = gateway._gateway_client
    if client.converters and not isinstance(client.converters[0], _Converters):
        client.converters = [_Converters(client.converters)]
    if type(gateway.jvm) is JVMView:
        gateway.jvm.__class__ = _view_class()


class _Converters:
    """All of py4j's converters as one.

    Parameters:
        converters: py4j's own list, which pyspark adds to.
    """

    def __init__(self, converters: Sequence[Any]) -> None:
        self._converters = converters

    def can_convert(self, value: Any) -> bool:
        return type(value) not in _PLAIN and self._of(value) is not None

    def convert(self, value: Any, client: Any) -> Any:
        converter = self._of(value)
        assert converter is not None
        return converter.convert(value, client)

    def _of(self, value: Any) -> Any:
        return next((converter for converter in self._converters if converter.can_convert(value)), None)


@lru_cache(maxsize=1)
def _view_class() -> type:
    """Made here, since py4j is there only with Spark."""
    from py4j.java_gateway import JavaClass, JVMView

    class View(JVMView):  # type: ignore[misc]
        def __getattr__(self, name: str) -> Any:
            found = super().__getattr__(name)
            # A short name may mean another class after an import; what is missing may come with a JAR.
            if "." in name and isinstance(found, JavaClass):
                self.__dict__[name] = found
            return found

    return View
