"""What decorators hand on to each other about one function.

Each decorator gives a thin layer around the function that bears a mark; calling it calls the function. So one function
can serve several datasets, each with rules of its own, and nothing is kept for functions that are gone.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.declarations import Dataset, Declarations, Expectation


@dataclass
class Mark:
    """What the decorators below found out.

    Parameters:
        rules: expectations that wait for their dataset, in the order written.
        declarations, dataset: the dataset that a decorator below declared, and where.
        flow: the decorator of a flow.
        owner: the layer that bears it first; a decorator of the user's own on top (`functools.wraps`) copies it.
    """

    rules: tuple[Expectation, ...] = ()
    declarations: Declarations | None = None
    dataset: Dataset | None = None
    flow: str | None = None
    owner: Any = None


def layer(function: Callable[..., Any], **mark: Any) -> Any:
    """The function with a mark on it, the function itself left as it is."""

    @functools.wraps(function)
    def marked(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    marked.__ldp_mark__ = Mark(**mark, owner=marked)  # type: ignore[attr-defined]
    return marked


def mark_of(function: Any) -> Mark | None:
    """The mark that a decorator left."""
    mark = getattr(function, "__ldp_mark__", None)
    return mark if isinstance(mark, Mark) else None


def innermost(function: Any) -> Any:
    """The user's own function below our layers."""
    while (mark := mark_of(function)) is not None and mark.owner is function:
        function = function.__wrapped__
    return function
