"""Evaluate a flow's query into a DataFrame; reads of tables are answered by `Frames`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from ldp_jupyter.context import Context, using
from ldp_jupyter.declarations import CdcSpec, PythonQuery, SnapshotSpec, SqlQuery
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import Name, split_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.declarations import Flow, Location
    from ldp_jupyter.graph.model import Graph, Node
    from ldp_jupyter.names import Namespace


class InputFailed(Exception):  # noqa: N818  (not an error of its own: an input has one)
    """A dataset that is read has a problem; the reader fails only because of it."""

    def __init__(self, problem: LdpError) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Frames(Protocol):
    """Gives the DataFrame of a dataset of the pipeline to a flow that reads it."""

    def frame(
        self, node: Node, reading: Evaluation, *, streaming: bool, options: Mapping[str, str], reader: Any
    ) -> Any:
        """The dataset's rows (or, while planning, its shape without rows)."""


class Evaluation:
    """One evaluation of one flow: the context's resolver while its code runs, and a record of what it read.

    Parameters:
        graph: names of the pipeline.
        flow: whose query is evaluated (a view's flow when a view is evaluated for its reader).
        session: the session that the query is analysed in.
        frames: answers reads of the pipeline's datasets.
        outer: the evaluation of the flow that reads this view.
    """

    def __init__(self, graph: Graph, flow: Flow, session: Any, frames: Frames, outer: Evaluation | None = None) -> None:
        self.graph = graph
        self.flow = flow
        self.session = session
        self.frames = frames
        self.outer = outer
        self.inputs: list[Name] = []
        self.external: list[str] = []
        # where the last table was read, for errors that Spark reports without a place
        self.failed_reference: tuple[str, int] | None = None

    def read_table(self, name: str, *, streaming: bool, options: Mapping[str, str], reader: Any) -> Any:
        """See `context.Resolver`."""
        parts = split_name(name)
        return self._frame(parts, streaming=streaming, options=options, reader=reader)

    def run_sql(self, text: str, args: Any) -> Any:
        """See `context.Resolver`. Only queries and settings are allowed in a dataset function."""
        from ldp_jupyter.spark import bridge

        try:
            kind = bridge.sql_kind(self.session, text)
        except bridge.SqlSyntaxError as error:
            raise LdpError("LDP-2001", f"SQL syntax: {_plain(error.message)}", detail=str(error)) from None
        if kind == "query":
            return self.bind(text, args)
        if kind in ("SetCommand", "SetNamespaceCommand", "SetCatalogCommand", "UseCommand") or kind.startswith(
            ("Describe", "Show")
        ):
            return None
        raise LdpError(
            "LDP-2012",
            f"spark.sql() in a dataset function takes queries only, not {text.split(None, 1)[0].upper()}",
            hint="declare tables in pipeline source; write nothing by hand",
        )

    def bind(self, text: str, args: Any = None, place: Location | None = None) -> Any:
        """The DataFrame of a query text, the pipeline's datasets put in place of its table references.

        Parameters:
            place: where the text stands; syntax errors are told with it.
        """
        from ldp_jupyter.spark import bridge

        try:
            references = bridge.references(self.session, text, args)
        except bridge.SqlSyntaxError as error:
            where = place_in(place, error.line, error.column)
            raise LdpError(
                "LDP-2001", f"SQL syntax: {_plain(error.message)}", location=where, detail=str(error)
            ) from None
        replacements: dict[int, Any] = {}
        for index, reference in enumerate(references):
            self.failed_reference = (text, reference.start)
            frame = self._frame(reference.parts, streaming=reference.streaming, options=reference.options, reader=None)
            if frame is not None:
                replacements[index] = frame
        self.failed_reference = None
        names = {place: self.flow.namespace.qualify(references[place].parts).parts for place in replacements}
        return bridge.bind(self.session, text, replacements, args, names)

    def _frame(self, parts: Any, *, streaming: bool, options: Mapping[str, str], reader: Any) -> Any:
        parts = list(parts)
        if len(parts) == 2 and parts[0].lower() in (
            "delta",
            "json",
            "csv",
            "parquet",
            "text",
            "orc",
            "avro",
            "binaryfile",
            "xml",
        ):
            self.external.append(f"{parts[0].lower()}.`{parts[1]}`")
            return None
        name = self.flow.namespace.qualify(parts)
        node = self.graph.nodes.get(name)
        if node is None:
            if parts[0].lower() == "live" and len(parts) == 2:
                raise unknown_table(self.graph, parts[-1])
            shown = ".".join(parts)
            if shown not in self.external:
                self.external.append(shown)
            return None
        if len(parts) == 1 and self._has_temp_view(parts[0]):
            return None  # a temporary view of the source's own making shadows, as in Spark
        if name not in self.inputs:
            self.inputs.append(name)
        return self.frames.frame(node, self, streaming=streaming, options=options, reader=reader)

    def _has_temp_view(self, name: str) -> bool:
        names = self.session._jvm.PythonUtils.toSeq([name])
        return bool(self.session._jsparkSession.sessionState().catalog().isTempView(names))


