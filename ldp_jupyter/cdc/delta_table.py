"""A Delta table by path: what is asked for at each batch, from its log and without a Spark job.

Planning a scan of a small Delta table costs more than reading it: Delta computes the table's state and looks for files
by Spark jobs of their own, again for every scan. The checksum beside the newest commit lists the files of a table that
has few; so the storage, which is read several times right after it was written, is read by these files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

# How far back to look for a commit of ours when others (compaction, a property) have followed it.
_COMMITS_BACK = 5
# Up to so many files are read by name: Spark lists more of them by a job.
FILES_BY_NAME = 32
_MAPPING = "delta.columnMapping.mode"


@dataclass(frozen=True)
class DataFile:
    """A file of a table with its statistics (``minValues``, ``maxValues``, ...)."""

    name: str
    statistics: Mapping[str, Any]

    def may_hold(self, column: str, value: int) -> bool:
        """Whether a row with this value can be in the file."""
        least = self.statistics.get("minValues", {}).get(column)
        greatest = self.statistics.get("maxValues", {}).get(column)
        return least is None or greatest is None or least <= value <= greatest


@dataclass(frozen=True)
class TableState:
    """A table as of its newest version.

    Parameters:
        version: -1 when there is no such table.
        files: number of data files, None when only a Spark job could tell.
        data_files: the files, when they are few and can be read as they are.
        transactions: the newest version that each ``txnAppId`` has committed; empty unless asked for.
    """

    version: int
    schema: StructType
    properties: Mapping[str, str]
    files: int | None
    data_files: tuple[DataFile, ...] | None = None
    transactions: Mapping[str, int] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        return self.version >= 0


def _log(session: SparkSession, path: str) -> Any:
    return session._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(session._jsparkSession, path)


def _newest(session: SparkSession, log: Any) -> Any:
    none = session._jvm.scala.Option.empty()
    may_be_stale = False
    return log.update(may_be_stale, none, none)


def table_state(
    session: SparkSession, path: str, *, list_files: bool = False, list_transactions: bool = False,
) -> TableState:
    """Version, schema, properties and number of files; on request the files, if they are few, and transactions."""
    from pyspark.sql.types import StructType

    snapshot = _newest(session, _log(session, path))
    metadata = snapshot.metadata()
    if snapshot.version() < 0:
        return TableState(-1, StructType([]), {}, None)
    # A dict: py4j's map has None for what it lacks, whatever the default asked for.
    properties = dict(session._jvm.scala.jdk.javaapi.CollectionConverters.asJava(metadata.configuration()))
    checksum = snapshot.checksumOpt()
    files = int(checksum.get().numFiles()) if checksum.isDefined() else None
    schema = StructType.fromJson(json.loads(metadata.schemaString()))
    known = None
    # With column mapping, names in the files are not those of the columns.
    if list_files and files is not None and files <= FILES_BY_NAME and properties.get(_MAPPING, "none") == "none":
        known = _data_files(session, checksum.get())
    transactions = _transactions(session, snapshot, checksum) if list_transactions else {}
    return TableState(int(snapshot.version()), schema, properties, files, known, transactions)


def _transactions(session: SparkSession, snapshot: Any, checksum: Any) -> Mapping[str, int]:
    """From the checksum, else from the log, by a job."""
    as_java = session._jvm.scala.jdk.javaapi.CollectionConverters.asJava
    if checksum.isDefined() and checksum.get().setTransactions().isDefined():
        listed = as_java(checksum.get().setTransactions().get())
        return {action.appId(): int(action.version()) for action in listed}
    return {app_id: int(version) for app_id, version in dict(as_java(snapshot.transactions())).items()}


def _data_files(session: SparkSession, checksum: Any) -> tuple[DataFile, ...] | None:
    listed = checksum.allFiles()
    if not listed.isDefined():
        return None
    files = []
    for file in session._jvm.scala.jdk.javaapi.CollectionConverters.asJava(listed.get()):
        name = file.path()
        if file.deletionVector() is not None or "%" in name or ":" in name:
            return None
        files.append(DataFile(name, json.loads(file.stats() or "{}")))
    return tuple(files)


def read_rows(session: SparkSession, path: str, state: TableState, **holding: int) -> DataFrame:
    """The rows of a table as of `state`.

    Parameters:
        holding: columns with a value each: files that cannot have a row with it are left out, other rows are not.
    """
    if state.data_files is None:
        return session.read.format("delta").load(path)
    files = [file.name for file in state.data_files if all(file.may_hold(*pair) for pair in holding.items())]
    if not files:
        return session.createDataFrame([], state.schema)
    reader = session.read.schema(state.schema).option("__globPaths__", "false")
    return reader.parquet(*[f"{path}/{name}" for name in files])


def has_transaction(session: SparkSession, path: str, app_id: str, version: int) -> bool:
    """Whether the table has this transaction of `app_id`, or a later one; False where only a Spark job could tell."""
    checksum = _newest(session, _log(session, path)).checksumOpt()
    listed = checksum.get().setTransactions() if checksum.isDefined() else None
    if listed is None or not listed.isDefined():
        return False
    known = session._jvm.scala.jdk.javaapi.CollectionConverters.asJava(listed.get())
    return any(entry.appId() == app_id and entry.version() >= version for entry in known)


def rows_written(session: SparkSession, path: str, since: int, app_id: str) -> int:
    """Rows that the newest append of `app_id` wrote, looking at the versions after `since`; 0 if it was skipped."""
    log = _log(session, path)
    newest = int(_newest(session, log).version())
    for version in range(newest, max(since, newest - _COMMITS_BACK), -1):
        file = session._jvm.org.apache.hadoop.fs.Path(log.logPath(), f"{version:020}.json")
        read = log.store().read(file, log.newDeltaHadoopConf())
        lines = session._jvm.scala.jdk.javaapi.CollectionConverters.asJava(read)
        actions = [json.loads(line) for line in lines if line.startswith(('{"commitInfo"', '{"txn"'))]
        if any(action.get("txn", {}).get("appId") == app_id for action in actions):
            info: dict[str, Any] = next((a["commitInfo"] for a in actions if "commitInfo" in a), {})
            return int(info.get("operationMetrics", {}).get("numOutputRows", 0))
    return 0
