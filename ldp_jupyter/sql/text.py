"""SQL as text: statements, comments, placeholders, and where each stands."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldp_jupyter.sql.tokens import Token, group, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ldp_jupyter.locations import Location

_PLACEHOLDER = re.compile(r"\$\{([^}\n]*)\}")
# Spark's own prefixes inside ${...}: they all mean its settings.
_PREFIX = re.compile(r"(?:spark|sparkconf|hivevar|hiveconf):(?=.)")
_MAX_NESTING = 10


@dataclass(frozen=True)
class Statement:
    """A statement without its separator and without comments before or after it.

    Parameters:
        start_offset: of its first character in the text it was found in.
        line: 1-based.
        column: 1-based.
    """

    text: str
    start_offset: int
    line: int
    column: int


@dataclass(frozen=True)
class Edit:
    """A piece of text put in the place of another: spans in the new and in the old text."""

    start: int
    end: int
    old_start: int
    old_end: int


@dataclass
class Source:
    """Text with the way back to where it came from.

    Parameters:
        place: of the first character of the outermost text.
        parent: text that this one is an edited piece of.
        base: where in the parent the piece begins.
        edits: what was replaced in it, in order.
    """

    text: str
    place: Location
    parent: Source | None = None
    base: int = 0
    edits: list[Edit] = field(default_factory=list)
    _lines: list[int] | None = None

    def where(self, offset: int) -> Location:
        """The place in the user's source of the character at `offset`."""
        if self.parent is not None:
            return self.parent.where(self.base + self._before_edits(offset))
        if self._lines is None:
            self._lines = [0] + [match.end() for match in re.finditer("\n", self.text)]
        row = bisect_right(self._lines, offset) - 1
        column = offset - self._lines[row] + 1
        if row == 0 and self.place.column:
            column += self.place.column - 1
        return self.place.moved((self.place.line or 1) + row, column)

    def edited(self, start: int, end: int, replacements: Iterable[tuple[int, int, str]]) -> Source:
        """The piece from `start` to `end` with some spans replaced.

        Parameters:
            replacements: start and end in this text with the new text, in order.
        """
        pieces: list[str] = []
        edits: list[Edit] = []
        done, length = start, 0
        for old_start, old_end, new in replacements:
            length += old_start - done
            pieces += [self.text[done:old_start], new]
            edits.append(Edit(length, length + len(new), old_start - start, old_end - start))
            length += len(new)
            done = old_end
        pieces.append(self.text[done:end])
        return Source("".join(pieces), self.place, self, start, edits)

    def _before_edits(self, offset: int) -> int:
        index = bisect_right([edit.start for edit in self.edits], offset) - 1
        if index < 0:
            return offset
        edit = self.edits[index]
        return edit.old_start if offset < edit.end else edit.old_end + offset - edit.end


@dataclass(frozen=True)
class Placeholder:
    """A ``${key}`` outside of comments."""

    key: str
    start: int
    end: int


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both 1-based, of the character at `offset`."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1


def split_statements(text: str) -> list[Statement]:
    """The statements of `text`, separated by ``;`` or by ``-- COMMAND ----------`` lines; comments alone are none."""
    statements = []
    for tokens in group(scan(text)):
        start, end = tokens[0].start, tokens[-1].end
        statements.append(Statement(text[start:end].rstrip(), start, *position(text, start)))
    return statements


def strip_comments(text: str) -> str:
    """The text without comments; each leaves a space or its line breaks, so that lines keep their numbers."""
    pieces: list[str] = []
    done = 0
    for token in scan(text, comments=True):
        if token.kind in ("comment", "cell"):
            pieces += [text[done : token.start], "\n" * token.text.count("\n") or " "]
            done = token.end
    return "".join([*pieces, text[done:]])


def substitute(text: str, parameters: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with each ``${key}`` replaced by its value, and the keys that have none (left as they stand).

    Comments keep theirs. A value may hold placeholders itself.
    """
    missing: dict[str, None] = {}
    replacements = []
    for found in placeholders(scan(text)):
        value = resolve(found.key, parameters.get, missing)
        if value is not None:
            replacements.append((found.start, found.end, value))
    pieces: list[str] = []
    done = 0
    for start, end, value in replacements:
        pieces += [text[done:start], value]
        done = end
    return "".join([*pieces, text[done:]]), list(missing)


def placeholders(tokens: Iterable[Token]) -> list[Placeholder]:
    """Every ``${key}`` in `tokens`, inside strings and quoted names too."""
    return [
        Placeholder(match[1].strip(), token.start + match.start(), token.start + match.end())
        for token in tokens
        if "${" in token.text
        for match in _PLACEHOLDER.finditer(token.text)
    ]


def resolve(key: str, value_of: Callable[[str], str | None], missing: dict[str, None], depth: int = 0) -> str | None:
    """The value of a placeholder, those inside it resolved; None, and the key noted as missing, when there is none."""
    value = value_of(key)
    if value is None:
        value = value_of(_PREFIX.sub("", key, count=1))
    if value is None or depth > _MAX_NESTING:
        missing.setdefault(key)
        return None
    value = str(value)
    if "${" not in value:
        return value
    return _PLACEHOLDER.sub(lambda inner: resolve(inner[1].strip(), value_of, missing, depth + 1) or "", value)


def unquote(literal: str) -> str:
    """The value of a string literal."""
    if literal[:1] in "rR":
        return literal[2:-1]
    if literal.startswith("$$"):
        return literal[2:-2]
    quote = literal[0]
    body = literal[1:-1].replace(quote * 2, quote) if "\\" not in literal else literal[1:-1]
    if "\\" not in body:
        return body
    return _ESCAPE.sub(lambda match: quote if match[0] == quote * 2 else _unescape(match), body)


def quote_string(value: str) -> str:
    """The value as a string literal on one line."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\[0-3][0-7]{2}|\\.|''|\"\"", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a", "%": "\\%", "_": "\\_"}


def _unescape(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] != "\\":
        return text
    if text[1] in "uU" and len(text) > 2:
        digits = text[2:]
        code = int(digits, 16)
        return chr(code) if code <= 0x10FFFF else text
    if len(text) == 4:
        return chr(int(text[1:], 8))
    return _ESCAPED.get(text[1], text[1])
