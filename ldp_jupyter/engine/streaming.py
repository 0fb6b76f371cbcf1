"""Streaming flows: `writeStream` to Delta, everything that is there now, then done."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import using
from ldp_jupyter.engine.backlog import caught_up, files_gone
from ldp_jupyter.engine.backlog_metrics import backlog_metrics
from ldp_jupyter.engine.changed_files import tell_changed_files
from ldp_jupyter.engine.existing_files import pass_over_existing
from ldp_jupyter.engine.outside import GONE_HINT, IGNORE_MISSING
from ldp_jupyter.engine.refused_files import refused_files
from ldp_jupyter.engine.sizing import LIMIT, input_paths, suit
from ldp_jupyter.engine.state_store import choose_state_store
from ldp_jupyter.errors import LdpError
from ldp_jupyter.events import FlowStatus
from ldp_jupyter.graph.rules import rules_of
from ldp_jupyter.graph.streams import FILE_FORMATS, output_mode
from ldp_jupyter.names import quote
from ldp_jupyter.project.local_paths import local_path
from ldp_jupyter.quality import RuleSet
from ldp_jupyter.spark.connectors import provide
from ldp_jupyter.spark.places import place, remove
from ldp_jupyter.state.checkpoints import has_begun, remove_unbegun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ldp_jupyter.declarations import Sink
    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.names import Name
    from ldp_jupyter.spark.bridge import ProgressFeed


def run_stream(run: FlowRun) -> None:
    """Process what is new, into a table or a sink."""
    from ldp_jupyter.spark import bridge

    work, node = run.work, run.node
    frame = run.frame(observe_stream)
    if node is None:
        _run_sink(run, frame)
        return
    checkpoint = run.checkpoint
    if nothing_new(run, frame, checkpoint):
        return
    suit_stream(run, frame)
    rules = rules_of(work.graph, node, work.base.configuration)
    run.progress(FlowStatus.RUNNING, metrics=waiting(run, frame, checkpoint))
    frame = rules.apply(to_target(run, frame))
    with closing(bridge.ProgressFeed(frame.sparkSession)) as feed:
        follow(run, feed, _to_delta(run, frame, checkpoint), lambda progress: report(run, progress, rules))


def _to_delta(run: FlowRun, frame: Any, checkpoint: str) -> Any:
    writer = (
        frame.writeStream.format("delta")
        .outputMode(output_mode(frame))
        .option("checkpointLocation", checkpoint)
        .option("mergeSchema", "true")
        .queryName(run.name)
        .trigger(availableNow=True)
    )
    return writer.start(run.table.path)


def nothing_new(run: FlowRun, frame: Any, checkpoint: str) -> bool:
    """Whether the checkpoint shows that a query would find nothing.

    Raises:
        LdpError: LDP-3001 where a query would pass over rows, since a file of its next batch went.
    """
    from ldp_jupyter.spark import bridge

    sources = bridge.stream_sources(frame)
    tell_changed_files(run, checkpoint, sources)
    usual = str(run.session.sparkContext.defaultParallelism)
    pass_over_existing(checkpoint, sources, run.configured.get("spark.sql.shuffle.partitions", usual))
    if caught_up(
        checkpoint,
        sources,
        lambda paths: bridge.table_versions(run.session, paths),
        state_rests=lambda: not bridge.streaming_plan(frame).user_state,
    ):
        return True
    gone = files_gone(checkpoint, sources)
    if gone and run.session.conf.get(IGNORE_MISSING) != "true":
        lost = [file for file in gone if file not in refused_files(checkpoint)]
        if lost:
            more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
            raise LdpError(
                "LDP-3001", f'flow "{run.name}" failed: {lost[0]}{more} does not exist', hint=GONE_HINT, heals=True
            )
        run.work.emitter.without_files(run.planned, gone)
    remove_unbegun(checkpoint)
    return False


def waiting(run: FlowRun, frame: Any, checkpoint: str) -> dict[str, int]:
    """The backlog as the log's metrics have it, when a query is about to start."""
    from ldp_jupyter.spark import bridge

    return backlog_metrics(
        checkpoint, bridge.stream_sources(frame), lambda paths: bridge.table_info(run.session, paths)
    )


def suit_stream(
    run: FlowRun, frame: Any, *, stateless: bool = False, also: Sequence[str] = (), limit: int = LIMIT
) -> None:
    """Set the session up for the size of what the flow reads, and for the state that it keeps.

    Parameters:
        stateless: whether the query keeps no state whose number of partitions would stay for ever.
        also: folders that it reads beside its source.
        limit: bytes up to which all that is little.
    """
    from ldp_jupyter.spark import bridge

    paths = [*input_paths(bridge.batch_inputs(frame), bridge.stream_sources(frame)), *also]
    if suit(run.session, paths, run.configured, batch=stateless, limit=limit):
        run.work.memory.note_much()
    choose_state_store(run.session, frame)


def observe_stream(rules: RuleSet, frame: Any) -> Any:
    """A view's rules in the query of the flow that reads it."""
    return rules.apply(frame)


def follow(run: FlowRun, feed: ProgressFeed, query: Any, told: Callable[[dict[str, Any]], None]) -> None:
    """Wait for the end of a query and tell of each of its micro-batches; stopping the update stops it."""
    with run.work.stoppable(query.stop):
        for progress in feed.of(query):
            told(progress)
        query.awaitTermination()


