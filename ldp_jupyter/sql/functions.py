"""CREATE FUNCTION: SQL functions that the queries of the pipeline may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.declarations import SqlFunction
from ldp_jupyter.names import quote

if TYPE_CHECKING:
    from ldp_jupyter.sql.cursor import Cursor


def at_function(cursor: Cursor) -> bool:
    """Whether ``[OR REPLACE] [TEMPORARY] FUNCTION`` comes next."""
    ahead = 2 if cursor.at("OR", "REPLACE") else 0
    ahead += cursor.at("TEMPORARY|TEMP", ahead=ahead)
    return cursor.at("FUNCTION", ahead=ahead)


def read_function(cursor: Cursor) -> None:
    """Read what follows CREATE; the function itself is Spark's to parse.

    Raises:
        LdpError: LDP-2001 where it cannot be read, LDP-2023 for what functions here cannot be.
    """
    start = cursor.peek(-1)
    cursor.take("OR", "REPLACE")
    temporary = cursor.take("TEMPORARY|TEMP")
    cursor.expect("FUNCTION")
    if cursor.take("IF", "NOT"):
        cursor.expect("EXISTS")
    first = cursor.peek()
    parts = cursor.name("the name of the function")
    if len(parts) > 1:
        raise cursor.error(
            "LDP-2023",
            f'"{".".join(parts)}": functions of the catalog are not made here',
            first,
            hint=f"for this pipeline alone: CREATE TEMPORARY FUNCTION {parts[-1]}",
        )
    if not cursor.at("("):
        example = "CREATE TEMPORARY FUNCTION f(x INT) RETURNS INT RETURN x + 1"
        raise cursor.unexpected('"(" and the parameters', hint=f"for example {example}")
    body = cursor.peek()
    cursor.skip()
    _check_language(cursor)
    # The documentation of pipelines names neither form among their statements.
    cursor.note(
        "not_checked",
        f'CREATE FUNCTION "{parts[0]}": {"" if temporary else "a temporary one here, "}not documented for pipelines',
        start,
    )
    text = f"CREATE OR REPLACE TEMPORARY FUNCTION {quote(parts)}{cursor.text(body, cursor.tokens[-1])}"
    cursor.into.functions.append(SqlFunction(parts[0], text, cursor.location))


def _check_language(cursor: Cursor) -> None:
    """Step over the rest; a body in another language than SQL is refused."""
    while not cursor.done:
        token = cursor.next()
        if token.upper == "LANGUAGE" and cursor.peek().upper != "SQL":
            raise cursor.error(
                "LDP-2023",
                f"functions in {cursor.peek().text} are not supported in SQL here",
                token,
                hint="register it in a Python source: spark.udf.register",
            )
        if token.upper == "RETURN":
            cursor.index = len(cursor.tokens)
