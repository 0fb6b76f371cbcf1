"""Schemas of datasets: declared, inferred, merged from several flows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from ldp_jupyter.declarations import Dataset
    from ldp_jupyter.graph.model import Graph, Node

_COMPUTED = re.compile(r"\b(GENERATED\s+(?:ALWAYS|BY\s+DEFAULT)\s+AS(?:\s+IDENTITY)?|DEFAULT\s)", re.IGNORECASE)

# Types of which the left one can take the right one's values without loss; more is for a full refresh to decide.
_WIDENING = [
    ("bigint", "int"),
    ("bigint", "smallint"),
    ("bigint", "tinyint"),
    ("int", "smallint"),
    ("int", "tinyint"),
    ("smallint", "tinyint"),
    ("double", "float"),
    ("double", "int"),
    ("timestamp", "date"),
]


def merge_schemas(session: Any, schemas: list[Any], node: Node, graph: Graph) -> Any:  # noqa: ARG001
    """The union of the columns of a table's flows, by name.

    Raises:
        LdpError: LDP-2020 when two flows give one column types that do not fit together.
    """
    from pyspark.sql.types import StructField, StructType

    if len(schemas) == 1:
        return schemas[0]
    fields: dict[str, Any] = {}
    for schema, flow_node in zip(schemas, node.flows, strict=False):
        for field in schema.fields:
            known = fields.get(field.name.lower())
            if known is None:
                fields[field.name.lower()] = StructField(
                    field.name, field.dataType, nullable=True, metadata=field.metadata
                )
                continue
            merged = _wider(known.dataType, field.dataType)
            if merged is None:
                raise LdpError(
                    "LDP-2020",
                    f'flows of "{graph.shown(node.name)}" disagree on column "{field.name}": '
                    f"{known.dataType.simpleString()} and {field.dataType.simpleString()}",
                    hint="cast it in one of them",
                    location=flow_node.flow.location,
                )
            fields[field.name.lower()] = StructField(known.name, merged, nullable=True, metadata=known.metadata)
    return StructType(list(fields.values()))


def _wider(one: Any, other: Any) -> Any:
    if one == other or one.simpleString() == other.simpleString():
        return one
    for wide, narrow in _WIDENING:
        if (one.simpleString(), other.simpleString()) == (wide, narrow):
            return one
        if (other.simpleString(), one.simpleString()) == (wide, narrow):
            return other
    return None


def declared_schema(session: Any, dataset: Dataset, inferred: Any, graph: Graph) -> Any:
    """The schema of the table: as declared where it is declared, checked against the query, else as inferred.

    Raises:
        LdpError: LDP-2020 for a column of the query that the declaration lacks, or a type that does not fit.
    """
    declared = dataset.options.schema
    if declared is None:
        return _with_comments(inferred, dataset.column_comments)
    schema = parse_schema(session, declared, dataset)
    if isinstance(declared, str) and (found := _COMPUTED.search(declared)):
        raise LdpError(
            "LDP-2023",
            f'"{graph.shown(dataset.name)}" declares {found[0].upper()} columns, which are not supported here yet',
            hint="compute the column in the query",
        )
    names = {field.name.lower(): field for field in schema.fields}
    shown = graph.shown(dataset.name)
    for field in inferred.fields:
        if field.name.lower() not in names:
            raise LdpError(
                "LDP-2020",
                f'the query of "{shown}" gives column "{field.name}", which its schema does not declare',
                hint=did_you_mean(field.name, [f.name for f in schema.fields])
                or "add it to the schema, or drop it in the query",
            )
    return schema


def parse_schema(session: Any, declared: Any, dataset: Dataset) -> Any:
    """A StructType of DDL text (generated, identity and default columns included) or of a StructType."""
    if not isinstance(declared, str):
        return declared
    from ldp_jupyter.spark.tables import parse_columns

    try:
        return parse_columns(session, declared)
    except Exception as error:
        raise LdpError(
            "LDP-2001",
            f"the schema cannot be read: {str(error).strip().splitlines()[0]}",
            detail=str(error),
            location=dataset.location,
        ) from None


def _with_comments(schema: Any, comments: Any) -> Any:
    if not comments:
        return schema
    from pyspark.sql.types import StructField, StructType

    lower = {name.lower(): text for name, text in comments.items()}
    return StructType(
        [
            StructField(f.name, f.dataType, f.nullable, {**(f.metadata or {}), "comment": lower[f.name.lower()]})
            if f.name.lower() in lower
            else f
            for f in schema.fields
        ]
    )
