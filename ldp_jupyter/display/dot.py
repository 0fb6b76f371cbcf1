"""The graph as DOT text, and drawn by a ``dot`` program where there is one and it is asked for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from ldp_jupyter.display import palette
from ldp_jupyter.display.graph_items import graph_edges, graph_items
from ldp_jupyter.display.graph_view import rules_text
from ldp_jupyter.errors import UsageProblem

if TYPE_CHECKING:
    from ldp_jupyter.display.graph_items import Item, ItemKey
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph.model import Graph


def graph_dot(graph: Graph, update: UpdateView | None = None) -> str:
    """DOT text of the graph, with the states of an update where there is one."""
    return str(_digraph(graph, update).source)


def dot_available() -> bool:
    """Whether a ``dot`` program is on the PATH."""
    return shutil.which("dot") is not None


def render_dot(graph: Graph, update: UpdateView | None = None, output: str = "svg") -> bytes:
    """The graph drawn by ``dot``.

    Parameters:
        graph: the pipeline.
        update: an update whose states are shown on it.
        output: a format that ``dot`` knows, e.g. ``svg``, ``png`` or ``pdf``.

    Raises:
        UsageProblem: LDP-1001 when there is no ``dot`` program, or it refuses.
    """
    import subprocess

    if not dot_available():
        raise UsageProblem(
            "LDP-1001",
            "there is no `dot` program on the PATH",
            hint="install Graphviz, or leave the option out: the built-in drawing needs no program",
        )
    try:
        return bytes(_digraph(graph, update).pipe(format=output))
    except (subprocess.CalledProcessError, ValueError) as error:
        raise UsageProblem("LDP-1001", f"`dot` cannot draw {output}: {str(error).splitlines()[0]}") from error


def _digraph(graph: Graph, update: UpdateView | None) -> Any:
    import graphviz

    colours = palette.LIGHT
    made = graphviz.Digraph(
        name=graphviz.escape(graph.pipeline),
        graph_attr={"rankdir": "LR", "bgcolor": "transparent", "nodesep": "0.25", "ranksep": "0.5"},
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fontname": "sans-serif",
            "fontsize": "11",
            "fillcolor": colours.card,
            "color": colours.line,
            "fontcolor": colours.text,
            "margin": "0.14,0.07",
        },
        edge_attr={"color": colours.edge, "arrowsize": "0.7"},
    )
    numbers: dict[ItemKey, str] = {}
    for number, item in enumerate(graph_items(graph, update)):
        numbers[item.key] = f"n{number}"
        made.node(numbers[item.key], _label(item), tooltip=graphviz.escape(item.title), **_looks(item))
    for source, target in graph_edges(graph):
        if source in numbers and target in numbers:
            made.edge(numbers[source], numbers[target])
    return made


def _label(item: Item) -> str:
    import graphviz

    lines = [item.kind_text, item.label]
    if item.word:
        lines.append(" · ".join(t for t in (str(item.word), item.seconds) if t))
    lines += [t for t in (item.refresh, *item.facts, rules_text(item)) if t]
    return "\\l".join(str(graphviz.escape(line)) for line in lines) + "\\l"


def _looks(item: Item) -> dict[str, str]:
    looks: dict[str, str] = {}
    if not item.dataset:
        looks |= {"style": "filled", "fillcolor": palette.LIGHT.source}
    elif item.dashed:
        looks["style"] = "rounded,filled,dashed"
    if item.word:
        looks |= {"color": palette.LIGHT.tone(item.word.tone), "penwidth": "1.5"}
    return looks
