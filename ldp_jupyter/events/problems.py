"""Problems in the event log's form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.errors import LdpError

_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.+))?$', re.MULTILINE)


def errors_json(problems: Sequence[LdpError], *, fatal: bool = True) -> dict[str, Any]:
    """The `error` of an event: each problem with its code as class, then the exceptions behind it."""
    return {"fatal": fatal, "exceptions": [entry for problem in problems for entry in _exceptions(problem)]}


def _exceptions(problem: LdpError) -> list[dict[str, Any]]:
    told = {"class_name": problem.code, "message": problem.message, "stack": _stack(problem)}
    causes = [{"class_name": name, "message": message, "stack": []} for name, message in problem.causes]
    return [told, *causes]


def _stack(problem: LdpError) -> list[dict[str, Any]]:
    """The user's frames, innermost first; where there are none, the place in the source."""
    frames = [
        _element(found["file"], int(found["line"]), found["name"] or "")
        for found in _FRAME.finditer(problem.user_traceback or "")
    ]
    place = problem.location
    if not frames and place is not None and place.line:
        return [_element(place.file or place.cell or "", place.line, "")]
    return frames[::-1]


def _element(file: str, line: int, function: str) -> dict[str, Any]:
    return {"declaring_class": "", "method_name": function, "file_name": file, "line_number": line}
