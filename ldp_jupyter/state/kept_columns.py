"""Where the columns are kept that streams of files were found to have: beside their checkpoints.

What lies in such a folder is written and read by the companion while a query is analysed, a version for each change.
It goes with the checkpoint: a full refresh finds the columns anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.state.layout import safe

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from ldp_jupyter.declarations import Flow
    from ldp_jupyter.names import Name
    from ldp_jupyter.spark.places import Place
    from ldp_jupyter.state.layout import Layout

_FOLDER = "_columns"


def kept_columns(checkpoint: str) -> str:
    """The folder that belongs to a checkpoint."""
    return f"{checkpoint}/{_FOLDER}"


class KeptColumns:
    """Columns that earlier updates found.

    Parameters:
        anew: tables whose streams begin anew: what was found for them does not count.
    """

    def __init__(self, layout: Layout, anew: AbstractSet[Name] = frozenset()) -> None:
        self._layout = layout
        self._anew = anew

    def of(self, flow: Flow) -> list[str]:
        """Folders for a flow, the newest first; for the query of a view those of all flows, which may read it."""
        if flow.target in self._anew:
            return []
        targets = self._layout.state / "checkpoints"
        own = self._layout.lives(flow.sink or flow.target)[0]
        old = {self._layout.lives(name)[0] for name in self._anew}
        if own.is_dir():
            found = [folder for folder in own.glob(f"*/*/{_FOLDER}") if _is_of(folder.parent.name, flow.name)]
        else:
            found = [folder for folder in targets.glob(f"*/*/*/{_FOLDER}") if folder.parents[2] not in old]
        return [str(folder) for folder in sorted(found, key=_age)]


def _is_of(checkpoint: str, flow: str) -> bool:
    return checkpoint.partition("~")[0] == safe(flow)


def _age(folder: Place) -> float:
    try:
        return -folder.stat().st_mtime
    except OSError:  # removed meanwhile
        return 0.0
