"""Expectations compiled into one pass over the data."""

from ldp_jupyter.quality.rules import RuleSet, condition_columns
from ldp_jupyter.quality.violations import Violation, find_violation

__all__ = ["RuleSet", "Violation", "condition_columns", "find_violation"]
