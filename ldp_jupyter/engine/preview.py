"""What an update would do with each dataset, told before it starts: no Spark job, nothing written.

For a streaming table that is whether its table is there, how its declaration differs from the one it was last refreshed
with, and whether only a full refresh can bring it there. For a materialized view it is whether it must be computed:
decided as its refresh decides, as far as that can be told while its inputs have not been refreshed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import CdcSpec, Kind, Note
from ldp_jupyter.engine.definitions import KEY, definition, differences
from ldp_jupyter.engine.inactive import Absent, find_absent
from ldp_jupyter.engine.lost_rows import lost_rows
from ldp_jupyter.engine.plan import (
    UpdatePlan,
    inputs_through_views,
    plan_update,
    refusing_readers,
    reset_allowed,
    streamed_tables,
)
from ldp_jupyter.engine.request import flow_name
from ldp_jupyter.engine.tables import begins_anew, check_owner, read_tables, tables_at
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from ldp_jupyter.engine.request import UpdateRequest
    from ldp_jupyter.engine.tables import Table
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph import FlowNode, Graph, Node
    from ldp_jupyter.names import Name
    from ldp_jupyter.state import Layout, Memory

# States of a dataset's definition.
NEW, UNCHANGED, CHANGED, UNKNOWN, INACTIVE, NOT_LOADED = (
    "NEW",
    "UNCHANGED",
    "CHANGED",
    "UNKNOWN",
    "INACTIVE",
    "NOT_LOADED",
)
# What the update would do with it, in the event log's words; INCREMENTAL: what is new of its sources is appended.
INCREMENTAL, FULL_REFRESH, COMPLETE_RECOMPUTE, NO_OP, EXCLUDED = (
    "INCREMENTAL",
    "FULL_REFRESH",
    "COMPLETE_RECOMPUTE",
    "NO_OP",
    "EXCLUDED",
)
IF_INPUTS_CHANGE = "COMPLETE_RECOMPUTE_IF_INPUTS_CHANGE"


@dataclass
class DatasetPlan:
    """One dataset in a plan.

    Parameters:
        state: of its definition: NEW, UNCHANGED, CHANGED, UNKNOWN (no record of the last one), INACTIVE, NOT_LOADED.
        refresh: what the update does; None for what has no table, or is not declared.
        changes: how its definition changed, in words.
        reasons: why a materialized view is computed, in the event log's words.
        resets: flows whose checkpoints begin anew.
        problem: why the update would refuse it, e.g. LDP-3005 for what needs a full refresh.
    """

    name: str
    kind: str
    state: str
    refresh: str | None = None
    changes: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    resets: list[str] = field(default_factory=list)
    problem: LdpError | None = None

    @property
    def needs_full_refresh(self) -> bool:
        return self.problem is not None and self.problem.code in ("LDP-3004", "LDP-3005")

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "state": self.state,
            "refresh": self.refresh,
            "changes": self.changes,
            "reasons": self.reasons,
            "reset_checkpoints": self.resets,
            "needs_full_refresh": self.needs_full_refresh,
            "problem": self.problem.to_json() if self.problem else None,
        }


@dataclass
class PlanPreview:
    """What an update of a pipeline would do."""

    pipeline: str
    datasets: list[DatasetPlan] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The object of ``ldp plan --format json``."""
        return {
            "pipeline": self.pipeline,
            "datasets": [dataset.to_json() for dataset in self.datasets],
            "warnings": [str(warning) for warning in self.warnings],
        }


def preview_update(
    graph: Graph,
    session: Any,
    layout: Layout,
    memory: Memory,
    owner: str,
    request: UpdateRequest,
    *,
    last: UpdateView | None = None,
    unloaded: AbstractSet[Name] = frozenset(),
) -> PlanPreview:
    """Tell what an update would do.

    Parameters:
        graph: resolved, without problems.
        owner: id of the pipeline.
        last: the last update, where the request asks for what failed in it.
        unloaded: datasets of this kernel's notebook whose cells did not run.

    Raises:
        UsageProblem: for selections that make no sense.
    """
    plan = plan_update(graph, request, last)
    tables = read_tables(session, layout, [node for node in graph.nodes.values() if node.kind.stored])
    absent = find_absent(session, layout, memory, graph, owner, unloaded)
    return _Preview(graph, session, layout, memory, owner, plan, tables).run(absent)


