"""Event hooks: beside the update, one event after another; slow and failing ones do no harm."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from core_samples import context

from ldp_jupyter.context import current
from ldp_jupyter.declarations import EventHook
from ldp_jupyter.engine.hooks import HookRunner
from ldp_jupyter.events import Event, EventBus, Level

ORIGIN = {"pipeline_id": "p", "update_id": "u", "flow_name": "f"}


class Heard:
    """A hook that keeps the messages that it hears."""

    def __init__(self, fails: Any = lambda message: False) -> None:
        self.messages: list[str] = []
        self._fails = fails

    def __call__(self, event: dict[str, Any]) -> None:
        self.messages.append(event["message"])
        if self._fails(event["message"]):
            raise ValueError(f"no {event['message']}")


def run(*hooks: EventHook, messages: str = "abcd", grace: float = 10, **event: Any) -> list[Event]:
    """Events of the log after these messages were told while hooks ran."""
    bus, log = EventBus(), []
    bus.journal(lambda e: log.append(e) or e)
    runner = HookRunner(hooks, bus, context(configuration={"to": "me"}), grace)
    for message in messages:
        bus.emit(Event("flow_progress", message, ORIGIN, {"flow_progress": {}}, **event))
    bus.drain()
    runner.close()
    bus.close()
    return log


def test_hooks_run_for_their_pipeline() -> None:
    seen = []
    run(EventHook("h", lambda _: seen.append(current().configuration["to"])), messages="a")
    assert seen == ["me"]


def told(log: list[Event]) -> list[tuple[str, str]]:
    """Hook and status of the events about hooks."""
    assert {e.level for e in log if e.event_type == "hook_progress"} <= {Level.WARN}
    payloads = [e.details["hook_progress"] for e in log if e.event_type == "hook_progress"]
    return [(p["name"], p["status"]) for p in payloads]


def test_hooks_hear_every_event_in_order_and_not_those_about_hooks() -> None:
    one, two = Heard(fails=lambda message: message == "b"), Heard()
    log = run(EventHook("one", one), EventHook("two", two))
    assert one.messages == two.messages == list("abcd")
    assert told(log) == [("one", "FAILED")]
    assert log[-1].message == "Event hook 'one' is FAILED: ValueError: no b"
    assert log[-1].origin == {"pipeline_id": "p", "update_id": "u"}


@pytest.mark.parametrize(("limit", "heard", "statuses"), [
    (None, "abcd", ["FAILED"] * 4),
    (0, "a", ["DISABLED"]),
    (2, "abc", ["FAILED", "FAILED", "DISABLED"]),
])  # fmt: skip
def test_a_hook_that_fails_more_often_in_a_row_than_allowed_is_switched_off(
    limit: int | None, heard: str, statuses: list[str]
) -> None:
    hook = Heard(fails=lambda _: True)
    assert [status for _, status in told(run(EventHook("h", hook, limit)))] == statuses
    assert hook.messages == list(heard)


def test_a_success_begins_the_count_of_failures_anew() -> None:
    hook = Heard(fails=lambda message: message != "c")
    assert [s for _, s in told(run(EventHook("h", hook, 2), messages="abcde"))] == ["FAILED"] * 4
    assert hook.messages == list("abcde")


def test_a_hook_may_exit_and_may_change_what_it_is_given() -> None:
    def leaves(event: dict[str, Any]) -> None:
        event["details"].clear()
        raise SystemExit(3)

    after = Heard()
    log = run(EventHook("leaves", leaves), EventHook("after", after))
    assert after.messages == list("abcd")
    assert told(log) == [("leaves", "FAILED")] * 4
    assert all(e.details for e in log)


def test_unstable_events_are_not_for_hooks() -> None:
    hook = Heard()
    run(EventHook("h", hook), maturity_level="EVOLVING")
    assert hook.messages == []


def test_a_slow_hook_ends_with_the_update_and_is_heard_no_more() -> None:
    gate, begun = threading.Event(), threading.Event()
    heard = []

    def slow(event: dict[str, Any]) -> None:
        heard.append(event["message"])
        begun.set()
        assert gate.wait(10)
        raise ValueError("too late to be told")

    log = run(EventHook("slow", slow), grace=0.05)
    assert begun.wait(10)
    assert told(log) == [("slow", "DISABLED")]
    assert "3 events" in log[-1].message
    gate.set()
    for thread in threading.enumerate():
        if thread.name == "ldp-hooks":
            thread.join(10)
    assert (heard, told(log)) == (["a"], [("slow", "DISABLED")])
