"""Set up the tables of an update: create, evolve, empty for a full refresh. Each table by one Delta commit."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ldp_jupyter.declarations import Kind
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.graph import Graph, Node
    from ldp_jupyter.names import Name
    from ldp_jupyter.state import Layout

GENERATION = "ldp.generation"
KIND = "ldp.kind"
OWNER = "pipelines.pipelineId"
K = TypeVar("K")


@dataclass
class Table:
    """A stored dataset as it lies in storage.

    Parameters:
        name: of the dataset; for other tables their path.
        generation: names the life of the table since it was last emptied; checkpoints lie under it.
        version: newest Delta version; None while there is no table.
        schema: the StructType it has.
    """

    name: Any
    path: str
    generation: str = ""
    version: int | None = None
    table_id: str | None = None
    schema: Any = None
    properties: dict[str, str] = field(default_factory=dict)
    partition_columns: list[str] = field(default_factory=list)
    comment: str | None = None

    @property
    def exists(self) -> bool:
        return self.version is not None

    @property
    def kind(self) -> str:
        """The kind of dataset that it was made for."""
        return self.properties.get(KIND, "table").lower()


def read_tables(session: Any, layout: Layout, nodes: list[Node]) -> dict[Name, Table]:
    """What is there of some datasets, asked in one call and without a Spark job."""
    return tables_at(
        session, {node.name: layout.table(node.name, private=node.dataset.options.private) for node in nodes}
    )


def tables_at(session: Any, paths: Mapping[K, str]) -> dict[K, Table]:
    """What is there in some folders, by a key for each: a dataset's name, or the path itself."""
    from pyspark.sql.types import StructType

    from ldp_jupyter.spark.tables import table_heads

    tables: dict[K, Table] = {}
    for key, info in zip(paths, table_heads(session, list(paths.values())) if paths else [], strict=True):
        table = Table(key, paths[key])
        if info is not None:
            table.version, table.table_id = info.version, info.id
            table.schema = StructType.fromJson(json.loads(info.schema))
            table.properties = dict(info.properties)
            table.partition_columns = list(info.partition_columns)
            table.comment = info.description
            table.generation = table.properties.get(GENERATION, "0")
        tables[key] = table
    return tables


def set_up(
    session: Any, node: Node, table: Table, schema: Any, owner: str, graph: Graph, layout: Layout, *, full: bool
) -> bool:
    """Bring a streaming table to its declaration; a materialized view is made by its own write.

    Parameters:
        schema: the StructType that the declaration resolves to.
        owner: id of this pipeline.
        full: empty the table and begin a new generation, by one commit.

    Returns:
        Whether the table has a new commit.

    Raises:
        LdpError: LDP-3005 when only a full refresh can do it, LDP-3007 when another pipeline owns the table.
    """
    check_owner(node, table, owner, graph)
    if node.kind != Kind.STREAMING_TABLE:
        return False
    if not table.exists or full or begins_anew(session, node, table, schema, graph, layout):
        create(session, node, table, schema, owner)
        return True
    return evolve(session, node, table, schema, graph)


def begins_anew(session: Any, node: Node, table: Table, schema: Any, graph: Graph, layout: Layout) -> bool:
    """Whether a stored streaming table must be made anew to fit its declaration, and no flow has begun to write it.

    So it is after an update that ended before its flows ran, when columns of files are found otherwise now.

    Raises:
        LdpError: LDP-3005 where only a full refresh can do it.
    """
    from ldp_jupyter.spark import bridge

    try:
        new_columns(node, table, schema, graph)
    except LdpError:
        begun = any((folder / table.generation).exists() for folder in layout.lives(table.name))
        info = None if begun else bridge.table_info(session, [table.path])[0]
        if info is None or info.num_records != 0:
            raise
        return True
    return False


def check_owner(node: Node, table: Table, owner: str, graph: Graph) -> None:
    """Refuse a table that is another pipeline's, the user's own, or of another kind."""
    if not table.exists:
        return
    shown, place = graph.shown(node.name), node.dataset.location
    found = table.properties.get(OWNER)
    if found != owner:
        whose = "another pipeline" if found else "a table made by hand"
        raise LdpError(
            "LDP-3007",
            f'table "{shown}" already exists and belongs to {whose}',
            dataset=shown,
            location=place,
            hint="give the dataset another name, or drop that table",
        )
    kind = table.properties.get(KIND, "").lower()
    if kind and kind != node.kind.value:
        raise LdpError(
            "LDP-3005",
            f'"{shown}" is stored as a {kind.replace("_", " ")} and now declared as a {node.kind.words}',
            dataset=shown,
            location=place,
            hint=f"drop the table first: DROP TABLE {node.name.quoted}, or take another name",
        )


