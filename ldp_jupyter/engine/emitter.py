"""Events of one update, with the platform's types, messages and payloads."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import CdcSpec, Kind, SnapshotSpec
from ldp_jupyter.engine.request import flow_name
from ldp_jupyter.events import Event, FlowStatus, Level, UpdateState, errors_json
from ldp_jupyter.redaction import hidden, hidden_in

if TYPE_CHECKING:
    from ldp_jupyter.engine.plan import PlannedFlow
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.events import EventBus
    from ldp_jupyter.graph import FlowNode, Graph, Node

# The log's words for deprecated spellings, by the name in our note.
_DEPRECATED = {
    "create_table": "PYTHON_CREATE_TABLE",
    "create_view": "PYTHON_CREATE_VIEW",
    "create_streaming_live_table": "PYTHON_CREATE_STREAMING_LIVE_TABLE",
    "create_target_table": "PYTHON_CREATE_TARGET_TABLE",
}


class Emitter:
    """Makes events with the update's origin and puts them on the bus."""

    def __init__(self, bus: EventBus, graph: Graph, pipeline_id: str, update_id: str) -> None:
        self._bus = bus
        self._graph = graph
        self._origin = {
            "pipeline_id": pipeline_id,
            "pipeline_type": "WORKSPACE",
            "pipeline_name": graph.pipeline,
            "update_id": update_id,
        }
        self.update_id = update_id
        # by key of the flow, once its table is set up
        self.flow_ids: dict[str, str] = {}

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
        """One event; what has no value is left out of its origin and of its payload."""
        full = {**self._origin, **_given(origin)}
        self._bus.emit(Event(event_type, message, full, {event_type: _given(payload)}, level=level, error=error))

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
            dict(versions),
        )

    def hook(self, name: str) -> None:
        self.emit("hook_progress", f"Event hook '{name}' is ENABLED.", {"name": name, "status": "ENABLED"})

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

    def flow(self, defined: FlowNode, node: Node | None) -> None:
        """A flow into a dataset (a view's is its query), or into a sink."""
        flow, kind = defined.flow, flow_type(defined, node)
        columns = [] if node is None else [{"name": c.name, "type": c.type} for c in node.columns or ()]
        self.emit(
            "flow_definition",
            f"Flow '{self.flow_name(defined)}' defined as {kind}.",
            {
                "output_dataset": None if node is None else str(node.name),
                "output_sink": flow.sink,
                "input_datasets": [{"name": str(i)} for i in defined.inputs]
                + [{"name": i} for i in defined.external_inputs],
                "flow_type": kind,
                "once": flow.once,
                "language": flow.language,
                "comment": flow.comment,
                "spark_conf": [{"key": k, "value": hidden(k, v)} for k, v in flow.confs.items()],
                "schema": columns,
            },
            flow_name=self.flow_name(defined),
            dataset_name=str(flow.sink) if node is None else self._graph.shown(node.name),
        )

    def sink(self, name: str, table_format: str, options: dict[str, str]) -> None:
        self.emit(
            "sink_definition",
            f"Sink '{name}' defined.",
            {"format": table_format, "options": hidden_in(options)},
            sink_name=name,
        )

    def deprecation(self, text: str, place: str) -> None:
        self.emit(
            "deprecation",
            f"{text[:1].upper()}{text[1:]} ({place}).",
            {
                "message": _DEPRECATED.get(text.split(" ", maxsplit=1)[0].strip("`").rsplit(".", 1)[-1], text),
                "source_code_location": place,
            },
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
            **self._flow_origin(planned),
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
            error=errors_json([problem], fatal=False),
            **self._flow_origin(planned),
        )

    def new_columns(self, planned: PlannedFlow, columns: list[str], file: str) -> None:
        """A stream of files met columns that it did not know, and begins again with them."""
        name, new = self.flow_name(planned.flow), ", ".join(columns)
        self.emit(
            "flow_progress",
            f"Flow '{name}' begins again with new columns of {file}: {new}.",
            {"status": FlowStatus.RUNNING.value, "new_columns": columns},
            level=Level.WARN,
            **self._flow_origin(planned),
        )

    def changed_files(self, planned: PlannedFlow, files: list[str]) -> None:
        """Files that changed after a stream has read them, which does not read them again."""
        name, first = self.flow_name(planned.flow), ", ".join(files[:3])
        text = (
            f"Flow '{name}' does not read {len(files):,} changed {'file' if len(files) == 1 else 'files'} again: "
            f"{first}{', ...' if len(files) > 3 else ''} (Auto Loader does with cloudFiles.allowOverwrites)."
        )
        payload = {"warning": text, "changed_files": files[:100]}
        self.emit("planning_information", text, payload, level=Level.WARN, **self._flow_origin(planned))

    def without_files(self, planned: PlannedFlow, files: list[str]) -> None:
        """Files that a stream failed on, and that were taken away: it goes on without them."""
        name, first = self.flow_name(planned.flow), ", ".join(files[:3])
        text = f"Flow '{name}' goes on without files that it could not take: {first}{', ...' if files[3:] else ''}."
        payload = {"warning": text, "files_taken_away": files[:100]}
        self.emit("planning_information", text, payload, level=Level.WARN, **self._flow_origin(planned))

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
        told = len(payload) > 1
        level = _LEVELS.get(status, Level.METRICS if told else Level.INFO)
        text = message or f"Flow '{name}' is {status.value}{_counted(metrics or {}, quality or {}) if told else ''}."
        if status == FlowStatus.FAILED and problem is not None:
            text = f"Flow '{name}' has FAILED: {problem.message}"
        self.emit(
            "flow_progress",
            text,
            payload,
            level=level,
            error=errors_json([problem]) if problem else None,
            **self._flow_origin(planned),
            batch_id=batch_id,
        )

    def flow_name(self, flow: FlowNode) -> str:
        return flow_name(self._graph, flow)

    def target(self, planned: PlannedFlow) -> str:
        return str(planned.flow.flow.sink) if planned.node is None else self._graph.shown(planned.node.name)

    def _flow_origin(self, planned: PlannedFlow) -> dict[str, Any]:
        return {
            "flow_id": self.flow_ids.get(planned.key),
            "flow_name": self.flow_name(planned.flow),
            "dataset_name": self.target(planned),
        }


