"""Updates of small pipelines and what their events tell, for tests of how flows run."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.engine.sizing import begin_small
from ldp_jupyter.errors import LdpError, UpdateFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ldp_jupyter.engine import Update
    from ldp_jupyter.events import Event, UpdateView

    Make = Callable[[Mapping[str, str]], Path]

FILES = "STREAM read_files('${root}/%s', format => 'json', schema => 'value INT')"


class Watched:
    """Views of the updates that one call of `Pipeline.run` runs, also of those that fail.

    Parameters:
        hear: called with each event and its update, in the thread that waits.
    """

    def __init__(self, hear: Callable[[Event, Update], None] | None = None) -> None:
        self.updates: list[Update] = []
        self._hear = hear

    def begun(self, update: Update) -> list[Callable[[Event], None]]:
        """What `Pipeline.run` takes as `begun`."""
        self.updates.append(update)
        hear = self._hear
        return [] if hear is None else [lambda event: hear(event, update)]

    @property
    def view(self) -> UpdateView:
        """The only update."""
        (update,) = self.updates
        return update.view


def project(make: Make, sources: Mapping[str, str], settings: Mapping[str, str] | None = None) -> Pipeline:
    """A pipeline of files in `transformations`; `${root}` is the project's folder."""
    root = make({f"transformations/{name}": text for name, text in sources.items()})
    return Pipeline(root, settings={"root": str(root), **(settings or {})})


def failed(pipeline: Pipeline, watched: Watched, **how: Any) -> list[LdpError]:
    """What an update that must fail tells."""
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run(begun=watched.begun, **how)
    problems: list[LdpError] = caught.value.problems
    return problems


def progress(view: UpdateView, flow: str) -> list[Event]:
    """Events of a flow, by its shown name."""
    return [e for e in view.events if e.event_type == "flow_progress" and e.origin["flow_name"] == flow]


def states(view: UpdateView, flow: str) -> list[str]:
    """States of a flow one after another; a state that is told several times in a row counts once."""
    return [state for state, _ in groupby(e.details["flow_progress"]["status"] for e in progress(view, flow))]


def update_states(view: UpdateView) -> list[str]:
    """States of the update, in order."""
    return [e.details["update_progress"]["state"] for e in view.events if e.event_type == "update_progress"]


def moment(view: UpdateView, flow: str, state: str) -> int:
    """The place among all events at which a flow first came to a state."""
    return next(
        i
        for i, e in enumerate(view.events)
        if e.event_type == "flow_progress"
        and e.origin["flow_name"] == flow
        and e.details["flow_progress"]["status"] == state
    )


def levels(view: UpdateView, flow: str) -> list[tuple[str, str]]:
    """Level and state of each event of a flow."""
    return [(e.level.value, e.details["flow_progress"]["status"]) for e in progress(view, flow)]


def rows(pipeline: Pipeline, table: str, schema: str = "default") -> list[Any]:
    """Rows of a table or view, sorted; single values for one column."""
    folder = delta_files.of(pipeline, f"{schema}.{table}")
    if folder.exists():
        found = delta_files.rows(folder)
    else:
        session = pipeline.session()
        begin_small(session, {})  # as the engine does for flows over little data
        found = [tuple(row) for row in session.table(f"main.{schema}.{table}").collect()]
    return sorted((row[0] if len(row) == 1 else row for row in found), key=repr)


def land(folder: Path, name: str, *values: int, column: str = "value") -> None:
    """A JSON file with these values in one column."""
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f'{{"{column}": {value}}}\n' for value in values)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
