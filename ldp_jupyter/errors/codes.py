"""The catalogue of error codes; `docs/errors.md` is made from it.

Ranges: 1xxx usage and settings, 2xxx the pipeline is invalid, 3xxx an update failed, 4xxx data and rules,
5xxx the environment.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorCode:
    """One entry: the code, what it means, and what the user does about it."""

    code: str
    title: str
    advice: str


_ENTRIES = [
    ErrorCode("LDP-1001", "wrong command or option", "See `ldp help`."),
    ErrorCode(
        "LDP-1002", "no pipeline project here", "Run inside a project, or give --project DIR; `ldp init` makes one."
    ),
    ErrorCode("LDP-1003", "settings cannot be read", "Mend the file at the place shown."),
    ErrorCode("LDP-1004", "unknown settings key", "Take the key proposed, or remove it."),
    ErrorCode("LDP-1005", "several pipelines: one must be named", "Give --pipeline NAME."),
    ErrorCode("LDP-1006", "unknown pipeline, target or variable", "Take one of the names listed."),
    ErrorCode("LDP-1007", "unknown dataset in a selection", "Take a dataset name that `ldp ls` shows."),
    ErrorCode("LDP-1008", "selections contradict each other", "Name each dataset in one selection only."),
    ErrorCode(
        "LDP-1009",
        "datasets of a notebook are not loaded in this kernel",
        "Run its cells, or `%ldp run --loaded-only`.",
    ),
    ErrorCode("LDP-1010", "a selection holds nothing", "Run without it, or name datasets."),
    ErrorCode("LDP-1011", "deleting must be confirmed", "Look at what goes, then add --yes."),
    ErrorCode("LDP-2001", "source cannot be parsed", "Mend the syntax at the place shown."),
    ErrorCode("LDP-2002", "exception in pipeline source", "See the traceback: it is the source's own."),
    ErrorCode("LDP-2003", "unknown table", "Declare it, mend the name, or create the external table."),
    ErrorCode("LDP-2004", "unknown column", "Take one of the columns that the input has."),
    ErrorCode("LDP-2005", "datasets depend on each other in a circle", "Break the circle at one of its reads."),
    ErrorCode("LDP-2006", "the same name declared twice", "Rename or remove one of the two."),
    ErrorCode(
        "LDP-2007", "batch query in a streaming table", "Read a source as a stream, or make it a materialized view."
    ),
    ErrorCode(
        "LDP-2008",
        "streaming query where a batch query is needed",
        "Read without STREAM, or make it a streaming table.",
    ),
    ErrorCode("LDP-2009", "exception in a dataset function", "See the traceback: it is the function's own."),
    ErrorCode("LDP-2010", "a dataset function must return a DataFrame", "Return a Spark DataFrame."),
    ErrorCode("LDP-2011", "wrong argument", "Use the accepted values."),
    ErrorCode(
        "LDP-2012", "statement not allowed in pipeline source", "Keep to dataset and flow statements, SET and USE."
    ),
    ErrorCode(
        "LDP-2013", "flow into an unknown target", "Declare the target with create_streaming_table or create_sink."
    ),
    ErrorCode("LDP-2014", "streaming table without a flow", "Add a flow that writes it, or a query."),
    ErrorCode("LDP-2015", "the query cannot be analysed", "See Spark's message."),
    ErrorCode("LDP-2016", "expectation cannot be resolved", "Use columns of the query, or aliases of its tables."),
    ErrorCode("LDP-2017", "AUTO CDC flow is declared wrongly", "See the message."),
    ErrorCode(
        "LDP-2018", "view read in a way it does not allow", "Match batch or streaming of the view and its reader."
    ),
    ErrorCode("LDP-2019", "nothing to run", "Declare at least one table."),
    ErrorCode("LDP-2020", "declared schema and query do not fit", "Align the two."),
    ErrorCode("LDP-2021", "name cannot be used", "Use one to three parts: catalog.schema.table."),
    ErrorCode("LDP-2022", "parameter has no value", "Set it in the configuration, or with --set key=value."),
    ErrorCode("LDP-2023", "not supported here", "See the message."),
    ErrorCode(
        "LDP-2024",
        "files are missing",
        "Put them there, or say where they lie: configuration `ldp.path.PREFIX=FOLDER`.",
    ),
    ErrorCode("LDP-2025", "secret is not set here", "Set the environment variable that the hint names."),
    ErrorCode(
        "LDP-2026", "accepted here, not by the platform", "Write it as the hint says, or leave --strict-platform out."
    ),
    ErrorCode("LDP-2027", "a table cannot have such a column", "Rename it, cast it, or lay the table out otherwise."),
    ErrorCode("LDP-3001", "a flow failed", "See Spark's message."),
    ErrorCode("LDP-3002", "the update failed", "See the failed flows."),
    ErrorCode("LDP-3003", "another update of this pipeline is running", "Wait for it, or stop it."),
    ErrorCode(
        "LDP-3004",
        "the source of a stream was changed, not only appended to",
        "Fully refresh the reader, or use skipChangeCommits / readChangeFeed.",
    ),
    ErrorCode("LDP-3005", "the table must be fully refreshed", "Run with --full-refresh NAME."),
    ErrorCode(
        "LDP-3006", "full refresh is not allowed for this table", "Its property pipelines.reset.allowed is false."
    ),
    ErrorCode("LDP-3007", "the table belongs to another pipeline", "Rename it, or remove the other one's table."),
    ErrorCode("LDP-3008", "the update was canceled", "Run again: nothing is lost."),
    ErrorCode(
        "LDP-3009",
        "a file has columns that its stream does not take",
        "Add them to the schema or its hints, choose another schemaEvolutionMode, or take the file away.",
    ),
    ErrorCode(
        "LDP-3010",
        "a file cannot be read: it is truncated, damaged or of another format",
        "Mend it or take it away; the reader's option ignoreCorruptFiles passes over such files.",
    ),
    ErrorCode(
        "LDP-4001", "an expectation with ON VIOLATION FAIL was violated", "Mend the data or the rule, and run again."
    ),
    ErrorCode("LDP-4002", "change data cannot be applied", "Mend the row shown."),
    ErrorCode("LDP-5001", "no usable Java", "Install Java 17 or newer, or `pip install 'ldp_jupyter[java]'`."),
    ErrorCode("LDP-5002", "a JAR cannot be fetched", "See what was tried; give a local copy with LDP_JARS."),
    ErrorCode(
        "LDP-5003", "this Spark session cannot do Delta", "Use a session with Delta, or none: one is started for you."
    ),
    ErrorCode("LDP-5004", "the companion cannot be built", "See the compiler's message; `ldp doctor` helps."),
    ErrorCode("LDP-5005", "a Python package is in the way", "See the message."),
    ErrorCode("LDP-5006", "storage cannot be read or written", "Check the path and its permissions."),
]

CODES: dict[str, ErrorCode] = {entry.code: entry for entry in _ENTRIES}
