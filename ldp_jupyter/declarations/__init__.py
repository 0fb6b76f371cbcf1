"""What pipeline source declares: frozen values, no Spark, no IPython."""

from ldp_jupyter.declarations.cdc import CdcSpec, SnapshotSpec
from ldp_jupyter.declarations.dataset import Dataset, Kind, TableOptions
from ldp_jupyter.declarations.expectation import Action, Expectation
from ldp_jupyter.declarations.flow import Flow, PythonQuery, Query, SqlQuery
from ldp_jupyter.declarations.function import SqlFunction
from ldp_jupyter.declarations.registry import Declarations, EventHook, Note, SourceUnit
from ldp_jupyter.declarations.sink import Sink
from ldp_jupyter.locations import Location

__all__ = [
    "Action",
    "CdcSpec",
    "Dataset",
    "Declarations",
    "EventHook",
    "Expectation",
    "Flow",
    "Kind",
    "Location",
    "Note",
    "PythonQuery",
    "Query",
    "Sink",
    "SnapshotSpec",
    "SourceUnit",
    "SqlFunction",
    "SqlQuery",
    "TableOptions",
]
