"""Expectations compiled into one pass over the data."""

from ldp_jupyter.quality.rules import RuleSet, samples_wanted
from ldp_jupyter.quality.samples import Samples
from ldp_jupyter.quality.violations import Violation, find_violation

__all__ = [
    "RuleSet",
    "Samples",
    "Violation",
    "find_violation",
    "samples_wanted",
]
