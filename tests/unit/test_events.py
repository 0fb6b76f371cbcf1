from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from ldp_jupyter.events import Event, EventBus, FlowStatus, Level, UpdateState

TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.builds(
    Event,
    event_type=TEXT,
    message=TEXT,
    origin=st.dictionaries(TEXT, TEXT, max_size=3),
    details=st.dictionaries(TEXT, JSON, max_size=3),
    level=st.sampled_from(Level),
    maturity_level=st.sampled_from(["STABLE", "EVOLVING"]),
    error=st.none() | st.dictionaries(TEXT, JSON, max_size=2),
    timestamp=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(tzinfo=timezone.utc)),
    sequence=st.integers(0, 2**53),
)


def event(number: int) -> Event:
    return Event("flow_progress", str(number), {}, {})


@given(EVENTS)
def test_a_line_of_the_journal_gives_the_event_back(given_event: Event) -> None:
    line = given_event.to_line()
    assert "\n" not in line
    assert Event.from_json(json.loads(line)) == given_event


def test_a_row_has_the_fields_of_the_event_log() -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=timezone.utc)
    row = Event("user_action", "m", {"update_id": "u"}, {"user_action": {}}, timestamp=when).to_json()
    assert list(row) == [
        "id", "sequence", "origin", "timestamp", "message", "level", "maturity_level", "error", "details", "event_type",
    ]  # fmt: skip
    assert row["timestamp"] == "2026-01-02T03:04:05.000060Z"
    assert (row["level"], row["maturity_level"]) == ("INFO", "STABLE")


def test_two_events_have_two_ids() -> None:
    assert event(1).id != event(1).id
    assert datetime.now(timezone.utc) - event(1).timestamp < timedelta(minutes=1)


def test_final_states() -> None:
    assert {s.value for s in UpdateState if s.final} == {"COMPLETED", "FAILED", "CANCELED"}
    assert {s.value for s in FlowStatus if s.final} == {"COMPLETED", "FAILED", "SKIPPED", "STOPPED", "EXCLUDED"}


def test_subscribers_hear_events_in_order_when_the_waiting_thread_asks() -> None:
    bus, heard = EventBus(), []
    bus.subscribe(lambda e: heard.append(("one", e.message)))
    bus.subscribe(lambda e: heard.append(("two", e.message)))
    bus.emit(event(1))
    bus.emit(event(2))
    assert heard == []
    bus.drain()
    assert heard == [("one", "1"), ("two", "1"), ("one", "2"), ("two", "2")]


def test_the_journal_writes_an_event_before_anyone_hears_it() -> None:
    bus, order = EventBus(), []

    def write(given_event: Event) -> Event:
        order.append(f"written {given_event.message}")
        return replace(given_event, sequence=7)

    bus.journal(write)
    bus.subscribe(lambda e: order.append(f"heard {e.message} as {e.sequence}"))
    bus.emit(event(1))
    assert order == ["written 1"]
    bus.drain()
    assert order == ["written 1", "heard 1 as 7"]


def test_pump_takes_one_event_and_says_whether_there_was_one() -> None:
    bus, heard = EventBus(), []
    bus.subscribe(lambda e: heard.append(e.message))
    assert bus.pump(0) is False
    assert bus.pump(0.01) is False
    bus.emit(event(1))
    bus.emit(event(2))
    assert bus.pump(0) is True
    assert heard == ["1"]


def test_wake_lets_a_waiting_thread_go_on() -> None:
    bus, heard = EventBus(), []
    bus.subscribe(lambda e: heard.append(e.message))
    timer = threading.Timer(0.05, bus.wake)
    timer.start()
    assert bus.pump(10) is True
    timer.join()
    assert heard == []


def test_events_of_many_threads_are_written_and_heard_in_one_order() -> None:
    bus = EventBus()
    written: list[str] = []
    heard: list[str] = []

    def write(given_event: Event) -> Event:
        written.append(given_event.message)
        return replace(given_event, sequence=len(written))

    bus.journal(write)
    bus.subscribe(lambda e: heard.append(e.message))
    threads = [
        threading.Thread(target=lambda start=start: [bus.emit(event(start + i)) for i in range(50)])
        for start in (0, 100, 200)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bus.drain()
    assert heard == written
    assert len(heard) == 150
    assert [int(m) for m in heard if int(m) < 100] == list(range(50))


def test_a_subscriber_that_subscribes_another_disturbs_nobody() -> None:
    bus, heard = EventBus(), []

    def first(given_event: Event) -> None:
        heard.append(given_event.message)
        bus.subscribe(lambda e: heard.append(f"late {e.message}"))

    bus.subscribe(first)
    bus.emit(event(1))
    bus.drain()
    assert heard == ["1"]
