"""The companion inside Spark's JVM, called from Python: plans, tables, sessions, journals.

Every function needs a session that was started or attached with the companion's JAR.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.settings import is_local

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery
    from pyspark.sql.types import DataType, StructType

EXTENSION = "org.apache.spark.sql.ldp.LdpExtensions"
"""What goes into ``spark.sql.extensions``, after Delta's own."""
CATALOG = "org.apache.spark.sql.ldp.LdpCatalog"
"""The class of ``spark.sql.catalog.<name>``."""
WAREHOUSE_SETTING = "spark.ldp.warehouse"
EVENT_LOG_SETTING = "spark.ldp.eventlog"
"""The folder of the event log; with ``.<name or id>`` behind it, that of one pipeline."""
PIPELINES_SETTING = "spark.ldp.pipelines"
"""The folder that has one folder for each pipeline: `cloud_files_state` looks into the checkpoints there."""
ABSENT_SOURCES = "spark.ldp.absentSources"
"""Whether a source without its connector is analysed all the same, as its columns."""
KEPT_COLUMNS = "spark.ldp.columns"
"""Where columns that streams of files were found to have are kept: `folder` while a flow runs, else those `known`."""
KIND_PROPERTY = "ldp.kind"

_PACKAGE = "org.apache.spark.sql.ldp."


class SqlSyntaxError(Exception):
    """Text that Spark cannot parse.

    Parameters:
        message: Spark's sentence.
        line: 1-based line within the text.
        column: 1-based column.
    """

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Reference:
    """One place of a query where a table is named.

    Parameters:
        parts: the name as written, without quotes.
        streaming: read by STREAM.
        options: from WITH (...); and `versionAsOf` or `timestampAsOf`.
        start: first character of the name in the text.
        stop: the character after its last one.
        temporary: whether a temporary view of the session has the name.
    """

    parts: tuple[str, ...]
    streaming: bool
    options: dict[str, str]
    start: int
    stop: int
    temporary: bool = False


@dataclass(frozen=True)
class StreamSource:
    """One source of a streaming query.

    Parameters:
        kind: ``delta``, ``files``, ``dataset`` (a dataset's shape, its name in the place of a path) or ``other``.
        table_id: id of a Delta table.
    """

    kind: str
    format: str
    path: str | None
    options: dict[str, str]
    table_id: str | None = None


@dataclass(frozen=True)
class StreamingPlan:
    """What about a streaming query decides how Spark can run it.

    Parameters:
        aggregates: streaming rows are grouped, or made distinct.
        watermark: a watermark stands somewhere in it.
        set_operation: ``EXCEPT`` or ``INTERSECT`` over a stream.
        user_state: functions of the user keep state, and may have timers.
    """

    aggregates: bool
    watermark: bool
    set_operation: str | None
    user_state: bool


@dataclass(frozen=True)
class TableInfo:
    """What the log of a Delta table says.

    Parameters:
        timestamp: of the version, in milliseconds.
        schema: Spark's JSON of the schema.
        num_records: None where a file has no statistics.
    """

    id: str
    version: int
    timestamp: int
    schema: str
    description: str | None
    properties: dict[str, str]
    partition_columns: list[str]
    clustering_columns: list[str]
    num_files: int
    size_in_bytes: int
    num_records: int | None


@dataclass(frozen=True)
class TableInput:
    """A Delta table that a batch query reads, at its newest version or the one that the query asks for."""

    path: str
    id: str
    version: int
    pinned: bool


@dataclass(frozen=True)
class BatchInputs:
    """What a batch query depends on.

    Parameters:
        fingerprint: SHA-256 of the query; the same in another process and for other versions of the tables.
        deterministic: the same versions must give the same rows.
        reasons: why not.
        other: what has no version: ``{"kind", "format", "paths"}``.
        datasets: names of the pipeline's tables among them, as given or as their shapes say.
        generated: rows that ranges make.
    """

    fingerprint: str
    deterministic: bool
    reasons: list[str]
    tables: list[TableInput]
    other: list[dict[str, Any]] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    generated: int = 0


