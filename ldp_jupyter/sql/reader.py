"""Pipeline SQL into declarations, one statement after the other; what is wrong in one does not stop the next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import suggest
from ldp_jupyter.sql.create import name_of, read_create
from ldp_jupyter.sql.cursor import QUERY_WORDS, Cursor
from ldp_jupyter.sql.flows import read_changes
from ldp_jupyter.sql.parameters import fill_parameters, fill_placeholders
from ldp_jupyter.sql.settings import read_set, read_use
from ldp_jupyter.sql.text import Source
from ldp_jupyter.sql.tokens import HEAD_WORDS, group, scan

if TYPE_CHECKING:
    from ldp_jupyter.declarations import Declarations, SqlQuery
    from ldp_jupyter.locations import Location
    from ldp_jupyter.sql.scope import SqlScope
    from ldp_jupyter.sql.tokens import Token

_SHOWING = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN"})
# Statements that run outside of a pipeline's source, with what to do instead.
_NOT_ALLOWED = {
    "INSERT": "write CREATE FLOW name AS INSERT INTO target BY NAME query",
    "MERGE": "write CREATE FLOW name AS AUTO CDC INTO target ...",
    "UPDATE": "a table's rows come from its flows: change the query, or use AUTO CDC",
    "DELETE": "a table's rows come from its flows: filter in the query, or use AUTO CDC with APPLY AS DELETE WHEN",
    "TRUNCATE": "run a full refresh of the table",
    "DROP": "a dataset goes away when its declaration does: remove that",
    "ALTER": "change the declaration itself",
    "GRANT": "grant rights outside of the pipeline",
    "REVOKE": "grant rights outside of the pipeline",
    "DENY": "grant rights outside of the pipeline",
    "OPTIMIZE": "tables are maintained by the platform: remove the statement, or set delta.autoOptimize properties",
    "VACUUM": "tables are maintained by the platform: remove the statement",
    "ANALYZE": "tables are maintained by the platform: remove the statement",
    "REFRESH": "run the pipeline with --refresh NAME",
    "CACHE": "datasets are stored: declare a table instead",
    "UNCACHE": "remove the statement",
    "COPY": "read the files with STREAM read_files(...) in a streaming table",
    "LOAD": "read the files with read_files(...)",
    "COMMENT": "write COMMENT 'text' in the declaration",
    "DECLARE": "use the pipeline's configuration and ${key}",
    "BEGIN": "a script has no place in a pipeline: declare datasets",
    "EXECUTE": "write the statement itself",
    "CALL": "call it outside of the pipeline",
    "RESET": "SET key = value for the statements that follow",
    "RESTORE": "run a full refresh of the table",
    "UNDROP": "run it outside of the pipeline",
    "CONVERT": "run it outside of the pipeline",
    "MSCK": "run it outside of the pipeline",
    "REPAIR": "run it outside of the pipeline",
    "REORG": "run it outside of the pipeline",
    "FSCK": "run it outside of the pipeline",
    "SYNC": "run it outside of the pipeline",
    "CLEAR": "remove the statement",
    "ADD": "add libraries in the pipeline's settings",
    "LIST": "run it in a notebook outside of the pipeline",
    "GENERATE": "run it outside of the pipeline",
}
_MAY_BEGIN = re.compile(r"\b(?:CREATE|APPLY|SET|USE)\b", re.IGNORECASE)
_BEGINNINGS = ("CREATE", "APPLY", "SET", "USE", "SELECT", "WITH", *_NOT_ALLOWED)


def read_sql(
    text: str, scope: SqlScope, place: Location, into: Declarations, *, allow_queries: bool = False
) -> list[SqlQuery]:
    """Read pipeline SQL.

    Nothing is raised: what is wrong lands in ``into.problems``, and reading goes on with the next statement.

    Parameters:
        text: statements, separated by ``;`` or by the lines between notebook cells.
        scope: what earlier statements of the same source set; changed by SET and USE.
        place: of the first character of `text`.
        into: takes datasets, flows, notes and problems.
        allow_queries: whether queries that declare nothing may stand among the statements, as in notebook cells.

    Returns:
        Those queries, in order.
    """
    source = Source(text.removeprefix("\ufeff"), place)
    queries: list[SqlQuery] = []
    for tokens in group(scan(source.text)):
        _read_raw(source, tokens, scope, into, queries if allow_queries else None)
    return queries


def _read_raw(
    source: Source, tokens: list[Token], scope: SqlScope, into: Declarations, queries: list[SqlQuery] | None
) -> None:
    """A statement as written: put values in, then read it; a value may hold whole statements."""
    groups = [tokens]
    if "${" in source.text[tokens[0].start : tokens[-1].end]:
        filled, problems = fill_placeholders(source, tokens, scope)
        groups = group(scan(filled.text))
        if problems:
            _give_up(problems, Cursor(filled, groups[0] if groups else tokens, scope, into))
            return
        source = filled
    for statement in groups:
        for part in _separate(source, statement, into):
            _read_filled(source, part, scope, into, queries)


def _read_filled(
    source: Source, tokens: list[Token], scope: SqlScope, into: Declarations, queries: list[SqlQuery] | None
) -> None:
    """A statement with its placeholders filled."""
    unclosed = next((token for token in tokens if token.kind == "open"), None)
    if unclosed is not None:
        problems = [
            LdpError(
                "LDP-2001",
                f"what {_opening(unclosed)} begins is never closed",
                hint="a quote inside a text is written twice, or with a backslash before it",
                location=source.where(unclosed.start),
            )
        ]
        _give_up(problems, Cursor(source, tokens, scope, into))
        return
    filled, problems = fill_parameters(source, tokens, scope)
    if filled is not None:
        source, tokens = filled, scan(filled.text)
    cursor = Cursor(source, tokens, scope, into)
    if problems:
        _give_up(problems, cursor)
        return
    try:
        _statement(cursor, queries)
    except LdpError as problem:
        problem.dataset = problem.dataset or cursor.dataset
        into.problems.append(problem)


def _give_up(problems: list[LdpError], cursor: Cursor) -> None:
    """Record why a statement is not read, with the name of the dataset that is missing then."""
    name = name_of(cursor)
    for problem in problems:
        problem.dataset = name
    cursor.into.problems.extend(problems)


def _opening(token: Token) -> str:
    return '"/*"' if token.text.startswith("/*") else f"the quote {token.text[0]}"


def _separate(source: Source, tokens: list[Token], into: Declarations) -> list[list[Token]]:
    """Statements between which the ``;`` was forgotten, taken apart."""
    if tokens[0].upper in ("EXPLAIN", "BEGIN") or not _MAY_BEGIN.search(source.text, tokens[0].end, tokens[-1].end):
        return [tokens]
    parts: list[list[Token]] = [[]]
    depth = 0
    for index, token in enumerate(tokens):
        if token.kind == "op":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif index and token.kind == "word" and _begins(source, tokens, index, depth):
            before = tokens[index - 1]
            if before.kind != "open":  # else that quote is the cause
                words = " ".join(part.text.upper() for part in tokens[index : index + 2])
                into.problems.append(
                    LdpError(
                        "LDP-2001",
                        f'expected ";" before {words}',
                        hint=f'statements are separated by ";": put one after {before.shown}',
                        location=source.where(token.start),
                    )
                )
            parts.append([])
            depth = 0
        parts[-1].append(token)
    return parts


def _begins(source: Source, tokens: list[Token], index: int, depth: int) -> bool:
    """Whether a statement begins at a token inside of another."""
    word = tokens[index].upper
    if word not in ("CREATE", "APPLY", "SET", "USE"):
        return False
    before = tokens[index - 1]
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if after is None or before.text == ".":
        return False
    line_start = not source.text[source.text.rfind("\n", 0, tokens[index].start) + 1 : tokens[index].start].strip()
    if word == "CREATE":
        return after.upper in HEAD_WORDS and (depth <= 0 or line_start)
    if word == "APPLY":
        return after.upper == "CHANGES" and before.upper != "AS" and (depth <= 0 or line_start)
    if not line_start or depth > 0 or tokens[0].upper not in ("SET", "USE"):
        return False
    return after.kind in ("word", "quoted") and before.text != "="


def _statement(cursor: Cursor, queries: list[SqlQuery] | None) -> None:
    first = cursor.peek()
    word = first.upper
    if word == "CREATE":
        read_create(cursor)
    elif word == "APPLY" or cursor.at("AUTO", "CDC"):
        read_changes(cursor)
    elif word == "SET":
        read_set(cursor)
    elif word == "USE":
        read_use(cursor)
    elif word in QUERY_WORDS or word in _SHOWING or cursor.at_query():
        _query(cursor, queries)
    elif word in _NOT_ALLOWED:
        raise cursor.error("LDP-2012", f"{word} is not allowed in pipeline source", first, hint=_NOT_ALLOWED[word])
    else:
        near = suggest(first.text, _BEGINNINGS) if first.kind == "word" else None
        raise cursor.unexpected(
            "a statement",
            hint=f'did you mean "{near}"?'
            if near
            else "pipeline SQL holds CREATE, APPLY CHANGES, SET and USE statements",
        )


def _query(cursor: Cursor, queries: list[SqlQuery] | None) -> None:
    from ldp_jupyter.declarations import SqlQuery

    first = cursor.peek()
    if queries is None:
        raise cursor.error(
            "LDP-2012",
            "a query alone declares nothing",
            first,
            hint="write CREATE OR REFRESH MATERIALIZED VIEW name AS before it, or run it in a notebook cell",
        )
    queries.append(SqlQuery(cursor.text(first, cursor.tokens[-1]), cursor.where(first)))
