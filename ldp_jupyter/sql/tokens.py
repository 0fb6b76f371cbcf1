"""Tokens of SQL text: enough to find statements and read their heads; a query's own grammar is Spark's business."""

from __future__ import annotations

import re
from typing import NamedTuple

# Statement heads: where one begins at the start of a line, a string or query that runs into it was never ended.
HEAD_WORDS = frozenset(
    (
        "OR",
        "STREAMING",
        "MATERIALIZED",
        "LIVE",
        "FLOW",
        "TEMPORARY",
        "TEMP",
        "PRIVATE",
        "VIEW",
        "TABLE",
        "INCREMENTAL",
        "FUNCTION",
    )
)
_HEAD_LINE = rf"\n(?=[ \t]*(?i:CREATE[ \t]+(?:{'|'.join(sorted(HEAD_WORDS))})\b|--[ \t]*COMMAND[ \t]+-----))"


def _pattern(*, stop_at_heads: bool) -> re.Pattern[str]:
    """The token pattern; with `stop_at_heads` no string reaches over a line that begins a statement."""
    ahead = f"(?!{_HEAD_LINE})" if stop_at_heads else ""
    within = {quote: (rf"(?:{ahead}[^{quote}\\])*" if stop_at_heads else rf"[^{quote}\\]*") for quote in ("'", '"')}
    strings = "|".join(rf"{quote}{inner}(?:(?:\\.|{quote}{quote}){inner})*{quote}" for quote, inner in within.items())
    return re.compile(
        rf"""(?:
         (?P<string>[rR]'[^']*'|[rR]"[^"]*"|{strings}|\$\$.*?\$\$)
        |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:[LlSsYyFfDd]|BD|bd)?(?!\w))
        |(?P<word>\w+)
        |(?P<quoted>`(?:[^`\n]|``)*`)
        |(?P<comment>--(?:\\\r?\n|[^\r\n])*|/\*(?!\+)[^*/]*(?:(?:\*(?!/)|/(?!\*))[^*/]*)*\*/)
        |(?P<block>/\*)
        |(?P<param>\$\{{[^}}\n]*\}})
        |(?P<space>[\s\ufeff]+)
        |(?P<op>::|=>|->|\|\||<=>|<=|>=|<>|!=|==|.)
        )\s*""",
        re.VERBOSE | re.DOTALL,
    )


_TOKENS = _pattern(stop_at_heads=False)
_CAUTIOUS_TOKENS = _pattern(stop_at_heads=True)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_CELL = re.compile(r"--[ \t]*COMMAND[ \t]+-----")
_NEXT_HEAD = re.compile(_HEAD_LINE)
# END IF, END LOOP and the like close what no BEGIN opened.
_SCRIPT_BLOCKS = frozenset({"IF", "LOOP", "WHILE", "REPEAT", "FOR"})


class Token(NamedTuple):
    """A piece of SQL text.

    Parameters:
        kind: ``word``, ``quoted`` (backticks), ``string``, ``number``, ``op``, ``param`` (a placeholder), ``hint``,
            ``comment``, ``cell`` (a line that ends a notebook cell), ``open`` (a quote or comment that nothing
            closes) or ``end``.
    """

    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """Key word as compared; empty for what is no word."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def shown(self) -> str:
        """The token as a message names it."""
        if self.kind == "end":
            return "the end of the statement"
        line = self.text.splitlines()[0] if self.text else self.text
        return f'"{line[:40]}..."' if len(line) > 40 else f'"{line}"'


def scan(text: str, *, comments: bool = False) -> list[Token]:
    """All tokens of `text`, white space left out, comments too unless asked for.

    An unclosed quote is looked for where it most likely opened: the first string that runs over the head of another
    statement. It ends there, so that the statements after it are still read.
    """
    tokens = _scan(text, _TOKENS, comments=comments)
    if any(token[0] == "open" for token in tokens):
        return _scan(text, _CAUTIOUS_TOKENS, comments=comments)
    return tokens


def _scan(text: str, pattern: re.Pattern[str], *, comments: bool) -> list[Token]:
    tokens: list[Token] = []
    append, new = tokens.append, tuple.__new__
    position, length = 0, len(text)
    while position < length:
        for found in pattern.finditer(text, position):
            kind = found.lastgroup or "op"
            if kind == "space":
                continue
            start, end = found.span(kind)
            if kind == "comment":
                if text.startswith("--", start) and _CELL.match(text, start):
                    kind = "cell"
                elif not comments:
                    continue
            elif kind == "block":
                kind, position = _block(text, start)
                if comments or kind != "comment":
                    append(Token(kind, text[start:position], start, position))
                break
            elif kind == "op" and text[start] in "'\"`":
                position = _open_end(text, start)
                append(Token("open", text[start:position], start, position))
                break
            append(new(Token, (kind, text[start:end], start, end)))
        else:
            return tokens
    return tokens


def _block(text: str, start: int) -> tuple[str, int]:
    """Kind and end of what ``/*`` opens; such comments nest."""
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return ("hint" if text.startswith("/*+", start) else "comment"), edge.end()
    return "open", len(text)


def _open_end(text: str, start: int) -> int:
    """Where reading goes on after a quote that nothing closes."""
    if text[start] == "`":
        end = text.find("\n", start)
        return len(text) if end < 0 else end
    head = _NEXT_HEAD.search(text, start)
    return head.start() if head else len(text)


def group(tokens: list[Token]) -> list[list[Token]]:
    """Tokens by statement: separated by ``;`` and by the lines between notebook cells. Nothing empty, no comments."""
    groups: list[list[Token]] = []
    current: list[Token] = []
    script, blocks = False, 0  # BEGIN ... END is one statement
    for token in tokens:
        kind = token[0]
        if kind == "word":
            if not current:
                script = token.upper == "BEGIN"
            if script:
                blocks += _opened(token.upper, current)
        elif kind == "comment":
            continue
        elif kind == "cell" or (blocks <= 0 and token[1] == ";"):
            if current:
                groups.append(current)
            current, script, blocks = [], False, 0
            continue
        current.append(token)
    if current:
        groups.append(current)
    return groups


def _opened(word: str, before: list[Token]) -> int:
    """How many script blocks `word` opens; -1 when it closes one."""
    last = before[-1].upper if before else ""
    if word == "BEGIN":
        return 1
    if last == "END" and word in _SCRIPT_BLOCKS:
        return 1  # takes back what END took
    if word == "CASE" and last != "END":
        return 1
    return -1 if word == "END" else 0