@dataclass(frozen=True)
class Shape:
    """What a query is, without running it.

    Parameters:
        lenient: whether it casts text in a way that gives NULL for what does not fit, and fails under ANSI mode.
        sources: what a stream reads; None where it was not asked for or cannot be told.
        inputs: what a batch reads, likewise; datasets by their names.
    """

    streaming: bool
    schema: StructType
    lenient: bool
    sources: list[StreamSource] | None
    inputs: BatchInputs | None


@dataclass(frozen=True)
class Query:
    """A statement that Spark parsed once.

    Parameters:
        kind: ``query``, or the class name of the statement's plan.
        references: all tables that it names, in the order of the text; names of its WITH and table functions are left
            out.
    """

    kind: str
    references: list[Reference]
    _spark: SparkSession
    _parsed: Any

    def bind(
        self, replacements: Mapping[int, DataFrame], names: Mapping[int, Sequence[str]] | None = None
    ) -> DataFrame:
        """Its frame, in which some tables are frames; Spark resolves the others.

        Parameters:
            replacements: by the place of the reference in `references`.
            names: full names by place, where columns may be qualified by more parts than the text has.

        Raises:
            pyspark.errors.AnalysisException: Spark cannot resolve the query.
        """
        frames = {place: frame._jdf for place, frame in replacements.items()}
        full = json.dumps({str(place): list(parts) for place, parts in (names or {}).items()})
        return frame_of(self._spark, self._parsed.bind(frames, full))


def parse(spark: SparkSession, sql: str, args: Mapping[str, Any] | Sequence[Any] | None = None) -> Query:
    """A statement, parsed by the session's own parser.

    Raises:
        SqlSyntaxError: the text cannot be parsed.
    """
    parsed = call(spark, "ParsedQuery", "of", spark._jsparkSession, sql, _arguments(args))
    answer = _answer(parsed.describe())
    references = [Reference(**{**found, "parts": tuple(found["parts"])}) for found in answer["references"]]
    return Query(answer["kind"], references, spark, parsed)


def sql_kind(spark: SparkSession, sql: str) -> str:
    """``query``, or the class name of the statement's plan.

    Raises:
        SqlSyntaxError: the text cannot be parsed.
    """
    return parse(spark, sql).kind


def temporary_views(spark: SparkSession) -> int:
    """How many temporary views the session has."""
    return int(call(spark, "Queries", "temporaryViews", spark._jsparkSession))


def is_temporary_view(spark: SparkSession, name: str) -> bool:
    """Whether the session has a temporary view of this name."""
    return bool(call(spark, "Queries", "isTemporaryView", spark._jsparkSession, name))


def empty(spark: SparkSession, schema: StructType | str, streaming: bool, dataset: str | None = None) -> DataFrame:
    """A frame without rows.

    Parameters:
        schema: Spark's type, or its JSON.
        dataset: name of the dataset that it stands for.
    """
    text = schema if isinstance(schema, str) else schema.json()
    return frame_of(spark, call(spark, "Queries", "empty", spark._jsparkSession, text, streaming, dataset))


def named(df: DataFrame, parts: Sequence[str]) -> DataFrame:
    """The frame with the name of a table before its columns: they answer to `table.column`, too."""
    spark = df.sparkSession
    return frame_of(spark, call(spark, "Queries", "named", df._jdf, list(parts)))


def shape(df: DataFrame, *, reads: bool = False) -> Shape:
    """What a query is, in one call; `df.schema` needs none afterwards.

    Parameters:
        reads: tell `sources` or `inputs`, too.
    """
    from pyspark.sql.types import StructType

    found = json.loads(call(df.sparkSession, "Shapes", "of", df._jdf, reads))
    found["schema"] = StructType.fromJson(json.loads(found["schema"]))
    df.__dict__.setdefault("schema", found["schema"])  # a cached property
    if found["sources"] is not None:
        found["sources"] = [StreamSource(**source) for source in found["sources"]]
    if found["inputs"] is not None:
        found["inputs"] = _batch_inputs(found["inputs"])
    return Shape(**found)



def expression(spark: SparkSession, text: str) -> Column:
    """A Column of SQL text; pyspark's own `expr` also asks the JVM where it was called."""
    from pyspark.sql.classic.column import Column

    return Column(call(spark, "Conditions", "column", text))


