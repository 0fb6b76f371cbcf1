"""`UpdateView`: an update as its events tell it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ldp_jupyter.events import Event, FlowStatus, Level, UpdateState, UpdateView

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Story:
    """Events told one after another, a second between two."""

    def __init__(self) -> None:
        self.view = UpdateView()
        self.seconds = 0
        self.tell("create_update", {"full_refresh": False}, update_id="u1", pipeline_name="shop")

    def tell(self, event_type: str, payload: dict[str, Any], error: Any = None, **origin: str) -> None:
        when = START + timedelta(seconds=self.seconds)
        self.seconds += 1
        self.view.apply(Event(event_type, "", origin, {event_type: payload}, Level.INFO, error=error, timestamp=when))

    def dataset(self, name: str, kind: str = "STREAMING_TABLE", **rules: str) -> None:
        expectations = [{"name": rule, "action": action} for rule, action in rules.items()]
        self.tell("dataset_definition", {"dataset_type": kind, "expectations": expectations}, dataset_name=name)

    def flow(self, name: str, status: str, dataset: str = "", error: str = "", **payload: Any) -> None:
        told = {"fatal": True, "exceptions": [{"message": error}]} if error else None
        self.tell("flow_progress", {"status": status, **payload}, told, dataset_name=dataset or name, flow_name=name)

    def state(self, state: str) -> None:
        self.tell("update_progress", {"state": state})


def quality(dropped: int, *rules: tuple[str, str, int, int], **views: int) -> dict[str, Any]:
    told = {
        "dropped_records": dropped,
        "expectations": [
            {"dataset": d, "name": n, "passed_records": passed, "failed_records": failed}
            for d, n, passed, failed in rules
        ],
    }
    return {**told, "dropped_in_views": views} if views else told


def test_before_any_event() -> None:
    view = UpdateView()
    assert (view.state, view.seconds, view.datasets) == (None, None, {})
    assert view.to_json() == {"update_id": "", "pipeline": "", "state": None, "seconds": None, "datasets": [], "inactive": []}


def test_an_update_from_its_start_to_its_end() -> None:
    story = Story()
    story.state("INITIALIZING")
    assert (story.view.update_id, story.view.pipeline) == ("u1", "shop")
    assert story.view.state == UpdateState.INITIALIZING
    assert story.view.seconds is None
    story.state("COMPLETED")
    assert story.view.state == UpdateState.COMPLETED
    assert story.view.seconds == 2.0
    assert len(story.view.events) == 3


def test_a_full_refresh_is_told() -> None:
    view = UpdateView()
    view.apply(Event("create_update", "", {}, {"create_update": {"full_refresh": True}}))
    assert view.full_refresh is True


def test_batches_of_a_flow_add_up() -> None:
    story = Story()
    story.dataset("orders", ok="drop")
    story.flow("orders", "QUEUED")
    assert story.view.datasets["orders"].rows_written is None
    story.flow("orders", "STARTING")
    for written, bad in ((10, 1), (20, 2)):
        story.flow(
            "orders",
            "RUNNING",
            metrics={"num_output_rows": written},
            data_quality=quality(bad, ("orders", "ok", written, bad)),
        )
    story.flow("orders", "COMPLETED")
    orders = story.view.datasets["orders"]
    assert (orders.rows_written, orders.rows_dropped, orders.status) == (30, 3, "COMPLETED")
    rule = orders.expectations["ok"]
    assert (rule.action, rule.passed, rule.failed) == ("drop", 30, 3)
    assert orders.seconds == 3.0


def test_flows_of_one_dataset_add_up() -> None:
    story = Story()
    story.dataset("orders", ok="warn")
    story.flow(
        "north", "RUNNING", "orders", metrics={"num_output_rows": 3}, data_quality=quality(0, ("orders", "ok", 3, 0))
    )
    story.flow(
        "south", "RUNNING", "orders", metrics={"num_output_rows": 4}, data_quality=quality(1, ("orders", "ok", 4, 1))
    )
    orders = story.view.datasets["orders"]
    assert (orders.rows_written, orders.rows_dropped) == (7, 1)
    assert (orders.expectations["ok"].passed, orders.expectations["ok"].failed) == (7, 1)
    assert orders.flows["north"].rows_written == 3


def test_upserts_and_deletes_of_change_capture() -> None:
    story = Story()
    story.dataset("customers")
    for upserted, deleted in ((5, 0), (2, 3)):
        story.flow("customers", "RUNNING", metrics={"num_upserted_rows": upserted, "num_deleted_rows": deleted})
    customers = story.view.datasets["customers"]
    assert (customers.rows_upserted, customers.rows_deleted, customers.rows_written) == (7, 3, None)


def test_rules_of_a_view_are_counted_in_the_flow_that_reads_it_and_shown_at_the_view() -> None:
    story = Story()
    story.dataset("clean", "TEMPORARY_VIEW", positive="drop")
    story.dataset("orders", ok="warn")
    for _ in range(2):
        story.flow(
            "orders",
            "RUNNING",
            metrics={"num_output_rows": 8},
            data_quality=quality(0, ("orders", "ok", 8, 0), ("clean", "positive", 8, 2), clean=2),
        )
    clean = story.view.datasets["clean"]
    assert (clean.rows_dropped, clean.status, clean.rows_written) == (4, None, None)
    assert (clean.expectations["positive"].passed, clean.expectations["positive"].failed) == (16, 4)
    assert story.view.datasets["orders"].rows_dropped == 0
    assert set(story.view.datasets["orders"].expectations) == {"ok"}


def test_a_view_without_rules_drops_nothing_that_could_be_told() -> None:
    story = Story()
    story.dataset("v", "TEMPORARY_VIEW")
    assert story.view.datasets["v"].rows_dropped is None


def test_the_status_of_a_dataset_is_the_worst_of_its_flows() -> None:
    story = Story()
    story.flow("a", "COMPLETED", "t")
    assert story.view.datasets["t"].status == "COMPLETED"
    story.flow("b", "RUNNING", "t")
    assert story.view.datasets["t"].status == "RUNNING"
    story.flow("b", "FAILED", "t", error="broke")
    assert story.view.datasets["t"].status == "FAILED"


def test_every_status_has_its_rank() -> None:
    for status in FlowStatus:
        story = Story()
        story.flow("t", status.value)
        assert story.view.datasets["t"].status == status.value


def test_an_error_of_two_flows_is_listed_once() -> None:
    story = Story()
    story.flow("a", "FAILED", error="same")
    story.flow("b", "FAILED", error="same")
    story.flow("c", "FAILED", error="other")
    assert story.view.errors == ["same", "other"]
    assert story.view.datasets["a"].flows["a"].error == "same"


def test_planning_tells_how_a_view_was_refreshed() -> None:
    story = Story()
    story.dataset("mv", "MATERIALIZED_VIEW")
    technique = [
        {"maintenance_type": "MAINTENANCE_TYPE_ROW_BASED", "is_chosen": False},
        {"maintenance_type": "MAINTENANCE_TYPE_NO_OP", "is_chosen": True},
    ]
    story.tell("planning_information", {"technique_information": technique}, dataset_name="mv")
    assert story.view.datasets["mv"].refresh == "NO_OP"
    story.tell("planning_information", {"technique_information": technique}, dataset_name="unheard_of")
    assert set(story.view.datasets) == {"mv"}


def test_time_runs_from_the_first_start_to_the_last_end() -> None:
    story = Story()
    story.flow("a", "STARTING", "t")
    story.flow("b", "STARTING", "t")
    story.flow("a", "COMPLETED", "t")
    story.flow("b", "RUNNING", "t")
    story.flow("b", "COMPLETED", "t")
    assert story.view.datasets["t"].seconds == 4.0
    assert story.view.datasets["t"].flows["a"].seconds == 2.0


def test_events_of_other_types_are_kept_for_the_log() -> None:
    story = Story()
    story.tell("hook_progress", {"name": "h"})
    story.view.apply(Event("maintenance_progress", "", {}, {}))
    assert [e.event_type for e in story.view.events] == ["create_update", "hook_progress", "maintenance_progress"]


def test_json_lists_datasets_with_flows_or_rules_and_flows_that_were_excluded() -> None:
    story = Story()
    story.dataset("plain_view", "TEMPORARY_VIEW")
    story.dataset("checked_view", "TEMPORARY_VIEW", ok="warn")
    story.dataset("orders")
    story.flow("orders", "EXCLUDED")
    told = story.view.to_json()["datasets"]
    assert [d["name"] for d in told] == ["checked_view", "orders"]
    assert told[0]["expectations"] == [{"name": "ok", "action": "warn", "passed": 0, "failed": 0}]
    assert told[1] == {
        "name": "orders", "kind": "streaming_table", "status": "EXCLUDED", "refresh": None, "rows_written": None,
        "rows_upserted": None, "rows_deleted": None, "rows_dropped": None, "expectations": [], "seconds": None,
        "flows": [{
            "name": "orders", "status": "EXCLUDED", "rows_written": None, "rows_upserted": None, "rows_deleted": None,
            "rows_dropped": None, "seconds": None, "error": None,
        }],
    }  # fmt: skip


def test_an_update_of_days_keeps_its_definitions_and_the_newest_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ldp_jupyter.events.view._PROGRESS", 10)
    story = Story()
    story.view._most_events = 20
    story.dataset("orders")
    for _ in range(95):
        story.flow("orders", "RUNNING", metrics={"num_output_rows": 1})
    story.state("CANCELED")
    view = story.view
    assert len(view.events) <= 20 + 10
    assert len(view.events) + view.forgotten == 98
    assert [e.event_type for e in view.events][:2] == ["create_update", "dataset_definition"]
    kept = [e.timestamp for e in view.events]
    assert kept == sorted(kept)
    assert view.datasets["orders"].rows_written == 95
