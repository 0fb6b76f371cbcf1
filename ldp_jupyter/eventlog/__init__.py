"""The event log: a journal written before anything is shown, and the Delta table made from it."""

from ldp_jupyter.eventlog.journal import Journal
from ldp_jupyter.eventlog.publish import flush_beside, flush_event_log, publish_event_log

__all__ = ["Journal", "flush_beside", "flush_event_log", "publish_event_log"]