def flow_type(defined: FlowNode, node: Node | None) -> str:
    """The log's word for what a flow does."""
    query = defined.flow.query
    if isinstance(query, CdcSpec):
        return "CHANGE"
    if isinstance(query, SnapshotSpec):
        return "SNAPSHOT_CHANGE"
    if node is None or node.kind == Kind.STREAMING_TABLE:
        return "APPEND"
    return "MATERIALIZED_VIEW" if node.kind == Kind.MATERIALIZED_VIEW else "VIEW"


_LEVELS = {FlowStatus.FAILED: Level.ERROR, FlowStatus.SKIPPED: Level.WARN}


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what has no value: the log leaves it out."""
    return {key: value for key, value in values.items() if value is not None}


def _counted(metrics: dict[str, Any], quality: dict[str, Any]) -> str:
    """Counts of a batch in words, behind the state."""
    violations = sum(rule["failed_records"] for rule in quality.get("expectations", ()))
    counts = [
        (metrics.get("num_output_rows"), "written"),
        (metrics.get("num_upserted_rows"), "upserted"),
        (metrics.get("num_deleted_rows"), "deleted"),
        (quality.get("dropped_records") or None, "dropped"),
        (violations or None, "in violation of expectations"),
    ]
    told = [f"{count:,} {word}" for count, word in counts if count is not None]
    if "backlog_files" in metrics:
        count = metrics["backlog_files"]
        told.append("1 file waits" if count == 1 else f"{count:,} files wait")
    return f": {', '.join(told)}" if told else ""


def _user() -> str:
    try:
        return getpass.getuser()
    except Exception:
        return "unknown"
