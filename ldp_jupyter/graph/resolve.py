"""Resolve a declared graph: evaluate each query once, depth first, over shapes without data."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import using
from ldp_jupyter.declarations import CdcSpec, Kind, Note, SnapshotSpec
from ldp_jupyter.declarations.local_only import refused
from ldp_jupyter.errors import LdpError, sort_problems
from ldp_jupyter.errors.hints import syntax_hint
from ldp_jupyter.graph.checks import check_column_names, check_stored_columns, check_streamed_columns
from ldp_jupyter.graph.evaluate import Evaluation, InputFailed, evaluate, flow_session, input_failure
from ldp_jupyter.graph.model import Column, FlowNode, Graph, Node
from ldp_jupyter.graph.schemas import declared_schema, flow_schemas, merge_schemas
from ldp_jupyter.graph.settings import Settings
from ldp_jupyter.graph.spark_errors import evaluation_problem, first_sentence
from ldp_jupyter.graph.streams import FILE_FORMATS, check_sink, check_stream, output_mode
from ldp_jupyter.graph.unread import unread_source
from ldp_jupyter.graph.views import check_view
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.spark.computed import without_computed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ldp_jupyter.context import Context
    from ldp_jupyter.declarations import Expectation, Flow, Sink
    from ldp_jupyter.names import Name
    from ldp_jupyter.spark.bridge import Shape

_FRAMES_PER_DATASET = 30
_PASS_CHANGES = ("skipchangecommits", "ignorechanges", "readchangefeed", "readchangedata")
_FEED_OPTIONS = ("readchangefeed", "readchangedata")
_CHANGE_FEED = "_change_type STRING, _commit_version BIGINT, _commit_timestamp TIMESTAMP"


def resolve_graph(
    graph: Graph, base: Context, session: Any, kept: Callable[[Flow], list[str]] = lambda _: []
) -> Graph:
    """Resolve every dataset and flow of a declared graph, in place.

    Parameters:
        base: the pipeline's context.
        session: base session of the pipeline; flows are analysed in clones of it.
        kept: folders of columns that the streams of files of a flow were found to have.

    Returns:
        The graph, nodes in an order in which inputs come first; `problems` holds everything found.
    """
    Resolution(graph, base, session, kept).run()
    return graph


def refuse_local_only(graph: Graph) -> None:
    """Make errors of what the platform would not take (``--strict-platform``)."""
    found = [note for note in graph.not_checked if note.kind == "local_only"]
    graph.not_checked = [note for note in graph.not_checked if note.kind != "local_only"]
    graph.problems = sort_problems([*graph.problems, *(refused(note) for note in found)])


class Resolution:
    """The state of one resolving pass; it is the `Frames` of the queries that it evaluates."""

    shapes = True

    def __init__(self, graph: Graph, base: Context, session: Any, kept: Callable[[Flow], list[str]]) -> None:
        self.graph = graph
        self._kept = kept
        self.base = base
        self.session = session
        self.schemas: dict[Name, Any] = {}
        self._views: dict[Name, Any] = {}
        self._done: dict[Name, None] = {}
        self._stack: list[Name] = []
        self._sessions: dict[Any, Any] = {}
        self._found: list[LdpError] = []
        # streaming tables whose batches replace all rows
        self._rewritten: set[Name] = set()
        self._settings = Settings()

    def run(self) -> None:
        from ldp_jupyter.spark import guards

        guards.install()
        with _deep(len(self.graph.nodes)):
            for name in list(self.graph.nodes):
                self._resolve(self.graph.nodes[name])
            for flow_node in self.graph.sink_flows:
                self._resolve_sink_flow(flow_node)
        self.graph.nodes = {name: self.graph.nodes[name] for name in self._done}
        self.graph.problems = sort_problems(dict.fromkeys([*self.graph.problems, *self._found]))

    def frame(
        self,
        node: Node,
        reading: Evaluation,
        *,
        streaming: bool,
        options: Mapping[str, str],
        reader: Any,  # noqa: ARG002  (shapes need no reader)
    ) -> Any:
        """The shape of a dataset of the pipeline, streaming or batch as it is read."""
        from pyspark.sql.types import StructType

        from ldp_jupyter.spark import bridge
        from ldp_jupyter.spark.tables import parse_columns

        if node.name in self._stack:
            path = [*self._stack[self._stack.index(node.name) :], node.name]
            raise LdpError(
                "LDP-2005",
                "datasets depend on each other in a circle: " + " -> ".join(self.graph.shown(n) for n in path),
                hint="break the circle at one of these reads",
            )
        self._resolve(node)
        if node.problem is not None:
            raise InputFailed(node.problem)
        if node.kind in (Kind.TEMPORARY_VIEW, Kind.VIEW):
            self._check_view_read(node, streaming)
            return self._views[node.name]
        schema = self.schemas[node.name]
        if streaming:
            self._warn_of_rewrites(node, reading, options)
        if any(options.get(option, "").lower() == "true" for option in _FEED_OPTIONS):
            node.change_feed = True
            schema = StructType([*schema.fields, *parse_columns(self.session, _CHANGE_FEED).fields])
        return bridge.empty(reading.session, schema, streaming=streaming, dataset=str(node.name))

    def kept_columns(self, flow: Flow) -> Mapping[str, Any]:
        """See `Frames`."""
        known = self._kept(flow)
        self.graph.kept_columns |= bool(known)
        return {"known": known}

    def _warn_of_rewrites(self, node: Node, reading: Evaluation, options: Mapping[str, str]) -> None:
        """A table that updates rewrite can be streamed once, and then no more: say so before it happens."""
        aggregated = node.name in self._rewritten
        replaced = any(f.flow.replace_where is not None for f in node.flows)
        cdc = any(f.flow.is_cdc for f in node.flows)
        rewritten = node.kind == Kind.MATERIALIZED_VIEW or cdc or aggregated or replaced
        if not rewritten or any(options.get(o, "").lower() == "true" for o in _PASS_CHANGES):
            return
        what = "an aggregation without a watermark" if aggregated else "an AUTO CDC target"
        what = "the target of a REPLACE WHERE flow" if replaced else what
        what = "a materialized view" if node.kind == Kind.MATERIALIZED_VIEW else what
        note = Note(
            "warning",
            f"`{self.graph.shown(reading.flow.target)}` reads `{self.graph.shown(node.name)}` as a stream, {what} that "
            "updates rewrite: after the next change it fails, unless it has skipChangeCommits or readChangeFeed",
            reading.flow.location,
        )
        if note not in self.graph.warnings:
            self.graph.warnings.append(note)

    def _check_view_read(self, node: Node, streaming: bool) -> None:
        if node.streaming is None or node.streaming == streaming:
            return
        if self.base.configuration.get("pipelines.incompatibleViewCheck.enabled", "true").lower() == "false":
            return
        shown = self.graph.shown(node.name)
        if node.streaming:
            raise LdpError(
                "LDP-2018",
                f'the streaming view "{shown}" is read as a batch',
                hint=f'read it as a stream: STREAM({shown}) or spark.readStream.table("{shown}")',
            )
        raise LdpError(
            "LDP-2018",
            f'the batch view "{shown}" is read as a stream',
            hint="read it without STREAM, or make the view's own sources streams",
        )

    def _resolve(self, node: Node) -> None:
        if node.name in self._done:
            return
        self._stack.append(node.name)
        try:
            self._resolve_flows(node)
        finally:
            self._stack.pop()
            self._done[node.name] = None

    def _resolve_flows(self, node: Node) -> None:
        from ldp_jupyter.spark import bridge

        shown = self.graph.shown(node.name)
        frames: list[tuple[FlowNode, Any]] = []
        for flow_node in node.flows:
            evaluation = Evaluation(self.graph, flow_node.flow, self._session_for(flow_node.flow), self)
            try:
                frame = self._evaluate(evaluation)
                shape = bridge.shape(frame, reads=node.kind not in (Kind.TEMPORARY_VIEW, Kind.VIEW))
                self._learn(flow_node, shape, evaluation)
                self._check_kind(node, flow_node)
                self._note_leniency(flow_node.flow, shape)
                self._check_stream(node, flow_node, frame)
                _check_replacing(flow_node.flow, frame)
                self._settings.collect(node, flow_node.flow, evaluation.inputs, self.graph)
                frames.append((flow_node, frame))
            except (Exception, SystemExit) as error:
                failed = input_failure(error)
                if failed is None:
                    with using(self.base):
                        problem = evaluation_problem(error, evaluation, shown)
                    cause = unread_source(self.graph, problem)
                    failed = InputFailed(cause) if cause is not None else None
                if failed is None:
                    self._fail(node, problem)
                else:
                    if shown not in failed.problem.because and not _is_part_of(failed.problem, shown):
                        failed.problem.because.append(shown)
                    node.problem = failed.problem
            self._let_go(evaluation)
            flow_node.inputs = list(evaluation.inputs)
            flow_node.external_inputs = list(evaluation.external)
            self._told(evaluation)
            flow_node.streamed = list(evaluation.streamed)
        if node.problem is not None or not frames:
            if node.problem is None:  # its missing flow was told when the graph was built
                node.problem = LdpError(
                    "LDP-2014", f'no flow writes "{shown}"', dataset=shown, location=node.dataset.location
                )
            return
        try:
            self._settle(node, frames)
        except LdpError as error:
            error.dataset = error.dataset or shown
            error.location = error.location or node.dataset.location
            self._fail(node, error)
        except Exception as error:
            self._fail(
                node,
                LdpError(
                    "LDP-2015",
                    first_sentence(str(error)),
                    dataset=shown,
                    location=node.dataset.location,
                    detail=str(error),
                ),
            )

    def _learn(self, flow_node: FlowNode, shape: Shape, evaluation: Evaluation) -> None:
        flow_node.shape = shape
        flow_node.streaming = shape.streaming
        flow_node.acted = bool(evaluation.notices.notes)

    def _let_go(self, evaluation: Evaluation) -> None:
        """What a flow's code changed in its session stays its own, as in an update."""
        if evaluation.session_changed:
            self._sessions = {key: s for key, s in self._sessions.items() if s is not evaluation.session}

    def _check_stream(self, node: Node, flow_node: FlowNode, frame: Any) -> None:
        """What Spark would refuse when the query starts; views are checked as part of their readers."""
        if not flow_node.streaming or not node.kind.stored:
            return
        flow = flow_node.flow
        mode = "append" if flow.is_cdc else output_mode(frame)
        check_stream(flow, frame, mode, _query_location(flow))
        if not flow.is_cdc:
            check_streamed_columns(frame.schema, _query_location(flow))
        if mode == "complete":
            if len(node.flows) > 1:
                raise LdpError(
                    "LDP-2015",
                    f'the aggregation of flow "{flow.name}" has no watermark, so that each batch would replace the '
                    f'rows of the other flows of "{self.graph.shown(node.name)}"',
                    hint="give it a watermark, or write it into a table of its own",
                    location=_query_location(flow),
                )
            self._rewritten.add(node.name)

    def _evaluate(self, evaluation: Evaluation) -> Any:
        query = evaluation.flow.query
        if isinstance(query, SnapshotSpec) and not isinstance(query.source, str):
            return self._first_snapshot(query, evaluation)
        return evaluate(evaluation, self.base)

    def _first_snapshot(self, query: SnapshotSpec, evaluation: Evaluation) -> Any:
        """The shape of a historical snapshot source: its function is asked for the first snapshot."""
        context = self.base.but(
            namespace=evaluation.flow.namespace,
            declarations=None,
            resolver=evaluation,
            get_session=lambda: evaluation.session,
        )
        with using(context):
            answer = query.source(None)  # type: ignore[operator]
        if answer is None:
            raise LdpError(
                "LDP-2010",
                "the snapshot function gave no first snapshot, so its columns are unknown",
                location=evaluation.flow.location,
            )
        answer[0]._ldp_version = answer[1]
        return answer[0]

    def _check_kind(self, node: Node, flow_node: FlowNode) -> None:
        flow, shown, streaming = flow_node.flow, self.graph.shown(node.name), flow_node.streaming
        if node.kind == Kind.MATERIALIZED_VIEW and not flow.default:
            raise LdpError(
                "LDP-2013",
                f'flow "{flow.name}" writes to the materialized view "{shown}"',
                hint=f'"{shown}" has a batch query, which alone writes it: flows write to streaming tables and sinks',
                location=flow.location,
            )
        if node.kind == Kind.TABLE:
            node.kind = Kind.STREAMING_TABLE if streaming else Kind.MATERIALIZED_VIEW
        if isinstance(flow.query, SnapshotSpec):
            return
        if flow.once or flow.replace_where is not None:
            if streaming:
                raise LdpError(
                    "LDP-2008",
                    f'the {"once" if flow.once else "REPLACE WHERE"} flow "{flow.name}" is a streaming query',
                    hint="read its source without STREAM",
                    location=flow.location,
                )
            return
        if node.kind == Kind.STREAMING_TABLE and not streaming:
            what = "a batch query writes" if flow.default else f'the batch query of flow "{flow.name}" writes'
            raise LdpError(
                "LDP-2007",
                f'{what} the streaming table "{shown}"',
                location=_query_location(flow),
                hint="read a source as a stream (STREAM t, spark.readStream), or declare a materialized view",
            )
        if node.kind == Kind.MATERIALIZED_VIEW and streaming:
            raise LdpError(
                "LDP-2008",
                f'the materialized view "{shown}" has a streaming query',
                location=_query_location(flow),
                hint="read its sources without STREAM, or declare a streaming table",
            )
        if node.kind == Kind.VIEW and streaming:
            raise LdpError(
                "LDP-2008",
                f'the view "{shown}" has a streaming query',
                location=_query_location(flow),
                hint="use a temporary view: only those can be streams",
            )

    def _check_mixed(self, node: Node) -> None:
        """AUTO CDC keeps its target by itself: nothing else may write there."""
        cdc = [f for f in node.flows if f.flow.is_cdc]
        other = [f for f in node.flows if not f.flow.is_cdc]
        if cdc and other:
            raise LdpError(
                "LDP-2017",
                f'"{self.graph.shown(node.name)}" is written by AUTO CDC and by the flow "{other[0].flow.name}"',
                hint="AUTO CDC wants its target for itself",
                location=other[0].flow.location,
            )
        if not node.dataset.expectations:
            return
        if any(isinstance(f.flow.query, SnapshotSpec) for f in cdc):
            raise LdpError(
                "LDP-2017",
                f'"{self.graph.shown(node.name)}" has expectations, which a target of snapshots cannot have',
                hint="put them on the view that it reads",
                location=node.dataset.location,
            )
        partial = [f.flow.name for f in cdc if isinstance(f.flow.query, CdcSpec) and f.flow.query.is_partial]
        if partial:
            note = Note(
                "not_checked",
                f"expectations on the AUTO CDC target `{self.graph.shown(node.name)}` are not applied to changes that "
                "leave columns as they were: put them on the view that it reads",
                node.dataset.location,
            )
            self.graph.not_checked.append(note)

    def _settle(self, node: Node, frames: list[tuple[FlowNode, Any]]) -> None:
        """Streamingness, schema, expectations and columns that options name."""
        dataset = node.dataset
        self._check_mixed(node)
        schemas = flow_schemas(node, frames, self.graph)
        inferred = merge_schemas(self.session, schemas, node, self.graph)
        schema = declared_schema(self.session, dataset, inferred, self.graph)
        if node.kind != Kind.TEMPORARY_VIEW:
            check_column_names(inferred, _query_location(frames[0][0].flow))
        node.streaming = frames[0][0].streaming
        if node.kind == Kind.VIEW:
            check_view(self.graph, node, *frames[0])
        if node.kind in (Kind.TEMPORARY_VIEW, Kind.VIEW):
            self._views[node.name] = frames[0][1]
        self.schemas[node.name] = without_computed(schema)
        node.schema = schema
        node.columns = [Column(field.name, field.dataType.simpleString()) for field in schema.fields]
        self._check_columns(node)
        if node.kind.stored:
            flow = frames[0][0].flow
            place = None if dataset.options.schema else _query_location(flow)
            check_stored_columns(node, schema, {**self.base.configuration, **flow.confs}, place)
        self._check_expectations(node, frames)

    def _check_columns(self, node: Node) -> None:
        known = [c.name for c in node.columns or ()]
        lower = {name.lower() for name in known}
        for words, names in (
            ("partition column", node.dataset.options.partition_cols),
            ("clustering column", node.dataset.options.cluster_by),
        ):
            for name in names:
                if name.lower().split(".")[0] not in lower:
                    raise LdpError(
                        "LDP-2004",
                        f'unknown {words} "{name}"',
                        hint=did_you_mean(name, known) or f"columns: {', '.join(known)}",
                    )

    def _check_expectations(self, node: Node, frames: list[tuple[FlowNode, Any]]) -> None:
        if not node.dataset.expectations:
            return
        from ldp_jupyter.spark import bridge
        from ldp_jupyter.spark.expectations import first_unresolved

        rules = node.dataset.expectations
        for flow_node, frame in frames:
            target = (
                bridge.empty(self.session, self.schemas[node.name], streaming=False) if flow_node.flow.is_cdc else frame
            )
            failed = first_unresolved(target, [rule.condition for rule in rules])
            if failed is not None:
                index, message = failed
                raise _unresolved_rule(rules[index], message, rules[index].location or node.dataset.location)

    def _resolve_sink_flow(self, flow_node: FlowNode) -> None:
        from ldp_jupyter.spark import bridge

        flow = flow_node.flow
        evaluation = Evaluation(self.graph, flow, self._session_for(flow), self)
        try:
            frame = self._evaluate(evaluation)
            shape = bridge.shape(frame, reads=True)
            self._learn(flow_node, shape, evaluation)
            if flow.once:
                raise LdpError(
                    "LDP-2023", f'the once flow "{flow.name}" into a sink is not supported here', location=flow.location
                )
            if not flow_node.streaming:
                raise LdpError(
                    "LDP-2007",
                    f'the batch query of flow "{flow.name}" writes the sink "{flow.sink}"',
                    hint="sinks take streaming queries",
                    location=flow.location,
                )
            check_stream(flow, frame, flow.confs.get("ldp.outputMode", "append"), flow.location)
            sink = self.graph.sinks.get(str(flow.sink))
            if sink is not None:
                self.graph.not_checked.extend(check_sink(sink, frame, flow.location))
                self._check_files(sink, flow)
        except (Exception, SystemExit) as error:
            failed = input_failure(error)
            if failed is None:
                with using(self.base):
                    self._found.append(evaluation_problem(error, evaluation, flow.name))
            else:
                failed.problem.because.append(f"flow {flow.name}")
        self._let_go(evaluation)
        flow_node.inputs = list(evaluation.inputs)
        flow_node.external_inputs = list(evaluation.external)
        self._told(evaluation)
        flow_node.streamed = list(evaluation.streamed)

    def _check_files(self, sink: Sink, flow: Flow) -> None:
        """A folder of files knows its batches by their numbers, which those of two flows share."""
        first = next(other.flow for other in self.graph.sink_flows if other.flow.sink == flow.sink)
        if sink.format.lower() in FILE_FORMATS and first.name != flow.name:
            raise LdpError(
                "LDP-2023",
                f'the sink "{sink.name}" of the format {sink.format} has two flows, "{first.name}" and "{flow.name}": '
                "rows of one would be lost",
                hint="give each a sink with a path of its own, or the sink the format delta",
                location=flow.location,
            )

    def _note_leniency(self, flow: Flow, shape: Shape) -> None:
        """Runtimes from 17.0 have ANSI mode on: a query that relies on it being off works here and fails there."""
        if isinstance(flow.query, (CdcSpec, SnapshotSpec)) or not shape.lenient:
            return
        text = (
            "casts of text give NULL for what does not fit, and fail from runtime 17.0 on, where ANSI mode is on"
        )
        self.graph.not_checked.append(Note("not_checked", text, flow.location))

    def _told(self, evaluation: Evaluation) -> None:
        """What the evaluated code does that the platform would not take, or that has no effect here."""
        left = self.graph.not_checked
        left.extend(note for note in evaluation.notices.all() if note not in left)

    def _session_for(self, flow: Flow) -> Any:
        """Flows with the same settings and namespace share a session while they are only analysed."""
        key = (flow.namespace, tuple(sorted(flow.confs.items())))
        if key not in self._sessions:
            self._sessions[key] = flow_session(self.session, flow)
        return self._sessions[key]

    def _fail(self, node: Node, problem: LdpError) -> None:
        node.problem = problem
        self._found.append(problem)


