"""A stream of files that takes or rescues new columns ends where it meets some; then they are known, and it goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ldp_jupyter.engine.failures import error_text
from ldp_jupyter.engine.met_columns import met_columns
from ldp_jupyter.spark.places import place, write_text

if TYPE_CHECKING:
    from ldp_jupyter.engine.flows import FlowRun

_FILE = "new"  # the companion reads it when it finds out the columns again


def take_new_columns(run: FlowRun, error: BaseException) -> bool:
    """Note the columns that ended a flow's stream, for its next beginning.

    Returns:
        Whether the flow can begin again: it ended because of new columns, and was not ended by the same before.
    """
    met = met_columns(error_text(error))
    if met is None or not (met.taken or met.may_be_rescued) or met in run.met:
        return False
    run.met.append(met)
    if met.taken:
        source = place(run.columns) / met.source
        if not source.is_dir():
            return False
        write_text(source / _FILE, json.dumps([{"file": met.file, "columns": met.columns}]))
    run.work.emitter.new_columns(run.planned, met.columns, met.file)
    return True
