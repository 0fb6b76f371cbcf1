"""What is accepted here and refused by the platform, or found in no documentation of it.

A dry run tells each use among what it did not check; with ``--strict-platform`` each is an error, LDP-2026.
The same list stands in `docs/differences.md`; a test compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.declarations.registry import Note

if TYPE_CHECKING:
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.locations import Location

_FORBIDDEN = "the platform forbids it in a dataset function"
_NO_ROWS = "return the DataFrame; it is computed when the flow runs"
_WRITES = "let the dataset be written by the pipeline, or declare a sink"

# What it is, why the platform would not take it, what to write instead.
LOCAL_ONLY: dict[str, tuple[str, str, str]] = {
    "collect": ("collect()", _FORBIDDEN, _NO_ROWS),
    "count": ("count()", _FORBIDDEN, _NO_ROWS),
    "toPandas": ("toPandas()", _FORBIDDEN, _NO_ROWS),
    "first": ("first()", _FORBIDDEN, _NO_ROWS),
    "head": ("head()", _FORBIDDEN, _NO_ROWS),
    "take": ("take()", _FORBIDDEN, _NO_ROWS),
    "show": ("show()", _FORBIDDEN, "look at the table after a run"),
    "toLocalIterator": ("toLocalIterator()", _FORBIDDEN, _NO_ROWS),
    "foreach": ("foreach()", _FORBIDDEN, _WRITES),
    "foreachPartition": ("foreachPartition()", _FORBIDDEN, _WRITES),
    "save": ("save()", _FORBIDDEN, _WRITES),
    "saveAsTable": ("saveAsTable()", _FORBIDDEN, _WRITES),
    "insertInto": ("insertInto()", _FORBIDDEN, _WRITES),
    "start": ("writeStream.start()", _FORBIDDEN, _WRITES),
    "toTable": ("writeStream.toTable()", _FORBIDDEN, _WRITES),
    "pivot": ("pivot()", _FORBIDDEN, "write one aggregate for each value: sum(CASE WHEN ... END)"),
    "PIVOT": ("PIVOT", "the platform does not support it in pipelines", "write one aggregate for each value"),
    "query as CDC source": (
        "a query as the source of AUTO CDC",
        "the documentation has names only",
        "put the query into a temporary view and name that",
    ),
    "bare AUTO CDC": (
        "AUTO CDC INTO without CREATE FLOW",
        "the documentation has it inside CREATE FLOW only",
        "write CREATE FLOW name AS AUTO CDC INTO ...",
    ),
    "clauses of AUTO CDC": (
        "APPLY AS after SEQUENCE BY",
        "the documentation has it before",
        "put SEQUENCE BY behind it",
    ),
    "replaced view": (
        "CREATE OR REPLACE MATERIALIZED VIEW",
        "in a pipeline it is OR REFRESH",
        "write CREATE OR REFRESH MATERIALIZED VIEW",
    ),
    "replaced table": (
        "CREATE OR REPLACE STREAMING TABLE",
        "in a pipeline it is OR REFRESH",
        "write CREATE OR REFRESH STREAMING TABLE",
    ),
    "no comma": (
        "CONSTRAINT behind a column without a comma",
        "an expectation is an entry of its own in the list",
        'put "," before CONSTRAINT',
    ),
    "refreshed view": (
        "CREATE OR REFRESH VIEW",
        "the documentation has views without OR REFRESH",
        "write CREATE VIEW or CREATE TEMPORARY VIEW",
    ),
    "rules of a SQL view": (
        "expectations on a temporary view in SQL",
        "the documentation has them on tables only",
        "put them on the table that reads the view, or declare the view in Python",
    ),
    "bare option": (
        "an option of Auto Loader without `cloudFiles.`",
        "the documentation has it with that prefix",
        'write .option("cloudFiles.NAME", ...)',
    ),
    "not imported": (
        "`dp` or `dlt` in a source file that does not import it",
        "the name is defined nowhere there",
        "write from pyspark import pipelines as dp, or import dlt",
    ),
    "managed table": (
        "CREATE TABLE with a flow",
        "the documentation has flows into streaming tables only; it runs as one here",
        "write CREATE OR REFRESH STREAMING TABLE",
    ),
}


def local_only(key: str, location: Location | None, subject: str = "") -> Note:
    """A note of one use.

    Parameters:
        key: of `LOCAL_ONLY`.
        subject: the dataset concerned, where the text needs it.
    """
    what, why, instead = LOCAL_ONLY[key]
    return Note("local_only", f"{what}{f' ({subject})' if subject else ''}: {why}", location, instead)


def refused(note: Note) -> LdpError:
    """The note as the error that ``--strict-platform`` makes of it."""
    from ldp_jupyter.errors import LdpError

    return LdpError("LDP-2026", note.text, hint=note.hint, location=note.location)
