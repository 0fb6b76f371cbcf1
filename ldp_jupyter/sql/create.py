"""CREATE statements for datasets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Dataset, Flow, Kind, TableOptions
from ldp_jupyter.names import did_you_mean, quote
from ldp_jupyter.sql.clauses import Clauses, read_clauses
from ldp_jupyter.sql.flows import read_flow, read_table_flow
from ldp_jupyter.sql.functions import at_function, read_function

if TYPE_CHECKING:
    from ldp_jupyter.declarations import Query
    from ldp_jupyter.names import Name
    from ldp_jupyter.sql.cursor import Cursor
    from ldp_jupyter.sql.tokens import Token

_TABLE_INSTEAD = "for an incremental query CREATE OR REFRESH STREAMING TABLE, for a batch query MATERIALIZED VIEW"
_INSTEAD = "datasets are STREAMING TABLE, MATERIALIZED VIEW, TEMPORARY VIEW and VIEW"
# What CREATE may be followed by that is no matter of a pipeline's source, and what to do instead.
_ELSEWHERE = {
    "SINK": "sinks are declared in Python: create_sink(name, format, options)",
    "SCHEMA": "schemas are made by the pipeline: name them in its settings or in the datasets' names",
    "DATABASE": "schemas are made by the pipeline: name them in its settings or in the datasets' names",
    "CATALOG": "create it outside of the pipeline",
    "VOLUME": "create it outside of the pipeline",
    "EXTERNAL": "create it outside of the pipeline",
    "CONNECTION": "create it outside of the pipeline",
    "INDEX": "use CLUSTER BY",
    "BLOOMFILTER": "use CLUSTER BY",
    "ROLE": "create it outside of the pipeline",
}


@dataclass(frozen=True)
class _Head:
    """Words between CREATE and the name."""

    kind: Kind
    shown: str
    replace: str = ""  # REFRESH or REPLACE
    private: bool = False
    legacy: bool = False
    managed: bool = False


def read_create(cursor: Cursor) -> None:
    """Read a CREATE statement into declarations.

    Raises:
        LdpError: where it cannot be read, or is not allowed in pipeline source.
    """
    start = cursor.expect("CREATE")
    if cursor.take("FLOW"):
        read_flow(cursor)
        return
    if at_function(cursor):
        read_function(cursor)
        return
    head = _head(cursor, start)
    if cursor.take("IF", "NOT"):
        cursor.expect("EXISTS")
    first = cursor.peek()
    name = cursor.qualified(f"the name of the {head.kind.words}")
    cursor.dataset = cursor.scope.home.shown(name)
    if head.kind == Kind.TEMPORARY_VIEW and not head.legacy and cursor.peek(-1) is not first:
        hint = f"write {quote([name.table])}: a temporary view is in no schema"
        raise cursor.error("LDP-2021", "the name of a temporary view has one part", first, hint=hint)
    _check_head(cursor, head, start)
    clauses = read_clauses(cursor, head.kind)
    if head.managed and not cursor.at("FLOW"):
        raise cursor.error(
            "LDP-2012",
            "CREATE TABLE is not allowed in pipeline source",
            start,
            hint=_TABLE_INSTEAD,
        )
    _check_expectations(cursor, head, clauses)
    flow = _own_flow(cursor, head, name, tuple(clauses.columns.comments))
    cursor.finish()
    if flow is _BROKEN:
        return
    if head.managed:
        cursor.local_only("managed table", start)
    cursor.into.datasets.append(_dataset(cursor, head, name, clauses))
    if isinstance(flow, Flow):
        cursor.into.flows.append(flow)


_BROKEN = object()


def name_of(cursor: Cursor) -> str | None:
    """Name of the dataset that a CREATE statement declares, however much of the rest cannot be read."""
    kept = len(cursor.into.problems)
    try:
        if not cursor.take("CREATE") or cursor.at("FLOW"):
            return None
        _head(cursor, cursor.peek(-1))
        if cursor.take("IF", "NOT"):
            cursor.take("EXISTS")
        return cursor.scope.home.shown(cursor.qualified("a name"))
    except Exception:
        return None
    finally:
        del cursor.into.problems[kept:]


def _head(cursor: Cursor, start: Token) -> _Head:
    replace = ""
    if cursor.take("OR"):
        replace = cursor.expect("REFRESH|REPLACE").upper
    if cursor.at("FLOW"):
        raise cursor.error("LDP-2011", f"CREATE OR {replace} FLOW is unknown", start, hint="write CREATE FLOW")
    first = cursor.peek()
    if cursor.at("GLOBAL"):
        raise cursor.error(
            "LDP-2012",
            "global temporary views are not allowed in pipeline source",
            start,
            hint="write CREATE TEMPORARY VIEW",
        )
    private = cursor.take("PRIVATE")
    temporary = not private and cursor.take("TEMPORARY|TEMP")
    word = cursor.peek().upper
    if word in _ELSEWHERE:
        raise cursor.error("LDP-2012", f"CREATE {word} is not allowed in pipeline source", start, hint=_ELSEWHERE[word])
    if cursor.take("MATERIALIZED"):
        cursor.expect("VIEW")
        return _Head(Kind.MATERIALIZED_VIEW, "MATERIALIZED VIEW", replace, private or temporary)
    if cursor.at("STREAMING|INCREMENTAL"):
        streaming = cursor.next().upper
        live = cursor.take("LIVE")
        if streaming == "INCREMENTAL" and not live:
            raise cursor.unexpected("LIVE", hint="write CREATE OR REFRESH STREAMING TABLE")
        if cursor.take("VIEW"):
            if private:
                raise cursor.error(
                    "LDP-2011", "PRIVATE is for tables", first, hint="temporary views are private by nature"
                )
            return _Head(Kind.TEMPORARY_VIEW, "LIVE VIEW" if live else "STREAMING VIEW", replace, legacy=live)
        cursor.expect("TABLE|VIEW")
        return _Head(Kind.STREAMING_TABLE, "STREAMING TABLE", replace, private or temporary, legacy=live)
    if cursor.take("LIVE"):
        if cursor.take("VIEW"):
            return _Head(Kind.TEMPORARY_VIEW, "LIVE VIEW", replace, legacy=True)
        cursor.expect("TABLE|VIEW")
        return _Head(Kind.MATERIALIZED_VIEW, "LIVE TABLE", replace, private or temporary, legacy=True)
    if cursor.take("VIEW"):
        if private:
            raise cursor.error("LDP-2011", "PRIVATE is for tables", first, hint="write CREATE TEMPORARY VIEW")
        return _Head(
            Kind.TEMPORARY_VIEW if temporary else Kind.VIEW, "TEMPORARY VIEW" if temporary else "VIEW", replace
        )
    if cursor.take("TABLE"):
        if replace or private or temporary:
            words = " ".join(token.text.upper() for token in cursor.tokens[: cursor.index])
            raise cursor.error(
                "LDP-2012",
                f"{words} is not allowed in pipeline source",
                start,
                hint=_TABLE_INSTEAD,
            )
        return _Head(Kind.STREAMING_TABLE, "TABLE", managed=True)
    near = did_you_mean(cursor.peek().text, ("STREAMING", "MATERIALIZED", "TEMPORARY", "PRIVATE", "VIEW", "FLOW"))
    raise cursor.unexpected("STREAMING TABLE, MATERIALIZED VIEW, TEMPORARY VIEW, VIEW or FLOW", hint=near or _INSTEAD)


def _check_head(cursor: Cursor, head: _Head, start: Token) -> None:
    if head.replace == "REPLACE" and not head.legacy:
        if head.kind is Kind.STREAMING_TABLE:
            cursor.local_only("replaced table", start)
        elif head.kind is Kind.MATERIALIZED_VIEW:
            cursor.local_only("replaced view", start)
    if head.replace == "REFRESH" and head.kind is Kind.VIEW:
        cursor.local_only("refreshed view", start)
    if head.legacy and not any(note.kind == "deprecated" for note in cursor.into.notes):
        cursor.note("deprecated", "LIVE syntax: now STREAMING TABLE, MATERIALIZED VIEW and TEMPORARY VIEW", start)


def _check_expectations(cursor: Cursor, head: _Head, clauses: Clauses) -> None:
    rules = clauses.columns.expectations
    if not rules:
        return
    token = clauses.seen["the column list"]
    if head.kind is Kind.VIEW:
        cursor.problem(
            "LDP-2011",
            "a view takes no expectations",
            token,
            hint="write CREATE TEMPORARY VIEW, or a materialized view",
        )
    elif head.shown == "TEMPORARY VIEW":
        cursor.local_only("rules of a SQL view", token)


def _own_flow(cursor: Cursor, head: _Head, name: Name, columns: tuple[str, ...]) -> Flow | object | None:
    """The flow that the statement itself holds; `_BROKEN` when it could not be declared.

    Parameters:
        columns: names of a column list without types; they are those of the query's columns, in order.
    """
    query: Query | None
    once, replace_where = False, None
    if cursor.take("FLOW"):
        if head.kind is not Kind.STREAMING_TABLE:
            raise cursor.error(
                "LDP-2011",
                f"FLOW is for streaming tables, not for a {head.kind.words}",
                cursor.peek(-1),
                hint="write AS query",
            )
        query, once, replace_where = read_table_flow(cursor, name, managed=head.managed)
        if query is None:
            return _BROKEN
        if replace_where is not None and head.managed:
            raise cursor.error(
                "LDP-2011",
                "a managed table takes no REPLACE WHERE flow",
                cursor.tokens[0],
                hint="write CREATE OR REFRESH STREAMING TABLE",
            )
    elif cursor.done:
        if head.kind is Kind.STREAMING_TABLE or head.shown == "STREAMING TABLE":
            return None
        raise cursor.unexpected("AS and a query", hint=f"a {head.kind.words} needs a query")
    else:
        cursor.take("AS")
        query = replace(cursor.query(), columns=columns)
    return Flow(
        str(name),
        name,
        query,
        cursor.scope.namespace,
        once=once,
        default=True,
        confs=dict(cursor.scope.confs),
        location=cursor.location,
        language="SQL",
        replace_where=replace_where,
    )


def _dataset(cursor: Cursor, head: _Head, name: Name, clauses: Clauses) -> Dataset:
    return Dataset(
        name,
        head.kind,
        comment=clauses.comment,
        options=TableOptions(
            schema=clauses.columns.schema,
            properties=clauses.properties,
            partition_cols=clauses.partition_cols,
            cluster_by=clauses.cluster_by,
            cluster_by_auto=clauses.cluster_by_auto,
            path=clauses.path,
            private=head.private,
            row_filter=clauses.row_filter,
            refresh_policy=clauses.refresh_policy,
            masked=tuple(clauses.columns.masked),
        ),
        expectations=() if head.kind is Kind.VIEW else tuple(clauses.columns.expectations),
        spark_conf=dict(cursor.scope.confs),
        location=cursor.location,
        language="SQL",
        column_comments=clauses.columns.comments,
    )
