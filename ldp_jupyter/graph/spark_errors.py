"""Spark's analysis errors in our words: unknown table, unknown column, with the place in the source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import SqlQuery
from ldp_jupyter.errors import LdpError
from ldp_jupyter.errors.hints import condition_hint, syntax_hint
from ldp_jupyter.graph.evaluate import place_in, unknown_table
from ldp_jupyter.names import Name, did_you_mean
from ldp_jupyter.project.local_paths import PATH_SETTING, ROOT_SETTING, platform_prefix
from ldp_jupyter.sources.failures import source_problem, user_location
from ldp_jupyter.sources.near_names import frame_attribute

if TYPE_CHECKING:
    from ldp_jupyter.declarations import Location
    from ldp_jupyter.graph.evaluate import Evaluation
    from ldp_jupyter.names import Namespace

_FORMATS = ("json", "csv", "parquet", "text", "orc", "avro", "xml", "binaryFile", "delta", "cloudFiles", "rate")
VENDOR_FUNCTIONS = frozenset(
    {"read_kinesis", "read_pulsar", "http_request", "vector_search"}
)
_AUTO_LOADER = {
    "Auto Loader needs the option cloudFiles.format": 'for example .option("cloudFiles.format", "json")',
}
_STREAM = re.compile(r"STREAM\s*\(\s*|STREAM\s+", re.IGNORECASE)
_TABLE = ("TABLE_OR_VIEW_NOT_FOUND", "TABLE_NOT_FOUND", "VIEW_NOT_FOUND", "DELTA_TABLE_NOT_FOUND")


def evaluation_problem(error: BaseException, evaluation: Evaluation, dataset: str) -> LdpError:
    """What went wrong while a flow's query was evaluated.

    Parameters:
        dataset: shown name of the dataset whose flow it is.
    """
    flow = evaluation.flow
    if isinstance(error, LdpError):
        error.dataset = error.dataset or dataset
        if error.location is None:
            error.location = _reference_place(evaluation) or user_location(error) or _query_place(evaluation)
        return error
    condition = _condition(error)
    if condition is None and hasattr(error, "java_exception"):
        error = JavaProblem(error)
        condition = error.getCondition()
    if condition is None:
        return source_problem(error, "LDP-2009", dataset=dataset, location=flow.location)
    place = _place(error, evaluation)
    parameters = _parameters(error)
    message = first_sentence(str(error))
    if condition.startswith(_TABLE):
        name = _unquoted(parameters.get("relationName") or parameters.get("tableName") or "")
        problem = unknown_table(
            evaluation.graph, _short(evaluation, name), dataset=dataset, location=place, detail=str(error)
        )
        if isinstance(flow.query, SqlQuery) and not (problem.hint or "").startswith("did you mean"):
            names = re.findall(r"(\w+)\s+AS\s*\(", flow.query.text, re.IGNORECASE)  # of its WITH
            problem.hint = did_you_mean(_short(evaluation, name), names) or problem.hint
        return problem
    if condition.startswith("ATTRIBUTE_NOT_SUPPORTED"):
        return _unknown_attribute(error, dataset, place)
    told = _told(error, condition, evaluation.session, dataset=dataset, location=place, detail=str(error))
    if told is not None:
        return told
    if condition.startswith("PATH_NOT_FOUND") and parameters.get("path"):
        return missing_files(parameters["path"], evaluation, dataset=dataset, location=place, detail=str(error))
    if condition.startswith("FAILED_READ_FILE"):
        message = f"{message}{_java_cause(error)}"
    scheme = _unreached_storage(error)
    if scheme is not None:
        return _no_storage(scheme, dataset=dataset, location=place, detail=str(error))
    hint = condition_hint(condition) or _AUTO_LOADER.get(message.split(":")[0])
    return LdpError("LDP-2015", message, hint=hint, dataset=dataset, location=place, detail=str(error))


class JavaProblem(Exception):  # noqa: N818  (it dresses an exception of the JVM that pyspark does not know)
    """An exception of the JVM that pyspark left as it came, with the methods that pyspark's own have."""

    def __init__(self, error: Any) -> None:
        self.java = error.java_exception
        super().__init__(str(self.java.getMessage() or self.java.toString()))
        self.__traceback__ = error.__traceback__

    def getCondition(self) -> str:  # noqa: N802  (as pyspark names it)
        """Spark's error class, empty where the exception has none."""
        try:
            return str(self.java.getCondition() or "")
        except Exception:
            return ""

    def getMessageParameters(self) -> dict[str, str]:  # noqa: N802
        """Parts of the message."""
        try:
            return dict(self.java.getMessageParameters())
        except Exception:
            found = re.search(r"data source: ([^\s.]+)", str(self))
            return {"provider": found[1]} if found else {}


