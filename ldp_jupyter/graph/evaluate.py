"""Evaluate a flow's query into a DataFrame; reads of tables are answered by `Frames`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from ldp_jupyter.context import Context, using
from ldp_jupyter.declarations import CdcSpec, PythonQuery, SnapshotSpec, SqlQuery
from ldp_jupyter.errors import LdpError
from ldp_jupyter.errors.hints import syntax_hint
from ldp_jupyter.graph.notices import Notices
from ldp_jupyter.names import Name, split_name
from ldp_jupyter.sources.failures import table_by_hand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.declarations import Flow, Location
    from ldp_jupyter.graph.model import Graph, Node
    from ldp_jupyter.names import Namespace
    from ldp_jupyter.spark.bridge import Query


_PASSES_CHANGES = ("skipChangeCommits", "ignoreChanges", "readChangeFeed", "readChangeData")
_READ_KAFKA = re.compile(r"\bread_kafka\s*\(", re.IGNORECASE)
_READ_FILES = re.compile(r"\b(read_files|cloud_files)\s*\(", re.IGNORECASE)


class InputFailed(Exception):  # noqa: N818  (not an error of its own: an input has one)
    """A dataset that is read has a problem; the reader fails only because of it."""

    def __init__(self, problem: LdpError) -> None:
        super().__init__(problem.message)
        self.problem = problem


def input_failure(error: BaseException) -> InputFailed | None:
    """The failure of an input behind an exception, also where the source's own code wrapped it."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, InputFailed):
            return found
        seen.add(id(found))
        found = found.__cause__ or found.__context__
    return None


