"""One update: plan -> schedule -> execute -> commit. The engine never prints; it emits events."""

from ldp_jupyter.engine.plan import PlannedFlow, UpdatePlan, plan_update
from ldp_jupyter.engine.request import UpdateRequest
from ldp_jupyter.engine.retries import Retries
from ldp_jupyter.engine.update import Update

__all__ = ["PlannedFlow", "Retries", "Update", "UpdatePlan", "UpdateRequest", "plan_update"]
