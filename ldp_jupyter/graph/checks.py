"""What an update would find too late: columns that a table cannot have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ldp_jupyter.declarations import Location
    from ldp_jupyter.graph.model import Node

_FORBIDDEN = " ,;{}()\n\t="
_MAPPING = "spark.databricks.delta.properties.defaults.columnMapping.mode"
_FEED = "spark.databricks.delta.properties.defaults.enableChangeDataFeed"
_OF_FEEDS = ("_change_type", "_commit_version", "_commit_timestamp")
_MOST_CLUSTERING = 4
_SKIPPING = ("tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "date", "timestamp", "string")


def check_column_names(schema: Any, location: Location | None) -> None:
    """A table has each column once.

    Raises:
        LdpError: LDP-2020 for the first that stands twice.
    """
    seen: set[str] = set()
    for field in schema.fields:
        if field.name.lower() in seen:
            raise LdpError(
                "LDP-2020",
                f'the query gives column "{field.name}" twice',
                hint=f'drop or rename one; a join on="{field.name}" (USING) keeps one of the two',
                location=location,
            )
        seen.add(field.name.lower())


def check_stored_columns(node: Node, schema: Any, settings: Mapping[str, str], location: Location | None) -> None:
    """Check that Delta can store these columns, laid out as the table's options say.

    The rules are Delta's own, which an update would meet when it writes.

    Parameters:
        settings: Spark's, where a property of all new tables may stand.

    Raises:
        LdpError: LDP-2027.
    """
    options = node.dataset.options
    properties = {key.lower(): value for key, value in options.properties.items()}
    mapped = (properties.get("delta.columnmapping.mode") or settings.get(_MAPPING, "none")) != "none"
    for field in schema.fields:
        kind = field.dataType.simpleString()
        names, types = _within(field)
        for name in () if mapped else names:
            if any(letter in name for letter in _FORBIDDEN):
                raise LdpError(
                    "LDP-2027",
                    f'a table cannot have a column named "{name}"',
                    hint="give it an alias of letters, digits and _, "
                    "or set the table property delta.columnMapping.mode = name",
                    location=location,
                )
        if kind.startswith("interval") or ("void" in types and kind != "void"):
            raise _unstorable(field.name, kind, location)
    kinds = {field.name.lower(): field.dataType.simpleString() for field in schema.fields}
    if str(properties.get("delta.enablechangedatafeed", settings.get(_FEED, "false"))).lower() == "true":
        _check_feed(kinds, location)
    _check_partitions(options.partition_cols, len(kinds), node.dataset.location)
    _check_clusters(options.cluster_by, kinds, node.dataset.location)


def check_streamed_columns(schema: Any, location: Location | None) -> None:
    """Delta takes no column without a type from a stream, whatever type the table's column has.

    Raises:
        LdpError: LDP-2027 for the first one.
    """
    for field in schema.fields:
        if "void" in _within(field)[1]:
            raise _unstorable(field.name, field.dataType.simpleString(), location)


def _unstorable(name: str, kind: str, location: Location | None) -> LdpError:
    hint = "give it a type: CAST(NULL AS STRING)" if "void" in kind else "cast it, e.g. to STRING"
    return LdpError(
        "LDP-2027", f'a table cannot store column "{name}" of type {kind}', hint=hint, location=location
    )


def _within(field: Any) -> tuple[list[str], set[str]]:
    """Names and types of a column and of the fields within it."""
    names, types, rest = [field.name], set(), [field.dataType]
    while rest:
        kind = rest.pop()
        types.add(kind.typeName())
        names += getattr(kind, "names", None) or []
        rest += [f.dataType for f in getattr(kind, "fields", ())]
        rest += [getattr(kind, part) for part in ("elementType", "keyType", "valueType") if hasattr(kind, part)]
    return names, types


def _check_partitions(names: tuple[str, ...], columns: int, location: Location | None) -> None:
    _check_once("partition", names, location)
    if names and len(names) == columns:
        raise LdpError(
            "LDP-2027",
            "every column is a partition column",
            hint="a table has at least one column that does not partition it: leave one out of the list",
            location=location,
        )


def _check_clusters(names: tuple[str, ...], types: dict[str, str], location: Location | None) -> None:
    _check_once("clustering", names, location)
    if len(names) > _MOST_CLUSTERING:
        raise LdpError(
            "LDP-2027",
            f"{len(names)} clustering columns: a table has at most {_MOST_CLUSTERING}",
            hint="keep those that queries filter by most",
            location=location,
        )
    for name in names:
        kind = types.get(name.lower(), "string")  # a field within a column is left to Delta
        if not kind.startswith(_SKIPPING):
            raise LdpError(
                "LDP-2027",
                f'column "{name}" of type {kind} cannot be a clustering column',
                hint="clustering columns are numbers, texts, dates or timestamps",
                location=location,
            )


def _check_feed(names: Collection[str], location: Location | None) -> None:
    reserved = next((name for name in _OF_FEEDS if name in names), None)
    if reserved is not None:
        raise LdpError(
            "LDP-2027",
            f'a table with a change feed cannot have a column named "{reserved}"',
            hint="drop or rename it, or leave out the table property delta.enableChangeDataFeed",
            location=location,
        )


def _check_once(words: str, names: tuple[str, ...], location: Location | None) -> None:
    lower = [name.lower() for name in names]
    twice = next((name for name in names if lower.count(name.lower()) > 1), None)
    if twice is not None:
        raise LdpError(
            "LDP-2027", f'{words} column "{twice}" is named twice', hint="name it once", location=location
        )
