"""What users see: static and live views of graph, tables, expectations, events and query results.

Every view shows itself in a notebook, trusted or not, in a terminal and in an HTML file, without a kernel or network.
"""

from ldp_jupyter.display.base import Display
from ldp_jupyter.display.card import CellCard
from ldp_jupyter.display.clean_view import CleanView
from ldp_jupyter.display.dot import dot_available, graph_dot, render_dot
from ldp_jupyter.display.events_view import EventsView
from ldp_jupyter.display.expectations_view import ExpectationsView
from ldp_jupyter.display.frame import DataView
from ldp_jupyter.display.graph_view import GraphView
from ldp_jupyter.display.junit import junit_xml
from ldp_jupyter.display.live import LiveView, NotebookProgress, TerminalProgress
from ldp_jupyter.display.plan_view import PlanView
from ldp_jupyter.display.problems_view import DryRunView
from ldp_jupyter.display.report import report_html, write_report
from ldp_jupyter.display.svg import Picture, draw
from ldp_jupyter.display.tables_view import TablesView
from ldp_jupyter.display.update_view import UpdateReport

__all__ = [
    "CellCard",
    "CleanView",
    "DataView",
    "Display",
    "DryRunView",
    "EventsView",
    "ExpectationsView",
    "GraphView",
    "LiveView",
    "NotebookProgress",
    "Picture",
    "PlanView",
    "TablesView",
    "TerminalProgress",
    "UpdateReport",
    "dot_available",
    "draw",
    "graph_dot",
    "junit_xml",
    "render_dot",
    "report_html",
    "write_report",
]
