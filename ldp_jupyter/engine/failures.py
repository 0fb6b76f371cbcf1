"""What made a flow fail, in our words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Kind
from ldp_jupyter.engine.outside import outside_cause
from ldp_jupyter.engine.plan import streamed_tables
from ldp_jupyter.engine.retries import can_heal
from ldp_jupyter.engine.stream_failures import stream_problem
from ldp_jupyter.errors import LdpError, problem_from
from ldp_jupyter.graph.spark_errors import evaluation_problem, first_sentence, java_exception
from ldp_jupyter.quality import find_violation
from ldp_jupyter.sources.failures import is_user_frame
from ldp_jupyter.state import storage_hint

if TYPE_CHECKING:
    from ldp_jupyter.graph import Evaluation, Graph
    from ldp_jupyter.graph.model import Node
    from ldp_jupyter.locations import Location

_CHANGED = (
    "DELTA_SOURCE_TABLE_IGNORE_CHANGES",
    "DELTA_SOURCE_IGNORE_DELETE",
    "Detected a data update",
    "Detected deleted data",
    "differentDeltaTableReadByStreamingSource",
    "DIFFERENT_DELTA_TABLE_READ_BY_STREAMING_SOURCE",
)
# Spark's assertion when a checkpoint has offsets of other sources than the query; the numbers are before and now.
_SOURCES = re.compile(r"There are \[(\d+)\] sources in the checkpoint offsets and now there are \[(\d+)\] sources")
# Errors that only say that another one happened.
_WRAPPERS = (
    "STREAM_FAILED",
    "TASK_WRITE_FAILED",
    "FAILED_EXECUTE_UDF",
    "PYTHON_EXCEPTION",
    "FOREACH_BATCH_USER_FUNCTION_ERROR",
)


class Canceled(Exception):  # noqa: N818  (not an error: the user asked for it)
    """The update was stopped while this flow ran."""


def flow_problem(
    error: BaseException, graph: Graph, node: Node | None, evaluation: Evaluation | None, flow_name: str
) -> LdpError:
    """A problem for the error of a flow.

    Parameters:
        node: the dataset that the flow writes.
        evaluation: set while the flow's query had been evaluated.
    """
    shown = graph.shown(node.name) if node else flow_name
    place = evaluation.flow.location if evaluation else None
    if isinstance(error, LdpError):
        error.dataset = error.dataset or shown
        error.location = error.location or place
        return error
    text = error_text(error)
    violation = find_violation(text)
    if violation is not None:
        return _violated(graph, violation, shown, place)
    for mark in _CHANGED:
        if mark in text:
            option = f"--full-refresh {shown}" if node else f"--reset-checkpoint {flow_name}"
            return _changed_source(text, shown, _streams(graph, evaluation), place, option)
    problem = stream_problem(text, flow_name, shown, place, into_table=node is not None)
    if problem is not None:
        return problem
    sources = _SOURCES.search(text)
    if sources is not None:
        return _other_sources(sources, flow_name, shown if node else None, place)
    cause = _cause(text)
    if "DELTA_MULTIPLE_SOURCE_ROW" in text or "LDP-4002" in text:
        return LdpError("LDP-4002", cause, dataset=shown, location=place, detail=text)
    if (
        evaluation is not None
        and type(error).__module__.startswith("pyspark.errors")
        and "STREAM_FAILED" not in text
        and type(error).__name__ in ("AnalysisException", "ParseException")
    ):
        return evaluation_problem(error, evaluation, shown)
    outside = outside_cause(error, text, flow_name, shown if node else None)
    return LdpError(
        outside.code if outside else "LDP-3001",
        f'flow "{flow_name}" failed: {cause}',
        dataset=shown,
        location=place,
        detail=text,
        hint=outside.hint if outside else None,
        user_traceback=_python_traceback(text),
        heals=can_heal(error, text),
    )


def set_up_problem(error: Exception, shown: str, place: Location | None) -> LdpError:
    """A problem for the error of a table that could not be created, emptied or brought to its declaration."""
    text = error_text(error)
    hint = None if isinstance(error, LdpError) else storage_hint(text, rights=True)
    if hint is None and java_exception(error) is None:
        return problem_from(error, "LDP-3001", dataset=shown, location=place)
    code, told = ("LDP-5006", "written") if hint else ("LDP-3001", "set up")
    told = f'table "{shown}" cannot be {told}: {_cause(text)}'
    return LdpError(code, told, dataset=shown, location=place, detail=text, hint=hint)


def _violated(graph: Graph, violation: Any, shown: str, place: Any) -> LdpError:
    rules = ", ".join(violation.rules)
    conditions = []
    for node in graph.nodes.values():
        if graph.shown(node.name) == violation.dataset:
            conditions = [f"{r.name}: {r.text}" for r in node.dataset.expectations if r.name in violation.rules]
            place = next(
                (r.location for r in node.dataset.expectations if r.name in violation.rules and r.location), place
            )
    return LdpError(
        "LDP-4001",
        f'expectation {rules} of "{violation.dataset}" was violated; nothing of the batch was written',
        dataset=shown,
        location=place,
        hint=f"rule {'; '.join(conditions)}" + (f"\nrow {violation.record}" if violation.record is not None else ""),
    )


def _streams(graph: Graph, evaluation: Evaluation | None) -> list[str]:
    """Tables that a flow reads as streams; among tables of elsewhere may be some that it does not read so."""
    if evaluation is None:
        return []
    own = [graph.nodes[name] for name in evaluation.streamed]
    found = [graph.shown(node.name) for node in own if node.kind.stored]
    for view in own:
        if view.kind == Kind.TEMPORARY_VIEW and view.flows:
            found += map(graph.shown, streamed_tables(graph, view.flows[0]))
    return list(dict.fromkeys([*found, *(name for name in evaluation.external if "/" not in name)]))


def _changed_source(text: str, shown: str, sources: list[str], place: Any, option: str) -> LdpError:
    found = re.search(r"(?:source table|streaming source)[^/]*?(?:at version (\d+))", text)
    at = f" (version {found[1]})" if found else ""
    told = ", ".join(f'"{source}"' for source in sources) or "a table"
    read = f"{told} as streams, one of which" if len(sources) > 1 else f"{told} as a stream, which"
    return LdpError(
        "LDP-3004",
        f'"{shown}" reads {read} was changed, not only appended to{at}',
        dataset=shown,
        location=place,
        detail=text,
        hint=f"run with {option}, or read with skipChangeCommits or readChangeFeed; "
        "a materialized view and an AUTO CDC target are rewritten by each update: read them as a batch",
    )


def _other_sources(found: re.Match[str], flow_name: str, table: str | None, place: Any) -> LdpError:
    before, now = found.groups()
    refresh = f"--full-refresh {table} begins anew; " if table else ""
    return LdpError(
        "LDP-3005",
        f'the stream of flow "{flow_name}" has {now} source{"" if now == "1" else "s"} now and had {before}',
        dataset=table or flow_name,
        location=place,
        hint=f"{refresh}--reset-checkpoint {flow_name} keeps what is written and reads all sources from their start; "
        "or read a further source by a flow of its own",
    )


def error_text(error: BaseException) -> str:
    """The whole message, Java causes included."""
    parts = [str(error)]
    java = java_exception(error)
    seen = 0
    while java is not None and seen < 12:
        try:
            parts.append(str(java.toString()))
            java = java.getCause()
        except Exception:
            break
        seen += 1
    return "\n".join(parts)


def _cause(text: str) -> str:
    """The innermost message that says something: of Spark's error classes, of Python, of Java."""
    java = re.findall(r"^(?:Caused by: )?(?:[\w$]+\.)+(\w+(?:Exception|Error)): (?!\[)(.+)$", text, re.MULTILINE)
    classes = [found for found in re.findall(r"\[([A-Z][A-Z0-9_.]{5,})\] ([^\n]+)", text) if found[0] not in _WRAPPERS]
    if classes:
        condition, message = classes[-1]
        told = first_sentence(f"[{condition}] {message}")
        return f"{told} {java[-1][1]}" if java and condition.startswith("FAILED_READ_FILE") else told
    python = (_python_traceback(text) or "").splitlines()
    if python:
        return python[-1]
    if java:
        return f"{java[-1][0]}: {java[-1][1]}"
    return first_sentence(text)


def _python_traceback(text: str) -> str | None:
    """The user's part of a traceback from a Python worker."""
    start = text.find("Traceback (most recent call last):")
    if start < 0:
        return None
    lines = text[start:].splitlines()
    kept = []
    skip = False
    for line in lines[1:]:
        if line.lstrip().startswith('File "'):
            skip = not is_user_frame(line.split('"')[1])
        elif not line.startswith(" "):
            kept.append(line)
            break
        if not skip:
            kept.append(line)
    return "\n".join(kept) or None
