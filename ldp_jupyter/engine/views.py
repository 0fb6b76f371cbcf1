"""Materialized views, and persisted views.

A refresh is one Delta commit that replaces rows, schema and properties; before it readers see the old contents, after
it the new. There is none where nothing can have changed: every input is a Delta table at the version read last time,
the plan is the same and deterministic, and the view's own table is at the version that the last refresh wrote.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import SqlQuery
from ldp_jupyter.engine.batch import Observed
from ldp_jupyter.engine.definitions import views_behind
from ldp_jupyter.engine.inputs import at_fixed_versions
from ldp_jupyter.engine.sizing import input_paths, suit
from ldp_jupyter.engine.streaming import combine
from ldp_jupyter.engine.tables import GENERATION, stored_properties
from ldp_jupyter.errors import LdpError
from ldp_jupyter.events import FlowStatus
from ldp_jupyter.graph import rules_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.quality import RuleSet
    from ldp_jupyter.spark.bridge import BatchInputs


def refresh_view(run: FlowRun) -> None:
    """Bring a materialized view to its query's result."""
    assert run.node is not None
    node, table, full = run.node, run.table, str(run.node.name)
    run.progress(FlowStatus.PLANNING)
    observed = Observed()
    frame, facts = at_fixed_versions(run, run.frame(observed.apply))
    assert run.frames is not None
    digest = fingerprint(run, facts, run.frames.view_rules)
    sources = {t.path: [t.id, t.version] for t in facts.tables}
    remembered = run.work.memory.get(full, "view") or {}
    forced = node.name in run.work.plan.full
    reasons = _reasons(facts, remembered, digest, sources, table, forced=forced)
    if not reasons:
        run.work.emitter.planning(run.planned, "NO_OP", [], told(run, facts))
        return
    run.work.emitter.planning(run.planned, "COMPLETE_RECOMPUTE", reasons, told(run, facts))
    if suit(run.session, input_paths(facts), run.configured, batch=True):
        run.work.memory.note_much()
    rules = rules_of(run.work.graph, node, run.work.base.configuration)
    frame = observed.apply(rules, frame)
    run.progress(FlowStatus.RUNNING)
    version, table_id = _write(run, _commented(run, frame))
    trusted = facts.deterministic and not facts.other
    run.work.memory.set(
        full,
        "view",
        {"fingerprint": digest, "sources": sources, "written": [table_id, version]} if trusted else None,
    )
    run.work.memory.set(full, "always", _always(facts) or None)
    quality, written = combine(run, rules, observed.values(frame))
    run.progress(FlowStatus.RUNNING, metrics={"num_output_rows": written or 0}, quality=quality)


def _reasons(
    facts: BatchInputs,
    remembered: dict[str, Any],
    digest: str,
    sources: dict[str, Any],
    table: Any,
    *,
    forced: bool,
) -> list[str]:
    """Why the view must be computed again, in the event log's words; empty when it need not."""
    if forced:
        return ["FULL_REFRESH"]
    if not table.exists or not remembered:
        return [*_always(facts), "FIRST_REFRESH" if not table.exists else "DATA_HAS_CHANGED"]
    if not facts.deterministic:
        return ["PLAN_NOT_DETERMINISTIC"]
    if facts.other:
        return ["INPUT_NOT_IN_DELTA"]
    if remembered["fingerprint"] != digest:
        return ["QUERY_FINGERPRINT_CHANGED"]
    if remembered["sources"] != sources or remembered["written"] != [table.table_id, table.version]:
        return ["DATA_HAS_CHANGED"]
    return []


def _always(facts: BatchInputs) -> list[str]:
    """Why each update computes the view, whatever changed."""
    reasons = [] if facts.deterministic else ["PLAN_NOT_DETERMINISTIC"]
    return [*reasons, *(["INPUT_NOT_IN_DELTA"] if facts.other else [])]


def fingerprint(run: FlowRun, facts: BatchInputs, view_rules: Mapping[str, RuleSet]) -> str:
    """The plan's fingerprint with all else that shapes the table: rules, options, comment, settings.

    Parameters:
        view_rules: rules of the views whose queries are part of the plan.
    """
    assert run.node is not None
    dataset = run.node.dataset
    rules = [(r.name, r.text, r.action.value) for r in dataset.expectations]
    views = [(v.dataset, [(r.name, r.text, r.action.value) for r in v.rules]) for v in view_rules.values()]
    settings = run.configured
    for view in views_behind(run.work.graph, run.planned.flow.inputs):
        settings |= view.flows[0].flow.confs
    spark = sorted((key, value) for key, value in settings.items() if key.startswith("spark."))
    comments = sorted(dataset.column_comments.items())
    more = (dataset.options, dataset.comment, comments, spark, run.node.change_feed)
    text = repr((facts.fingerprint, rules, views, *more))
    return hashlib.sha256(text.encode()).hexdigest()


def _write(run: FlowRun, frame: Any) -> tuple[int, str]:
    """Replace the table by one commit.

    Returns:
        The version written, and the table's id.
    """
    from ldp_jupyter.spark.tables import replace_table

    assert run.node is not None
    node, table = run.node, run.table
    properties = stored_properties(node, run.work.owner) | {GENERATION: table.generation or "0"}
    options = node.dataset.options
    table.table_id, table.version = replace_table(
        frame,
        table.path,
        options.partition_cols,
        options.cluster_by,
        properties,
        node.dataset.comment,
        required=[field.name for field in node.schema.fields if not field.nullable],
    )
    table.properties = properties
    return table.version, table.table_id


def told(run: FlowRun, facts: BatchInputs) -> list[dict[str, Any]]:
    """What a query read, as the event log tells it."""
    name_at = run.work.layout.name_at
    return [{"table_name": name_at(t.path) or t.path, "table_id": t.id, "version": t.version} for t in facts.tables]


def _commented(run: FlowRun, frame: Any) -> Any:
    """Columns with the comments, types and generated values that the declaration gives them."""
    from pyspark.sql import functions as F

    from ldp_jupyter.spark.computed import computed_as, value_of

    assert run.node is not None
    schema = run.node.schema
    declared = run.node.dataset.options.schema is not None or run.node.dataset.column_comments
    if not declared and not any(map(computed_as, frame.schema.fields)):
        return frame
    have = {name.lower(): name for name in frame.columns}
    columns = []
    for field in schema.fields:
        given = field.name.lower() in have
        source = F.col(f"`{have[field.name.lower()]}`") if given else F.expr(value_of(field) or "NULL")
        columns.append(source.cast(field.dataType).alias(field.name, metadata=field.metadata or {}))
    return frame.select(*columns)


def publish_view(run: FlowRun) -> None:
    """Write a persisted view of SQL into the catalog; it holds the query, not rows."""
    from ldp_jupyter.spark import guards

    assert run.node is not None
    query, node = run.flow.query, run.node
    if not isinstance(query, SqlQuery):
        raise LdpError("LDP-2023", "a persisted view needs SQL")
    columns = ", ".join(
        f"`{c.name}`"
        + (
            f" COMMENT '{_escaped(node.dataset.column_comments[c.name])}'"
            if c.name in node.dataset.column_comments
            else ""
        )
        for c in node.columns or ()
    )
    comment = f" COMMENT '{_escaped(node.dataset.comment)}'" if node.dataset.comment else ""
    text = f"CREATE OR REPLACE VIEW {node.name.quoted} ({columns}){comment} AS {query.text}"
    guards.original(type(run.session), "sql")(run.session, text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
