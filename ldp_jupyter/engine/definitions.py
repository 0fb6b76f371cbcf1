"""What a dataset was declared as when it was last refreshed, and how its declaration differs now."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Kind, PythonQuery, SqlQuery
from ldp_jupyter.engine.code_digest import code_digest
from ldp_jupyter.spark.computed import computed_as

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ldp_jupyter.graph import FlowNode, Graph, Node
    from ldp_jupyter.names import Name

KEY = "definition"  # of the memory

_WORDS = {
    "comment": "comment",
    "column_comments": "comments of columns",
    "partition": "partition columns",
    "cluster": "clustering columns",
}


def definition(graph: Graph, node: Node) -> dict[str, Any]:
    """The declaration of a resolved dataset as plain values."""
    dataset, options = node.dataset, node.dataset.options
    return {
        "kind": node.kind.value,
        "flows": {"" if flow.flow.default else flow.flow.name: _flow_digest(flow) for flow in node.flows},
        "views": {
            graph.shown(view.name): _digest([_flow_digest(flow) for flow in view.flows])
            for view in views_behind(graph, node.inputs, persisted=True)
        },
        "columns": {column.name: column.type for column in node.columns or ()},
        "computed": {field.name: told for field in node.schema or () if (told := computed_as(field))},
        "column_comments": dict(dataset.column_comments),
        "expectations": {rule.name: [rule.text, rule.action.value] for rule in dataset.expectations},
        "properties": {k: str(v) for k, v in options.properties.items()},
        "comment": dataset.comment,
        "partition": list(options.partition_cols),
        "cluster": list(options.cluster_by),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """How a definition changed, in words; empty where it is the same."""
    return list(_differences(before, now))


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before["kind"] != now["kind"]:
        yield f"kind: {before['kind'].replace('_', ' ')} to {now['kind'].replace('_', ' ')}"
    if before["flows"].get("") != now["flows"].get(""):  # the table's own
        yield "query"
    yield from _compared(_named(before["flows"]), _named(now["flows"])).told("flow")
    yield from _compared(before["views"], now["views"]).told("view")
    columns = _compared(before["columns"], now["columns"])
    kinds = [f"{c} {before['columns'][c]} to {now['columns'][c]}" for c in columns.changed]
    listed = [*(f"+{c} {now['columns'][c]}" for c in columns.added), *(f"-{c}" for c in columns.gone), *kinds]
    computed = _compared(*(definition.get("computed", {}) for definition in (before, now)))
    stay = before["columns"].keys() & now["columns"].keys()
    listed += [f"{c} {now['computed'].get(c) or 'as an ordinary one'}" for c in computed if c in stay]
    if listed:
        yield f"columns: {', '.join(listed)}"
    yield from _compared(before["expectations"], now["expectations"]).told("expectation")
    properties = _compared(before["properties"], now["properties"])
    if properties:
        yield f"properties: {', '.join(properties)}"
    for key, words in _WORDS.items():
        if before.get(key, now[key]) != now[key]:
            yield words


def _named(flows: Mapping[str, Any]) -> dict[str, Any]:
    return {name: digest for name, digest in flows.items() if name}


class _compared:  # noqa: N801  (reads as a verb)
    """Keys of two mappings: added, gone, changed."""

    def __init__(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        self.added = [key for key in now if key not in before]
        self.gone = [key for key in before if key not in now]
        self.changed = [key for key in now if key in before and before[key] != now[key]]

    def __bool__(self) -> bool:
        return bool(self.added or self.gone or self.changed)

    def __iter__(self) -> Iterator[str]:
        return iter([*self.added, *self.gone, *self.changed])

    def told(self, word: str) -> Iterator[str]:
        for keys, verb in ((self.added, "added"), (self.gone, "removed"), (self.changed, "changed")):
            for key in keys:
                yield f"{word} {key} {verb}"


def views_behind(graph: Graph, inputs: Iterable[Name], *, persisted: bool = False) -> list[Node]:
    """Temporary views whose queries are part of a query with these inputs.

    Parameters:
        persisted: whether views of the catalog count, too: readers see their queries' results.
    """
    kinds = (Kind.TEMPORARY_VIEW, Kind.VIEW) if persisted else (Kind.TEMPORARY_VIEW,)
    found: dict[Name, Node] = {}
    todo = list(inputs)
    while todo:
        view = graph.nodes[todo.pop(0)]
        if view.kind in kinds and view.name not in found:
            found[view.name] = view
            todo += view.inputs
    return [found[name] for name in sorted(found)]


def _flow_digest(node: FlowNode) -> str:
    flow = node.flow
    return _digest([_plain(flow.query), flow.once, flow.replace_where, flow.by_name, sorted(flow.confs.items())])


def _plain(value: Any) -> Any:
    if isinstance(value, SqlQuery):
        return " ".join(value.text.split())
    if isinstance(value, PythonQuery):
        return code_digest(value.function)
    if is_dataclass(value):
        return [_plain(getattr(value, f.name)) for f in fields(value)]
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    # a column's text is its expression
    return code_digest(value) if callable(value) and not hasattr(value, "_jc") else str(value)


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]
