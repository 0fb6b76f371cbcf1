"""Clauses between a dataset's name and its query, in any order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Kind
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.sql.columns import ColumnList, read_columns

if TYPE_CHECKING:
    from ldp_jupyter.sql.cursor import Cursor
    from ldp_jupyter.sql.tokens import Token

_NAMES = (
    "USING",
    "PARTITIONED BY",
    "CLUSTER BY",
    "LOCATION",
    "COMMENT",
    "TBLPROPERTIES",
    "WITH ROW FILTER",
    "SCHEDULE",
    "TRIGGER ON UPDATE",
    "REFRESH POLICY",
    "DEFAULT COLLATION",
    "FLOW",
    "AS",
)
_STORAGE = frozenset(
    {"USING", "PARTITIONED BY", "CLUSTER BY", "LOCATION", "ROW FILTER", "SCHEDULE", "TRIGGER", "REFRESH POLICY"}
)
_UNITS = "MINUTE|MINUTES|HOUR|HOURS|DAY|DAYS|WEEK|WEEKS"
_POLICIES = ("AUTO", "INCREMENTAL", "FULL")


@dataclass
class Clauses:
    """What they say."""

    columns: ColumnList = field(default_factory=ColumnList)
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    partition_cols: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    cluster_by_auto: bool = False
    path: str | None = None
    row_filter: str | None = None
    refresh_policy: str | None = None
    seen: dict[str, Token] = field(default_factory=dict)


def read_clauses(cursor: Cursor, kind: Kind) -> Clauses:
    """Read clauses up to AS, FLOW, a query or the end of the statement.

    Raises:
        LdpError: LDP-2001 where they cannot be read.
    """
    found = Clauses()
    while not cursor.done and not cursor.at("AS|FLOW"):
        start = cursor.peek()
        own_with = cursor.at("WITH", "ROW", "FILTER") or _at_binding(cursor, kind)
        if cursor.at_query(or_columns=True) and not own_with:
            break
        clause = _clause(cursor, kind, found)
        if clause in found.seen:
            cursor.problem("LDP-2011", f"{clause} stands twice", start, hint="keep one of the two")
        if clause in _STORAGE and not kind.stored:
            cursor.problem(
                "LDP-2011",
                f"{clause} has no meaning for a {kind.words}",
                start,
                hint="a view stores nothing: remove the clause",
            )
        found.seen.setdefault(clause, start)
    if "PARTITIONED BY" in found.seen and "CLUSTER BY" in found.seen and (found.cluster_by or found.cluster_by_auto):
        cursor.problem(
            "LDP-2011",
            "PARTITIONED BY and CLUSTER BY exclude each other",
            found.seen["CLUSTER BY"],
            hint="keep one of the two",
        )
    return found


def _clause(cursor: Cursor, kind: Kind, found: Clauses) -> str:
    """Read one clause.

    Returns:
        Its name.
    """
    start = cursor.peek()
    if cursor.at("("):
        found.columns = read_columns(cursor, kind)
        return "the column list"
    if cursor.take("COMMENT"):
        found.comment = cursor.string("the comment's text")
        return "COMMENT"
    if cursor.take("TBLPROPERTIES"):
        _properties(cursor, found)
        return "TBLPROPERTIES"
    if cursor.take("USING"):
        _using(cursor, kind)
        return "USING"
    if cursor.take("PARTITIONED", "BY"):
        found.partition_cols = _column_names(cursor, "a column to partition by")
        return "PARTITIONED BY"
    if cursor.take("CLUSTER", "BY"):
        _cluster(cursor, found, start)
        return "CLUSTER BY"
    if cursor.take("LOCATION"):
        found.path = cursor.string("the location's path")
        cursor.note("no_effect", "LOCATION: tables stand in the pipeline's own storage", start)
        return "LOCATION"
    if cursor.at("WITH", "ROW", "FILTER") or cursor.at("ROW", "FILTER"):
        _row_filter(cursor, found, start)
        return "ROW FILTER"
    if _at_binding(cursor, kind):
        cursor.expect("WITH", "SCHEMA")
        cursor.take("TYPE")
        mode = cursor.next().upper
        cursor.note("no_effect", f"WITH SCHEMA {mode}", start)
        return "WITH SCHEMA"
    if cursor.take("SCHEDULE"):
        _schedule(cursor, start)
        return "SCHEDULE"
    if cursor.take("TRIGGER"):
        _trigger(cursor, start)
        return "TRIGGER"
    if cursor.take("REFRESH", "POLICY"):
        _refresh_policy(cursor, kind, found, start)
        return "REFRESH POLICY"
    if cursor.take("DEFAULT", "COLLATION"):
        collation = cursor.identifier("a collation")
        if collation.upper() != "UTF8_BINARY":
            cursor.note("not_checked", f"DEFAULT COLLATION {collation}", start)
        return "DEFAULT COLLATION"
    return _unknown(cursor, kind)


def _at_binding(cursor: Cursor, kind: Kind) -> bool:
    """Whether ``WITH SCHEMA BINDING`` or the like comes next, and no WITH of a query."""
    return kind is Kind.VIEW and (
        cursor.at("WITH", "SCHEMA", "BINDING|COMPENSATION|EVOLUTION")
        or cursor.at("WITH", "SCHEMA", "TYPE", "EVOLUTION")
    )


def _unknown(cursor: Cursor, kind: Kind) -> str:
    token = cursor.peek()
    hint = (
        did_you_mean(token.text, [name.split()[0] for name in _NAMES] + ["STREAMING"]) if token.kind == "word" else None
    )
    if cursor.at("CONSTRAINT"):
        hint = "CONSTRAINT ... EXPECT stands in the parentheses after the name"
    elif cursor.at("OPTIONS"):
        hint = "options of a source belong to read_files(...) in the query"
    needed = "a clause or AS query" if kind is not Kind.STREAMING_TABLE else "a clause, AS query or FLOW"
    raise cursor.unexpected(needed, hint=hint or f"clauses: {', '.join(_NAMES[:-1])}")


def _using(cursor: Cursor, kind: Kind) -> None:
    token = cursor.peek()
    provider = cursor.identifier("DELTA").upper()
    accepted = ("DELTA", "ICEBERG")
    if provider not in accepted:
        cursor.problem(
            "LDP-2011",
            f"USING {token.text}: tables of a pipeline are Delta tables",
            token,
            hint=f"accepted: USING DELTA{', USING ICEBERG' if kind is Kind.MATERIALIZED_VIEW else ''}",
        )
    elif provider == "ICEBERG":
        cursor.note("no_effect", "USING ICEBERG: the table is a Delta table here", token)


def _column_names(cursor: Cursor, what: str) -> tuple[str, ...]:
    if not cursor.at("("):
        raise cursor.unexpected('"("', hint="the columns stand in parentheses")
    return cursor.names(what)


def _cluster(cursor: Cursor, found: Clauses, start: Token) -> None:
    if cursor.take("AUTO"):
        found.cluster_by_auto = True
        cursor.note("no_effect", "CLUSTER BY AUTO: no keys are chosen here", start)
    elif not cursor.take("NONE"):
        found.cluster_by = _column_names(cursor, "a column to cluster by")


def _properties(cursor: Cursor, found: Clauses) -> None:
    opening = cursor.expect("(")
    while True:
        start = cursor.peek()
        key = cursor.string("a property") if start.kind == "string" else ".".join(cursor.name("a property"))
        if not cursor.take("="):
            cursor.take("==")
        if key in found.properties:
            cursor.problem("LDP-2011", f'property "{key}" stands twice', start)
        found.properties[key] = _property_value(cursor, key)
        if not cursor.more(opening):
            return


def _property_value(cursor: Cursor, key: str) -> str:
    token = cursor.peek()
    if token.kind == "string":
        return cursor.string("a value")
    if token.kind == "number" or token.upper in ("TRUE", "FALSE"):
        cursor.next()
        return token.text.lower() if token.kind == "word" else token.text
    if token.text == "-" and cursor.peek(1).kind == "number":
        cursor.next()
        return f"-{cursor.next().text}"
    if token.kind in ("word", "quoted"):
        cursor.problem(
            "LDP-2011",
            f'property "{key}" has a value without quotes: {token.text}',
            token,
            hint=f"write '{token.text}'",
        )
        return ".".join(cursor.name("a value"))
    raise cursor.unexpected(f'a value for property "{key}"')


def _row_filter(cursor: Cursor, found: Clauses, start: Token) -> None:
    cursor.take("WITH")
    cursor.expect("ROW", "FILTER")
    first = cursor.peek()
    cursor.name("the filter function")
    cursor.expect("ON")
    cursor.inside("columns")
    found.row_filter = cursor.text(first, cursor.peek(-1))
    cursor.note("no_effect", f'row filter on "{cursor.dataset}"', start)


def _schedule(cursor: Cursor, start: Token) -> None:
    cursor.take("REFRESH")
    if cursor.take("EVERY"):
        if cursor.peek().kind != "number":
            raise cursor.unexpected("a number")
        cursor.next()
        cursor.expect(_UNITS)
    else:
        cursor.expect("CRON", hint="SCHEDULE EVERY n HOURS, or SCHEDULE CRON 'expression'")
        cursor.string("a cron expression")
        if cursor.take("AT"):
            cursor.expect("TIME", "ZONE")
            cursor.string("a time zone")
    cursor.note("no_effect", "SCHEDULE: schedule the pipeline, by a job", start)


def _trigger(cursor: Cursor, start: Token) -> None:
    cursor.expect("ON", "UPDATE")
    if cursor.take("AT"):
        cursor.expect("MOST", "EVERY")
        cursor.take("INTERVAL")
        if cursor.peek().kind not in ("number", "string"):
            raise cursor.unexpected("a number")
        if cursor.next().kind == "number" or cursor.at(_UNITS):
            cursor.expect(_UNITS)
    cursor.note("no_effect", "TRIGGER ON UPDATE: schedule the pipeline, by a job", start)


def _refresh_policy(cursor: Cursor, kind: Kind, found: Clauses, start: Token) -> None:
    token = cursor.peek()
    policy = cursor.identifier("a refresh policy").upper()
    if policy not in _POLICIES:
        cursor.problem(
            "LDP-2011",
            f"REFRESH POLICY {token.text} is unknown",
            token,
            hint="accepted: AUTO, INCREMENTAL, INCREMENTAL STRICT, FULL",
        )
        return
    if policy == "INCREMENTAL" and cursor.take("STRICT"):
        policy = "INCREMENTAL STRICT"
    if kind is Kind.STREAMING_TABLE:
        cursor.problem(
            "LDP-2011", "a streaming table has no REFRESH POLICY", start, hint="it belongs to materialized views"
        )
    found.refresh_policy = policy.lower()
    cursor.note("no_effect", f"REFRESH POLICY {policy}", start)
