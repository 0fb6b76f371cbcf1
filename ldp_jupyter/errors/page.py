"""`docs/errors.md` from the catalogue of codes: ``python -m ldp_jupyter.errors.page docs/errors.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from ldp_jupyter.errors.codes import CODES, ErrorCode
from ldp_jupyter.errors.examples import EXAMPLES

_INTRODUCTION = """\
# Errors

Every error has a code, one sentence, the place where it stands, and what to do about it:

```
LDP-2003 unknown table "order_silver" in dataset "books_sales"
  transformations/sales.sql:21:13   FROM STREAM(order_silver) AS o
  did you mean "orders_silver"?
```

All errors of a dry run come at once, sorted by file and line. A dataset that fails only because one of its inputs does
is no error of its own: it stands in the line `fails with it` of the input's error. Spark's whole message is shown with
the environment variable `LDP_DEBUG=1`. `--format json` gives the same as fields: `code`, `message`, `hint`, `dataset`,
`file`, `line`, `column`, `cell`, `because`.

Exit status of `ldp`: 2 for a wrong command, option, selection or setting, 1 for every other error.

This page is made from the code: `python -m ldp_jupyter.errors.page docs/errors.md`.
"""

_EXAMPLES = """\
Real output of wrong pipelines, one for each code that `ldp dry-run` gives and that a small project can show. They are
compared with what the code says by the tests."""
_HEAD = ("| code | what it means | what to do |", "| --- | --- | --- |")
_RANGES = {
    "1": "Commands and settings",
    "2": "The pipeline is not valid",
    "3": "An update failed",
    "4": "Data and rules",
    "5": "The environment",
}


def errors_page() -> str:
    """The page as Markdown."""
    parts = [_INTRODUCTION]
    for digit, title in _RANGES.items():
        entries = [entry for code, entry in CODES.items() if code.startswith(f"LDP-{digit}")]
        rows = [f"| {entry.code} | {_cell(entry.title)} | {_cell(_advice(entry))} |" for entry in entries]
        parts.append("\n".join([f"## {title}", "", *_HEAD, *rows, ""]))
    shown = [f"**{code}** {CODES[code].title}\n\n```\n{text}\n```\n" for code, text in EXAMPLES.items()]
    parts.append("\n".join(["## Examples", "", _EXAMPLES, "", *shown]))
    return "\n".join(parts)


def _advice(entry: ErrorCode) -> str:
    return entry.advice[:1].upper() + entry.advice[1:]


def _cell(text: str) -> str:
    """Text as one cell of a table."""
    return text.replace("|", "\\|")


def main(arguments: list[str]) -> None:
    """Write the page to the file named, or to standard output."""
    if arguments:
        Path(arguments[0]).write_text(errors_page(), encoding="utf-8")
    else:
        sys.stdout.write(errors_page())


if __name__ == "__main__":
    main(sys.argv[1:])
