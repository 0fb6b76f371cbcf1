"""``dlt.read`` and ``dlt.read_stream``: reads of datasets of the same pipeline."""

from __future__ import annotations

from typing import Any

from ldp_jupyter.context import current, source_being_read
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines import arguments as check


@check.api
def read(name: str) -> Any:
    """The dataset as a batch DataFrame.

    Raises:
        LdpError: LDP-2012 at the top of a file, LDP-2003 for a table that is no dataset of the pipeline.
    """
    __tracebackhide__ = True  # IPython shows the frames of who reads
    return _read("read", name, streaming=False)


@check.api
def read_stream(name: str) -> Any:
    """The dataset as a streaming DataFrame.

    Raises:
        LdpError: LDP-2012 at the top of a file, LDP-2003 for a table that is no dataset of the pipeline.
    """
    __tracebackhide__ = True
    return _read("read_stream", name, streaming=True)


readStream = check.alias(read_stream, "readStream")  # noqa: N816  (the platform's alias)


def _read(function: str, name: Any, *, streaming: bool) -> Any:
    __tracebackhide__ = True
    if not isinstance(name, str):
        check.wrong(function, "name", name, "the name of a dataset of the pipeline")
    context = current()
    if context is None or source_being_read() is not None:
        where = "outside of a pipeline" if context is None else "at the top of a file"
        raise LdpError(
            "LDP-2012",
            f"{function}() was called {where}",
            hint="datasets of the pipeline are read inside dataset functions",
            location=check.caller_location(),
        )
    resolver = context.resolver
    if resolver is not None:
        found = resolver.read_table(name, streaming=streaming, options={}, reader=None)
        if found is not None:
            return found
    session = context.get_session()
    frame = (session.readStream if streaming else session.read).table(name)
    if resolver is not None:
        other = "spark.readStream.table" if streaming else "spark.read.table"
        raise LdpError(
            "LDP-2003",
            f'{function}("{name}"): no dataset of this pipeline has that name',
            hint=f"{other} reads tables of the catalog",
            location=check.caller_location(),
        )
    return frame
