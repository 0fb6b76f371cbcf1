"""What an update looks like so far: a fold over its events, read by every display, the report and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldp_jupyter.events.states import FlowStatus, UpdateState

if TYPE_CHECKING:
    from datetime import datetime

    from ldp_jupyter.events.event import Event


@dataclass
class RuleCount:
    """Counts of one expectation within the update.

    Parameters:
        samples: some of the rows that violate it, as JSON texts.
    """

    name: str
    action: str
    passed: int = 0
    failed: int = 0
    samples: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        counts = {"name": self.name, "action": self.action, "passed": self.passed, "failed": self.failed}
        return {**counts, "samples": self.samples} if self.samples else counts


@dataclass
class FlowView:
    """One flow within the update."""

    name: str
    dataset: str
    status: FlowStatus = FlowStatus.QUEUED
    rows_written: int | None = None
    rows_upserted: int | None = None
    rows_deleted: int | None = None
    rows_dropped: int | None = None
    started: datetime | None = None
    ended: datetime | None = None
    error: str | None = None

    @property
    def seconds(self) -> float | None:
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status.value,
            **_rows(self, self.status.value),
            "seconds": self.seconds,
            "error": self.error,
        }


def _rows(view: FlowView | DatasetView, status: str | None) -> dict[str, int | None]:
    """Counts for programs: what was completed and counted nothing has written and dropped no row."""
    written, dropped = view.rows_written, view.rows_dropped
    if status == FlowStatus.COMPLETED.value and view.rows_upserted is None and written is None:
        written = 0
    if written is not None and dropped is None:
        dropped = 0
    return {
        "rows_written": written,
        "rows_upserted": view.rows_upserted,
        "rows_deleted": view.rows_deleted,
        "rows_dropped": dropped,
    }


# The worst state of a dataset's flows is the dataset's.
_WORST = [
    FlowStatus.FAILED,
    FlowStatus.STOPPED,
    FlowStatus.SKIPPED,
    FlowStatus.RUNNING,
    FlowStatus.PLANNING,
    FlowStatus.STARTING,
    FlowStatus.QUEUED,
    FlowStatus.IDLE,
    FlowStatus.COMPLETED,
    FlowStatus.EXCLUDED,
]


@dataclass
class DatasetView:
    """One dataset within the update. `name` is its shortest form within the pipeline's default catalog and schema."""

    name: str
    kind: str
    refresh: str | None = None
    flows: dict[str, FlowView] = field(default_factory=dict)
    expectations: dict[str, RuleCount] = field(default_factory=dict)
    view_dropped: int = 0

    def _sum(self, key: str) -> int | None:
        values = [getattr(flow, key) for flow in self.flows.values()]
        known = [v for v in values if v is not None]
        return sum(known) if known else None

    @property
    def status(self) -> str | None:
        """The worst state of its flows; None for a view, which has none."""
        states = {flow.status for flow in self.flows.values()}
        return next((state.value for state in _WORST if state in states), None)

    @property
    def rows_written(self) -> int | None:
        return self._sum("rows_written")

    @property
    def rows_upserted(self) -> int | None:
        return self._sum("rows_upserted")

    @property
    def rows_deleted(self) -> int | None:
        return self._sum("rows_deleted")

    @property
    def rows_dropped(self) -> int | None:
        if not self.flows:
            return self.view_dropped if self.expectations else None
        return self._sum("rows_dropped")

    @property
    def seconds(self) -> float | None:
        """From the start of its first flow to the end of its last."""
        starts = [f.started for f in self.flows.values() if f.started]
        ends = [f.ended for f in self.flows.values() if f.ended]
        return (max(ends) - min(starts)).total_seconds() if starts and ends else None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "status": self.status,
            "refresh": self.refresh,
            **_rows(self, self.status),
            "expectations": [e.to_json() for e in self.expectations.values()],
            "flows": [f.to_json() for f in self.flows.values()],
            "seconds": round(self.seconds, 3) if self.seconds is not None else None,
        }


# Events of flows that a view keeps.
_PROGRESS = 10_000


