"""Numbers that a pipeline's configuration gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping


def whole_number(configuration: Mapping[str, str], key: str, usual: int, *, least: int = 0) -> int:
    """A setting that is a count; `usual` where it is not set.

    Raises:
        UsageProblem: LDP-1003 for what is no whole number, or below `least`.
    """
    given = configuration.get(key)
    if given is None:
        return usual
    if not given.strip().isdecimal() or int(given) < least:
        raise UsageProblem("LDP-1003", f"{key} wants a whole number from {least} on, got {given!r}")
    return int(given)
