"""`display` and `displayHTML`: rows and pages under a cell, and nothing in pipeline source, as on the platform."""

from __future__ import annotations

import sys
from typing import Any

from ldp_jupyter.context import current, source_being_read


def display(*values: Any, **_options: Any) -> None:
    """Show values under the cell that runs; in a file and in a dataset function nothing is shown."""
    if _under_a_cell():
        from IPython.display import display as show

        show(*(_rows(value) for value in values))


def display_html(text: str) -> None:
    """Show a page of HTML under the cell that runs; in a file and in a dataset function nothing is shown."""
    if _under_a_cell():
        from IPython.display import HTML
        from IPython.display import display as show

        show(HTML(text))


def give_display() -> None:
    """DataFrames have a method `display`, as they have on the platform."""
    from pyspark.sql import DataFrame

    if not hasattr(DataFrame, "display"):
        DataFrame.display = display


def _under_a_cell() -> bool:
    context = current()
    if "IPython" not in sys.modules or source_being_read() is not None:
        return False
    return context is None or context.resolver is None


def _rows(value: Any) -> Any:
    """A DataFrame as its first rows; a stream and everything else as it is."""
    pyspark = sys.modules.get("pyspark.sql")
    if pyspark is None or not isinstance(value, pyspark.DataFrame) or value.isStreaming:
        return value
    return value.limit(_LIMIT).toPandas()


_LIMIT = 1000  # as many as the platform shows
