"""Ctrl-C during a call into the JVM costs that call alone its connection.

py4j answers a KeyboardInterrupt by asking the JVM to close the connections of one socket, but its server closes all
that came in through the same port: those of other threads, in the middle of a commit perhaps, and the one that the
interrupted thread opens next, of which the user then sees a network error in place of the interrupt (seen in 2 of 100).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


class _Interrupted(BaseException):
    """A KeyboardInterrupt, under a name that py4j does not look for."""


def keep_to_the_call(gateway: Any) -> None:
    """Let interrupts of calls through this gateway leave its other connections alone. Calling it again changes nothing.

    Parameters:
        gateway: py4j's `ClientServer`, as pyspark makes it; other kinds of gateway are left as they are.
    """
    from py4j.clientserver import JavaClient

    client = gateway._gateway_client
    if type(client) is JavaClient:
        client.__class__, connection_class = _classes()
        for connection in list(client.deque):  # those that wait for their thread's next call
            connection.__class__ = connection_class


@lru_cache(maxsize=1)
def _classes() -> tuple[type, type]:
    """Of clients and of connections; made here, since py4j is there only with Spark."""
    from py4j.clientserver import ClientServerConnection, JavaClient

    class Connection(ClientServerConnection):  # type: ignore[misc]
        def send_command(self, command: str) -> Any:
            try:
                return super().send_command(command)
            except KeyboardInterrupt as interrupt:
                # The answer may still come: it must not be taken for that of the next call.
                self.close()
                raise _Interrupted from interrupt

    class Client(JavaClient):  # type: ignore[misc]
        def send_command(self, command: str, retry: bool = True, binary: bool = False) -> Any:
            try:
                return super().send_command(command, retry, binary)
            except _Interrupted as interrupted:
                raise interrupted.__cause__ from None  # type: ignore[misc]

        def _create_new_connection(self) -> Any:
            connection = Connection(self.java_parameters, self.python_parameters, self.gateway_property, self)
            connection.connect_to_java_server()
            self.set_thread_connection(connection)
            return connection

    return Client, Connection
