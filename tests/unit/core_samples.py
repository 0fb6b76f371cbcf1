"""What the tests of the core packages share: a context to declare in, sources from texts. None of it needs Spark."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import Context, using
from ldp_jupyter.declarations import Declarations, SourceUnit
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import Namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

NAMESPACE = Namespace("main", "default")


def no_session() -> Any:
    raise AssertionError("Spark was asked for")


def context(**parts: Any) -> Context:
    """A context whose session must not be needed."""
    return Context(**{"namespace": NAMESPACE, "configuration": {}, "get_session": no_session, **parts})


@contextlib.contextmanager
def declaring(**parts: Any) -> Iterator[Declarations]:
    """What the block declares."""
    declarations = Declarations(SourceUnit("here", "here"))
    with using(context(declarations=declarations, **parts)):
        yield declarations


def problem_of(call: Callable[[], Any]) -> LdpError:
    """The problem that a call raises; its `location.line` is that of the call's code."""
    try:
        call()
    except LdpError as error:
        return error
    raise AssertionError("nothing was raised")


def here() -> int:
    """The line on which this is called."""
    return sys._getframe(1).f_lineno


def load(root: Path, *names: str, notebooks: Sequence[str] = (), **parts: Any) -> list[Declarations]:
    """Load sources of a project folder, without Spark."""
    from ldp_jupyter.sources import load_files

    base = context(**{"root": root, **parts})
    return load_files([root / name for name in names], base, root, notebooks=[root / name for name in notebooks])


def tables(declared: Declarations) -> list[str]:
    """Full names of the datasets, default catalog and schema left out."""
    return [NAMESPACE.shown(dataset.name) for dataset in declared.datasets]


def problems(declared: Declarations) -> list[tuple[str, str]]:
    """Codes and places of what is wrong."""
    return [(problem.code, str(problem.location)) for problem in declared.problems]


def notebook(*cells: str, counts: Sequence[int | None] = (), **metadata: Any) -> str:
    """Text of an `.ipynb` file with these code cells; a cell that starts with `md:` is Markdown."""
    import json

    def cell(index: int, text: str) -> dict[str, Any]:
        if text.startswith("md:"):
            return {"cell_type": "markdown", "id": f"c{index}", "metadata": {}, "source": text[3:]}
        count = counts[index] if index < len(counts) else None
        return {
            "cell_type": "code",
            "id": f"c{index}",
            "metadata": {},
            "execution_count": count,
            "outputs": [],
            "source": text.splitlines(keepends=True),
        }

    made = {
        "cells": [cell(i, t) for i, t in enumerate(cells)],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(made)
