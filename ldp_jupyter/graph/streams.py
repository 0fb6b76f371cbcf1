"""Streaming queries: how their rows are written, and what Spark would refuse only when the query starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Note
from ldp_jupyter.errors import LdpError
from ldp_jupyter.graph.spark_errors import first_sentence

if TYPE_CHECKING:
    from ldp_jupyter.declarations import Flow, Sink
    from ldp_jupyter.locations import Location

# Words of Spark's refusal -> what to do about it.
_HINTS = (
    ("stream-stream", "give both sides a watermark and join on a range of their times, or use a materialized view"),
    ("join", "keep the stream on the preserved side of the join, or use a materialized view"),
    ("non-time-based windows", "use a materialized view: window functions need all rows"),
    ("sorting is not supported", "sort where the table is read, or use a materialized view"),
    ("distinct aggregations", "approx_count_distinct can do it, or a materialized view"),
    ("union between streaming and batch", "read both sides as streams (STREAM t, spark.readStream)"),
    ("watermark", "give the stream a watermark on the column that it groups by: WATERMARK ts DELAY OF INTERVAL ..."),
)
_OTHERWISE = "use a materialized view"
# Formats of sinks that Spark writes as files of a folder, which keeps a list of the batches it has.
FILE_FORMATS = frozenset({"parquet", "json", "csv", "orc", "text", "avro", "xml"})


def output_mode(frame: Any) -> str:
    """Append; complete for an aggregation without a watermark, whose rows would never be final."""
    from ldp_jupyter.spark import bridge

    plan = bridge.streaming_plan(frame)
    return "complete" if plan.aggregates and not plan.watermark else "append"


def transforms_with_state(frame: Any) -> bool:
    """Whether the query has a `transformWithState`."""
    from ldp_jupyter.spark import bridge

    if not bridge.streaming_plan(frame).user_state:
        return False
    return "TransformWithState" in frame._jdf.queryExecution().analyzed().toString()


def check_stream(flow: Flow, frame: Any, mode: str, location: Location | None) -> None:
    """Check that Spark will start the query.

    Parameters:
        mode: the output mode that it will be written in.

    Raises:
        LdpError: LDP-2015 with what Spark refuses.
    """
    from ldp_jupyter.spark import bridge

    what = "the stream cannot run" if flow.default else f'the stream of flow "{flow.name}" cannot run'
    operation = bridge.streaming_plan(frame).set_operation
    if operation is not None:  # Spark notices when a batch is planned
        join = "LEFT ANTI JOIN" if operation == "EXCEPT" else "LEFT SEMI JOIN"
        hint = f"write a {join} with a table that is read without STREAM, or use a materialized view"
        raise LdpError("LDP-2015", f"{what}: {operation} over a stream", hint=hint, location=location)
    refusal = bridge.stream_refusal(frame, mode)
    if refusal is None:
        return
    message = re.split(r"\s*;\s*~", first_sentence(str(refusal)))[0]  # the operator as Spark prints it
    hint = next((hint for words, hint in _HINTS if words in message.lower()), _OTHERWISE)
    raise LdpError("LDP-2015", f"{what}: {message}", hint=hint, location=location, detail=str(refusal)) from None


def check_sink(sink: Sink, frame: Any, location: Location | None) -> list[Note]:
    """Check that a sink of one of Spark's own formats is of use, and takes such rows.

    Returns:
        What the user should know of it.

    Raises:
        LdpError: LDP-2023 for `memory`, LDP-2015 for rows that are no messages of Kafka.
    """
    kind = sink.format.lower()
    if kind == "kafka":
        _check_kafka_rows(sink, frame, location)
    if kind == "memory":  # the rows would be a view of the flow's own session, and go with it
        message = f'the sink "{sink.name}" has the format memory, whose rows nobody could read'
        hint = "give it the format delta with a tableName or a path"
        raise LdpError("LDP-2023", message, hint=hint, location=location)
    if kind == "console":
        return [Note("no_effect", f'sink "{sink.name}" of the format console: Spark\'s log gets its rows', location)]
    return []


def _check_kafka_rows(sink: Sink, frame: Any, location: Location | None) -> None:
    """Check that rows can be messages of Kafka: with a `value`, and a topic from the sink or the row."""
    types = {field.name.lower(): field.dataType.typeName() for field in frame.schema.fields}
    if types.get("value") not in ("string", "binary"):
        what = f"has the type {types['value']}" if "value" in types else "is not there"
        message = f'Kafka takes a column "value" of text or bytes, which {what}'
        hint = "to_json(struct(*)) AS value makes one of the whole row"
    elif "topic" not in types and "topic" not in (key.lower() for key in sink.options):
        message = f'the sink "{sink.name}" names no topic'
        hint = 'give it the option "topic", or the rows such a column'
    else:
        return
    raise LdpError("LDP-2015", message, hint=hint, location=location)
