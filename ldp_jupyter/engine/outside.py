"""Causes outside the pipeline that make a flow fail: a full disk, a file gone or broken, a damaged checkpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from ldp_jupyter.state import storage_hint

_PYTHON = "Traceback (most recent call last):"
_GONE = re.compile(r"FILE_NOT_EXIST|FileNotFoundException: File \S+ does not exist")
IGNORE_MISSING = "spark.sql.files.ignoreMissingFiles"
GONE_HINT = (
    f"a file went after it was listed: put it back and run again; or, to go on without its rows, set {IGNORE_MISSING} "
    "to true"
)
_UNREADABLE = re.compile(
    r"\[FAILED_READ_FILE\.(?:NO_HINT|CANNOT_READ_FILE_FOOTER|PARQUET_COLUMN_DATA_TYPE_MISMATCH)\] "
    r"Encountered error while reading file (\S+)\.\s"
)
_CHECKPOINT = re.compile(
    "Failed to read log file|Incomplete log file|MALFORMED_LOG_FILE|CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED|"
    "STREAMING_CHECKPOINT_MISSING_METADATA_FILE|STREAMING_STATEFUL_OPERATOR_MISSING_STATE_DIRECTORY"
)


@dataclass(frozen=True)
class Outside:
    """What such a cause is, and what to do."""

    code: str
    hint: str


def outside_cause(error: BaseException, text: str, flow_name: str, table: str | None) -> Outside | None:
    """The cause if it is one of these.

    Parameters:
        text: the error's whole message, Java causes included.
        table: the table that the flow writes; None for a sink.
    """
    # Of the user's own code only what says that a disk is full: it may well ask for files that it must not read.
    theirs = isinstance(error, OSError) or _PYTHON in text
    hint = storage_hint(text, rights=not theirs)
    if hint is not None:
        return Outside("LDP-5006", hint)
    file = unreadable_file(text)
    if file is not None:
        return Outside(
            "LDP-3010",
            f"mend {re.sub('^file:/+', '/', unquote(file))} or take it away, and run again; with the reader's option "
            "ignoreCorruptFiles such files are passed over: their rows are missing then",
        )
    if theirs:
        return None
    if _CHECKPOINT.search(text):
        full = f"run with --full-refresh {table}, or " if table else "run "
        return Outside(
            "LDP-5006",
            f"the checkpoint is damaged: put the file back from a copy, or {full}with --reset-checkpoint {flow_name}, "
            "which keeps what is written and reads the sources from their start",
        )
    if _GONE.search(text):
        return Outside("LDP-3001", GONE_HINT)
    return None


def unreadable_file(text: str) -> str | None:
    """The URI of a file that could not be read; None where an error says something else."""
    found = _UNREADABLE.search(text)
    return found[1] if found else None
