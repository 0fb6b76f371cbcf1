"""Parameters of SQL: ``${key}`` as text, ``:name`` as a string value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.sql.text import placeholders, quote_string, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.sql.scope import SqlScope
    from ldp_jupyter.sql.text import Source
    from ldp_jupyter.sql.tokens import Token

# Words after which a value may stand, so that `:name` after them is a parameter and no path into a column.
_BEFORE_VALUE = frozenset(
    [
        "SELECT",
        "DISTINCT",
        "ALL",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "BETWEEN",
        "LIKE",
        "ILIKE",
        "RLIKE",
        "REGEXP",
        "WHEN",
        "THEN",
        "ELSE",
        "CASE",
        "ON",
        "IN",
        "BY",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "QUALIFY",
        "VALUES",
        "FROM",
        "IS",
        "AS",
        "DEFAULT",
        "DIV",
        "INTERVAL",
        "DATE",
        "TIMESTAMP",
        "USING",
        "SET",
        "ESCAPE",
        "RETURN",
        "COMMENT",
        "LOCATION",
    ]
)
_MAY_BE_PARAMETER = re.compile(r"(?<!:):[^\W\d]")
_AFTER_VALUE = (")", "]", "}")


def fill_placeholders(source: Source, tokens: Sequence[Token], scope: SqlScope) -> tuple[Source, list[LdpError]]:
    """A statement with the values of its ``${key}`` in it.

    Returns:
        The statement's own source, and an LDP-2022 for each key that has no value.
    """
    problems: list[LdpError] = []
    replacements: list[tuple[int, int, str]] = []
    reported: set[str] = set()
    for found in placeholders(tokens):
        missing: dict[str, None] = {}
        value = resolve(found.key, scope.value_of, missing)
        for key in missing:
            if key not in reported:
                reported.add(key)
                problems.append(_without_value(f"${{{key}}}", key, source, found.start, scope))
        if value is not None:
            replacements.append((found.start, found.end, value))
    return source.edited(tokens[0].start, tokens[-1].end, replacements), problems


def fill_parameters(source: Source, tokens: Sequence[Token], scope: SqlScope) -> tuple[Source | None, list[LdpError]]:
    """A statement with the values of its ``:name`` in it, as string literals.

    Returns:
        The statement's own source, None when nothing is put in, and an LDP-2022 for each name that has no value.
    """
    if not _MAY_BE_PARAMETER.search(source.text, tokens[0].start, tokens[-1].end):
        return None, []
    problems: list[LdpError] = []
    replacements: list[tuple[int, int, str]] = []
    for index, token in enumerate(tokens):
        if token.text != ":" or not _is_parameter(tokens, index):
            continue
        name = tokens[index + 1]
        value = scope.parameter(name.text)
        if value is not None:
            replacements.append((token.start, name.end, quote_string(value)))
        else:
            problems.append(_without_value(f":{name.text}", name.text, source, token.start, scope))
    if not replacements:
        return None, problems
    return source.edited(tokens[0].start, tokens[-1].end, replacements), problems


def _is_parameter(tokens: Sequence[Token], index: int) -> bool:
    colon = tokens[index]
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if after is None or after.kind != "word" or after.start != colon.end or after.text[0].isdigit():
        return False
    if index == 0:
        return False
    before = tokens[index - 1]
    if before.kind == "word":
        return before.upper in _BEFORE_VALUE and before.end != colon.start
    return before.kind == "hint" or (
        before.kind == "op" and before.text not in _AFTER_VALUE and before.text not in (".", ":")
    )


def _without_value(shown: str, key: str, source: Source, offset: int, scope: SqlScope) -> LdpError:
    hint = did_you_mean(key, scope.known) or f"set it in the pipeline's configuration, or with --set {key}=value"
    return LdpError("LDP-2022", f"parameter {shown} has no value", hint=hint, location=source.where(offset))
