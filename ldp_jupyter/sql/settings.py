"""SET and USE: what they change for the statements after them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.names import Namespace
from ldp_jupyter.sql.text import unquote

if TYPE_CHECKING:
    from ldp_jupyter.sql.cursor import Cursor

_KEY = re.compile(r"[\w.:-]+\Z")


def read_set(cursor: Cursor) -> None:
    """Read ``SET key = value``, ``SET CATALOG name`` or ``SET TIME ZONE value``.

    Raises:
        LdpError: where it cannot be read.
    """
    start = cursor.expect("SET")
    if cursor.at("CATALOG") and not cursor.at("=|.", ahead=1):
        cursor.next()
        _use_catalog(cursor)
        return
    if cursor.take("TIME", "ZONE"):
        zone = "local" if cursor.take("LOCAL") else cursor.string("a time zone")
        cursor.finish()
        if zone != "local":
            cursor.scope.set("spark.sql.session.timeZone", zone, zone)
        return
    if cursor.at("VAR|VARIABLE") and not cursor.at("=|.", ahead=1):
        raise cursor.error(
            "LDP-2012", "SQL variables are not allowed in pipeline source", start, hint="SET key = value, then ${key}"
        )
    first = cursor.peek()
    while not cursor.done and not cursor.at("="):
        cursor.next()
    if cursor.done or cursor.peek() is first:
        raise cursor.unexpected("key = value after SET", hint="for example SET spark.sql.shuffle.partitions = 8")
    key = cursor.text(first, cursor.peek(-1))
    if first.kind == "quoted" and cursor.peek(-1) is first:
        key = key[1:-1]
    elif not _KEY.match(key):
        raise cursor.error(
            "LDP-2011",
            f'"{key}" is no key of a setting',
            first,
            hint="a key holds letters, digits, dots and underscores",
        )
    cursor.expect("=")
    if cursor.done:
        raise cursor.unexpected(f"a value for {key}")
    tokens = cursor.tokens[cursor.index :]
    written = cursor.text(tokens[0], tokens[-1]).strip()
    value = written
    if len(tokens) == 1:
        value = unquote(written) if tokens[0].kind == "string" else written
        value = value[1:-1] if tokens[0].kind == "quoted" else value
    cursor.scope.set(key, written if tokens[0].kind != "quoted" else value, value)


def read_use(cursor: Cursor) -> None:
    """Read ``USE CATALOG name``, ``USE SCHEMA name`` or ``USE name``.

    Raises:
        LdpError: where it cannot be read.
    """
    cursor.expect("USE")
    if cursor.take("CATALOG"):
        _use_catalog(cursor)
        return
    cursor.take("SCHEMA|DATABASE|NAMESPACE")
    first = cursor.peek()
    parts = _named(cursor, "the name of a schema")
    if len(parts) > 2:
        raise cursor.error(
            "LDP-2021",
            f'"{".".join(parts)}" is no schema',
            first,
            hint="USE SCHEMA schema, or USE SCHEMA catalog.schema",
        )
    cursor.finish()
    catalog = parts[0] if len(parts) == 2 else cursor.scope.namespace.catalog
    cursor.scope.namespace = Namespace(catalog, parts[-1])


def _use_catalog(cursor: Cursor) -> None:
    first = cursor.peek()
    parts = _named(cursor, "the name of a catalog")
    if len(parts) > 1:
        raise cursor.error(
            "LDP-2021",
            f'"{".".join(parts)}" is no catalog',
            first,
            hint=f"USE CATALOG {parts[0]}; USE SCHEMA {parts[1]}",
        )
    cursor.finish()
    # The platform goes to the catalog's schema "default" then.
    cursor.scope.namespace = Namespace(parts[0], "default")


def _named(cursor: Cursor, what: str) -> list[str]:
    return [cursor.string(what)] if cursor.peek().kind == "string" else cursor.name(what)
