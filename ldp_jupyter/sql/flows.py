"""Flows in SQL: CREATE FLOW, the FLOW clause of a table, APPLY CHANGES INTO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Flow
from ldp_jupyter.names import Name
from ldp_jupyter.sql.cdc import read_cdc

if TYPE_CHECKING:
    from ldp_jupyter.declarations import Query
    from ldp_jupyter.sql.cursor import Cursor

_REPLACING = "REPLACE USING flows are not supported here"
_REPLACING_HINT = "AUTO CDC with keys gives the same table"


def read_flow(cursor: Cursor) -> None:
    """Read what follows CREATE FLOW.

    Raises:
        LdpError: where it cannot be read.
    """
    if cursor.take("IF", "NOT"):
        cursor.expect("EXISTS")
    first = cursor.peek()
    parts = cursor.name("the name of the flow")
    if len(parts) > 1:
        raise cursor.error(
            "LDP-2021", f'the name of a flow has one part, not "{".".join(parts)}"', first, hint=f"write {parts[-1]}"
        )
    comment = cursor.string("the comment's text") if cursor.take("COMMENT") else None
    cursor.expect("AS")
    if cursor.at("AUTO|APPLY"):
        _read_cdc_into(cursor, parts[0], comment)
        return
    if not cursor.at("INSERT"):
        hint = "write AS INSERT INTO target BY NAME query" if cursor.at_query() else None
        raise cursor.unexpected("INSERT INTO or AUTO CDC INTO", hint=hint)
    cursor.next()
    if cursor.at("OVERWRITE"):
        raise cursor.unexpected("INTO", hint="a flow appends: INSERT INTO target BY NAME query")
    once = cursor.take("ONCE")
    cursor.expect("INTO")
    once = cursor.take("ONCE") or once
    cursor.take("TABLE")
    target = cursor.qualified("the target's name")
    replace_where = None if once else _replace_where(cursor)
    by_name = cursor.take("BY", "NAME")
    replace_where = replace_where or (None if once else _replace_where(cursor))  # either order is met
    if cursor.at("(") and not cursor.at_query(or_columns=True):
        raise cursor.unexpected(
            "BY NAME or a query",
            hint="columns of the target cannot be listed: write BY NAME and name them in the query",
        )
    if cursor.at("PARTITION|IF"):
        raise cursor.unexpected("BY NAME or a query", hint="a flow takes neither PARTITION nor IF NOT EXISTS")
    query = cursor.query("BY NAME or a query")
    _declare(
        cursor, parts[0], target, query, once=once, by_name=by_name, comment=comment, replace_where=replace_where
    )


def read_changes(cursor: Cursor) -> None:
    """Read APPLY CHANGES INTO or AUTO CDC INTO as a statement of its own.

    Raises:
        LdpError: where it cannot be read.
    """
    if cursor.at("AUTO"):
        cursor.local_only("bare AUTO CDC", cursor.peek())
    _read_cdc_into(cursor, None, None)


def read_table_flow(cursor: Cursor, name: Name, *, managed: bool) -> tuple[Query | None, bool, str | None]:
    """Read what follows FLOW in a CREATE TABLE statement.

    Returns:
        The query, or None when it is declared wrongly, whether it runs once, and the condition of REPLACE WHERE.

    Raises:
        LdpError: where it cannot be read.
    """
    start = cursor.peek()
    if cursor.take("AUTO"):
        cursor.expect("CDC")
        if managed:
            raise cursor.error(
                "LDP-2017",
                "a managed table takes no AUTO CDC flow",
                start,
                hint="write CREATE OR REFRESH STREAMING TABLE",
            )
        once = cursor.take("ONCE")
        if cursor.at("INTO"):
            raise cursor.unexpected("FROM", hint="the table is the target already: remove INTO and its name")
        return read_cdc(cursor, _source_view(name, None)), once, None
    condition = _replace_where(cursor)
    if condition is not None:
        cursor.expect("BY", "NAME", hint="FLOW REPLACE WHERE condition BY NAME query")
        return cursor.query(), False, condition
    cursor.expect("INSERT", hint="FLOW INSERT BY NAME query, or FLOW AUTO CDC FROM source KEYS (...) SEQUENCE BY ...")
    once = cursor.take("ONCE")
    if cursor.at("INTO"):
        raise cursor.unexpected("BY NAME", hint="the table is the target already: remove INTO and its name")
    cursor.expect("BY", "NAME", hint="FLOW INSERT BY NAME query")
    return cursor.query(), once, None


def _replace_where(cursor: Cursor) -> str | None:
    """The condition between REPLACE WHERE and BY NAME, if that is what comes."""
    if not cursor.at("REPLACE"):
        return None
    start = cursor.next()
    if not cursor.take("WHERE"):
        raise cursor.error("LDP-2023", _REPLACING, start, hint=_REPLACING_HINT)
    first = cursor.index
    while not cursor.done and not (cursor.at("BY", "NAME") or cursor.at("AS") or cursor.at("SELECT")):
        cursor.skip()
    if cursor.index == first:
        raise cursor.unexpected("a condition")
    return cursor.plain(cursor.tokens[first : cursor.index])


def _read_cdc_into(cursor: Cursor, name: str | None, comment: str | None) -> None:
    once = False
    if cursor.take("AUTO"):
        cursor.expect("CDC")
        once = cursor.take("ONCE")
    else:
        cursor.expect("APPLY")
        cursor.expect("CHANGES")
    if cursor.at("FROM", "SNAPSHOT"):
        raise cursor.unexpected("INTO", hint="snapshots are applied in Python: create_auto_cdc_from_snapshot_flow")
    cursor.expect("INTO")
    once = cursor.take("ONCE") or once
    target = cursor.qualified("the target's name")
    cursor.dataset = cursor.scope.home.shown(target)
    spec = read_cdc(cursor, _source_view(target, name))
    if spec is not None:
        _declare(cursor, name, target, spec, once=once, by_name=True, comment=comment)


def _source_view(target: Name, flow: str | None) -> Name:
    """Name of the view that a query as the source of AUTO CDC becomes."""
    return Name(target.catalog, target.schema, f"__{(flow or target.table).lower()}_source")


def _declare(
    cursor: Cursor,
    name: str | None,
    target: Name,
    query: Query,
    *,
    once: bool,
    by_name: bool,
    comment: str | None,
    replace_where: str | None = None,
) -> None:
    cursor.into.flows.append(
        Flow(
            name or str(target),
            target,
            query,
            cursor.scope.namespace,
            once=once,
            default=name is None,
            by_name=by_name,
            confs=dict(cursor.scope.confs),
            comment=comment,
            location=cursor.location,
            language="SQL",
            replace_where=replace_where,
        )
    )
