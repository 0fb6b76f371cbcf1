"""Tables and functions after FROM that the platform's grammar has and Spark's lacks: completed, or refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.sql.text import position, unquote
from ldp_jupyter.sql.tokens import scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.sql.tokens import Token

# Options of `STREAM t WITH (...)`: the documented ones, and those of Delta's source that mean the same there.
STREAM_OPTIONS = (
    "skipChangeCommits",
    "startingVersion",
    "startingTimestamp",
    "readChangeFeed",
    "readChangeData",
    "maxFilesPerTrigger",
    "maxBytesPerTrigger",
    "withEventTimeOrder",
    "ignoreChanges",
    "ignoreDeletes",
    "schemaTrackingLocation",
    "excludeRegex",
    "failOnDataLoss",
)
_KNOWN = {option.lower() for option in STREAM_OPTIONS}
_MISSING = {
    "read_kinesis": "read the data from files while you work here: STREAM read_files(...)",
    "read_pubsub": "read the data from files while you work here: STREAM read_files(...)",
    "read_pulsar": "read the data from files while you work here: STREAM read_files(...)",
    "read_stream": "write STREAM t, with options as in STREAM t WITH (skipChangeCommits = true)",
    "cloud_files_state": "ask it beside the pipeline: ldp query, or %%sql in a cell",
}
_MAY_CONCERN = re.compile(rf"\bWITH\b|\b(?:{'|'.join(_MISSING)})\b", re.IGNORECASE)


def complete_query(text: str) -> str:
    """The query in Spark's grammar: an option of a stream that stands without a value is switched on.

    Lines keep their numbers.

    Raises:
        RelationProblem: LDP-2011 for an option that streams do not have, LDP-2023 for a table function that is
            missing here.
    """
    if not _MAY_CONCERN.search(text):
        return text
    tokens = scan(text)
    insertions: list[int] = []
    for index, token in enumerate(tokens):
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if following != "(":
            continue
        if token.upper == "WITH" and _after_stream(tokens, index):
            insertions.extend(_flags(text, tokens, index + 2))
        elif token.text.lower() in _MISSING and tokens[index - 1].text.upper() in ("STREAM", "FROM", "JOIN", "("):
            _refuse(text, token)
    for offset in reversed(insertions):
        text = f"{text[:offset]} = true{text[offset:]}"
    return text


def read_options(tokens: Sequence[Token]) -> dict[str, str]:
    """Options between the parentheses of ``WITH (...)``.

    Raises:
        RelationProblem: for an option that streams do not have.
    """
    found: dict[str, str] = {}
    index = 0
    while index < len(tokens):
        key = _checked(tokens[index])
        index += 1
        value = "true"
        if index < len(tokens) and tokens[index].text == "=":
            value = "".join(unquote(t.text) if t.kind == "string" else t.text for t in tokens[index + 1 : index + 2])
            index += 2
        found[key] = value
        index += 1  # the comma
    return found


class RelationProblem(LdpError):  # noqa: N818  (problems are what the user made)
    """What cannot stand after FROM, with its token; the caller knows where the text stands."""

    def __init__(self, code: str, message: str, hint: str | None, token: Token) -> None:
        super().__init__(code, message, hint=hint)
        self.token = token
        # line and column in the query's text
        self.at: tuple[int, int] = (1, 1)


def _refuse(text: str, token: Token) -> None:
    name = token.text.lower()
    why = "cannot be read by a flow here" if name == "cloud_files_state" else "is not there outside of the platform"
    problem = RelationProblem("LDP-2023", f"{name} {why}", _MISSING[name], token)
    problem.at = position(text, token.start)
    raise problem


def _after_stream(tokens: Sequence[Token], index: int) -> bool:
    """Whether ``STREAM name`` or ``STREAM(name)`` stands before this token."""
    before = index - 1
    if before > 0 and tokens[before].text == ")":
        before -= 1
        in_parentheses = True
    else:
        in_parentheses = False
    if before < 1 or tokens[before].kind not in ("word", "quoted"):
        return False
    while before > 1 and tokens[before - 1].text == ".":
        before -= 2
    before -= 1
    if in_parentheses:
        if tokens[before].text != "(":
            return False
        before -= 1
    return before >= 0 and tokens[before].upper == "STREAM"


def _flags(text: str, tokens: Sequence[Token], index: int) -> list[int]:
    """Offsets behind options without a value, from the token after the parenthesis on."""
    found = []
    while index + 1 < len(tokens) and tokens[index].text != ")":
        try:
            _checked(tokens[index])
        except RelationProblem as problem:
            problem.at = position(text, problem.token.start)
            raise
        after = tokens[index + 1].text
        if after in (",", ")"):
            found.append(tokens[index].end)
        while index < len(tokens) and tokens[index].text not in (",", ")"):
            index += 1
        index += tokens[index].text == "," if index < len(tokens) else 0
    return found


def _checked(token: Token) -> str:
    """The option that a token names."""
    name = unquote(token.text) if token.kind == "string" else token.text.strip("`")
    if name.lower() not in _KNOWN:
        hint = did_you_mean(name, STREAM_OPTIONS) or f"options: {', '.join(STREAM_OPTIONS)}"
        raise RelationProblem("LDP-2011", f'a stream has no option "{name}"', hint, token)
    return name
