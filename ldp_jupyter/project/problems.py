"""Settings are judged as a whole: every problem at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError, UsageProblem, sort_problems

if TYPE_CHECKING:
    from collections.abc import Iterable


class SettingsProblems(UsageProblem):
    """Several things wrong with a project's settings; its own code and place are those of the first.

    Parameters:
        problems: all of them, sorted by file and line.
    """

    def __init__(self, problems: Iterable[LdpError]) -> None:
        self.problems = sort_problems(problems)
        first = self.problems[0]
        super().__init__(
            first.code,
            f"{len(self.problems)} problems in the project's settings",
            hint=first.hint,
            location=first.location,
        )

    def __str__(self) -> str:
        from ldp_jupyter.errors import render_problems

        return render_problems(self.problems)


def raise_all(problems: Iterable[LdpError]) -> None:
    """Raise what was found: nothing, the one problem itself, or all of them together."""
    found = list(problems)
    if len(found) == 1:
        raise found[0]
    if found:
        raise SettingsProblems(found)
