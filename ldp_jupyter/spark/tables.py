"""Delta tables of a pipeline: made, emptied, changed and replaced, by one commit each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldp_jupyter.spark.bridge import call

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
    found = json.loads(call(session, "DeltaTables", "heads", session._jsparkSession, json.dumps(list(paths))))
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
    answer = json.loads(
        call(
            session,
            "TableCommits",
            "create",
            session._jsparkSession,
            path,
            schema.json(),
            json.dumps(list(partitions)),
            json.dumps(list(clustering)),
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
    *,
    required: Sequence[str],
) -> tuple[str, int]:
    """Replace rows, schema and properties of a table by those of a DataFrame, or create it.

    Parameters:
        required: columns that take no NULL.

    Returns:
        The table's id and the version committed.
    """
    answer = json.loads(
        call(
            frame.sparkSession,
            "TableCommits",
            "replace",
            frame._jdf,
            path,
            json.dumps(list(partitions)),
            json.dumps(list(clustering)),
            json.dumps(dict(properties)),
            comment,
            json.dumps(list(required)),
        )
    )
    return answer["id"], answer["version"]


def append_rows(rows: DataFrame, path: str, transaction: tuple[str, int]) -> None:
    """Append rows that have the table's columns, by one commit and, unlike Delta's writer, no job but the write.

    Parameters:
        transaction: Delta's ``txnAppId`` and ``txnVersion``, which the caller knows the table to lack.
    """
    call(rows.sparkSession, "TableCommits", "append", rows._jdf, path, *transaction)


def exchange_rows(
    rows: DataFrame,
    path: str,
    identity: Sequence[str],
    live: str,
    count: int,
    bounds: tuple[str, str] | None,
    transaction: tuple[str, int],
    rewrite_up_to: int,
) -> bool:
    """Exchange rows of a table for others of the same identity, in one commit; what the table has already is skipped.

    Parameters:
        rows: columns of the table, and `live`; is read several times. Each identity is in it once.
        identity: columns that tell one row from another.
        live: column that says whether there is to be a row of this identity afterwards.
        count: how many `rows` there are.
        bounds: least and greatest value of the first column of the identity, as text; None if unknown.
        transaction: Delta's ``txnAppId`` and ``txnVersion``.
        rewrite_up_to: bytes of files that may have such rows and are written anew; of more, rows get deletion vectors.

    Returns:
        False if nothing was done, since the table has something that only MERGE keeps up (a change feed, say).
    """
    return bool(
        call(
            rows.sparkSession,
            "RowExchange",
            "exchange",
            rows._jdf,
            path,
            json.dumps(list(identity)),
            live,
            count,
            json.dumps(list(bounds or ())),
            *transaction,
            rewrite_up_to,
        )
    )


def alter_table(
    session: SparkSession, path: str, columns: Sequence[StructField], properties: Mapping[str, str], comment: str | None
) -> None:
    """Add columns, and set properties and a comment (None leaves it), by one commit.

    Parameters:
        columns: new ones, and some that the table has: these get the comments given here.
    """
    from pyspark.sql.types import StructType

    call(
        session,
        "TableCommits",
        "alter",
        session._jsparkSession,
        path,
        StructType(list(columns)).json(),
        json.dumps(dict(properties)),
        comment,
    )


def forget_tables(session: SparkSession) -> None:
    """Drop what Spark remembers of Delta tables: their folders were deleted behind its back."""
    session._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()


def parse_columns(session: SparkSession, columns: str) -> StructType:
    """The schema that a column list of CREATE TABLE means; with computed columns as Delta has them."""
    from pyspark.sql.types import StructType

    from ldp_jupyter.spark.computed import as_delta

    parsed = json.loads(call(session, "TableCommits", "parseColumns", session._jsparkSession, columns))
    return as_delta(StructType.fromJson(parsed))
