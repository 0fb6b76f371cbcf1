"""Files that made their stream fail: taken away by the user they are passed over, and the update says so.

A batch that failed is planned: it has the file, and a planned file that is gone is an error, since its rows would be
lost unseen. Of one that the stream itself refused the user was told, so it is noted beside the checkpoint.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ldp_jupyter.engine.failures import error_text
from ldp_jupyter.engine.met_columns import met_columns
from ldp_jupyter.engine.outside import unreadable_file
from ldp_jupyter.spark.places import place, write_text

if TYPE_CHECKING:
    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.errors import LdpError

_NOTE = "_refused"  # in the folder of the checkpoint


def note_refused(run: FlowRun, error: BaseException, problem: LdpError) -> None:
    """Note the file that a stream failed on, if it was one."""
    if problem.code not in ("LDP-3009", "LDP-3010") or not place(run.checkpoint).is_dir():
        return
    text = error_text(error)
    met = met_columns(text)
    file = met.file if met is not None else unquote(unreadable_file(text) or "")
    if file:
        known = refused_files(run.checkpoint) | {re.sub("^file:/+", "/", file)}
        write_text(place(run.checkpoint) / _NOTE, json.dumps(sorted(known)))


def refused_files(checkpoint: str) -> set[str]:
    """Files that the stream of a checkpoint failed on; none where the note is damaged: then they count as lost."""
    try:
        return set(json.loads((place(checkpoint) / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return set()
