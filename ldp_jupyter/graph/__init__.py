"""Declarations -> a resolved, checked graph: inputs, schemas, order, all errors at once."""

from ldp_jupyter.graph.build import declared_graph
from ldp_jupyter.graph.evaluate import Evaluation, Frames, base_session, evaluate, flow_session
from ldp_jupyter.graph.model import Column, FlowNode, Graph, Node
from ldp_jupyter.graph.resolve import resolve_graph

__all__ = [
    "Column",
    "Evaluation",
    "FlowNode",
    "Frames",
    "Graph",
    "Node",
    "base_session",
    "declared_graph",
    "evaluate",
    "flow_session",
    "resolve_graph",
]
