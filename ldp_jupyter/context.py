"""For whom code runs now: where declarations land, which configuration, session and resolver apply.

Pipeline source is ordinary Python that calls module-level functions; this ContextVar is how those functions know
which pipeline they belong to. A kernel has a standing context as well, so that plain cells register.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ldp_jupyter.declarations import Declarations
    from ldp_jupyter.locations import Location
    from ldp_jupyter.names import Namespace


class Resolver(Protocol):
    """Answers reads of tables while a dataset function is evaluated."""

    @property
    def shapes(self) -> bool:
        """Whether tables are read as shapes without rows: nothing is computed from them."""

    def read_table(self, name: str, *, streaming: bool, options: Mapping[str, str], reader: Any) -> Any:
        """The DataFrame that `name` means, or None to let Spark look it up."""

    def run_sql(self, text: str, args: Any) -> Any:
        """The DataFrame of a query, or None to let Spark run it."""

    def notice_action(self, key: str) -> None:
        """The function does what the platform forbids in it: a key of `LOCAL_ONLY`."""

    def notice_option(self, key: str, value: Any) -> None:
        """The function sets an option of a reader."""

    def need_source(self, name: str) -> None:
        """The function is about to read a format: what it takes must be there."""


@dataclass
class Context:
    """What applies to the code that runs.

    Parameters:
        namespace: default catalog and schema; `USE` in source changes it for the rest of that source.
        configuration: the pipeline's configuration, asked before Spark's.
        get_session: gives the Spark session, starting it where needed.
        parameters: values of ``:name`` in SQL, asked before the configuration.
        declarations: where declarations land; None while nothing may be declared.
        resolver: set while a dataset function is evaluated.
        root: project root, for shown paths.
        confs: Spark settings made by source while it was read; they hold for its flows.
        replaced: what those settings were in the session before, to be put back when the source is read.
        locate: turns a pseudo file name and line into a Location (notebook cells).
    """

    namespace: Namespace
    configuration: Mapping[str, str]
    get_session: Callable[[], Any]
    declarations: Declarations | None = None
    resolver: Resolver | None = None
    root: Path | None = None
    confs: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, str | None] = field(default_factory=dict)
    locate: Callable[[str, int], Location | None] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def but(self, **changes: Any) -> Context:
        """A copy with some parts changed."""
        return replace(self, **changes)


_current: ContextVar[Context | None] = ContextVar("ldp_jupyter_context", default=None)
_standing: Context | None = None
_missing: Exception | None = None


def current() -> Context | None:
    """The context of the running code: of the source or flow being evaluated, else the kernel's."""
    return _current.get() or _standing


def source_being_read() -> Context | None:
    """The context of a file of the pipeline that is being read now.

    None in dataset functions, in updates and in cells of a kernel, where people may do with the session what they like.
    """
    context = _current.get()
    return context if context is not None and context.declarations is not None and context.resolver is None else None


def set_standing(context: Context | None, missing: Exception | None = None) -> None:
    """Set the context of plain notebook cells.

    Parameters:
        context: None where there is none.
        missing: why there is none, for cells that need it.
    """
    global _standing, _missing  # one kernel, one standing context
    _standing, _missing = context, missing


def why_missing() -> Exception | None:
    """What kept the kernel from having a context, e.g. settings that cannot be read."""
    return _missing


@contextlib.contextmanager
def using(context: Context) -> Iterator[Context]:
    """Run a block in a context."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
