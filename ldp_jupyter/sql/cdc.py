"""The clauses of AUTO CDC and APPLY CHANGES."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import CdcSpec, Dataset, Flow, Kind, SqlQuery
from ldp_jupyter.names import did_you_mean, quote
from ldp_jupyter.sql.relations import RelationProblem, read_options

if TYPE_CHECKING:
    from ldp_jupyter.names import Name
    from ldp_jupyter.sql.cursor import Cursor
    from ldp_jupyter.sql.tokens import Token

# How each clause begins; an expression ends where one of them does.
_STARTS: dict[str, tuple[str, ...]] = {
    "KEYS": ("KEYS", "("),
    "WHERE": ("WHERE",),
    "IGNORE NULL UPDATES": ("IGNORE", "NULL"),
    "APPLY AS DELETE WHEN": ("APPLY", "AS", "DELETE"),
    "APPLY AS TRUNCATE WHEN": ("APPLY", "AS", "TRUNCATE"),
    "SEQUENCE BY": ("SEQUENCE", "BY"),
    "SYSTEM SEQUENCE BY": ("SYSTEM", "SEQUENCE"),
    "COLUMNS TO UPDATE": ("COLUMNS", "TO", "UPDATE"),
    "COLUMNS": ("COLUMNS",),
    "STORED AS": ("STORED", "AS"),
    "TRACK HISTORY ON": ("TRACK", "HISTORY"),
}
_AFTER_OPERAND = frozenset(
    {"AND", "OR", "IS", "IN", "NOT", "BETWEEN", "LIKE", "RLIKE", *(words[0] for words in _STARTS.values())}
)
_Names = tuple[str, ...]


@dataclass
class _Clauses:
    """What was read; `seen` has the first token of each clause."""

    keys: _Names = ()
    where: str | None = None
    ignored_nulls: tuple[_Names | None, _Names | None] = (None, None)
    deletes: str | None = None
    truncates: str | None = None
    sequence: str | None = None
    system_sequence: str | None = None
    columns: tuple[_Names | None, _Names | None] = (None, None)
    columns_to_update: str | None = None
    scd_type: str = "1"
    history: tuple[_Names | None, _Names | None] = (None, None)
    seen: dict[str, Token] = field(default_factory=dict)


def read_cdc(cursor: Cursor, view: Name) -> CdcSpec | None:
    """Read from FROM to the end of the statement.

    Parameters:
        view: name of the temporary view that is declared when the source is a query.

    Returns:
        None when clauses are missing or exclude each other, which are then among the problems.

    Raises:
        LdpError: LDP-2001 where it cannot be read; LDP-2017 for a source that is no table.
    """
    before = len(cursor.into.problems)
    start = cursor.expect("FROM")
    query = _source_query(cursor)
    source = view.quoted if query else _source(cursor)
    options = _source_options(cursor)
    found = _Clauses()
    while not cursor.done:
        _clause(cursor, found)
    _check(cursor, found, start)
    if len(cursor.into.problems) > before:
        return None
    if query:
        _declare_view(cursor, view, query)
    return CdcSpec(
        source=source,
        source_options=tuple(options.items()),
        keys=found.keys,
        sequence_by=found.sequence,
        system_sequence_by=found.system_sequence,
        ignore_null_updates="IGNORE NULL UPDATES" in found.seen,
        ignore_null_updates_columns=found.ignored_nulls[0],
        ignore_null_updates_except=found.ignored_nulls[1],
        columns_to_update=found.columns_to_update,
        where=found.where,
        apply_as_deletes=found.deletes,
        apply_as_truncates=found.truncates,
        column_list=found.columns[0],
        except_column_list=found.columns[1],
        scd_type=found.scd_type,
        track_history_columns=found.history[0],
        track_history_except=found.history[1],
    )


def _source_query(cursor: Cursor) -> SqlQuery | None:
    """The query in parentheses that stands in the place of a name: seen in public code, not in the documentation."""
    if not (cursor.at("(") and cursor.at_query()):
        return None
    opening, tokens = cursor.inside("a query")
    cursor.local_only("query as CDC source", opening)
    return SqlQuery(cursor.text(tokens[0], tokens[-1]), cursor.where(tokens[0]))


def _declare_view(cursor: Cursor, view: Name, query: SqlQuery) -> None:
    confs = dict(cursor.scope.confs)
    cursor.into.datasets.append(
        Dataset(view, Kind.TEMPORARY_VIEW, spark_conf=confs, location=query.location, language="SQL", implied=True)
    )
    cursor.into.flows.append(
        Flow(
            str(view),
            view,
            query,
            cursor.scope.namespace,
            default=True,
            confs=confs,
            location=query.location,
            language="SQL",
        )
    )


def _source(cursor: Cursor) -> str:
    """Name of the source: ``STREAM(x)``, ``STREAM x`` or ``x``."""
    in_parentheses = cursor.take("STREAM", "(")
    opening = cursor.peek(-1)
    if not in_parentheses and cursor.at("STREAM") and not cursor.at(".|KEYS", ahead=1):
        cursor.next()
    first = cursor.peek()
    hint = "put the query into a temporary view and name that"
    if first.text == "(":
        raise cursor.error("LDP-2017", "the source must be the name of a table or view, not a query", first, hint=hint)
    parts = cursor.name("the name of the source")
    if cursor.at("("):
        raise cursor.error(
            "LDP-2017", f"the source must be the name of a table or view, not {parts[-1]}(...)", first, hint=hint
        )
    if in_parentheses and not cursor.take(")"):
        if cursor.done:
            raise cursor.unclosed(opening)
        raise cursor.unexpected('")"', hint=hint)
    return quote(parts)


def _source_options(cursor: Cursor) -> dict[str, str]:
    """Options of the stream: ``WITH (skipChangeCommits, startingVersion = 5)``."""
    if not cursor.take("WITH", "("):
        return {}
    cursor.index -= 1
    _, tokens = cursor.inside("options of the stream")
    try:
        return read_options(tokens)
    except RelationProblem as problem:
        problem.location = cursor.where(problem.token)
        raise


def _clause(cursor: Cursor, found: _Clauses) -> None:
    name = _starting(cursor)
    start = cursor.peek()
    if name is None:
        if cursor.take("KEYS"):
            _column_names(cursor, "KEYS")
        words = [clause.split()[0] for clause in _STARTS]
        hint = did_you_mean(start.text, words) if start.kind == "word" else None
        raise cursor.unexpected("a clause of AUTO CDC", hint=hint or f"clauses: {', '.join(_STARTS)}")
    if name in found.seen:
        cursor.problem("LDP-2017", f"{name} stands twice", start, hint="keep one of the two")
    if name.startswith("APPLY AS") and "SEQUENCE BY" in found.seen:
        cursor.local_only("clauses of AUTO CDC", start)
    found.seen.setdefault(name, start)
    cursor.index += len(_STARTS[name]) - (name == "KEYS")
    if name == "KEYS":
        found.keys = _column_names(cursor, "KEYS")
    elif name == "WHERE":
        found.where = _expression(cursor, name)
    elif name == "IGNORE NULL UPDATES":
        cursor.expect("UPDATES")
        if cursor.take("ON"):
            found.ignored_nulls = _selection(cursor, name)
    elif name == "APPLY AS DELETE WHEN":
        cursor.expect("WHEN")
        found.deletes = _expression(cursor, name)
    elif name == "APPLY AS TRUNCATE WHEN":
        cursor.expect("WHEN")
        found.truncates = _expression(cursor, name)
    elif name == "SEQUENCE BY":
        found.sequence = _expression(cursor, name)
    elif name == "SYSTEM SEQUENCE BY":
        cursor.expect("BY")
        found.system_sequence = _expression(cursor, name)
    elif name == "COLUMNS TO UPDATE":
        found.columns_to_update = _column(cursor, name)
    elif name == "COLUMNS":
        found.columns = _selection(cursor, name)
    elif name == "STORED AS":
        found.scd_type = _scd_type(cursor)
    else:
        cursor.expect("ON")
        found.history = _selection(cursor, name)


def _starting(cursor: Cursor) -> str | None:
    """The clause that begins here."""
    name = next((name for name, words in _STARTS.items() if cursor.at(*words)), None)
    if name == "COLUMNS":
        after = cursor.peek(1)
        listed = after.text in ("(", "*") or after.kind in ("quoted", "word")
        if not listed or after.upper in _AFTER_OPERAND:
            return None  # a column of that name
    return name


def _expression(cursor: Cursor, clause: str) -> str:
    """Text up to the next clause."""
    first = cursor.index
    while not cursor.done and _starting(cursor) is None:
        cursor.skip()
    if cursor.index == first:
        raise cursor.unexpected(f"an expression after {clause}")
    return cursor.plain(cursor.tokens[first : cursor.index])


def _column(cursor: Cursor, clause: str) -> str:
    first = cursor.peek()
    parts = cursor.name("a column")
    if len(parts) > 1:
        raise cursor.error(
            "LDP-2017", f'{clause} takes names of columns, not "{".".join(parts)}"', first, hint=f"write {parts[-1]}"
        )
    return parts[0]


def _column_names(cursor: Cursor, clause: str) -> _Names:
    """Columns in parentheses."""
    opening = cursor.peek()
    if opening.text != "(":
        raise cursor.unexpected('"("', hint=f"the columns of {clause} stand in parentheses")
    cursor.next()
    if cursor.at(")"):
        raise cursor.error("LDP-2017", f"{clause} names no column", opening)
    names = []
    while True:
        names.append(_column(cursor, clause))
        if not cursor.more(opening):
            return tuple(names)


def _selection(cursor: Cursor, clause: str) -> tuple[_Names | None, _Names | None]:
    """Columns chosen, or columns excepted: ``(a, b)``, ``a, b``, ``* EXCEPT (a, b)`` or ``*``."""
    if cursor.take("*"):
        return (None, _column_names(cursor, f"{clause} * EXCEPT")) if cursor.take("EXCEPT") else (None, None)
    if cursor.at("("):
        return _column_names(cursor, clause), None
    names = [_column(cursor, clause)]
    while cursor.take(","):
        names.append(_column(cursor, clause))
    return tuple(names), None


def _scd_type(cursor: Cursor) -> str:
    """The type; empty when it is an unknown one, which is then among the problems."""
    if cursor.take("BITEMPORAL"):
        return "bitemporal"
    cursor.expect("SCD", "TYPE", hint="STORED AS SCD TYPE 1, or STORED AS SCD TYPE 2")
    token = cursor.next()
    if token.text not in ("1", "2"):
        cursor.problem(
            "LDP-2017",
            f"SCD TYPE {token.text or 'without a number'} is unknown",
            token,
            hint="accepted: SCD TYPE 1, SCD TYPE 2",
        )
        return ""
    return token.text


def _check(cursor: Cursor, found: _Clauses, start: Token) -> None:
    """Rules over several clauses."""
    seen = found.seen

    def wrong(message: str, clause: str | None = None, hint: str | None = None) -> None:
        cursor.problem("LDP-2017", message, seen[clause] if clause else start, hint=hint)

    if "KEYS" not in seen:
        wrong("AUTO CDC needs KEYS", hint="for example KEYS (id)")
    if "SEQUENCE BY" not in seen:
        wrong(
            "AUTO CDC needs SEQUENCE BY",
            hint="a column that orders the changes of a key, for example SEQUENCE BY updated_at",
        )
    if "TRACK HISTORY ON" in seen and found.scd_type == "1":
        wrong("TRACK HISTORY ON needs STORED AS SCD TYPE 2", "TRACK HISTORY ON", "SCD type 1 keeps no history")
    if found.truncates is not None and found.scd_type in ("2", "bitemporal"):
        wrong(
            "APPLY AS TRUNCATE WHEN works with SCD TYPE 1 only",
            "APPLY AS TRUNCATE WHEN",
            "history is never truncated: leave it out, or store SCD TYPE 1",
        )
    if "COLUMNS TO UPDATE" in seen and "IGNORE NULL UPDATES" in seen:
        wrong(
            "COLUMNS TO UPDATE and IGNORE NULL UPDATES exclude each other", "COLUMNS TO UPDATE", "keep one of the two"
        )
    if "SYSTEM SEQUENCE BY" in seen and found.scd_type in ("1", "2"):
        wrong("SYSTEM SEQUENCE BY needs STORED AS BITEMPORAL", "SYSTEM SEQUENCE BY")
    if found.scd_type == "bitemporal" and "SYSTEM SEQUENCE BY" not in seen:
        wrong("STORED AS BITEMPORAL needs SYSTEM SEQUENCE BY", "STORED AS")