def column_types(df: DataFrame, texts: Sequence[str]) -> list[DataType]:
    """Types of SQL expressions over a frame, in one call.

    Raises:
        pyspark.errors.AnalysisException: Spark cannot resolve one of them.
    """
    from pyspark.sql.types import StructType

    found = call(df.sparkSession, "Conditions", "types", df._jdf, json.dumps(list(texts)))
    return [column.dataType for column in StructType.fromJson(json.loads(found)).fields]


def stream_refusal(df: DataFrame, output_mode: str) -> Exception | None:
    """Why Spark would refuse to start this streaming query, None when it would start it.

    Spark itself looks only when a query starts; its check needs no more than the plan.

    Parameters:
        output_mode: ``append``, ``complete`` or ``update``.
    """
    from py4j.java_gateway import JavaClass
    from pyspark.errors import AnalysisException

    client = df.sparkSession.sparkContext._gateway._gateway_client
    mode = getattr(JavaClass("org.apache.spark.sql.streaming.OutputMode", client), output_mode.capitalize())()
    checker = JavaClass("org.apache.spark.sql.catalyst.analysis.UnsupportedOperationChecker", client)
    try:
        checker.checkForStreaming(df._jdf.queryExecution().analyzed(), mode)
    except AnalysisException as refusal:
        why: Exception = refusal
        return why
    return None


def stream_sources(df: DataFrame) -> list[StreamSource]:
    """What a streaming frame reads, in the order in which its checkpoint numbers the sources."""
    return [StreamSource(**source) for source in json.loads(call(df.sparkSession, "StreamSources", "of", df._jdf))]


def streaming_plan(df: DataFrame) -> StreamingPlan:
    """What about a streaming frame decides how Spark can run it; asked once for each frame."""
    known: StreamingPlan | None = df.__dict__.get("_ldp_streaming_plan")
    if known is None:
        known = StreamingPlan(**json.loads(call(df.sparkSession, "StreamingPlans", "of", df._jdf)))
        df.__dict__["_ldp_streaming_plan"] = known
    return known


class ProgressFeed:
    """The progress of streaming queries as they make it; open it before the query starts.

    Parameters:
        spark: the session in which the query starts.
    """

    def __init__(self, spark: SparkSession) -> None:
        self._feed = call(spark, "ProgressFeed", "open", spark._jsparkSession)

    def close(self) -> None:
        self._feed.close()

    def of(self, query: StreamingQuery) -> Iterator[dict[str, Any]]:
        """Each progress of the query until its end; waits for the next one."""
        while (text := self._feed.next(query._jsq)) is not None:
            yield json.loads(text)


def table_versions(spark: SparkSession, paths: Sequence[str]) -> list[int | None]:
    """Newest versions of the Delta tables in these folders, None where there is no table; one call for all."""
    return list(json.loads(call(spark, "DeltaTables", "versions", spark._jsparkSession, json.dumps(list(paths)))))


def table_info(spark: SparkSession, paths: Sequence[str]) -> list[TableInfo | None]:
    """What the logs of the Delta tables in these folders say, None where there is no table; one call for all."""
    found = json.loads(call(spark, "DeltaTables", "info", spark._jsparkSession, json.dumps(list(paths))))
    return [TableInfo(**info) if info else None for info in found]


def batch_inputs(df: DataFrame, datasets: Mapping[str, str] | None = None) -> BatchInputs:
    """What a batch frame reads, and whether the same versions of it must give the same rows.

    Parameters:
        datasets: names by the folders of their tables: with them the fingerprint is that of the same query over shapes.
    """
    return _batch_inputs(json.loads(call(df.sparkSession, "BatchInputs", "of", df._jdf, json.dumps(datasets or {}))))


def _batch_inputs(found: dict[str, Any]) -> BatchInputs:
    return BatchInputs(**{**found, "tables": [TableInput(**table) for table in found["tables"]]})


def at_versions(df: DataFrame, versions: Mapping[str, int]) -> DataFrame:
    """A batch frame that reads some Delta tables at a version, by path; those that it asks at a version itself stay."""
    return frame_of(df.sparkSession, call(df.sparkSession, "FixedVersions", "of", df._jdf, json.dumps(dict(versions))))


def flush_journal(spark: SparkSession, table_path: str, journal_path: str, journal_id: str | None = None) -> int:
    """Appends the lines of a journal that its table lacks; without new lines no Spark job runs.

    Parameters:
        journal_id: tells it from journals of other machines, where the table has lines of several.

    Returns:
        The version of the table afterwards.
    """
    return int(call(spark, "Journal", "flush", spark._jsparkSession, table_path, journal_path, journal_id))