@contextlib.contextmanager
def _deep(datasets: int) -> Iterator[None]:
    """Inputs are resolved within the reads of their readers: a long chain that begins at its end needs a deep stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + _FRAMES_PER_DATASET * datasets)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _is_part_of(problem: LdpError, shown: str) -> bool:
    """Whether a problem is the dataset's own: it has it, or is a member of the circle that the problem shows."""
    circle = problem.message.rsplit(": ", 1)[-1].split(" -> ") if problem.code == "LDP-2005" else []
    return shown == problem.dataset or shown in circle


def _check_replacing(flow: Flow, frame: Any) -> None:
    """The condition of a REPLACE WHERE flow is one over the query's columns."""
    from ldp_jupyter.spark.expectations import first_unresolved

    if flow.replace_where is None:
        return
    failed = first_unresolved(frame, [flow.replace_where])
    if failed is not None:
        raise LdpError(
            "LDP-2011",
            f"REPLACE WHERE {flow.replace_where}: {first_sentence(failed[1])}",
            hint=f"a condition over the query's columns: {', '.join(frame.columns)}",
            location=flow.location,
            detail=failed[1],
        )


def _unresolved_rule(rule: Expectation, text: str, place: Any) -> LdpError:
    """LDP-2016; for an unknown column with the nearest one."""
    found = re.search(r"name `(.+?)` cannot be resolved(?:\. Did you mean one of the following\? \[(.*?)\])?", text)
    if not found:
        return LdpError(
            "LDP-2016",
            f'expectation "{rule.name}" cannot be resolved: {first_sentence(text)}',
            hint=_rule_hint(rule, text),
            location=place,
            detail=text,
        )
    name = found[1].replace("`", "")
    known = [k.strip().replace("`", "") for k in (found[2] or "").split(",") if k.strip()]
    hint = did_you_mean(name, known) or (f"the query has: {', '.join(known)}" if known else None)
    return LdpError(
        "LDP-2016", f'expectation "{rule.name}": unknown column "{name}"', hint=hint, location=place, detail=text
    )


def _rule_hint(rule: Expectation, text: str) -> str:
    condition = str(rule.condition)
    if re.search(r"\bSELECT\b", condition, re.IGNORECASE):
        return "a rule sees one row and no other table: join the table in the query, then test its column"
    if "PARSE_SYNTAX_ERROR" in text or "Syntax error" in text:
        return syntax_hint(condition)
    if "aggregate functions" in text:
        return "a rule sees one row: compute aggregates and windows in the query, then test their column"
    return "a rule is a condition over the columns of a row, such as quantity > 0"


def _query_location(flow: Flow) -> Any:
    return getattr(flow.query, "location", None) or flow.location