def _told(error: Any, condition: str, session: Any, **known: Any) -> LdpError | None:
    """A problem for what Spark does not know or cannot parse, None for another error."""
    parameters = _parameters(error)
    if condition.startswith(("UNRESOLVED_COLUMN", "FIELD_NOT_FOUND")):
        name = _unquoted(parameters.get("objectName") or parameters.get("fieldName") or "")
        proposals = [_unquoted(p) for p in (parameters.get("proposal") or "").split(", ") if p]
        hint = did_you_mean(name, proposals) or did_you_mean(name.split(".")[-1], proposals)
        if hint is None and proposals:
            hint = f"its input has: {', '.join(proposals)}"
        return LdpError("LDP-2004", f'unknown column "{name}"', hint=hint, **known)
    if condition.startswith("UNRESOLVED_USING_COLUMN_FOR_JOIN"):
        name = _unquoted(parameters.get("colName") or "")
        columns = [_unquoted(c) for c in (parameters.get("suggestion") or "").split(", ") if c]
        hint = did_you_mean(name, columns) or f"that side has: {', '.join(columns)}"
        message = f'unknown column "{name}" on the {parameters.get("side", "other")} side of the join'
        return LdpError("LDP-2004", message, hint=hint, **known)
    if condition.startswith("PARSE_SYNTAX_ERROR"):
        return LdpError("LDP-2001", f"SQL syntax: {first_sentence(str(error))}", hint=syntax_hint(str(error)), **known)
    if condition.startswith(("UNRESOLVED_ROUTINE", "UNRESOLVABLE_TABLE_VALUED_FUNCTION")):
        name = _unquoted(parameters.get("routineName") or parameters.get("name") or "")
        return LdpError("LDP-2015", f'unknown function "{name}"', hint=function_hint(session, name), **known)
    if condition.startswith("SCHEMA_NOT_FOUND"):
        name = _unquoted(parameters.get("schemaName") or "")
        return LdpError("LDP-2015", f'unknown schema "{name}"', hint=f"by hand: CREATE SCHEMA {name}", **known)
    if condition.startswith("DATA_SOURCE_NOT_FOUND"):
        name = _unquoted(parameters.get("provider") or "")
        hint = did_you_mean(name, _FORMATS) or f"formats: {', '.join(_FORMATS)}; others need a package"
        return LdpError("LDP-2015", f'unknown format "{name}"', hint=hint, **known)
    return None


def statement_problem(error: BaseException, session: Any, namespace: Namespace) -> LdpError:
    """What is wrong with a statement that a user gave by hand, and that Spark does not run.

    Parameters:
        namespace: names of tables are shown as it shows them.
    """
    condition = _condition(error)
    if condition is None:  # pyspark knows no class for it
        return LdpError("LDP-2015", first_sentence(_innermost(java_exception(error)) or str(error)), detail=str(error))
    if condition.startswith(_TABLE):
        parameters = _parameters(error)
        name = _unquoted(parameters.get("relationName") or parameters.get("tableName") or "")
        last, tables = name.split(".")[-1], _tables(session, namespace)
        same = next((table for table in tables if table.split(".")[-1].lower() == last.lower()), None)
        hint = did_you_mean(name, tables) or did_you_mean(last, tables) or "SHOW TABLES lists those that are there"
        hint = f'did you mean "{same}"?' if same else hint
        return LdpError("LDP-2003", f'unknown table "{name}"', hint=hint, detail=str(error))
    if condition.startswith("UNSUPPORTED_FEATURE.TABLE_OPERATION") and "constraint" in str(error):
        return LdpError(
            "LDP-2023",
            "CREATE TABLE takes no constraints here",
            hint="leave PRIMARY KEY and FOREIGN KEY out, they check nothing; a CHECK by ALTER TABLE t ADD CONSTRAINT",
            detail=str(error),
        )
    told = _told(error, condition, session, detail=str(error))
    return told or LdpError(
        "LDP-2015", first_sentence(str(error)), hint=condition_hint(condition), detail=str(error)
    )


