"""Event hooks, and the switch of the platform's local stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import EventHook
from ldp_jupyter.pipelines import arguments as check

if TYPE_CHECKING:
    from collections.abc import Callable


@check.api
def on_event_hook(
    user_event_hook_fn: Callable[[dict[str, Any]], None] | None = None,
    max_allowable_consecutive_failures: int | None = None,
) -> Any:
    """Call a function with each event of the event log.

    Parameters:
        max_allowable_consecutive_failures: the hook is switched off after more failures in a row; None: never.
    """
    limit = max_allowable_consecutive_failures
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        check.wrong("on_event_hook", "max_allowable_consecutive_failures", limit, "an int >= 0, or None")

    def register(function: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        check.takes("on_event_hook", "user_event_hook_fn", function, 1, "a function of one event")
        _, declarations = check.declaring()
        declarations.hooks.append(EventHook(function.__name__, function, limit))
        return function

    return register if user_event_hook_fn is None else register(user_event_hook_fn)


@check.api
def enable_local_execution() -> None:
    """Accepted and without effect: here everything runs locally."""
