"""Checkpoints of streaming flows: where they lie, and how one flow begins its sources anew while its table stays.

A flow's checkpoint has a *life*, a number that a reset raises. The number stands in a small file beside the
checkpoints, so one renaming of that file is the whole reset: before it the old checkpoint counts, after it the new,
which is empty. What is left of the old one is removed later, by whoever updates next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.places import entries, place, remove, write_text
from ldp_jupyter.state.layout import safe

if TYPE_CHECKING:
    from ldp_jupyter.names import Name
    from ldp_jupyter.spark.places import Place
    from ldp_jupyter.state.layout import Layout

# `safe` never makes a name with this letter, so these files and folders cannot be taken for a flow's.
_MARK = "~"
SINK_GENERATION = "0"  # sinks are never emptied


class Checkpoints:
    """Checkpoints of one pipeline.

    Parameters (of the methods):
        target: the flow's table, or the name of its sink.
        generation: of the table; `SINK_GENERATION` for a sink.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def life(self, target: Name | str, generation: str, flow: str) -> int:
        """How often the flow's checkpoint was reset in this generation.

        Raises:
            LdpError: LDP-5006 where that is not told any more: a guess could read the sources twice.
        """
        return _number(self._mark(target, generation, flow))

    def path(self, target: Name | str, generation: str, flow: str) -> str:
        """Folder of the flow's checkpoint now."""
        folder = self._layout.checkpoint(target, generation, flow)
        life = self.life(target, generation, flow)
        return f"{folder}{_MARK}{life}" if life else folder

    def reset(self, target: Name | str, generation: str, flow: str) -> None:
        """Let the flow begin anew: its next query reads its sources from their start."""
        mark = self._mark(target, generation, flow)
        mark.parent.mkdir(parents=True, exist_ok=True)
        write_text(mark, str(self.life(target, generation, flow) + 1))

    def sweep(self, target: Name | str, generation: str) -> None:
        """Remove what can never count again: earlier generations of the table, earlier lives of its flows."""
        for folder in self._layout.lives(target):
            for old in entries(folder):
                if old.name != generation:
                    remove(old)
        current = place(self._layout.checkpoint(target, generation, ""))
        for mark in entries(current.parent):
            if mark.name.startswith(_MARK) and mark.is_file():
                self._sweep_lives(mark)

    @staticmethod
    def _sweep_lives(mark: Place) -> None:
        flow = mark.name[len(_MARK) :]
        living = f"{flow}{_MARK}{_number(mark)}"
        for folder in entries(mark.parent):
            name, _, life = folder.name.partition(_MARK)
            if name == flow and (life.isdigit() or not life) and folder.name != living:
                remove(folder)

    def _mark(self, target: Name | str, generation: str, flow: str) -> Place:
        folder = place(self._layout.checkpoint(target, generation, flow))
        return folder.with_name(f"{_MARK}{safe(flow)}")


def has_begun(checkpoint: str) -> bool:
    """Whether a first batch was planned with this checkpoint."""
    return any(entry.name.isdigit() for entry in entries(place(checkpoint) / "offsets"))


def remove_unbegun(checkpoint: str) -> None:
    """Remove what a kill left of the first batch's plan while that was written.

    Spark writes a batch's offsets beside their place and renames them. Over such a rest it refuses to begin a stream
    (STATE_STORE_CHECKPOINT_LOCATION_NOT_EMPTY), although no batch was begun.
    """
    offsets = entries(place(checkpoint) / "offsets")
    if offsets and not any(entry.name.isdigit() for entry in offsets):
        for entry in offsets:
            if entry.name.startswith("."):
                remove(entry)


def _number(mark: Place) -> int:
    try:
        return int(mark.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    except ValueError:
        raise LdpError(
            "LDP-5006",
            f"the file {mark}, which counts resets of a checkpoint, is damaged",
            hint="fully refresh the flow's table; for a sink, delete the file: everything is written to the sink again",
        ) from None
