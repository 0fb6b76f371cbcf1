"""Names of the changes table's own columns, and looking up columns the way Spark does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "__ldp_"
BATCH = "__ldp_batch"
FLOW = "__ldp_flow"
SEQ = "__ldp_seq"
SYS = "__ldp_sys"
OP = "__ldp_op"
CUT = "__ldp_cut"
SET = "__ldp_set"
IGNORE = "__ldp_ignore"

START_AT = "__START_AT"
END_AT = "__END_AT"
SYSTEM_START_AT = "__SYSTEM_START_AT"
SYSTEM_END_AT = "__SYSTEM_END_AT"
INTERVALS = (START_AT, END_AT, SYSTEM_START_AT, SYSTEM_END_AT)
BITEMPORAL = "bitemporal"

UPSERT, DELETE, TRUNCATE, SNAPSHOT = "u", "d", "t", "s"


def by_lower(names: Iterable[str]) -> dict[str, str]:
    """Names by their lower-case form: letter case does not count in column names."""
    return {name.lower(): name for name in names}


def lowered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def quoted(name: str) -> str:
    """One column name as SQL text, always in backticks: a dot in it stays part of the name."""
    return "`" + name.replace("`", "``") + "`"


def dotted(prefix: str, name: str) -> str:
    """A column of an aliased side, as SQL text."""
    return f"{prefix}.{quoted(name)}"
