"""Spark's analysis errors in our words: unknown table, unknown column, with the place in the source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import SqlQuery
from ldp_jupyter.errors import LdpError
from ldp_jupyter.graph.evaluate import place_in, unknown_table
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.sources.failures import source_problem, user_location

if TYPE_CHECKING:
    from ldp_jupyter.declarations import Location
    from ldp_jupyter.graph.evaluate import Evaluation

_TABLE = ("TABLE_OR_VIEW_NOT_FOUND", "TABLE_NOT_FOUND", "VIEW_NOT_FOUND", "DELTA_TABLE_NOT_FOUND")


def evaluation_problem(error: BaseException, evaluation: Evaluation, dataset: str) -> LdpError:
    """What went wrong while a flow's query was evaluated.

    Parameters:
        dataset: shown name of the dataset whose flow it is.
    """
    flow = evaluation.flow
    if isinstance(error, LdpError):
        error.dataset = error.dataset or dataset
        if error.location is None:
            error.location = _reference_place(evaluation) or user_location(error) or _query_place(evaluation)
        return error
    condition = _condition(error)
    if condition is None:
        return source_problem(error, "LDP-2009", dataset=dataset, location=flow.location)
    place = _place(error, evaluation)
    parameters = _parameters(error)
    message = first_sentence(str(error))
    if condition.startswith(_TABLE):
        name = _unquoted(parameters.get("relationName") or parameters.get("tableName") or "")
        return unknown_table(
            evaluation.graph, _short(evaluation, name), dataset=dataset, location=place, detail=str(error)
        )
    if condition.startswith(("UNRESOLVED_COLUMN", "FIELD_NOT_FOUND")):
        name = _unquoted(parameters.get("objectName") or parameters.get("fieldName") or "")
        proposals = [_unquoted(p) for p in (parameters.get("proposal") or "").split(", ") if p]
        hint = did_you_mean(name, proposals) or did_you_mean(name.split(".")[-1], proposals)
        if hint is None and proposals:
            hint = f"its input has: {', '.join(proposals)}"
        return LdpError(
            "LDP-2004", f'unknown column "{name}"', hint=hint, dataset=dataset, location=place, detail=str(error)
        )
    if condition.startswith("PARSE_SYNTAX_ERROR"):
        return LdpError("LDP-2001", f"SQL syntax: {message}", dataset=dataset, location=place, detail=str(error))
    return LdpError("LDP-2015", message, dataset=dataset, location=place, detail=str(error))


def first_sentence(text: str) -> str:
    """Spark's message without its class, SQLSTATE, plan and position lines."""
    lines = []
    for line in text.strip().splitlines():
        if re.match(r"\s*(== |'?[A-Z]\w+ \[|'[A-Z]\w+|[+:]- |JVM stacktrace|line \d+, pos)", line):
            break
        lines.append(line.strip())
    sentence = " ".join(line for line in lines if line)
    sentence = re.sub(r"^\[[A-Z0-9_.]+\]\s*", "", sentence)
    sentence = re.sub(r"\s*SQLSTATE:\s*\w+\s*;?", "", sentence)
    sentence = re.sub(r"\s*;?\s*line \d+ pos \d+;?\s*$", "", sentence)
    return sentence.strip().rstrip(";").strip() or text.strip().splitlines()[0]


def _condition(error: BaseException) -> str | None:
    """Spark's error class, if the error is one of Spark's."""
    getter = getattr(error, "getCondition", None) or getattr(error, "getErrorClass", None)
    if getter is None:
        return None
    try:
        return getter() or ("" if type(error).__module__.startswith("pyspark.errors") else None)
    except Exception:
        return ""


def _parameters(error: Any) -> dict[str, str]:
    try:
        return dict(error.getMessageParameters() or {})
    except Exception:
        return {}


def _place(error: Any, evaluation: Evaluation) -> Location | None:
    """The position that Spark names within the SQL text, else the user's frame, else the declaration."""
    query = evaluation.flow.query
    if isinstance(query, SqlQuery):
        offset = None
        try:
            for context in error.getQueryContext() or []:
                if context.startIndex() >= 0 and context.fragment():
                    offset = context.startIndex()
                    break
        except Exception:
            offset = None
        if offset is not None and 0 <= offset < len(query.text):
            from ldp_jupyter.sql.text import position

            return place_in(query.location, *position(query.text, offset))
        match = re.search(r"line (\d+),? pos (\d+)", str(error))
        if match:
            return place_in(query.location, int(match[1]), int(match[2]) + 1)
        return query.location
    return user_location(error) or evaluation.flow.location


def _reference_place(evaluation: Evaluation) -> Location | None:
    query, failed = evaluation.flow.query, evaluation.failed_reference
    if failed is None or not isinstance(query, SqlQuery) or failed[0] != query.text:
        return None
    from ldp_jupyter.sql.text import position

    return place_in(query.location, *position(query.text, failed[1]))


def _query_place(evaluation: Evaluation) -> Location | None:
    query = evaluation.flow.query
    return query.location if isinstance(query, SqlQuery) else evaluation.flow.location


def _unquoted(name: str) -> str:
    return name.replace("`", "").strip()


def _short(evaluation: Evaluation, name: str) -> str:
    """The name as the user wrote it: without the default catalog and schema that Spark adds."""
    namespace = evaluation.flow.namespace
    for prefix in (f"{namespace.catalog}.{namespace.schema}.", f"{namespace.catalog}."):
        if name.lower().startswith(prefix.lower()):
            return name[len(prefix) :]
    return name
