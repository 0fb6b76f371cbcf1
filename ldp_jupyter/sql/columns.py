"""The parentheses after a dataset's name: columns, expectations, keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Action, Expectation, Kind
from ldp_jupyter.names import quote
from ldp_jupyter.sql.text import quote_string

if TYPE_CHECKING:
    from ldp_jupyter.sql.cursor import Cursor
    from ldp_jupyter.sql.tokens import Token

_KEY_WORDS = ("PRIMARY", "FOREIGN", "UNIQUE", "CHECK")
# What ends a column's type, with the word that must follow where one word alone could be part of a type.
_AFTER_TYPE = frozenset(
    {
        "NOT",
        "NULL",
        "GENERATED",
        "DEFAULT",
        "COMMENT",
        "CONSTRAINT",
        "MASK",
        "REFERENCES",
        "UNIQUE",
        "CHECK",
        "PRIMARY",
        "FOREIGN",
    }
)

_TYPES_OF_WORDS = frozenset({"INTERVAL", "TIMESTAMP", "TIME", "DOUBLE", "CHARACTER"})


@dataclass
class ColumnList:
    """What the parentheses hold.

    Parameters:
        definitions: columns with their types, as Spark's DDL has them.
        comments: of columns without types, in order; empty text where one has none.
        masked: columns with a mask.
    """

    definitions: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    expectations: list[Expectation] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)

    @property
    def schema(self) -> str | None:
        """DDL text, or None when no column bears a type."""
        return ", ".join(self.definitions) or None


def read_columns(cursor: Cursor, kind: Kind) -> ColumnList:
    """Read the list that begins here.

    Raises:
        LdpError: LDP-2001 where it cannot be read.
    """
    found = ColumnList()
    seen: set[str] = set()
    opening = cursor.expect("(")
    while True:
        if cursor.at("CONSTRAINT") and not _is_type_word(cursor.peek(1)):
            _constraint(cursor, found)
        elif cursor.at("|".join(_KEY_WORDS)) and cursor.at("KEY|(", ahead=1):
            _key(cursor)
        elif cursor.at("EXPECT", "("):
            raise cursor.unexpected("CONSTRAINT and a name before EXPECT")
        else:
            _column(cursor, kind, found, seen)
        if not cursor.more(opening):
            break
    if found.definitions and found.comments:
        raise cursor.error(
            "LDP-2001",
            "some columns have a type and some have none",
            opening,
            hint=f"give one to {', '.join(list(found.comments)[:3])}, or to none",
        )
    return found


def _is_type_word(token: Token) -> bool:
    """Whether ``constraint STRING`` declares a column of that name."""
    return token.upper in ("STRING", "INT", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP")


def _constraint(cursor: Cursor, found: ColumnList) -> None:
    start = cursor.expect("CONSTRAINT")
    name = cursor.identifier("a name for the constraint")
    if not cursor.at("EXPECT"):
        if not cursor.at("|".join(_KEY_WORDS)):
            raise cursor.unexpected("EXPECT, PRIMARY KEY or FOREIGN KEY")
        _key(cursor)
        return
    cursor.expect("EXPECT")
    if not cursor.at("("):
        raise cursor.unexpected('"(" and the condition', hint="the condition stands in parentheses: EXPECT (id > 0)")
    opening, condition = cursor.inside("the condition")
    if not condition:
        raise cursor.error("LDP-2001", f'expectation "{name}" has no condition', opening)
    action = _action(cursor)
    if any(rule.name.lower() == name.lower() for rule in found.expectations):
        shown = f' on dataset "{cursor.dataset}"' if cursor.dataset else ""
        cursor.problem(
            "LDP-2006", f'expectation "{name}" stands twice{shown}', start, hint="rename or remove one of the two"
        )
        return
    found.expectations.append(Expectation(name, cursor.plain(condition), action, cursor.where(start)))


def _action(cursor: Cursor) -> Action:
    if not cursor.at("ON"):
        return Action.WARN
    start = cursor.expect("ON")
    cursor.expect("VIOLATION")
    if cursor.take("DROP", "ROW"):
        return Action.DROP
    if cursor.take("FAIL", "UPDATE") or cursor.take("FAIL"):
        return Action.FAIL
    words = []
    while not cursor.done and not cursor.at(",|)"):
        words.append(cursor.next().text)
    cursor.problem(
        "LDP-2011",
        f"ON VIOLATION {' '.join(words)} is unknown",
        start,
        hint="accepted: ON VIOLATION DROP ROW, ON VIOLATION FAIL UPDATE",
    )
    return Action.WARN


def _key(cursor: Cursor) -> None:
    """A key or check of the table or of a column: informational there, without effect here."""
    start = cursor.next()
    word = start.upper
    if word in ("PRIMARY", "FOREIGN"):
        cursor.expect("KEY")
    if word == "CHECK":
        cursor.inside("the condition")
        cursor.note("not_checked", "CHECK constraint: not enforced here; CONSTRAINT ... EXPECT is", start)
    else:
        cursor.note(
            "no_effect", f"{word} KEY is informational" if word != "UNIQUE" else "UNIQUE is informational", start
        )
    _rest_of_key(cursor)


def _rest_of_key(cursor: Cursor) -> None:
    """Columns, REFERENCES and flags such as NOT ENFORCED, up to what can follow a key."""
    while not cursor.done and not cursor.at(",|)") and not cursor.at("COMMENT|MASK|GENERATED|DEFAULT|CONSTRAINT"):
        if cursor.at("NOT", "NULL"):
            return
        cursor.skip()


def _column(cursor: Cursor, kind: Kind, found: ColumnList, seen: set[str]) -> None:
    first = cursor.peek()
    name = cursor.identifier(
        "a column name", "names stand in backticks, not in quotes" if first.kind == "string" else None
    )
    if name.lower() in seen:
        cursor.problem("LDP-2011", f'column "{name}" stands twice in the list', first)
    seen.add(name.lower())
    type_text = _type(cursor)
    options, comment = _column_options(cursor, kind, name, found)
    if type_text is None:
        if kind is Kind.STREAMING_TABLE:
            raise cursor.error("LDP-2001", f'column "{name}" has no type', first, hint=f"for example {name} STRING")
        found.comments[name] = comment or ""
        return
    if not kind.stored:
        cursor.problem("LDP-2011", f'column "{name}" of a view cannot have a type', first, hint="cast it in the query")
        found.comments[name] = comment or ""
        return
    if comment is not None:
        options.append(f"COMMENT {quote_string(comment)}")
    found.definitions.append(" ".join([quote([name]), type_text, *options]))


def _type(cursor: Cursor) -> str | None:
    """Text of the type that begins here; None when the next token is no type."""
    tokens: list[Token] = []
    angles = 0
    while not cursor.done:
        token = cursor.peek()
        if not angles and (token.upper in _AFTER_TYPE or token.text in (",", ")")):
            break
        if token.text == "(":
            start = cursor.index
            cursor.skip()
            tokens.extend(cursor.tokens[start : cursor.index])
            continue
        if token.text in ("<>", ">=", "<=") or (not tokens and token.kind != "word"):
            raise cursor.unexpected("a type")
        if tokens and not angles and token.kind in ("word", "quoted") and not _continues_type(tokens, token):
            raise cursor.unexpected('"," or ")"', hint='a "," may be missing before it')
        angles += {"<": 1, ">": -1}.get(token.text, 0)
        tokens.append(cursor.next())
    return cursor.plain(tokens) if tokens else None


def _continues_type(tokens: list[Token], word: Token) -> bool:
    """Whether a word belongs to the type before it: ``INTERVAL DAY TO SECOND``, ``STRING COLLATE x``."""
    return tokens[0].upper in _TYPES_OF_WORDS or word.upper == "COLLATE" or tokens[-1].upper == "COLLATE"


def _column_options(cursor: Cursor, kind: Kind, name: str, found: ColumnList) -> tuple[list[str], str | None]:
    """Options in Spark's DDL, and the comment."""
    options: list[str] = []
    comment: str | None = None
    while not cursor.done and not cursor.at(",|)"):
        start = cursor.peek()
        if cursor.take("NOT", "NULL"):
            options.append("NOT NULL")
        elif cursor.take("NULL"):
            continue
        elif cursor.take("COMMENT"):
            comment = cursor.string("the comment's text")
        elif cursor.at("GENERATED"):
            options.extend(_generated(cursor, kind, start))
        elif cursor.take("DEFAULT"):
            default = f"DEFAULT {_default(cursor)}"
            if kind is Kind.MATERIALIZED_VIEW:
                cursor.problem("LDP-2011", f'column "{name}": a materialized view takes no DEFAULT', start)
            else:
                options.append(default)
        elif cursor.take("MASK"):
            cursor.name("the masking function")
            if cursor.take("USING"):
                cursor.expect("COLUMNS")
                cursor.inside("columns")
            found.masked.append(name)
            cursor.note("no_effect", f'column mask on "{name}"', start)
        elif cursor.at("CONSTRAINT") and cursor.peek(2).upper == "EXPECT":
            cursor.local_only("no comma", start)  # the field has it where parameters hold columns and constraints
            _constraint(cursor, found)
        elif cursor.take("CONSTRAINT"):
            cursor.identifier("a name for the constraint")
            _key(cursor)
        elif cursor.at("|".join(_KEY_WORDS)):
            _key(cursor)
        elif cursor.take("REFERENCES"):
            cursor.note("no_effect", "FOREIGN KEY is informational", start)
            _rest_of_key(cursor)
        else:
            raise cursor.unexpected(
                '"," or ")"',
                hint="accepted after a type: NOT NULL, GENERATED, DEFAULT, COMMENT, PRIMARY KEY, FOREIGN KEY, MASK",
            )
    return options, comment


