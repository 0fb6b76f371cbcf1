"""Declarations -> a resolved, checked graph: inputs, schemas, order, all errors at once."""

from ldp_jupyter.graph.build import declared_graph
from ldp_jupyter.graph.evaluate import Evaluation, Frames, base_session, evaluate, flow_session
from ldp_jupyter.graph.functions import register_functions
from ldp_jupyter.graph.model import Column, FlowNode, Graph, Node
from ldp_jupyter.graph.resolve import refuse_local_only, resolve_graph
from ldp_jupyter.graph.rules import rules_of

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
    "refuse_local_only",
    "register_functions",
    "resolve_graph",
    "rules_of",
]