def full_refresh_warnings(graph: Graph, plan: UpdatePlan, tables: dict[Name, Table]) -> list[Note]:
    """What a full refresh does to the streaming readers of the tables that it empties, and which tables it leaves."""
    emptied = {name for name in plan.full if tables[name].exists}
    warnings = [
        Note(
            "warning",
            f"`{graph.shown(name)}` is not fully refreshed: its property pipelines.reset.allowed is false",
            node.dataset.location,
        )
        for name, node in graph.nodes.items()
        if name in plan.kept and tables[name].exists
    ]
    readers = {n: s for n, s in refusing_readers(graph, emptied).items() if tables[n].exists and n not in plan.full}
    everything = _with_all_readers(graph, plan.full, tables)
    for reader, sources in readers.items():
        shown, emptied_shown = graph.shown(reader), ", ".join(f"`{graph.shown(s)}`" for s in sources)
        if reset_allowed(graph.nodes[reader]):
            advice = f"run with --full-refresh {','.join(graph.shown(n) for n in graph.nodes if n in everything)}"
        else:
            advice = "its property pipelines.reset.allowed is false: read with skipChangeCommits to go on"
        warnings.append(
            Note(
                "warning",
                f"`{shown}` reads {emptied_shown} as a stream: once that is emptied it refuses (LDP-3004) "
                f"unless it is fully refreshed too; {advice}",
                graph.nodes[reader].dataset.location,
            )
        )
    for planned in plan.flows:
        flow = planned.flow.flow
        if flow.sink is None or planned.flow in plan.resets:
            continue
        streamed = streamed_tables(graph, planned.flow)
        read = [f"`{graph.shown(name)}`" for name in graph.nodes if name in streamed and name in emptied]
        if read:
            selected = f"--refresh {flow.sink} " if planned.excluded else ""
            warnings.append(
                Note(
                    "warning",
                    f"`{flow.name}` reads {', '.join(read)} as a stream: once that is emptied it refuses (LDP-3004) "
                    f"unless its checkpoint is reset; add {selected}--reset-checkpoint {flow.name}, which writes "
                    "everything to the sink again",
                    flow.location,
                )
            )
    return warnings


def _with_all_readers(graph: Graph, full: set[Name], tables: dict[Name, Table]) -> set[Name]:
    """What must be fully refreshed together: with tables their streaming readers, and the readers of these."""
    found = set(full)
    while more := {n for n in refusing_readers(graph, found) if tables[n].exists and reset_allowed(graph.nodes[n])}:
        found |= more
    return found