@dataclass
class UpdateView:
    """An update as told by its events. Feed it with `apply`, in order."""

    update_id: str = ""
    pipeline: str = ""
    state: UpdateState | None = None
    full_refresh: bool = False
    created: datetime | None = None
    ended: datetime | None = None
    datasets: dict[str, DatasetView] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    # datasets that left the source: their tables stay and are updated no more
    inactive: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    # events of flows that an update of days has left behind; the log has them
    forgotten: int = 0
    _most_events: int = field(default=2 * _PROGRESS, repr=False)

    @property
    def seconds(self) -> float | None:
        if self.created is None or self.ended is None:
            return None
        return (self.ended - self.created).total_seconds()

    def apply(self, event: Event) -> None:
        """Take one event in; events of other types are kept for the log only."""
        self.events.append(event)
        if len(self.events) >= self._most_events:
            self._forget()
        payload = event.details.get(event.event_type) or {}
        handler = getattr(self, f"_on_{event.event_type}", None)
        if handler is not None:
            handler(event, payload)

    def _forget(self) -> None:
        """Keep what defines the update, and the newest of what its flows told."""
        told = [event for event in self.events if event.event_type == "flow_progress"]
        gone = {id(event) for event in told[:-_PROGRESS]}
        self.events = [event for event in self.events if id(event) not in gone]
        self.forgotten += len(gone)
        self._most_events = len(self.events) + _PROGRESS

    def _on_create_update(self, event: Event, payload: dict[str, Any]) -> None:
        self.update_id = event.origin.get("update_id", "")
        self.pipeline = event.origin.get("pipeline_name", "")
        self.created = event.timestamp
        self.full_refresh = bool(payload.get("full_refresh"))

    def _on_update_progress(self, event: Event, payload: dict[str, Any]) -> None:
        self.state = UpdateState(payload["state"])
        if self.state.final:
            self.ended = event.timestamp

    def _on_dataset_definition(self, event: Event, payload: dict[str, Any]) -> None:
        name = event.origin["dataset_name"]
        view = self.datasets.setdefault(name, DatasetView(name, ""))
        view.kind = payload["dataset_type"].lower()
        for rule in payload.get("expectations", ()):
            view.expectations.setdefault(rule["name"], RuleCount(rule["name"], rule["action"]))

    def _on_planning_information(self, event: Event, payload: dict[str, Any]) -> None:
        chosen = [t for t in payload.get("technique_information", ()) if t.get("is_chosen")]
        self.inactive = list(payload.get("inactive_datasets", self.inactive))
        dataset = self.datasets.get(event.origin.get("dataset_name", ""))
        if chosen and dataset is not None:
            dataset.refresh = chosen[0]["maintenance_type"].removeprefix("MAINTENANCE_TYPE_")

    def _on_flow_progress(self, event: Event, payload: dict[str, Any]) -> None:
        dataset_name, flow_name = event.origin["dataset_name"], event.origin["flow_name"]
        dataset = self.datasets.setdefault(dataset_name, DatasetView(dataset_name, ""))
        flow = dataset.flows.setdefault(flow_name, FlowView(flow_name, dataset_name))
        flow.status = FlowStatus(payload["status"])
        if flow.status in (FlowStatus.STARTING, FlowStatus.PLANNING, FlowStatus.RUNNING) and flow.started is None:
            flow.started = event.timestamp
        if flow.status.final:
            flow.ended = event.timestamp
        if event.error and event.error.get("fatal", True):  # else it is tried again
            flow.error = event.error["exceptions"][0]["message"]
            if flow.error not in self.errors:
                self.errors.append(flow.error)
        metrics = payload.get("metrics") or {}
        for key, metric in (
            ("rows_written", "num_output_rows"),
            ("rows_upserted", "num_upserted_rows"),
            ("rows_deleted", "num_deleted_rows"),
        ):
            if metric in metrics:
                setattr(flow, key, (getattr(flow, key) or 0) + metrics[metric])
        self._quality(dataset, flow, payload.get("data_quality") or {})

    def _quality(self, dataset: DatasetView, flow: FlowView, quality: dict[str, Any]) -> None:
        if "dropped_records" in quality:
            flow.rows_dropped = (flow.rows_dropped or 0) + quality["dropped_records"]
        for rule in quality.get("expectations", ()):
            count = self._rule(dataset, rule)
            count.passed += rule["passed_records"]
            count.failed += rule["failed_records"]
        for rule in quality.get("samples", ()):
            # flows that read one view may have met the same rows
            kept = self._rule(dataset, rule).samples
            kept += [row for row in rule["rows"] if row not in kept]
        for name, dropped in (quality.get("dropped_in_views") or {}).items():
            if name in self.datasets:
                self.datasets[name].view_dropped += dropped

    def _rule(self, dataset: DatasetView, rule: dict[str, Any]) -> RuleCount:
        # a view's rules are counted in the flows that read it
        owner = self.datasets.get(rule["dataset"], dataset)
        return owner.expectations.setdefault(rule["name"], RuleCount(rule["name"], "warn"))

    def to_json(self) -> dict[str, Any]:
        """The object that ``ldp run --format json`` ends with; the caller adds the errors, which it has whole."""
        return {
            "update_id": self.update_id,
            "pipeline": self.pipeline,
            "state": self.state.value if self.state else None,
            "seconds": round(self.seconds, 3) if self.seconds is not None else None,
            "datasets": [d.to_json() for d in self.datasets.values() if d.flows or d.expectations],
            "inactive": self.inactive,
        }
