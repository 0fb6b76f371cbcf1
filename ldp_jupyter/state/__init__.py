"""What an update remembers beside the tables: generations, fingerprints, once-flows, locks, runs."""

from ldp_jupyter.state.checkpoints import Checkpoints
from ldp_jupyter.state.kept_columns import KeptColumns
from ldp_jupyter.state.layout import Layout
from ldp_jupyter.state.lock import UpdateLock
from ldp_jupyter.state.memory import Memory, reads_much
from ldp_jupyter.state.runs import Run, Runs
from ldp_jupyter.state.storage import storage_hint, storage_problem

__all__ = [
    "Checkpoints",
    "KeptColumns",
    "Layout",
    "Memory",
    "Run",
    "Runs",
    "UpdateLock",
    "reads_much",
    "storage_hint",
    "storage_problem",
]