def evaluate(evaluation: Evaluation, base: Context) -> Any:
    """Run the flow's query.

    Parameters:
        base: the pipeline's context.

    Returns:
        The DataFrame, streaming or batch as the query is.

    Raises:
        LdpError: with code LDP-2010 when a function returns something else; whatever user code or Spark raises.
    """
    flow, session = evaluation.flow, evaluation.session
    context = base.but(
        namespace=flow.namespace,
        declarations=None,
        resolver=evaluation,
        get_session=lambda: session,
        confs={**base.confs, **flow.confs},
    )
    with using(context):
        query = flow.query
        if isinstance(query, SqlQuery):
            return evaluation.bind(query.text, None, query.location)
        if isinstance(query, PythonQuery):
            frame = query.function()
            if not hasattr(frame, "isStreaming") or not hasattr(frame, "_jdf"):
                given = "nothing" if frame is None else f"a {type(frame).__module__}.{type(frame).__name__}"
                raise LdpError(
                    "LDP-2010",
                    f"the function returned {given}, not a Spark DataFrame",
                    hint="return the DataFrame" if frame is None else None,
                    location=flow.location,
                )
            return frame
        if isinstance(query, CdcSpec):
            return session.readStream.table(query.source) if not flow.once else session.read.table(query.source)
        assert isinstance(query, SnapshotSpec)
        if isinstance(query.source, str):
            return session.read.table(query.source)
        raise LdpError("LDP-2023", "snapshots from a function are read when the flow runs", location=flow.location)


def base_session(session: Any, configuration: Mapping[str, str], namespace: Namespace) -> Any:
    """A clone of the session with the pipeline's settings: what its flows' sessions are cloned from."""
    from ldp_jupyter.spark.bridge import clone_session

    mine = clone_session(session)
    for key, value in configuration.items():
        if not mine._jconf.contains(key) or mine.conf.isModifiable(key):
            mine.conf.set(key, value)
    use_namespace(mine, namespace)
    return mine


def flow_session(base: Any, flow: Flow) -> Any:
    """The flow's own session: its settings, its default catalog and schema, temporary views of its source."""
    from ldp_jupyter.spark.bridge import clone_session

    mine = clone_session(base)
    for key, value in flow.confs.items():
        if key.startswith("ldp."):
            continue
        if not mine._jconf.contains(key) or mine.conf.isModifiable(key):
            mine.conf.set(key, value)
    use_namespace(mine, flow.namespace)
    return mine


def use_namespace(session: Any, namespace: Namespace) -> None:
    """Set the default catalog and schema of a session."""
    catalog = session.catalog
    if (catalog.currentCatalog(), catalog.currentDatabase()) != (namespace.catalog, namespace.schema):
        from ldp_jupyter.spark import bridge

        bridge.prepare_session(session, session.conf.get(bridge.WAREHOUSE_SETTING), namespace.catalog, namespace.schema)


def _plain(message: str) -> str:
    """Spark's sentence without its class."""
    return re.sub(r"^\[[A-Z0-9_.]+\]\s*|\s*SQLSTATE: \w+", "", message).strip().rstrip(".")


def place_in(place: Location | None, line: int, column: int | None) -> Location | None:
    """The place of a line and column within a text that itself stands at `place`."""
    if place is None or place.line is None:
        return place
    first = place.column or 1
    return place.moved(place.line + line - 1, None if column is None else (column + first - 1 if line == 1 else column))


def unknown_table(graph: Graph, name: str, **known: Any) -> LdpError:
    """LDP-2003 with the nearest dataset of the pipeline."""
    from ldp_jupyter.names import did_you_mean

    table = split_name(name)[-1]
    datasets = [graph.shown(n) for n in graph.nodes]
    hint = (
        did_you_mean(name, datasets)
        or did_you_mean(table, datasets)
        or "it is neither declared in the pipeline nor in the catalog"
    )
    return LdpError("LDP-2003", f'unknown table "{name}"', hint=hint, **known)