def _innermost(java: Any) -> str | None:
    """The message of what stands last behind an exception of the JVM."""
    message = None
    while java is not None:
        message = str(java.getMessage() or "") or message
        java = java.getCause()
    return message


def _tables(session: Any, namespace: Namespace) -> list[str]:
    """Names of all tables and views of the catalog, and of temporary views."""
    try:
        listed = session.sql("SELECT table_catalog, table_schema, table_name FROM system.information_schema.tables")
        stored = [namespace.shown(Name(*row)) for row in listed.collect()]
    except Exception:  # a session of the user's own has no such catalog
        stored = []
    return stored + [table.name for table in session.catalog.listTables() if table.isTemporary]


def java_exception(error: BaseException) -> Any:
    """The exception of the JVM that pyspark has dressed, None for another error."""
    return getattr(error, "java_exception", None) or getattr(error, "_origin", None)


def _java_cause(error: BaseException) -> str:
    """What stands behind an exception of the JVM, as the end of a sentence; empty where nothing does."""
    java = java_exception(error) or getattr(error, "java", None)
    try:
        cause = java.getCause().getMessage() if java is not None else None
    except Exception:
        return ""
    return f": {first_sentence(str(cause))}" if cause else ""


def function_hint(session: Any, name: str) -> str:
    """What an unknown function may be: one of the vendor's, one to register, or a near name."""
    if name.lower().startswith("ai_") or name.lower() in VENDOR_FUNCTIONS:
        return "it is a function of the vendor's runtime: Spark here does not have it"
    from ldp_jupyter.spark.bridge import function_names

    near = did_you_mean(name, function_names(session))
    return near or "register it in a Python source: spark.udf.register(name, function)"


def _unknown_attribute(error: Any, dataset: str, place: Location | None) -> LdpError:
    """`df.name` where the DataFrame has neither a column nor a method of that name."""
    found = frame_attribute(error)
    if found is None:
        return LdpError("LDP-2009", first_sentence(str(error)), dataset=dataset, location=place, detail=str(error))
    name, frame = found
    methods = [m for m in dir(type(frame)) if not m.startswith("_")]
    hint = did_you_mean(name, [*frame.columns, *methods]) or f"its columns: {', '.join(frame.columns)}"
    message = f'the DataFrame has no column or method "{name}"'
    return LdpError("LDP-2004", message, hint=hint, dataset=dataset, location=place, detail=str(error))


def _unreached_storage(error: BaseException) -> str | None:
    """The scheme of paths for which this Spark has no file system, None for another error."""
    text = str(error)
    found = re.search(r'No FileSystem for scheme "?(\w+)"?', text)
    lacking = re.search(r"org\.apache\.hadoop\.fs\.(s3a|azurebfs|adl|gs)\.\w+ not found", text)
    if found is None and lacking is None:
        return None
    return found[1] if found else {"azurebfs": "abfss"}.get(lacking[1], lacking[1])  # type: ignore[index]


def _no_storage(scheme: str, **known: Any) -> LdpError:
    """LDP-2024 for a storage that is not reached from here."""
    sample = "dbfs:/FOLDER=DIR" if scheme == "dbfs" else f"{scheme}://BUCKET=DIR"
    hint = f'say which folder here has the files: --set "{PATH_SETTING}{sample}", or so in the configuration'
    return LdpError("LDP-2024", f"files of {scheme}: cannot be reached from here", hint=hint, **known)


def missing_files(path: str, evaluation: Evaluation, **known: Any) -> LdpError:
    """LDP-2024, with the setting that maps a path of the platform to a folder here."""
    plain = re.sub(r"^file:/+", "/", path)
    entries = {k: v for k, v in evaluation.session.conf.getAll.items() if k.startswith(PATH_SETTING)}
    entry = next((k for k, v in entries.items() if plain == v or plain.startswith(v.rstrip("/") + "/")), None)
    folder, plain = _in_project(plain, evaluation.session.conf.get(ROOT_SETTING, ""))
    prefix = platform_prefix(plain)
    if prefix is not None and plain.startswith("dbfs:"):
        prefix = "dbfs:" + prefix
    if entry is not None:
        hint = f"the setting {entry} says that they lie there"
    elif prefix is not None:
        hint = f'say which folder here has them: --set "{PATH_SETTING}{prefix}=FOLDER", or so in the configuration'
        if folder is not None:
            hint = f"put files into {folder} of the project, or {hint}"
    else:
        hint = "put files there, or read another folder"
    return LdpError("LDP-2024", f"no files at {plain}", hint=hint, **known)


