"""`on_event_hook` functions: called with each event, one after another, beside the update."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from ldp_jupyter.events import Event, Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.declarations import EventHook
    from ldp_jupyter.events import EventBus

_GRACE = 20.0  # seconds that hooks have for what is queued when the update ends, as on the platform


class HookRunner:
    """Runs hooks in one background thread; a hook that fails too often in a row is switched off."""

    def __init__(self, hooks: Sequence[EventHook], bus: EventBus) -> None:
        self._bus = bus
        self._hooks = list(hooks)
        self._failures = dict.fromkeys((h.name for h in hooks), 0)
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ldp-hooks", daemon=True)
        self._thread.start()
        bus.subscribe(self._queue.put)

    def close(self) -> None:
        """Let the hooks finish what is queued, within the grace time."""
        self._queue.put(None)
        self._thread.join(_GRACE)

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            if event.event_type == "hook_progress" or event.maturity_level != "STABLE":
                continue
            for hook in list(self._hooks):
                self._call(hook, event)

    def _call(self, hook: EventHook, event: Event) -> None:
        try:
            hook.function(event.to_json())
            self._failures[hook.name] = 0
        except Exception as error:
            self._failures[hook.name] += 1
            limit = hook.max_allowable_consecutive_failures
            disabled = limit is not None and self._failures[hook.name] > limit
            if disabled:
                self._hooks.remove(hook)
            status = "DISABLED" if disabled else "FAILED"
            self._bus.emit(
                Event(
                    "hook_progress",
                    f"Event hook '{hook.name}' is {status}: {error}",
                    dict(event.origin),
                    {"hook_progress": {"name": hook.name, "status": status}},
                    level=Level.WARN,
                )
            )
