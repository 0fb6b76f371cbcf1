"""Typed events and the bus: everything shown or logged about an update comes from here."""

from ldp_jupyter.events.bus import EventBus, Subscriber
from ldp_jupyter.events.event import Event, Level
from ldp_jupyter.events.problems import errors_json
from ldp_jupyter.events.states import FlowStatus, UpdateState
from ldp_jupyter.events.view import DatasetView, FlowView, RuleCount, UpdateView

__all__ = [
    "DatasetView",
    "Event",
    "EventBus",
    "FlowStatus",
    "FlowView",
    "Level",
    "RuleCount",
    "Subscriber",
    "UpdateState",
    "UpdateView",
    "errors_json",
]