def prepare_session(spark: SparkSession, warehouse: str, catalog: str | None = None, schema: str | None = None) -> None:
    """Gives a session its warehouse, and its current and default catalog and schema."""
    call(spark, "Sessions", "prepare", spark._jsparkSession, warehouse, catalog, schema)


def go_to(spark: SparkSession, catalog: str, schema: str) -> None:
    """Goes to a catalog and schema, unless the session stands there."""
    call(spark, "Sessions", "goTo", spark._jsparkSession, catalog, schema)


def without_python_sources(spark: SparkSession) -> None:
    """Tells the JVM that no installed package brings a data source: else Spark starts Python to look for one."""
    call(spark, "Sessions", "withoutPythonSources")


def activate(spark: SparkSession) -> None:
    """Makes a session that of the calling thread in the JVM."""
    call(spark, "Sessions", "activate", spark._jsparkSession)


def clone_session(spark: SparkSession) -> SparkSession:
    """A clone of a session that also stands in its current catalog and schema, usable on any thread."""
    return _session(spark, call(spark, "Sessions", "copy", spark._jsparkSession))


def has_class(spark: SparkSession, name: str) -> bool:
    """Whether the JVM has a class."""
    return bool(call(spark, "Connectors", "has", name))


def add_jars(spark: SparkSession, paths: Sequence[str]) -> None:
    """Gives the running JVM, and the tasks of its Spark, further JARs."""
    call(spark, "Connectors", "add", spark._jsparkSession, list(paths))


def function_names(spark: SparkSession) -> list[str]:
    """Names of Spark's functions and of those registered in the session."""
    listed = spark._jsparkSession.sessionState().functionRegistry().listFunction()
    return sorted({str(name.funcName()) for name in spark._jvm.scala.jdk.javaapi.CollectionConverters.asJava(listed)})


def attach(spark: SparkSession, jar_path: str) -> SparkSession:
    """A session with the companion, from one whose JVM was started without it.

    The session given stays as it was. Delta must be configured in it.

    Raises:
        RuntimeError: the JVM does not take further JARs.
    """
    jvm = spark._jvm
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    if not hasattr(loader, "addURL"):
        raise RuntimeError("this JVM takes no further JARs: start Spark with the companion's JAR on its class path")
    loader.addURL(jvm.java.io.File(jar_path).toURI().toURL())
    context = spark.sparkContext
    if not is_local(context.master):
        context._jsc.addJar(jar_path)  # for the executors
    return _session(spark, call(spark, "Sessions", "attach", spark._jsparkSession))


def call(spark: SparkSession, tool: str, method: str, *arguments: Any) -> Any:
    """Call a static method of the companion, by one message: its name's parts are not looked up first."""
    from py4j.java_gateway import JavaMember
    from py4j.protocol import STATIC_PREFIX

    client = spark.sparkContext._gateway._gateway_client
    return JavaMember(method, None, STATIC_PREFIX + _PACKAGE + tool, client)(*arguments)


def _answer(text: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(text)
    if "error" in values:
        error = values["error"]
        raise SqlSyntaxError(error["message"], error["line"], error["column"])
    return values


def _arguments(args: Mapping[str, Any] | Sequence[Any] | None) -> dict[str, Any] | None:
    if not args:
        return None
    from pyspark.sql import functions

    named = args.items() if hasattr(args, "items") else ((str(place), value) for place, value in enumerate(args))
    return {name: functions.lit(value)._jc for name, value in named}


def new(spark: SparkSession, tool: str, *arguments: Any) -> Any:
    """An object of a class of the companion."""
    from py4j.java_gateway import JavaClass

    return JavaClass(_PACKAGE + tool, spark.sparkContext._gateway._gateway_client)(*arguments)


def frame_of(spark: SparkSession, jdf: Any) -> DataFrame:
    """The DataFrame for one of the JVM."""
    from pyspark.sql import DataFrame

    return DataFrame(jdf, spark)


def _session(spark: SparkSession, jsession: Any) -> SparkSession:
    from pyspark.sql import SparkSession

    return SparkSession(spark.sparkContext, jsession)
