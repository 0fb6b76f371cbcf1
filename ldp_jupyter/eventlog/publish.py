"""The Delta table of the event log.

Its folder gets a pointer to the journal; whoever loads the table through the catalog takes over what the journal has
more, exactly once (the table's own `txn` remembers the offset). So an idle update starts no Spark job for its events,
and a reader sees journal and table as one. At the end of a process, and when much has gathered, the rest is written
for readers from outside.
"""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.places import place, write_text

if TYPE_CHECKING:
    from ldp_jupyter.names import Name
    from ldp_jupyter.spark.places import Place
    from ldp_jupyter.state import Layout

POINTER = "_journal.json"


def publish_event_log(layout: Layout, name: Name) -> Place:
    """Make the journal known under a table name.

    Returns:
        The table's folder.
    """
    folder = place(layout.table(name))
    pointer = folder / POINTER
    named = _journal_id(layout)
    text = json.dumps({"path": str(layout.journal), **({"id": named} if named else {})})
    if not pointer.exists() or pointer.read_text(encoding="utf-8") != text:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(pointer, text)
    return folder


def _journal_id(layout: Layout) -> str | None:
    """What tells this machine's journal from others whose lines are in the same table; None where there are none."""
    if not layout.remote:
        return None
    file = layout.journal.with_name(f"{layout.journal.name}.id")
    if not file.exists():
        write_text(file, uuid.uuid4().hex)
    return file.read_text(encoding="utf-8")


def flush_event_log(session: Any, layout: Layout, name: Name) -> None:
    """Write what the journal has more into the Delta table now."""
    from ldp_jupyter.spark import bridge

    folder = publish_event_log(layout, name)
    if layout.journal.exists():
        bridge.flush_journal(session, str(folder), str(layout.journal), _journal_id(layout))


def flush_beside(session: Any, layout: Layout, name: Name) -> None:
    """Write it in a thread of its own, when the journal has grown; where that fails, the next reader does it."""

    def flush() -> None:
        with contextlib.suppress(Exception):
            flush_event_log(session, layout, name)

    threading.Thread(target=flush, name="ldp-event-log", daemon=True).start()