def _in_project(path: str, root: str) -> tuple[str | None, str]:
    """The project's folder for a volume or a path of DBFS, and the path as source names it."""
    inside = path.removeprefix(root) if root else ""
    if inside.startswith("/Volumes/"):
        return inside[1:], inside
    if inside.startswith("/dbfs/"):
        return inside[1:], "dbfs:/" + inside.removeprefix("/dbfs/")
    return None, path


def first_sentence(text: str) -> str:
    """Spark's message without its class, SQLSTATE, plan and position lines."""
    lines = []
    for line in text.strip().splitlines():
        if re.match(r"\s*(== |'?[A-Z]\w+ \[|'[A-Z]\w+|[+:]- |JVM stacktrace|line \d+, pos)", line):
            break
        lines.append(line.strip())
    sentence = " ".join(line for line in lines if line)
    sentence = re.sub(r"^\[[A-Z0-9_.]+\]\s*", "", sentence)
    sentence = re.sub(r"\s*Verify the spelling and correctness of the (schema|catalog)\b.*$", "", sentence)
    sentence = re.sub(r"\s*SQLSTATE:\s*\w+\s*;?", "", sentence)
    sentence = re.sub(r"\s*;?\s*line \d+ pos \d+;?\s*$", "", sentence)
    sentence = re.sub(r"\s*\(?line \d+,? pos \d+\)?.*$|\s*;?\s*~\w+ \[.*$", "", sentence)
    return sentence.strip().rstrip(";").strip() or text.strip().splitlines()[0]


def _condition(error: BaseException) -> str | None:
    """Spark's error class, if the error is one of Spark's."""
    getter = getattr(error, "getCondition", None) or getattr(error, "getErrorClass", None)
    if getter is None:
        return None
    try:
        return getter() or ("" if type(error).__module__.startswith("pyspark.errors") else None)
    except Exception:
        return ""


def _parameters(error: Any) -> dict[str, str]:
    try:
        return dict(error.getMessageParameters() or {})
    except Exception:
        return {}


def _place(error: Any, evaluation: Evaluation) -> Location | None:
    """The position that Spark names within the SQL text, else the user's frame, else the declaration."""
    query = evaluation.flow.query
    if isinstance(query, SqlQuery):
        offset = None
        try:
            for context in error.getQueryContext() or []:
                if context.startIndex() >= 0 and context.fragment():
                    offset = context.startIndex()
                    break
        except Exception:
            offset = None
        if offset is not None and 0 <= offset < len(query.text):
            from ldp_jupyter.sql.text import position

            if (stream := _STREAM.match(query.text, offset)) and (_condition(error) or "").startswith(_TABLE):
                offset = stream.end()
            return place_in(query.location, *position(query.text, offset))
        match = re.search(r"line (\d+),? pos (\d+)", str(error))
        if match:
            return place_in(query.location, int(match[1]), int(match[2]) + 1)
        return query.location
    return user_location(error) or evaluation.flow.location


def _reference_place(evaluation: Evaluation) -> Location | None:
    query, failed = evaluation.flow.query, evaluation.failed_reference
    if failed is None or not isinstance(query, SqlQuery) or failed[0] != query.text:
        return None
    from ldp_jupyter.sql.text import position

    stream = _STREAM.match(query.text, failed[1])
    return place_in(query.location, *position(query.text, stream.end() if stream else failed[1]))


def _query_place(evaluation: Evaluation) -> Location | None:
    query = evaluation.flow.query
    return query.location if isinstance(query, SqlQuery) else evaluation.flow.location


def _unquoted(name: str) -> str:
    return name.replace("`", "").strip()


def _short(evaluation: Evaluation, name: str) -> str:
    """The name as the user wrote it: without the default catalog and schema that Spark adds."""
    namespace = evaluation.flow.namespace
    for prefix in (f"{namespace.catalog}.{namespace.schema}.", f"{namespace.catalog}."):
        if name.lower().startswith(prefix.lower()):
            return name[len(prefix) :]
    return name
