"""`on_event_hook` functions: called with each event, one after another, beside the update."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from typing import TYPE_CHECKING

from ldp_jupyter.context import using
from ldp_jupyter.events import Event, Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.context import Context
    from ldp_jupyter.declarations import EventHook
    from ldp_jupyter.events import EventBus

_UPDATE = ("pipeline_id", "pipeline_type", "pipeline_name", "update_id")
_GRACE = 20.0  # seconds that hooks have for what is queued when the update ends, as on the platform


class HookRunner:
    """Runs hooks in one background thread; a hook that fails too often in a row is switched off.

    Parameters:
        context: in which they run: `spark` and `dbutils` of their source mean the pipeline's.
        grace: seconds that the hooks have after the update's end.
    """

    def __init__(
        self, hooks: Sequence[EventHook], bus: EventBus, context: Context | None = None, grace: float = _GRACE
    ) -> None:
        self._bus = bus
        self._context = context
        self._hooks = list(hooks)
        self._grace = grace
        self._failures = dict.fromkeys((h.name for h in hooks), 0)
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._origin: dict[str, object] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="ldp-hooks", daemon=True)
        self._thread.start()
        bus.subscribe(self._take)

    def close(self) -> None:
        """Let the hooks finish what is queued, within the grace time; what they do not come to is said and left out."""
        self._queue.put(None)
        self._thread.join(self._grace)
        if self._thread.is_alive():
            self._over.set()
            left = max(0, self._queue.qsize() - 1)
            for hook in self._hooks:
                text = f"Event hook '{hook.name}' is DISABLED: the update has ended, and {left} events wait for hooks."
                self._tell(hook.name, "DISABLED", text)

    def _take(self, event: Event) -> None:
        if event.event_type != "hook_progress" and event.maturity_level == "STABLE":
            self._origin = self._origin or event.origin
            self._queue.put(event)

    def _work(self) -> None:
        with using(self._context) if self._context is not None else contextlib.nullcontext():
            while not self._over.is_set() and (event := self._queue.get()) is not None:
                for hook in list(self._hooks):
                    self._call(hook, event)

    def _call(self, hook: EventHook, event: Event) -> None:
        try:
            # a copy of its own: a hook may change what it is given
            hook.function(json.loads(event.to_line()))
            self._failures[hook.name] = 0
        except (Exception, SystemExit) as error:
            self._failures[hook.name] += 1
            limit = hook.max_allowable_consecutive_failures
            disabled = limit is not None and self._failures[hook.name] > limit
            if disabled:
                self._hooks.remove(hook)
            status = "DISABLED" if disabled else "FAILED"
            text = f"Event hook '{hook.name}' is {status}: {type(error).__name__}: {error}"
            self._tell(hook.name, status, text)

    def _tell(self, name: str, status: str, text: str) -> None:
        origin = {key: self._origin[key] for key in _UPDATE if key in self._origin}
        self._bus.emit(
            Event("hook_progress", text, origin, {"hook_progress": {"name": name, "status": status}}, level=Level.WARN)
        )