class Frames(Protocol):
    """Gives the DataFrame of a dataset of the pipeline to a flow that reads it."""

    shapes: bool
    """Whether these DataFrames have no rows."""

    def frame(
        self, node: Node, reading: Evaluation, *, streaming: bool, options: Mapping[str, str], reader: Any
    ) -> Any:
        """The dataset's rows (or, while planning, its shape without rows)."""

    def kept_columns(self, flow: Flow) -> Mapping[str, Any]:
        """Where columns are kept that the flow's streams of files were found to have, see `bridge.KEPT_COLUMNS`."""


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
        self._outside: set[Name] = set()
        # whether its code changed the session: settings, current schema, temporary views
        self.session_changed = False
        # inputs read as streams without an option that passes over changes
        self.streamed: list[Name] = []
        # where the last table was read, for errors that Spark reports without a place
        self.failed_reference: tuple[str, int] | None = None
        self.notices = Notices()

    @property
    def shapes(self) -> bool:
        """See `context.Resolver`."""
        return self.frames.shapes

    def read_table(self, name: str, *, streaming: bool, options: Mapping[str, str], reader: Any) -> Any:
        """See `context.Resolver`. Columns answer to the table's name before theirs, as those of Spark's tables."""
        from ldp_jupyter.spark import bridge

        parts = split_name(name)
        frame = self._frame(parts, streaming=streaming, options=options, reader=reader)
        return None if frame is None else bridge.named(frame, self.flow.namespace.qualify(parts).parts)

    def notice_action(self, key: str) -> None:
        """See `context.Resolver`."""
        self.notices.action(key)

    def notice_option(self, key: str, value: Any) -> None:
        """See `context.Resolver`."""
        self.notices.option(key, value)

    def need_source(self, name: str) -> None:
        """See `context.Resolver`. The columns are known without the connector."""
        if name.lower() == "cloudfiles":
            from ldp_jupyter.spark.bridge import KEPT_COLUMNS

            self.session.conf.set(KEPT_COLUMNS, json.dumps(self.frames.kept_columns(self.flow)))
        if not self.shapes:
            from ldp_jupyter.spark.connectors import provide

            provide(self.session, name)

    def run_sql(self, text: str, args: Any) -> Any:
        """See `context.Resolver`. Only queries and settings are allowed in a dataset function."""
        from ldp_jupyter.spark import bridge

        text = _completed(text, None)
        try:
            query = bridge.parse(self.session, text, args)
        except bridge.SqlSyntaxError as error:
            raise _syntax_problem(text, error, None) from None
        kind = query.kind
        if kind == "query":
            return self._bind(text, query)
        if kind in ("SetCommand", "SetNamespaceCommand", "SetCatalogCommand", "UseCommand") or kind.startswith(
            ("Describe", "Show")
        ):
            self.session_changed = True
            return None
        raise LdpError(
            "LDP-2012",
            f"spark.sql() in a dataset function takes queries only, not {text.split(None, 1)[0].upper()}",
            hint="declare tables in pipeline source; write nothing by hand",
        )

    def bind(self, text: str, place: Location | None = None) -> Any:
        """The DataFrame of a query text, the pipeline's datasets put in place of its table references.

        Parameters:
            place: where the text stands; syntax errors are told with it.
        """
        from ldp_jupyter.spark import bridge

        text = _completed(text, place)
        try:
            query = bridge.parse(self.session, text)
        except bridge.SqlSyntaxError as error:
            where = place_in(place, error.line, error.column)
            raise _syntax_problem(text, error, where) from None
        return self._bind(text, query)

    def _bind(self, text: str, query: Query) -> Any:
        if _READ_KAFKA.search(text):
            self.need_source("kafka")
        if _READ_FILES.search(text):
            self.need_source("cloudFiles")
        replacements: dict[int, Any] = {}
        for index, reference in enumerate(query.references):
            self.failed_reference = (text, reference.start)
            frame = self._frame(
                reference.parts,
                streaming=reference.streaming,
                options=reference.options,
                reader=None,
                temporary=reference.temporary,
            )
            if frame is not None:
                replacements[index] = frame
        self.failed_reference = None
        names = {place: self.flow.namespace.qualify(query.references[place].parts).parts for place in replacements}
        return query.bind(replacements, names)

    def _frame(
        self,
        parts: Any,
        *,
        streaming: bool,
        options: Mapping[str, str],
        reader: Any,
        temporary: bool | None = None,
    ) -> Any:
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
            form, path = parts[0].lower(), parts[1]
            if streaming and form != "delta":  # Spark would read it as a batch, and not say so
                raise LdpError(
                    "LDP-2007",
                    f"{form}.`{path}` cannot be read as a stream",
                    hint=f"write STREAM read_files('{path}', format => '{form}')",
                )
            self.external.append(f"{form}.`{path}`")
            return None
        if len(parts) == 1 and (self._has_temp_view(parts[0]) if temporary is None else temporary):
            return None  # a temporary view of the source's own making shadows, as in Spark
        node = self.graph.find(parts, self.flow.namespace)
        name = node.name if node is not None else self.flow.namespace.qualify(parts)
        if node is None:
            if parts[0].lower() == "live" and len(parts) == 2:
                raise unknown_table(self.graph, parts[-1])
            if name not in self._outside:
                self._outside.add(name)
                self.external.append(".".join(parts))
            return None
        if name not in self.inputs:
            self.inputs.append(name)
        if streaming and name not in self.streamed and not any(_is_on(options, o) for o in _PASSES_CHANGES):
            self.streamed.append(name)
        return self.frames.frame(node, self, streaming=streaming, options=options, reader=reader)

    def _has_temp_view(self, name: str) -> bool:
        from ldp_jupyter.spark import bridge

        return bridge.is_temporary_view(self.session, name)


def _is_on(options: Mapping[str, str], option: str) -> bool:
    return any(key.lower() == option.lower() and str(value).lower() == "true" for key, value in options.items())


