"""Names of datasets: one to three parts, backticks, the default catalog and schema, did-you-mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PART = re.compile(r"\s*(?:`((?:[^`]|``)*)`|([^`.\s][^`.]*?))\s*(\.|\Z)")


@dataclass(frozen=True, order=True)
class Name:
    """Full name of a dataset; letter case does not count, as in Spark SQL, and is kept lower."""

    catalog: str
    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.catalog}.{self.schema}.{self.table}"

    @property
    def parts(self) -> tuple[str, str, str]:
        return (self.catalog, self.schema, self.table)

    @property
    def quoted(self) -> str:
        """The name as SQL text, each part quoted where it must be."""
        return quote(self.parts)

    @property
    def unusable_part(self) -> str | None:
        """The part that cannot name a folder, and so no table; None where all can."""
        return next((part for part in self.parts if part in ("", ".", "..") or "/" in part or "\\" in part), None)


@dataclass(frozen=True)
class Namespace:
    """Default catalog and schema of a piece of source."""

    catalog: str
    schema: str

    def qualify(self, name: str | Sequence[str]) -> Name:
        """The full name that `name` means here.

        Parameters:
            name: text such as ``t``, ``s.t``, ``c.s.t`` or ``LIVE.t``, or its parts.

        Raises:
            LdpError: LDP-2021 for text that is no name, or has more than three parts.
        """
        parts = [p.lower() for p in (split_name(name) if isinstance(name, str) else name)]
        if len(parts) == 2 and parts[0] == "live":  # the LIVE schema is ignored in default publishing mode
            parts = parts[1:]
        if len(parts) > 3:
            raise LdpError(
                "LDP-2021",
                f'"{".".join(parts)}" has more than three parts',
                hint="a name is table, schema.table or catalog.schema.table",
            )
        table = parts[-1]
        schema = parts[-2] if len(parts) > 1 else self.schema.lower()
        catalog = parts[-3] if len(parts) > 2 else self.catalog.lower()
        return Name(catalog, schema, table)

    def shown(self, name: Name) -> str:
        """The shortest form of `name` from here."""
        if (name.catalog, name.schema) == (self.catalog.lower(), self.schema.lower()):
            return name.table
        if name.catalog == self.catalog.lower():
            return f"{name.schema}.{name.table}"
        return str(name)


def split_name(text: str) -> list[str]:
    """Parts of a dotted name, backticks removed.

    Raises:
        LdpError: LDP-2021 when the text is no name.
    """
    parts: list[str] = []
    position = 0
    while True:
        match = _PART.match(text, position)
        if not match:
            raise LdpError(
                "LDP-2021", f'"{text}" is not a name', hint="a name is table, schema.table or catalog.schema.table"
            )
        parts.append(match[1].replace("``", "`") if match[1] is not None else match[2].strip())
        position = match.end()
        if match[3] != ".":
            break
    if not all(parts):
        raise LdpError(
            "LDP-2021", f'"{text}" is not a name', hint="a name is table, schema.table or catalog.schema.table"
        )
    return parts


def quote(parts: Sequence[str]) -> str:
    """Parts as SQL text."""
    return ".".join(p if _PLAIN.match(p) else "`" + p.replace("`", "``") + "`" for p in parts)


def suggest(wrong: str, known: Iterable[str]) -> str | None:
    """The known name that `wrong` most likely means, if one is near enough."""
    import difflib

    by_lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(wrong.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """The hint line for a name that is not known."""
    near = suggest(wrong, known)
    return f'did you mean "{near}"?' if near else None
