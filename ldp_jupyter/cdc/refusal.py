"""Rows that cannot be applied: refused inside the write itself, so that nothing of their batch is stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from ldp_jupyter.cdc.columns import quoted
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column

MARK = "LDP-4002:"
# What Spark puts before and behind the message, and where its stack starts. A plan in another error has the mark too.
_MESSAGE = re.compile(
    r"\[USER_RAISED_EXCEPTION\] " + re.escape(MARK) + r" (.*?)(?: SQLSTATE: \w+)?(?:\n\tat |\nDriver stacktrace|\Z)",
    re.DOTALL,
)
_MOST_COLUMNS = 12
_MOST_LETTERS = 60


def refuse(reason: str, columns: Sequence[str]) -> Column:
    """An expression that fails when it is evaluated, with the reason and the row."""
    from pyspark.sql import functions as fn

    parts = []
    for name in columns[:_MOST_COLUMNS]:
        text = fn.substring(fn.col(quoted(name)).cast("string"), 1, _MOST_LETTERS)
        parts.append(fn.concat(fn.lit(f"{name}="), fn.coalesce(text, fn.lit("NULL"))))
    more = [fn.lit("...")] if len(columns) > _MOST_COLUMNS else []
    row = fn.concat_ws(", ", *parts, *more)
    return fn.raise_error(fn.concat(fn.lit(f"{MARK} {reason}; the row: "), row)).cast("string")


def raise_refused(error: Exception, dataset: str) -> NoReturn:
    """Raise the refusal that is inside a failed write as LDP-4002; any other error as it is."""
    text = str(error)
    found = _MESSAGE.search(text)
    if found is None:
        raise error
    raise LdpError(
        "LDP-4002", f"a change of {dataset} cannot be applied: {found[1].strip()}", dataset=dataset, detail=text,
        hint="nothing of this batch was applied; drop or mend such rows in a view before",
    ) from None