def _generated(cursor: Cursor, kind: Kind, start: Token) -> list[str]:
    """The option in Spark's DDL; none for what a materialized view cannot have, which is told."""
    cursor.expect("GENERATED")
    by_default = cursor.take("BY", "DEFAULT")
    if not by_default:
        cursor.expect("ALWAYS", hint="GENERATED ALWAYS AS (expression), or GENERATED {ALWAYS | BY DEFAULT} AS IDENTITY")
    cursor.expect("AS")
    when = "BY DEFAULT" if by_default else "ALWAYS"
    if cursor.take("IDENTITY"):
        numbers = ""
        if cursor.at("("):
            opening, tokens = cursor.inside("START WITH or INCREMENT BY")
            if not tokens:
                raise cursor.error("LDP-2001", "expected START WITH or INCREMENT BY in the parentheses", opening)
            numbers = f" ({cursor.plain(tokens)})"
        if kind is Kind.MATERIALIZED_VIEW:
            cursor.problem("LDP-2011", "a materialized view takes no identity column", start)
            return []
        return [f"GENERATED {when} AS IDENTITY{numbers}"]
    opening, tokens = cursor.inside("the expression")
    if not tokens:
        raise cursor.error("LDP-2001", "a generated column needs an expression", opening)
    return [f"GENERATED {when} AS ({cursor.plain(tokens)})"]


def _default(cursor: Cursor) -> str:
    first = cursor.index
    while not cursor.done and not cursor.at(",|)"):
        if cursor.index > first and cursor.at("COMMENT|MASK|GENERATED|PRIMARY|FOREIGN|CONSTRAINT|REFERENCES"):
            break
        if cursor.index > first and cursor.at("NOT", "NULL") and not cursor.at("IS", ahead=-1):
            break
        cursor.skip()
    if cursor.index == first:
        raise cursor.unexpected("the default's expression")
    return cursor.plain(cursor.tokens[first : cursor.index])
