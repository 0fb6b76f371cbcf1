"""Events of one update, with the platform's types, messages and payloads."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.engine.request import flow_name
from ldp_jupyter.events import Event, FlowStatus, Level, UpdateState

if TYPE_CHECKING:
    from ldp_jupyter.engine.plan import PlannedFlow
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.events import EventBus
    from ldp_jupyter.graph import FlowNode, Graph, Node

_FLOW_TYPES = {"cdc": "CHANGE", "snapshot": "SNAPSHOT_CHANGE", "view": "MATERIALIZED_VIEW", "append": "APPEND"}


class Emitter:
    """Makes events with the update's origin and puts them on the bus."""

    def __init__(self, bus: EventBus, graph: Graph, pipeline_id: str, update_id: str) -> None:
        self._bus = bus
        self._graph = graph
        self._origin = {"pipeline_id": pipeline_id, "pipeline_name": graph.pipeline, "update_id": update_id}
        self.update_id = update_id

    def emit(
        self,
        event_type: str,
        message: str,
        payload: dict[str, Any],
        *,
        level: Level = Level.INFO,
        error: dict[str, Any] | None = None,
        **origin: Any,
    ) -> None:
        """One event; empty parts of the origin are left out."""
        full = {**self._origin, **{k: v for k, v in origin.items() if v is not None}}
        self._bus.emit(Event(event_type, message, full, {event_type: payload}, level=level, error=error))

    def create_update(self, payload: dict[str, Any], cause: str) -> None:
        self.emit(
            "create_update",
            f"Update {self.update_id[:6]} started by {cause}.",
            {"cause": cause, "run_as": _user(), "validate_only": False, **payload},
        )

    def user_action(self, action: str) -> None:
        self.emit(
            "user_action",
            f"User {_user()} performed {action} on the pipeline.",
            {"action": action, "user_name": _user()},
        )

    def runtime(self, versions: dict[str, str]) -> None:
        self.emit(
            "runtime_details",
            "Runtime: " + ", ".join(f"{k} {v}" for k, v in versions.items()),
            {"dbr_version": None, **versions},
        )

    def update(self, state: UpdateState, error: dict[str, Any] | None = None, cause: str | None = None) -> None:
        payload: dict[str, Any] = {"state": state.value}
        if cause:
            payload["cancellation_cause"] = cause
        self.emit(
            "update_progress",
            f"Update {self.update_id[:6]} is {state.value}.",
            payload,
            level=Level.ERROR if state == UpdateState.FAILED else Level.INFO,
            error=error,
        )

    def dataset(self, node: Node) -> None:
        shown = self._graph.shown(node.name)
        self.emit(
            "dataset_definition",
            f"Dataset '{shown}' defined as {node.kind.value.upper()}.",
            {
                "dataset_type": node.kind.value.upper(),
                "num_flows": len(node.flows),
                "expectations": [{"name": e.name, "action": e.action.value} for e in node.dataset.expectations],
                "schema": [{"name": c.name, "type": c.type} for c in node.columns or ()],
            },
            dataset_name=shown,
        )

    def flow(self, planned: PlannedFlow, kind: str) -> None:
        flow, node = planned.flow.flow, planned.node
        columns = [] if node is None else [{"name": c.name, "type": c.type} for c in node.columns or ()]
        self.emit(
            "flow_definition",
            f"Flow '{self.flow_name(planned.flow)}' defined as {_FLOW_TYPES[kind]}.",
            {
                "output_dataset": None if node is None else str(node.name),
                "output_sink": flow.sink,
                "input_datasets": [{"name": str(i)} for i in planned.flow.inputs]
                + [{"name": i} for i in planned.flow.external_inputs],
                "flow_type": _FLOW_TYPES[kind],
                "once": flow.once,
                "language": flow.language,
                "comment": flow.comment,
                "spark_conf": [{"key": k, "value": v} for k, v in flow.confs.items()],
                "schema": columns,
            },
            flow_name=self.flow_name(planned.flow),
            dataset_name=self.target(planned),
        )

    def sink(self, name: str, table_format: str, options: dict[str, str]) -> None:
        self.emit(
            "sink_definition", f"Sink '{name}' defined.", {"format": table_format, "options": options}, sink_name=name
        )

    def deprecation(self, text: str, place: str) -> None:
        self.emit(
            "deprecation",
            f"{text[:1].upper()}{text[1:]} ({place}).",
            {"message": text, "source_code_location": place},
            level=Level.WARN,
        )

    def planning(self, planned: PlannedFlow, technique: str, reasons: list[str], tables: list[dict[str, Any]]) -> None:
        name = self.flow_name(planned.flow)
        self.emit(
            "planning_information",
            f"Flow '{name}' has been planned to be executed as {technique}.",
            {
                "technique_information": [
                    {
                        "maintenance_type": f"MAINTENANCE_TYPE_{technique}",
                        "is_chosen": True,
                        "is_applicable": True,
                        "incrementalization_issues": [{"issue_type": r} for r in reasons],
                    }
                ],
                "source_table_information": tables,
            },
            flow_name=name,
            dataset_name=self.target(planned),
        )

    def warning(self, text: str) -> None:
        """Something about the plan that its user should know before it is carried out."""
        self.emit("planning_information", text, {"warning": text}, level=Level.WARN)

    def inactive(self, names: list[str]) -> None:
        """Datasets that left the source: their tables stay, and are updated no more."""
        text = f"Inactive, not declared any more: {', '.join(names)}."
        self.emit("planning_information", text, {"inactive_datasets": names})

    def retrying(self, planned: PlannedFlow, problem: LdpError, attempt: int, of: int, pause: float) -> None:
        """A flow failed and is going to be tried again."""
        name = self.flow_name(planned.flow)
        self.emit(
            "flow_progress",
            f"Flow '{name}' is RETRYING: attempt {attempt} of {of} in {pause:g} s. {problem.message}",
            {"status": FlowStatus.QUEUED.value, "retry": {"attempt": attempt, "attempts": of, "seconds": pause}},
            level=Level.WARN,
            error=error_json(problem, fatal=False),
            flow_name=name,
            dataset_name=self.target(planned),
        )

    def progress(
        self,
        planned: PlannedFlow,
        status: FlowStatus,
        *,
        metrics: dict[str, Any] | None = None,
        quality: dict[str, Any] | None = None,
        batch_id: int | None = None,
        problem: LdpError | None = None,
        message: str | None = None,
    ) -> None:
        """A `flow_progress` event."""
        name = self.flow_name(planned.flow)
        payload: dict[str, Any] = {"status": status.value}
        if metrics:
            payload["metrics"] = metrics
        if quality and (quality.get("expectations") or quality.get("dropped_records")):
            payload["data_quality"] = quality
        level = {FlowStatus.FAILED: Level.ERROR, FlowStatus.SKIPPED: Level.WARN}.get(status, Level.INFO)
        text = message or f"Flow '{name}' is {status.value}."
        if status == FlowStatus.FAILED and problem is not None:
            text = f"Flow '{name}' has FAILED: {problem.message}"
        self.emit(
            "flow_progress",
            text,
            payload,
            level=level,
            error=error_json(problem) if problem else None,
            flow_name=name,
            dataset_name=self.target(planned),
            batch_id=batch_id,
        )

    def flow_name(self, flow: FlowNode) -> str:
        return flow_name(self._graph, flow)

    def target(self, planned: PlannedFlow) -> str:
        return str(planned.flow.flow.sink) if planned.node is None else self._graph.shown(planned.node.name)


def error_json(problem: LdpError, *, fatal: bool = True) -> dict[str, Any]:
    """A problem in the event log's form."""
    stack = []
    if problem.location and problem.location.line:
        stack.append(
            {
                "declaring_class": "",
                "method_name": "",
                "file_name": problem.location.file or problem.location.cell,
                "line_number": problem.location.line,
            }
        )
    return {"fatal": fatal, "exceptions": [{"class_name": problem.code, "message": problem.message, "stack": stack}]}


def _user() -> str:
    try:
        return getpass.getuser()
    except Exception:
        return "unknown"
