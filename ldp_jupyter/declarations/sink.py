"""Streaming targets outside the pipeline's own tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ldp_jupyter.locations import Location


@dataclass(frozen=True)
class Sink:
    """A sink of ``create_sink``, or a handler of ``foreach_batch_sink``.

    Parameters:
        format: a streaming format, or ``foreachBatch`` when there is a handler.
        handler: ``f(df, batch_id)``.
    """

    name: str
    format: str
    options: Mapping[str, str] = field(default_factory=dict)
    handler: Callable[[Any, int], None] | None = None
    location: Location | None = None
