"""Delta tables of a pipeline: made, emptied, changed and replaced, by one commit each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.bridge import _call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructField, StructType


@dataclass(frozen=True)
class TableHead:
    """What the newest version of a Delta table says of itself.

    Parameters:
        schema: Spark's JSON of the schema.
    """

    id: str
    version: int
    schema: str
    description: str | None
    properties: dict[str, str]
    partition_columns: list[str]


def table_heads(session: SparkSession, paths: Sequence[str]) -> list[TableHead | None]:
    """Heads of the Delta tables in these folders, None where there is no table; one call for all, no Spark job."""
    found = json.loads(_call(session, "DeltaTables", "heads", session._jsparkSession, json.dumps(list(paths))))
    return [TableHead(**head) if head else None for head in found]


def create_table(
    session: SparkSession,
    path: str,
    schema: StructType,
    partitions: Sequence[str],
    clustering: Sequence[str],
    properties: Mapping[str, str],
    comment: str | None,
) -> tuple[str, int]:
    """Create a table, or replace what is there by an empty one.

    Parameters:
        path: its folder.
        partitions, clustering: column names; one of the two at most.

    Returns:
        The table's id and the version committed.
    """
    if clustering:
        return _create_clustered(session, path, schema, clustering, properties, comment)
    answer = json.loads(
        _call(
            session,
            "TableCommits",
            "create",
            session._jsparkSession,
            path,
            schema.json(),
            json.dumps(list(partitions)),
            json.dumps(dict(properties)),
            comment,
        )
    )
    return answer["id"], answer["version"]


def replace_table(
    frame: DataFrame,
    path: str,
    partitions: Sequence[str],
    clustering: Sequence[str],
    properties: Mapping[str, str],
    comment: str | None,
) -> tuple[str, int]:
    """Replace rows, schema and properties of a table by those of a DataFrame, or create it.

    Returns:
        The table's id and the version committed.
    """
    if clustering:
        return _replace_clustered(frame, path, clustering, properties, comment)
    answer = json.loads(
        _call(
            frame.sparkSession,
            "TableCommits",
            "replace",
            frame._jdf,
            path,
            json.dumps(list(partitions)),
            json.dumps(dict(properties)),
            comment,
        )
    )
    return answer["id"], answer["version"]


def alter_table(
    session: SparkSession, path: str, columns: Sequence[StructField], properties: Mapping[str, str], comment: str | None
) -> None:
    """Add columns, and set properties and a comment (None leaves it)."""
    from pyspark.sql.types import StructType

    _call(
        session,
        "TableCommits",
        "alter",
        session._jsparkSession,
        path,
        StructType(list(columns)).json(),
        json.dumps(dict(properties)),
        comment,
    )


def parse_columns(session: SparkSession, columns: str) -> StructType:
    """The schema that a column list of CREATE TABLE means; generated and identity columns are ordinary ones here."""
    from pyspark.sql.types import StructType

    return StructType.fromJson(
        json.loads(_call(session, "TableCommits", "parseColumns", session._jsparkSession, columns))
    )


def _create_clustered(
    session: SparkSession,
    path: str,
    schema: StructType,
    clustering: Sequence[str],
    properties: Mapping[str, str],
    comment: str | None,
) -> tuple[str, int]:
    """Clustering is a table feature with metadata of its own: Delta's statement sets it up, in one commit too."""
    from ldp_jupyter.spark import bridge, guards

    columns = ", ".join(
        f"`{f.name}` {f.dataType.simpleString()}"
        + (f" COMMENT {_literal(f.metadata['comment'])}" if "comment" in (f.metadata or {}) else "")
        for f in schema.fields
    )
    text = (
        f"CREATE OR REPLACE TABLE delta.`{path}` ({columns}) USING delta "
        f"CLUSTER BY ({', '.join(f'`{c}`' for c in clustering)})"
        f"{_comment(comment)}{_properties(properties)}"
    )
    guards.original(type(session), "sql")(session, text)
    info = bridge.table_info(session, [path])[0]
    assert info is not None
    return info.id, info.version


def _replace_clustered(
    frame: DataFrame,
    path: str,
    clustering: Sequence[str],
    properties: Mapping[str, str],
    comment: str | None,
) -> tuple[str, int]:
    from ldp_jupyter.spark import bridge

    writer: Any = frame.writeTo(f"delta.`{path}`").using("delta").clusterBy(*clustering)
    for key, value in properties.items():
        writer = writer.tableProperty(key, value)
    if comment:
        writer = writer.tableProperty("comment", comment)
    writer.createOrReplace()
    info = bridge.table_info(frame.sparkSession, [path])[0]
    assert info is not None
    return info.id, info.version


def _comment(comment: str | None) -> str:
    return f" COMMENT {_literal(comment)}" if comment else ""


def _properties(properties: Mapping[str, str]) -> str:
    pairs = ", ".join(f"{_literal(k)} = {_literal(v)}" for k, v in properties.items())
    return f" TBLPROPERTIES ({pairs})" if pairs else ""


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
