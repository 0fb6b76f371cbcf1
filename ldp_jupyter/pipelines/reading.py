"""``dlt.read`` and ``dlt.read_stream``: reads of datasets of the same pipeline."""

from __future__ import annotations

from typing import Any

from ldp_jupyter.context import current
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines import arguments as check


def _session() -> Any:
    context = current()
    if context is None:
        raise LdpError("LDP-2012", "read() was called outside of a pipeline", location=check.caller_location())
    return context.get_session()


def read(name: str) -> Any:
    """The dataset as a batch DataFrame."""
    return _session().read.table(name)


def read_stream(name: str) -> Any:
    """The dataset as a streaming DataFrame."""
    return _session().readStream.table(name)


readStream = read_stream  # noqa: N816  (the platform's alias)