def create(session: Any, node: Node, table: Table, schema: Any, owner: str) -> None:
    """Create the table, or replace it by an empty one of a new generation."""
    from ldp_jupyter.spark.computed import features
    from ldp_jupyter.spark.tables import create_table

    options = node.dataset.options
    generation = f"{int(table.generation.split('-')[0] or 0) + 1 if table.exists else 0}-{uuid.uuid4().hex[:8]}"
    properties = stored_properties(node, owner) | features(schema) | {GENERATION: generation}
    table.table_id, table.version = create_table(
        session, table.path, schema, options.partition_cols, options.cluster_by, properties, node.dataset.comment
    )
    table.generation, table.properties, table.schema = generation, properties, schema


def stored_properties(node: Node, owner: str) -> dict[str, str]:
    """Properties of the Delta table: the declared ones, the owner and the kind; the change feed where it is read."""
    return {
        **({"delta.enableChangeDataFeed": "true"} if node.change_feed else {}),
        **{k: str(v) for k, v in node.dataset.options.properties.items()},
        OWNER: owner,
        KIND: node.kind.value.upper(),
    }


def evolve(session: Any, node: Node, table: Table, schema: Any, graph: Graph) -> bool:
    """Add new columns, and bring properties and comments to the declaration.

    Returns:
        Whether anything was changed.
    """
    from ldp_jupyter.spark.tables import alter_table

    new = new_columns(node, table, schema, graph)
    properties = {
        k: v for k, v in stored_properties(node, table.properties[OWNER]).items() if table.properties.get(k) != v
    }
    comment = (
        node.dataset.comment if node.dataset.comment != table.comment and node.dataset.comment is not None else None
    )
    described = _described_anew(table.schema, schema)
    if not (new or described or properties or comment):
        return False
    alter_table(session, table.path, [*new, *described], properties, comment)
    table.schema = table.schema.__class__([*table.schema.fields, *new])
    table.properties |= properties
    return True


def _described_anew(stored: Any, wanted: Any) -> list[Any]:
    """Columns that are there with another comment; what has none any more keeps it, as a table does."""
    comments = {field.name.lower(): field.metadata.get("comment") for field in stored.fields}
    return [
        field
        for field in wanted.fields
        if field.name.lower() in comments and field.metadata.get("comment") not in (None, comments[field.name.lower()])
    ]


def new_columns(node: Node, table: Table, schema: Any, graph: Graph) -> list[Any]:
    """Columns that a stored streaming table does not have yet.

    Raises:
        LdpError: LDP-3005 when only a full refresh can bring the table to its declaration.
    """
    from ldp_jupyter.spark.computed import computed_as

    shown, place = graph.shown(node.name), node.dataset.location
    wanted = [c.lower() for c in node.dataset.options.partition_cols]
    if wanted != [c.lower() for c in table.partition_columns]:
        raise LdpError(
            "LDP-3005",
            f'partition columns of "{shown}" changed from ({", ".join(table.partition_columns)}) '
            f"to ({', '.join(wanted)})",
            dataset=shown,
            location=place,
            hint=f"run with --full-refresh {shown}",
        )
    have = {f.name.lower(): f for f in table.schema.fields}
    new = []
    for column in schema.fields:
        known = have.get(column.name.lower())
        if computed_as(column) != (computed_as(known) if known is not None else None):
            raise LdpError(
                "LDP-3005",
                f'column "{column.name}" of "{shown}" is now declared as {computed_as(column) or "an ordinary column"}',
                dataset=shown,
                location=place,
                hint=f"run with --full-refresh {shown}",
            )
        if known is None:
            new.append(column)
        elif not _compatible(known.dataType, column.dataType):
            raise LdpError(
                "LDP-3005",
                f'column "{column.name}" of "{shown}" changed from {known.dataType.simpleString()} '
                f"to {column.dataType.simpleString()}",
                dataset=shown,
                location=place,
                hint=f"cast it, or run with --full-refresh {shown}",
            )
    return new


def _compatible(stored: Any, given: Any) -> bool:
    """Whether values of the query's type can be written to the stored column, nullability aside."""
    from pyspark.sql.types import ArrayType, IntegralType, MapType, StructType

    if isinstance(stored, StructType) and isinstance(given, StructType):
        names = {f.name.lower(): f.dataType for f in stored.fields}
        return all(f.name.lower() not in names or _compatible(names[f.name.lower()], f.dataType) for f in given.fields)
    if isinstance(stored, ArrayType) and isinstance(given, ArrayType):
        return _compatible(stored.elementType, given.elementType)
    if isinstance(stored, MapType) and isinstance(given, MapType):
        return _compatible(stored.keyType, given.keyType) and _compatible(stored.valueType, given.valueType)
    if isinstance(stored, IntegralType) and isinstance(given, IntegralType):
        sizes = ["tinyint", "smallint", "int", "bigint"]
        return sizes.index(stored.simpleString()) >= sizes.index(given.simpleString())
    return bool(stored.simpleString() == given.simpleString())
