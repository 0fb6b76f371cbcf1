"""What goes wrong, in one shape: a code, a sentence, a hint, a place."""

from ldp_jupyter.errors.base import LdpError, PipelineInvalid, UpdateFailed, UsageProblem, problem_from, sort_problems
from ldp_jupyter.errors.codes import CODES, ErrorCode
from ldp_jupyter.errors.render import render_problem, render_problems

__all__ = [
    "CODES",
    "ErrorCode",
    "LdpError",
    "PipelineInvalid",
    "UpdateFailed",
    "UsageProblem",
    "problem_from",
    "render_problem",
    "render_problems",
    "sort_problems",
]
