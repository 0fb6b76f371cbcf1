"""Schemas of datasets: declared, inferred, merged from several flows."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ldp_jupyter import cdc
from ldp_jupyter.declarations import CdcSpec, SnapshotSpec
from ldp_jupyter.errors import LdpError
from ldp_jupyter.graph.computed import check_computed
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.spark.computed import without_computed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.declarations import Dataset
    from ldp_jupyter.graph.model import FlowNode, Graph, Node

_TYPES = (
    "STRING",
    "INT",
    "BIGINT",
    "DOUBLE",
    "FLOAT",
    "DECIMAL",
    "BOOLEAN",
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP_NTZ",
    "BINARY",
    "VARIANT",
)

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


def flow_schemas(node: Node, frames: Sequence[tuple[FlowNode, Any]], graph: Graph) -> list[Any]:
    """Columns that each flow of a table gives it; flows of AUTO CDC must mean the same rows.

    Parameters:
        frames: the flows with their queries' shapes.

    Raises:
        LdpError: LDP-2017 for arguments of AUTO CDC that do not fit the source, or those of another flow.
    """
    first: tuple[str, cdc.ChangePlan] | None = None
    schemas = []
    for flow_node, frame in frames:
        flow = flow_node.flow
        if not isinstance(flow.query, (CdcSpec, SnapshotSpec)):
            schemas.append(without_computed(frame.schema))
            continue
        try:
            plan = _change_plan(flow.query, frame)
            if first is not None:
                cdc.check_together(graph.shown(node.name), first, (flow.name, plan))
        except LdpError as error:
            error.location = error.location or flow.location
            raise
        first = first or (flow.name, plan)
        schemas.append(plan.schema)
    return schemas


def _change_plan(query: CdcSpec | SnapshotSpec, frame: Any) -> cdc.ChangePlan:
    if isinstance(query, CdcSpec):
        return cdc.plan_changes(query, frame)
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return cdc.plan_snapshot(query, frame, now if isinstance(query.source, str) else frame._ldp_version)


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
    """The type that takes the values of both, None where there is none; structs have the fields of both."""
    from pyspark.sql.types import ArrayType, NullType, StructField, StructType

    if one == other or one.simpleString() == other.simpleString() or isinstance(other, NullType):
        return one
    if isinstance(one, NullType):
        return other
    if isinstance(one, ArrayType) and isinstance(other, ArrayType):
        element = _wider(one.elementType, other.elementType)
        return None if element is None else ArrayType(element)
    if isinstance(one, StructType) and isinstance(other, StructType):
        fields = {field.name.lower(): field for field in one.fields}
        for field in other.fields:
            known = fields.get(field.name.lower())
            merged = field.dataType if known is None else _wider(known.dataType, field.dataType)
            if merged is None:
                return None
            fields[field.name.lower()] = StructField(field.name if known is None else known.name, merged)
        return StructType(list(fields.values()))
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
        return _with_comments(_nullable(inferred), dataset.column_comments)
    schema = parse_schema(session, declared, dataset)
    check_computed(session, graph.nodes[dataset.name], schema, inferred, graph)
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
        wanted = names[field.name.lower()].dataType
        if not _storable(session, field.dataType, wanted):
            raise LdpError(
                "LDP-2020",
                f'column "{field.name}" of "{shown}" is declared as {wanted.simpleString()}, '
                f"and its query gives {field.dataType.simpleString()}",
                hint=f"cast it in the query: CAST({field.name} AS {wanted.simpleString().upper()})",
            )
    return schema


def _nullable(kind: Any) -> Any:
    """The type with NULL allowed everywhere: that a query gives none now is no promise of the table, as in Spark.

    Delta would make a constraint of it that later flows break, and takes none within arrays and maps.
    """
    from pyspark.sql.types import ArrayType, MapType, StructField, StructType

    if isinstance(kind, StructType):
        fields = [StructField(f.name, _nullable(f.dataType), nullable=True, metadata=f.metadata) for f in kind.fields]
        return StructType(fields)
    if isinstance(kind, ArrayType):
        return ArrayType(_nullable(kind.elementType))
    if isinstance(kind, MapType):
        return MapType(_nullable(kind.keyType), _nullable(kind.valueType))
    return kind


def _storable(session: Any, given: Any, wanted: Any) -> bool:
    """Whether values of a type may be stored in a column of another, as Spark's INSERT decides it."""
    if given.simpleString() == wanted.simpleString():
        return True
    from py4j.java_gateway import JavaClass

    cast = JavaClass("org.apache.spark.sql.catalyst.expressions.Cast", session.sparkContext._gateway._gateway_client)
    parse = session._jsparkSession.parseDataType
    return bool(cast.canANSIStoreAssign(parse(given.json()), parse(wanted.json())))


def _type_hint(text: str) -> str | None:
    """The type that was probably meant, when Spark does not know one."""
    from ldp_jupyter.errors.hints import condition_hint

    found = re.search(r'Unsupported data type "(\w+)"', text)
    return (did_you_mean(found[1], _TYPES) or condition_hint("UNSUPPORTED_DATATYPE")) if found else None


def parse_schema(session: Any, declared: Any, dataset: Dataset) -> Any:
    """A StructType of DDL text (generated, identity and default columns included) or of a StructType."""
    if not isinstance(declared, str):
        return declared
    from ldp_jupyter.errors.hints import syntax_hint
    from ldp_jupyter.graph.spark_errors import first_sentence
    from ldp_jupyter.spark.tables import parse_columns

    try:
        return parse_columns(session, declared)
    except Exception as error:
        raise LdpError(
            "LDP-2001",
            f"the schema cannot be read: {first_sentence(str(error))}",
            hint=_type_hint(str(error)) or syntax_hint(""),
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
