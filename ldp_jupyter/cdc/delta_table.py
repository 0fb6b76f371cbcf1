"""A Delta table by path: the few things asked for at each batch, from its log and without a Spark job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

# How far back to look for a commit of ours when others (compaction, a property) have followed it.
_COMMITS_BACK = 5


@dataclass(frozen=True)
class TableState:
    """A table as of its newest version.

    Parameters:
        version: -1 when there is no such table.
        files: number of data files, None when only a Spark job could tell.
    """

    version: int
    schema: StructType
    properties: Mapping[str, str]
    files: int | None

    @property
    def exists(self) -> bool:
        return self.version >= 0


def _log(session: SparkSession, path: str) -> Any:
    return session._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(session._jsparkSession, path)


def _newest(session: SparkSession, log: Any) -> Any:
    none = session._jvm.scala.Option.empty()
    may_be_stale = False
    return log.update(may_be_stale, none, none)


def table_state(session: SparkSession, path: str) -> TableState:
    """Version, schema, properties and number of files."""
    from pyspark.sql.types import StructType

    snapshot = _newest(session, _log(session, path))
    metadata = snapshot.metadata()
    if snapshot.version() < 0:
        return TableState(-1, StructType([]), {}, None)
    properties = session._jvm.scala.jdk.javaapi.CollectionConverters.asJava(metadata.configuration())
    checksum = snapshot.checksumOpt()
    files = int(checksum.get().numFiles()) if checksum.isDefined() else None
    schema = StructType.fromJson(json.loads(metadata.schemaString()))
    return TableState(int(snapshot.version()), schema, dict(properties), files)


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
