"""Jupyter as the workbench for Lakeflow Declarative Pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Pipeline", "__version__", "load_ipython_extension", "unload_ipython_extension"]

if TYPE_CHECKING:
    from ldp_jupyter.pipeline import Pipeline as Pipeline


def __getattr__(name: str) -> Any:
    # Nothing heavy at import: the facade comes when it is asked for.
    if name == "Pipeline":
        from ldp_jupyter.pipeline import Pipeline

        return Pipeline
    raise AttributeError(name)


def load_ipython_extension(ip: Any) -> None:
    """Entry of ``%load_ext ldp_jupyter``."""
    from ldp_jupyter.magics import load

    load(ip)


def unload_ipython_extension(ip: Any) -> None:
    """Entry of ``%unload_ext ldp_jupyter``."""
    from ldp_jupyter.magics import unload

    unload(ip)
