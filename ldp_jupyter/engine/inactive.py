"""Datasets with a table and without a declaration: inactive when they left the source, else only not loaded here.

The platform keeps the table of a dataset that left the source: it can be queried and is updated no more. A dataset of a
cell that this kernel did not run has not left anything: its cells run in another kernel, or have yet to be run.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Kind
from ldp_jupyter.engine.tables import OWNER, tables_at
from ldp_jupyter.names import Name

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from ldp_jupyter.engine.tables import Table
    from ldp_jupyter.graph import Graph, Node
    from ldp_jupyter.state import Layout, Memory

ORIGIN = "origin"  # keys of the memory
INACTIVE = "inactive"
_PROCESS = uuid.uuid4().hex  # cells of another process are not this one's to miss


@dataclass(frozen=True)
class Absent:
    """Tables of this pipeline that nothing in the graph declares."""

    inactive: dict[Name, Table] = field(default_factory=dict)
    not_loaded: dict[Name, Table] = field(default_factory=dict)


def origin(node: Node) -> dict[str, Any]:
    """Where a dataset was declared, to tell later whether it left the source."""
    place = node.dataset.location
    told: dict[str, Any] = {
        "parts": list(node.name.parts),
        "private": node.dataset.options.private,
        "kind": node.kind.value,
    }
    if place is None:
        return told
    return told | ({"file": place.file} if place.file else {"cell": place.cell, "process": _PROCESS})


def known_datasets(memory: Memory) -> dict[Name, dict[str, Any]]:
    """Tables and views that an update ever met, with where they were declared then."""
    return {Name(*told["parts"]): told for d in memory.datasets() if (told := memory.get(d, ORIGIN))}


def find_absent(
    session: Any, layout: Layout, memory: Memory, graph: Graph, owner: str, unloaded: AbstractSet[Name]
) -> Absent:
    """Which tables nothing declares; asked in one call and without a Spark job.

    Parameters:
        owner: id of the pipeline.
        unloaded: datasets of this kernel's notebook whose cells did not run.
    """
    missing = {
        name: told
        for name, told in known_datasets(memory).items()
        if name not in graph.nodes and told["kind"] != Kind.VIEW.value
    }
    if not missing:
        return Absent()
    paths = {name: layout.table(name, private=told["private"]) for name, told in missing.items()}
    absent = Absent()
    for name, table in tables_at(session, paths).items():
        if not table.exists or table.properties.get(OWNER) != owner:
            continue
        elsewhere = "cell" in missing[name] and missing[name]["process"] != _PROCESS
        (absent.not_loaded if elsewhere or name in unloaded else absent.inactive)[name] = table
    return absent


def remember(memory: Memory, graph: Graph, absent: Absent) -> None:
    """Keep where datasets are declared, and which are inactive from now on."""
    published = {str(name): node for name, node in graph.nodes.items() if node.kind != Kind.TEMPORARY_VIEW}
    memory.keep(ORIGIN, {name: origin(node) for name, node in published.items()})
    inactive = {str(name) for name in absent.inactive}
    known = [name for name in memory.datasets() if memory.get(name, INACTIVE) or name in inactive]
    memory.keep(INACTIVE, {name: True if name in inactive else None for name in known})
