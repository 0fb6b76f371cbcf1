"""Delta tables read without Spark: the log replayed in plain Python, the files read by pyarrow.

It is cheap, where a query of a small table costs a second of analysis and jobs, and it is another reader than the one
that the product uses: what stands here is what any reader of Delta sees.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter import Pipeline


def rows(table: Path, columns: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """Rows of a table's newest version: structs as dicts, maps as lists of pairs; not the columns it is partitioned by.

    Parameters:
        columns: which ones, in this order; default: those of its schema.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    files, schema = _state(table)
    fields = {field["name"]: field for field in schema}
    chosen = [fields[name] for name in columns] if columns else schema
    found: list[tuple[Any, ...]] = []
    for file in files:
        held = parquet.ParquetFile(table / file, coerce_int96_timestamp_unit="us").read()
        values = []
        for field in chosen:
            # With column mapping, columns have other names in the files; fields of structs too: not looked at here.
            name = field["metadata"].get("delta.columnMapping.physicalName", field["name"])
            if name not in held.column_names:  # the file is older than the column
                values.append([None] * held.num_rows)
                continue
            column = held.column(name)
            if field["type"] == "timestamp":  # Spark writes them without saying that they are UTC
                column = column.cast(pa.timestamp("us", "UTC"))
            values.append(column.to_pylist())
        found += zip(*values, strict=True)
    return found


def of(pipeline: Pipeline, table: str) -> Path:
    """Folder of a pipeline's table."""
    return Path(pipeline.layout.table(pipeline.namespace.qualify(table)))


def count(table: Path) -> int:
    """Number of rows of a table's newest version."""
    import pyarrow.parquet as parquet

    files, _ = _state(table)
    return sum(parquet.read_metadata(table / file).num_rows for file in files)


def _state(table: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """Files and columns of the newest version. Logs of tests are short: each commit is still there as JSON."""
    files: dict[str, None] = {}
    metadata: dict[str, Any] = {}
    commits = sorted(table.glob("_delta_log/*.json"))
    assert commits, f"no table in {table}"
    assert commits[0].stem == "0" * 20, "commits are missing"
    for commit in commits:
        actions = [json.loads(line) for line in commit.read_text(encoding="utf-8").splitlines()]
        for action in actions:
            if "remove" in action:
                files.pop(unquote(action["remove"]["path"]), None)
        for action in actions:
            if "add" in action:
                assert not action["add"].get("deletionVector"), "deletion vectors are not read here"
                files[unquote(action["add"]["path"])] = None
            metadata = action.get("metaData", metadata)
    fields = json.loads(metadata["schemaString"])["fields"]
    return list(files), [field for field in fields if field["name"] not in metadata["partitionColumns"]]
