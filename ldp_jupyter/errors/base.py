"""`LdpError` and its few kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors.codes import CODES
from ldp_jupyter.redaction import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ldp_jupyter.locations import Location


class LdpError(Exception):
    """One thing that is wrong, told the way users read it.

    Parameters:
        code: an entry of `CODES`.
        message: one sentence, no full stop needed.
        hint: what to do, if there is more to say than the code's own advice.
        dataset: shown name of the dataset concerned.
        location: where it stands.
        because: datasets that fail only because this one does.
        user_traceback: the user's own traceback, from the user's first frame on.
        detail: the underlying message in full (Spark's, a compiler's), shown on demand.
        heals: whether the same may succeed later with nothing changed.

    Attributes:
        causes: class and message of the exceptions behind it, outermost first.
    """

    exit_status = 1
    # whether it says that this machine lacks something that source asks for while it is read (`ldp ls` only warns)
    lacking = False

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        dataset: str | None = None,
        location: Location | None = None,
        because: Sequence[str] = (),
        user_traceback: str | None = None,
        detail: str | None = None,
        heals: bool = False,
    ) -> None:
        if code not in CODES:
            raise KeyError(code)
        message = scrub(message)
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint and scrub(hint)
        self.dataset = dataset
        self.location = location
        self.because = list(because)
        self.user_traceback = user_traceback and scrub(user_traceback)
        self.detail = detail and scrub(detail)
        self.heals = heals
        self.causes: list[tuple[str, str]] = []

    def __str__(self) -> str:
        from ldp_jupyter.errors.render import render_problem

        return render_problem(self)

    def to_json(self) -> dict[str, Any]:
        """The contract's shape: code, message, hint, dataset, file, line and what more is known."""
        place = self.location
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "dataset": self.dataset,
            "file": place.file if place else None,
            "line": place.line if place else None,
            "column": place.column if place else None,
            "cell": place.cell if place else None,
            "because": self.because,
        }

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback through our own frames."""
        return str(self).splitlines()


class UsageProblem(LdpError):  # noqa: N818  (what users read, not a class hierarchy, gives the names)
    """A wrong command, option or setting: exit status 2."""

    exit_status = 2


class PipelineInvalid(LdpError):  # noqa: N818
    """Everything that a check found wrong, at once."""

    def __init__(self, problems: Iterable[LdpError], pipeline: str) -> None:
        self.problems = sort_problems(problems)
        count = len(self.problems)
        super().__init__("LDP-3002", f"pipeline {pipeline} is not valid: {count} error{'s' if count != 1 else ''}")

    def __str__(self) -> str:
        from ldp_jupyter.errors.render import render_problems

        return render_problems(self.problems)


class UpdateFailed(LdpError):  # noqa: N818
    """An update that ended FAILED, with the errors of its flows."""

    def __init__(self, problems: Iterable[LdpError], update_id: str) -> None:
        self.problems = sort_problems(problems)
        self.update_id = update_id
        super().__init__("LDP-3002", f"update {update_id[:6]} failed")

    def __str__(self) -> str:
        from ldp_jupyter.errors.render import render_problems

        return f"{render_problems(self.problems)}\n{self.message}"


def problem_from(error: BaseException, code: str, **known: Any) -> LdpError:
    """The error itself if it is ours (filled with what is known), else a new one of `code` around its message."""
    if isinstance(error, LdpError):
        for key in ("dataset", "location"):
            if getattr(error, key) is None and known.get(key) is not None:
                setattr(error, key, known[key])
        return error
    text = str(error).strip() or type(error).__name__
    return LdpError(code, f"{type(error).__name__}: {text.splitlines()[0]}", detail=text, **known)


def sort_problems(problems: Iterable[LdpError]) -> list[LdpError]:
    """Sorted by file, cell and line; those without a place last. What several sources run into is told once."""

    def key(problem: LdpError) -> tuple[bool, str, int, str, int, str]:
        place = problem.location
        if place is None:
            return (True, "", 0, "", 0, problem.message)
        cell = place.cell or ""
        number = int("".join(c for c in cell if c.isdecimal()) or 0)  # cell [10] stands after cell [9]
        return (False, place.file or "", number, cell, place.line or 0, problem.message)

    once: dict[tuple[object, ...], LdpError] = {}
    for problem in problems:
        once.setdefault((problem.code, problem.message, problem.dataset, str(problem.location)), problem)
    return sorted(once.values(), key=key)
