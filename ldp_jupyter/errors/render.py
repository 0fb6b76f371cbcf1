"""Errors as text: one block per cause, the place with its source line, the hint, what fails with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ldp_jupyter.errors.base import LdpError


def render_problem(problem: LdpError) -> str:
    """One block, as users see it in a cell and in a terminal."""
    told = not problem.dataset or f'"{problem.dataset}"' in problem.message
    where = "" if told else f' in dataset "{problem.dataset}"'
    message = problem.message.rstrip(".") if where else problem.message
    lines = [f"{problem.code} {message}{where}"]
    if problem.location and str(problem.location):
        snippet = problem.location.snippet()
        lines.append(f"  {problem.location}" + (f"   {snippet}" if snippet else ""))
    if problem.hint:
        lines.extend(f"  {line}" for line in problem.hint.splitlines())
    if problem.because:
        lines.append(f"  fails with it: {', '.join(problem.because)}")
    if problem.user_traceback:
        lines.extend(f"  | {line}" for line in problem.user_traceback.rstrip().splitlines())
    if problem.detail and os.environ.get("LDP_DEBUG"):
        lines.extend(f"  . {line}" for line in problem.detail.rstrip().splitlines())
    return "\n".join(lines)


def render_problems(problems: Iterable[LdpError]) -> str:
    """All blocks, an empty line between them."""
    return "\n\n".join(render_problem(problem) for problem in problems)
