"""Reading tokens one after the other, with errors that say what was expected and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Note, SqlQuery
from ldp_jupyter.declarations.local_only import local_only
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import split_name
from ldp_jupyter.sql.text import Source, strip_comments, unquote
from ldp_jupyter.sql.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.declarations import Declarations
    from ldp_jupyter.locations import Location
    from ldp_jupyter.names import Name
    from ldp_jupyter.sql.scope import SqlScope

QUERY_WORDS = frozenset({"SELECT", "WITH", "FROM", "VALUES", "TABLE"})
_TEMPLATE = "a template {{ }} was not filled in before this file was read"
_OPENING = {"(": ")", "[": "]", "{": "}"}


class Cursor:
    """A place in the tokens of one statement, and where its declarations and problems go.

    Parameters:
        source: the text that the tokens' offsets are in.
        tokens: of one statement.
        scope: what earlier statements set.
        into: takes declarations, notes and problems.
    """

    def __init__(self, source: Source, tokens: Sequence[Token], scope: SqlScope, into: Declarations) -> None:
        self.source = source
        self.tokens = tokens
        self.scope = scope
        self.into = into
        self.index = 0
        self.dataset: str | None = None
        self._end = Token("end", "", tokens[-1].end, tokens[-1].end)
        self.location = source.where(tokens[0].start)

    # Looking

    def peek(self, ahead: int = 0) -> Token:
        """The token `ahead` of here; an ``end`` token after the last."""
        index = self.index + ahead
        return self.tokens[index] if index < len(self.tokens) else self._end

    def at(self, *words: str, ahead: int = 0) -> bool:
        """Whether these words or operators come next, in this order; a word may list choices: ``DROP|FAIL``."""
        return all(_is(self.peek(ahead + offset), word) for offset, word in enumerate(words))

    @property
    def done(self) -> bool:
        return self.index >= len(self.tokens)

    def at_query(self, *, or_columns: bool = False) -> bool:
        """Whether a query begins here, maybe in parentheses.

        Parameters:
            or_columns: a column list may stand here too, with columns that bear such names as `from`.
        """
        ahead = 0
        while self.peek(ahead).text == "(":
            ahead += 1
        word = self.peek(ahead).upper
        if word not in QUERY_WORDS:
            return False
        named_like_it = ahead and word not in ("SELECT", "WITH") and self.peek(ahead + 2).text in (",", ")")
        return not (or_columns and named_like_it)

    # Taking

    def next(self) -> Token:
        token = self.peek()
        self.index += 1
        return token

    def take(self, *words: str) -> bool:
        """Step over these words if they come next."""
        if not self.at(*words):
            return False
        self.index += len(words)
        return True

    def expect(self, *words: str, hint: str | None = None) -> Token:
        """Step over these words.

        Returns:
            The last of them.

        Raises:
            LdpError: LDP-2001 at the first that is not there.
        """
        token = self._end
        for word in words:
            if not _is(self.peek(), word):
                raise self.unexpected(" or ".join(word.split("|")), hint=hint)
            token = self.next()
        return token

    def string(self, what: str) -> str:
        """The value of the string literal that must stand here."""
        token = self.peek()
        if token.kind != "string":
            raise self.unexpected(
                what, hint=f"write '{token.text}' in quotes" if token.kind in ("word", "quoted") else None
            )
        return unquote(self.next().text)

    def identifier(self, what: str, hint: str | None = None) -> str:
        """A name of one part."""
        token = self.peek()
        if token.kind not in ("word", "quoted"):
            raise self.unexpected(what, hint=hint)
        self.next()
        return token.text[1:-1].replace("``", "`") if token.kind == "quoted" else token.text

    def name(self, what: str) -> list[str]:
        """The parts of a dotted name, or of what ``IDENTIFIER(...)`` of literals gives.

        Raises:
            LdpError: LDP-2001 when no name stands here, LDP-2021 for one that cannot be used.
        """
        first = self.peek()
        if first.upper == "IDENTIFIER" and self.peek(1).text == "(":
            parts = self._computed_name()
        else:
            parts = [self._part(what)]
        while self.take("."):
            parts.append(self._part("a name after the dot"))
        after = self.peek()
        if after.text == "-" and after.start == self.peek(-1).end:
            raise self.error(
                "LDP-2021",
                f'"{self.text(first, self.peek(1))}" needs backticks: it holds a hyphen',
                first,
                hint=f"write `{parts[-1]}-{self.peek(1).text}`",
            )
        if not all(part.strip() for part in parts):
            raise self.error("LDP-2021", "a part of the name is empty", first)
        return parts

    def qualified(self, what: str) -> Name:
        """A dataset's full name from here."""
        first = self.peek()
        parts = self.name(what)
        try:
            return self.scope.namespace.qualify(parts)
        except LdpError as problem:
            problem.location = self.where(first)
            raise

    def names(self, what: str) -> tuple[str, ...]:
        """Names in parentheses, separated by commas; nested fields keep their dots."""
        opening = self.expect("(")
        found: list[str] = []
        while True:
            found.append(".".join(self.name(what)))
            if not self.more(opening):
                return tuple(found)

    def more(self, opening: Token) -> bool:
        """Step over the comma after an element of a list, or over the parenthesis that ends it.

        Returns:
            Whether another element follows.

        Raises:
            LdpError: LDP-2001 for anything else.
        """
        if self.take(")"):
            return False
        if self.done:
            raise self.unclosed(opening)
        missing = self.peek().kind in ("word", "string", "quoted")
        comma = self.expect(",|)", hint='a "," may be missing before it' if missing else None)
        if self.at(")"):
            raise self.error("LDP-2001", 'expected more after ",", found ")"', comma, hint='remove the ","')
        return True

    def inside(self, what: str) -> tuple[Token, list[Token]]:
        """The tokens between the parentheses that must stand here, with the opening one.

        Raises:
            LdpError: LDP-2001 when there are none, or nothing closes them.
        """
        opening = self.peek()
        if opening.text != "(":
            raise self.unexpected(f'"(" and {what}')
        self.skip()
        return opening, list(self.tokens[self._position(opening) + 1 : self.index - 1])

    def _position(self, token: Token) -> int:
        """Index of a token passed before."""
        index = min(self.index, len(self.tokens)) - 1
        while self.tokens[index].start != token.start:
            index -= 1
        return index

    def skip(self) -> None:
        """Step over one token, or all of what it brackets."""
        opening = self.next()
        closing = [_OPENING[opening.text]] if opening.kind == "op" and opening.text in _OPENING else []
        while closing:
            token = self.next()
            if token.kind == "end":
                raise self.unclosed(opening)
            if token.kind == "op":
                if token.text == closing[-1]:
                    closing.pop()
                elif token.text in _OPENING:
                    closing.append(_OPENING[token.text])

    def query(self, what: str = "a query") -> SqlQuery:
        """The rest of the statement as a query."""
        if not self.at_query():
            raise self.unexpected(what, hint="a query begins with SELECT, WITH, FROM, VALUES or a parenthesis")
        first = self.peek()
        self.index = len(self.tokens)
        return SqlQuery(self.text(first, self.tokens[-1]), self.where(first))

    def finish(self) -> None:
        """Nothing may come after here."""
        if not self.done:
            raise self.unexpected("the end of the statement", hint='a ";" may be missing before it')

    # Text and places

    def where(self, token: Token) -> Location:
        return self.source.where(token.start)

    def text(self, first: Token, last: Token) -> str:
        """The source from one token to another."""
        return self.source.text[first.start : last.end]

    def plain(self, tokens: Sequence[Token]) -> str:
        """The source of these tokens, comments between them removed."""
        text = self.text(tokens[0], tokens[-1])
        return strip_comments(text).strip() if "--" in text or "/*" in text else text

    # Problems

    def error(self, code: str, message: str, token: Token, *, hint: str | None = None) -> LdpError:
        return LdpError(code, message, hint=hint, dataset=self.dataset, location=self.where(token))

    def problem(self, code: str, message: str, token: Token, *, hint: str | None = None) -> None:
        """Record a problem after which the statement can still be read."""
        self.into.problems.append(self.error(code, message, token, hint=hint))

    def note(self, kind: str, text: str, token: Token) -> None:
        self.into.notes.append(Note(kind, text, self.where(token)))

    def local_only(self, key: str, token: Token) -> None:
        """Note a form that the platform would not take."""
        self.into.notes.append(local_only(key, self.where(token), self.dataset or ""))

    def unexpected(self, expected: str, *, hint: str | None = None) -> LdpError:
        """An LDP-2001 to raise: something else was expected here."""
        found = self.peek()
        if hint is None and found.text == "{" and self.peek(1).text == "{":
            hint = _TEMPLATE
        return self.error("LDP-2001", f"expected {expected}, found {found.shown}", found, hint=hint)

    def unclosed(self, opening: Token) -> LdpError:
        """An LDP-2001 to raise: a bracket that nothing closes."""
        return self.error("LDP-2001", f'"{opening.text}" is never closed', opening)

    # Names

    def _part(self, what: str) -> str:
        token = self.peek()
        hint = None
        if token.kind == "string":
            hint = f"names stand in backticks, not in quotes: `{unquote(token.text)}`"
        elif token.kind == "number" and token.text.isdigit():
            self.next()
            return token.text
        return self.identifier(what, hint)

    def _computed_name(self) -> list[str]:
        first = self.next()
        opening, tokens = self.inside("a name")
        value = _literal(tokens)
        if value is None:
            template = any(token.text == "{" for token in tokens)
            raise self.error(
                "LDP-2021",
                "IDENTIFIER() of a declared name takes string literals, parameters and concat() only",
                tokens[0] if tokens else opening,
                hint=_TEMPLATE if template else "for example IDENTIFIER(concat(:schema, '.orders'))",
            )
        try:
            return split_name(value)
        except LdpError as problem:
            problem.location = self.where(first)
            raise


def _is(token: Token, word: str) -> bool:
    choices = word.split("|") if len(word) > 2 else (word,)
    return (token.upper or token.text) in choices if token.kind in ("word", "op") else False


def _literal(tokens: Sequence[Token]) -> str | None:
    """The value of string literals joined by ``||`` or ``concat``; None for anything else."""
    pieces: list[str] = []
    wanted = True  # a value, not an operator
    depth = 0
    for index, token in enumerate(tokens):
        if token.kind == "string" and wanted:
            pieces.append(unquote(token.text))
            wanted = False
        elif token.upper == "CONCAT" and wanted and index + 1 < len(tokens) and tokens[index + 1].text == "(":
            continue
        elif token.text == "(" and wanted:
            depth += 1
        elif token.text == ")" and not wanted and depth:
            depth -= 1
        elif (token.text == "||" or (token.text == "," and depth)) and not wanted:
            wanted = True
        else:
            return None
    return "".join(pieces) if pieces and not wanted and not depth else None