def evaluate(evaluation: Evaluation, base: Context) -> Any:
    """Run the flow's query.

    Parameters:
        base: the pipeline's context.

    Returns:
        The DataFrame, streaming or batch as the query is.

    Raises:
        LdpError: with code LDP-2010 when a function returns something else; whatever user code or Spark raises.
    """
    from ldp_jupyter.spark import bridge

    flow, session = evaluation.flow, evaluation.session
    confs = {**base.confs, **flow.confs}
    context = base.but(
        namespace=flow.namespace,
        declarations=None,
        resolver=evaluation,
        get_session=lambda: session,
        confs=dict(confs),
    )
    with using(context):
        query = flow.query
        if isinstance(query, SqlQuery):
            evaluation.notices.sql(query)
            return _named(evaluation.bind(query.text, query.location), query)
        if isinstance(query, PythonQuery):
            views = bridge.temporary_views(session)
            try:
                frame = query.function()
            finally:
                evaluation.session_changed |= context.confs != confs or bridge.temporary_views(session) != views
            if not hasattr(type(frame), "isStreaming") or not hasattr(frame, "_jdf"):
                raise _no_frame(frame, flow.location)
            return frame
        if isinstance(query, CdcSpec):
            reader = session.read if flow.once else session.readStream
            return reader.options(**dict(query.source_options)).table(query.source)
        assert isinstance(query, SnapshotSpec)
        if isinstance(query.source, str):
            return session.read.table(query.source)
        raise LdpError("LDP-2023", "snapshots from a function are read when the flow runs", location=flow.location)


def _completed(text: str, place: Location | None) -> str:
    """The text in Spark's grammar; what is wrong with it is told with its place."""
    from ldp_jupyter.sql.relations import RelationProblem, complete_query

    try:
        return complete_query(text)
    except RelationProblem as problem:
        problem.location = place_in(place, *problem.at)
        raise


def _named(frame: Any, query: SqlQuery) -> Any:
    """The columns under the names that the dataset's column list gives them, by position as in Spark."""
    if not query.columns or tuple(frame.columns) == query.columns:
        return frame
    given, wanted = len(frame.columns), len(query.columns)
    if given != wanted:
        raise LdpError(
            "LDP-2020",
            f"the column list names {wanted} columns and the query gives {given}",
            hint=f"the query gives: {', '.join(frame.columns)}",
            location=query.location,
        )
    return frame.toDF(*query.columns)


def base_session(session: Any, configuration: Mapping[str, str], namespace: Namespace) -> Any:
    """A clone of the session with the pipeline's settings: what its flows' sessions are cloned from."""
    from ldp_jupyter.spark.bridge import ABSENT_SOURCES, clone_session

    mine = clone_session(session)
    for key, value in configuration.items():
        if not mine._jconf.contains(key) or mine.conf.isModifiable(key):
            mine.conf.set(key, value)
    mine.conf.set(ABSENT_SOURCES, "true")
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
    from ldp_jupyter.spark import bridge

    bridge.go_to(session, namespace.catalog, namespace.schema)


def _no_frame(given: Any, place: Location | None) -> LdpError:
    """LDP-2010 for what a dataset function returned."""
    kind = type(given).__name__
    hint = "return the DataFrame"
    if type(given).__module__.startswith("pandas"):
        kind, hint = f"pandas {kind}", "turn it into one of Spark's: spark.createDataFrame(...)"
    elif isinstance(given, str):
        hint = "return what spark.read.table(...) or spark.sql(...) gives, not its text"
    shown = "nothing" if given is None else f"a {kind}"
    return LdpError("LDP-2010", f"the function returned {shown}, not a Spark DataFrame", hint=hint, location=place)


def _syntax_problem(text: str, error: Any, place: Location | None) -> LdpError:
    hint = syntax_hint(text, error.line, error.column)
    return LdpError(
        "LDP-2001", f"SQL syntax: {_plain(error.message)}", hint=hint, location=place, detail=str(error)
    )


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
    elsewhere = graph.namespace.qualify(split_name(name)).catalog != graph.namespace.catalog
    hint = (
        did_you_mean(name, datasets)
        or (None if elsewhere else did_you_mean(table, datasets))
        or "it is neither declared in the pipeline nor in the catalog"
    )
    if elsewhere:
        hint += "; " + table_by_hand(name, graph.namespace)
    return LdpError("LDP-2003", f'unknown table "{name}"', hint=hint, **known)
