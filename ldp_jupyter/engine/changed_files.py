"""Files that changed after a stream has read them: it does not read them again, and the update says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.engine.backlog import changed_files

if TYPE_CHECKING:
    from ldp_jupyter.engine.flows import FlowRun
    from ldp_jupyter.spark.bridge import StreamSource


def tell_changed_files(run: FlowRun, checkpoint: str, sources: list[StreamSource]) -> None:
    """Warn of them, in an update once."""
    told = run.work.told_files.setdefault(run.planned.key, set())
    changed = [file for file in changed_files(checkpoint, sources) if file not in told]
    if changed:
        told.update(changed)
        run.work.emitter.changed_files(run.planned, changed)