class _Preview:
    def __init__(
        self,
        graph: Graph,
        session: Any,
        layout: Layout,
        memory: Memory,
        owner: str,
        plan: UpdatePlan,
        tables: dict[Name, Table],
    ) -> None:
        self.graph = graph
        self.session = session
        self.layout = layout
        self.memory = memory
        self.owner = owner
        self.plan = plan
        self.tables = tables
        self.made: dict[Name, DatasetPlan] = {}
        self.heads = self._heads()

    def run(self, absent: Absent) -> PlanPreview:
        for name, node in self.graph.nodes.items():
            if node.kind.stored:
                self.made[name] = self._table(node)
        preview = PlanPreview(self.graph.pipeline, list(self.made.values()))
        for tables, state in ((absent.inactive, INACTIVE), (absent.not_loaded, NOT_LOADED)):
            for name, table in tables.items():
                preview.datasets.append(DatasetPlan(self.graph.shown(name), table.kind, state))
        preview.warnings = [*full_refresh_warnings(self.graph, self.plan, self.tables), *self._refusing_sinks()]
        return preview

    def _refusing_sinks(self) -> list[Note]:
        """Flows into sinks whose source lost rows in an earlier update."""
        found = []
        for planned in self.plan.flows:
            flow = planned.flow
            if flow.flow.sink is None or planned.excluded:
                continue
            problem = self._lost_rows(flow, None, flow.flow.name, f"run with --reset-checkpoint {flow.flow.name}")
            if problem is not None:
                found.append(Note("warning", f"{problem.message} (LDP-3004); {problem.hint}", flow.flow.location))
        return found

    def _lost_rows(self, flow: FlowNode, target: Table | None, shown: str, advice: str) -> LdpError | None:
        """What a flow will say when it goes on after its source lost rows; None for one that begins anew."""
        if flow in self.plan.resets:
            return None
        lost = lost_rows(flow, target, streamed_tables(self.graph, flow), self.tables, self.layout)
        if lost is None:
            return None
        return LdpError(
            "LDP-3004",
            f'"{shown}" reads "{self.graph.shown(lost.table)}" as a stream, which was emptied or changed in its '
            f"version {lost.version}",
            dataset=shown,
            location=flow.flow.location,
            hint=f"{advice}, or read with skipChangeCommits",
        )

    def _heads(self) -> dict[str, list[Any]]:
        """Id and version of each table that a materialized view was computed from, in one call."""
        paths = {path for name in self.tables for path in (self._remembered(name).get("sources") or {})}
        found = tables_at(self.session, {path: path for path in sorted(paths)})
        return {path: [table.table_id, table.version] for path, table in found.items()}

    def _remembered(self, name: Name) -> dict[str, Any]:
        return self.memory.get(str(name), "view") or {}

    def _table(self, node: Node) -> DatasetPlan:
        table = self.tables[node.name]
        made = DatasetPlan(self.graph.shown(node.name), node.kind.value, self._state(node, table))
        if made.state == CHANGED:
            made.changes = differences(self.memory.get(str(node.name), KEY), definition(self.graph, node))
        full = node.name in self.plan.full and table.exists
        made.problem = self._problem(node, table, full=full)
        made.resets = [
            flow_name(self.graph, flow)
            for flow in self.plan.resets
            if flow.flow.sink is None and flow.flow.target == node.name
        ]
        if node.name not in self.plan.selected:
            made.refresh = EXCLUDED
        elif node.kind == Kind.MATERIALIZED_VIEW:
            made.refresh, made.reasons = self._view(node, table, made, full=full)
        else:
            made.refresh = FULL_REFRESH if full else INCREMENTAL
        return made

    def _state(self, node: Node, table: Table) -> str:
        if not table.exists:
            return NEW
        before = self.memory.get(str(node.name), KEY)
        if before is None:
            return UNKNOWN
        return CHANGED if differences(before, definition(self.graph, node)) else UNCHANGED

    def _problem(self, node: Node, table: Table, *, full: bool) -> LdpError | None:
        try:
            check_owner(node, table, self.owner, self.graph)
            if node.kind == Kind.STREAMING_TABLE and table.exists and not full:
                begins_anew(self.session, node, table, node.schema, self.graph, self.layout)
                self._check_changes(node, table)
                return self._refusal(node, table)
        except LdpError as problem:
            return problem
        return None

    def _refusal(self, node: Node, table: Table) -> LdpError | None:
        """Why a stream into the table will refuse: its source lost rows in an earlier update, or by hand."""
        shown = self.graph.shown(node.name)
        advice = f"run with --full-refresh {shown}"
        if not reset_allowed(node):
            advice = "its property pipelines.reset.allowed is false: allow it for a full refresh"
        found = (self._lost_rows(flow, table, shown, advice) for flow in node.flows)
        return next((problem for problem in found if problem is not None), None)

    def _check_changes(self, node: Node, table: Table) -> None:
        """Raise for an AUTO CDC flow whose arguments do not fit the stored changes any more."""
        from ldp_jupyter import cdc
        from ldp_jupyter.spark import bridge

        target = cdc.ChangeTarget(
            self.graph.shown(node.name), table.path, self.layout.changes(node.name, table.generation)
        )
        for flow in node.flows:
            query = flow.flow.query
            source = self.graph.nodes[flow.inputs[0]] if len(flow.inputs) == 1 else None
            if isinstance(query, CdcSpec) and source is not None and source.schema is not None:
                shape = bridge.empty(self.session, source.schema, streaming=not flow.flow.once)
                cdc.check_definition(self.session, query, shape, target)

    def _tables_behind(self, node: Node) -> list[Name]:
        """Tables that a dataset reads, through views of the catalog too."""
        found = inputs_through_views(self.graph, node.inputs)
        views = [self.graph.nodes[name] for name in found if not self.graph.nodes[name].kind.stored]
        behind = [name for view in views for name in self._tables_behind(view)]
        return [name for name in (*found, *behind) if name in self.made]

    def _view(self, node: Node, table: Table, made: DatasetPlan, *, full: bool) -> tuple[str, list[str]]:
        """Whether a materialized view is computed, and why."""
        if full:
            return COMPLETE_RECOMPUTE, ["FULL_REFRESH"]
        if not table.exists:
            return COMPLETE_RECOMPUTE, ["FIRST_REFRESH"]
        always = self.memory.get(str(node.name), "always")
        if always:
            return COMPLETE_RECOMPUTE, list(always)
        remembered = self._remembered(node.name)
        if not remembered:
            return COMPLETE_RECOMPUTE, ["DATA_HAS_CHANGED"]
        if made.state == CHANGED:
            return COMPLETE_RECOMPUTE, ["QUERY_FINGERPRINT_CHANGED"]
        changed = any(self.heads.get(path) != list(read) for path, read in remembered["sources"].items())
        if changed or remembered["written"] != [table.table_id, table.version]:
            return COMPLETE_RECOMPUTE, ["DATA_HAS_CHANGED"]
        inputs = [self.made[n].refresh for n in self._tables_behind(node)]
        if any(refresh in (COMPLETE_RECOMPUTE, FULL_REFRESH) for refresh in inputs):
            return COMPLETE_RECOMPUTE, ["DATA_HAS_CHANGED"]
        if any(refresh in (INCREMENTAL, IF_INPUTS_CHANGE) for refresh in inputs):
            return IF_INPUTS_CHANGE, []
        return NO_OP, []
