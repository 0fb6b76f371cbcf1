"""Failures of streams that something changed under: the query over its state, columns of a source, a missing feed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.engine.met_columns import met_columns, refused_columns
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from ldp_jupyter.locations import Location

# Spark's classes for state that the query, as it is now, cannot go on with.
_STATE = re.compile(
    r"STREAMING_STATEFUL_OPERATOR_(NOT_MATCH_IN_STATE_METADATA|MISSING_STATE_DIRECTORY)"
    r"|STATE_STORE_(KEY|VALUE)_(SCHEMA_NOT_COMPATIBLE|ROW_FORMAT_VALIDATION_FAILURE)"
    r"|STATE_STORE_INVALID_(CONFIG_AFTER_RESTART|VARIABLE_TYPE_CHANGE|VALUE_SCHEMA_EVOLUTION)"
    r"|STATE_STORE_COLUMN_FAMILY_SCHEMA_INCOMPATIBLE"
)
# Delta's for a source whose columns changed otherwise than by new ones.
_COLUMNS = re.compile(
    r"DELTA_STREAMING_INCOMPATIBLE_SCHEMA_CHANGE|DELTA_STREAMING_CANNOT_CONTINUE_PROCESSING|DELTA_SCHEMA_CHANGED"
    r"|DELTA_CHANGE_DATA_FEED_INCOMPATIBLE"
)
_NO_FEED = "DELTA_MISSING_CHANGE_DATA"


def stream_problem(
    text: str, flow_name: str, shown: str, place: Location | None, *, into_table: bool
) -> LdpError | None:
    """A problem for what Spark says of such a stream, None for another failure.

    Parameters:
        text: the whole message, Java causes included.
        shown: the dataset that the flow writes, or the flow itself where that is a sink.
        into_table: whether it writes a table, which can be fully refreshed.
    """
    met = met_columns(text)
    if met is not None:
        return refused_columns(met, flow_name, shown, place)
    again = f"--full-refresh {shown}" if into_table else f"--reset-checkpoint {flow_name}"
    if _STATE.search(text):
        message = f'the query of flow "{flow_name}" changed, and cannot go on with the state that it kept'
        return LdpError("LDP-3005", message, hint=f"run with {again}", dataset=shown, location=place, detail=text)
    if _COLUMNS.search(text):
        message = f'columns of a table that "{shown}" reads as a stream were renamed, dropped or changed in type'
        return LdpError("LDP-3005", message, hint=f"run with {again}", dataset=shown, location=place, detail=text)
    if _NO_FEED in text:
        return LdpError(
            "LDP-3001",
            f'a table whose change feed "{shown}" reads did not record its changes from the start',
            hint="set its property delta.enableChangeDataFeed to true, then read without startingVersion, or from a "
            "version written since",
            dataset=shown,
            location=place,
            detail=text,
        )
    return None