def report(run: FlowRun, progress: dict[str, Any], rules: RuleSet | None) -> None:
    """Emit what a micro-batch did."""
    quality, written = combine(run, rules, progress.get("observedMetrics") or {})
    # Delta may have run another plan than the one in which Spark counts the input
    judged = any(rule["passed_records"] or rule["failed_records"] for rule in quality["expectations"])
    if not progress.get("numInputRows") and not written and not judged:
        return
    metrics = {"num_output_rows": written} if written is not None else {}
    run.progress(FlowStatus.RUNNING, metrics=metrics, quality=quality, batch_id=progress.get("batchId"))


def report_views(run: FlowRun, progress: dict[str, Any]) -> None:
    """Emit what the rules of views counted in a query that hands its batches to `foreachBatch`.

    Spark gives the handler the rows of the query's own plan, so its progress has the counts of one pass over them;
    the AUTO CDC handler makes just one.
    """
    quality, _ = combine(run, None, progress.get("observedMetrics") or {})
    if progress.get("numInputRows") and quality["expectations"]:
        run.progress(FlowStatus.RUNNING, quality=quality, batch_id=progress.get("batchId"))


def combine(run: FlowRun, rules: RuleSet | None, observed: dict[str, Any]) -> tuple[dict[str, Any], int | None]:
    """The `data_quality` of one batch, from observations of the dataset and of views that it read; and rows written."""
    quality: dict[str, Any] = {"dropped_records": 0, "expectations": []}
    samples: list[dict[str, Any]] = []
    written: int | None = None
    if rules is not None and rules.metric in observed:
        own = rules.counts(observed[rules.metric])
        quality["dropped_records"] = own["dropped_records"]
        quality["expectations"] += own["expectations"]
        samples += rules.rows(observed[rules.metric])
        written = rules.written(observed[rules.metric])
    assert run.frames is not None
    for metric, view in run.frames.view_rules.items():
        if metric in observed:
            counts = view.counts(observed[metric])
            quality["expectations"] += counts["expectations"]
            samples += view.rows(observed[metric])
            if counts["dropped_records"]:
                quality.setdefault("dropped_in_views", {})[view.dataset] = counts["dropped_records"]
    kept = run.samples.take(samples)
    if kept:
        quality["samples"] = kept
    return quality, written


def to_target(run: FlowRun, frame: Any) -> Any:
    """Columns of an INSERT by position take the target's names."""
    if run.flow.by_name:
        return frame
    names = [field.name for field in run.table.schema.fields]
    return frame.toDF(*names[: len(frame.columns)]) if len(frame.columns) <= len(names) else frame


def _run_sink(run: FlowRun, frame: Any) -> None:
    from ldp_jupyter.spark import bridge

    sink = run.work.graph.sinks[str(run.flow.sink)]
    checkpoint = run.checkpoint
    if nothing_new(run, frame, checkpoint):
        return
    run.progress(FlowStatus.RUNNING, metrics=waiting(run, frame, checkpoint))
    suit_stream(run, frame)
    rules = RuleSet(sink.name, ())
    frame = rules.apply(frame)
    with closing(bridge.ProgressFeed(frame.sparkSession)) as feed:
        follow(run, feed, _to_sink(run, sink, frame, checkpoint), lambda progress: report(run, progress, rules))


def _to_sink(run: FlowRun, sink: Sink, frame: Any, checkpoint: str) -> Any:
    mode = run.flow.confs.get("ldp.outputMode", "append")
    writer = (
        frame.writeStream.outputMode(mode)
        .option("checkpointLocation", checkpoint)
        .queryName(run.name)
        .trigger(availableNow=True)
    )
    if sink.handler is not None:
        return writer.foreachBatch(_in_context(run, sink.handler)).start()
    options = dict(sink.options)
    name = options.pop("tableName", None)
    if "path" in options:
        options["path"] = local_path(options["path"], run.work.base.configuration)
        if sink.format.lower() in FILE_FORMATS and not has_begun(checkpoint):
            _forget_batches(options["path"])
    for key, value in options.items():
        writer = writer.option(key, value)
    provide(run.session, sink.format)
    writer = writer.format(sink.format)
    if name is None:
        return writer.start()
    _make_schema(run, run.flow.namespace.qualify(name))
    return writer.toTable(name)


def _in_context(run: FlowRun, handler: Callable[[Any, int], None]) -> Callable[[Any, int], None]:
    """The handler with the pipeline's configuration, and with the batch's own session as `spark`.

    Spark calls it on a thread of its own, where a kernel's session would be taken, or no context be found.
    """
    base, flow = run.work.base, run.flow
    context = base.but(namespace=flow.namespace, declarations=None, confs={**base.confs, **flow.confs})

    def handle(batch: Any, batch_id: int) -> None:
        with using(context.but(get_session=lambda: batch.sparkSession)):
            handler(batch, batch_id)

    return handle


def _forget_batches(folder: str) -> None:
    """Let a flow that begins anew write files.

    Spark lists the batches that a folder has got in the folder, by their numbers, and passes over those that it has.
    A flow with a new checkpoint numbers its batches from 0 again: its rows would be lost.
    """
    remove(place(folder.removeprefix("file://").removeprefix("file:")) / "_spark_metadata")


def _make_schema(run: FlowRun, table: Name) -> None:
    """Catalogs and schemas are made when they are needed, those of a sink's table as well."""
    catalog, schema = quote([table.catalog]), quote([table.catalog, table.schema])
    if not run.session.catalog.databaseExists(schema):
        run.session.sql(f"CREATE CATALOG IF NOT EXISTS {catalog}")
        run.session.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
