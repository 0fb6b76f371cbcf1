"""The bus: the engine emits from any thread; subscribers hear events one at a time, in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ldp_jupyter.redaction import scrub, scrubbed, secrets_known

if TYPE_CHECKING:
    from ldp_jupyter.events.event import Event

Subscriber = Callable[["Event"], None]


class EventBus:
    """Hands events to subscribers.

    `first` subscribers (the journal) hear an event in the emitting thread, before anyone else: what is shown has
    been written. The others hear it when `pump` is called, by the thread that waits for the update: displays and
    prints from worker threads would land in whichever notebook cell runs at that moment.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: list[Callable[[Event], Event]] = []
        self._subscribers: list[Subscriber] = []
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._closed = False

    def journal(self, write: Callable[[Event], Event]) -> None:
        """Set a function that stores an event before it is shown, and returns it with its number."""
        self._first.append(write)

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    def emit(self, event: Event) -> None:
        """Store the event, without secrets that were read, then queue it for the subscribers."""
        if secrets_known():
            event = replace(
                event, message=scrub(event.message), details=scrubbed(event.details), error=scrubbed(event.error)
            )
        with self._lock:
            if self._closed:
                return
            for write in self._first:
                event = write(event)
            self._queue.put(event)

    def close(self) -> None:
        """Take no more events: the update has ended, and whoever is late (a slow hook, a second stop) is not heard."""
        with self._lock:
            self._closed = True

    def wake(self) -> None:
        """Let a waiting `pump` return although there is no event."""
        self._queue.put(None)

    def pump(self, timeout: float | None = None) -> bool:
        """Deliver the next event to the subscribers, waiting for it.

        Parameters:
            timeout: seconds to wait; None waits for ever; 0 does not wait.

        Returns:
            Whether there was one (or a `wake`).
        """
        try:
            event = self._queue.get(timeout=timeout) if timeout != 0 else self._queue.get_nowait()
        except queue.Empty:
            return False
        if event is not None:
            for subscriber in list(self._subscribers):
                subscriber(event)
        return True

    def drain(self) -> None:
        """Deliver all that is queued."""
        while self.pump(0):
            pass
