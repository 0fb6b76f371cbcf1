"""A continuous update in a thread of its own, while whoever started it goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ldp_jupyter.engine import Update
    from ldp_jupyter.events import Subscriber
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.pipeline import Pipeline

_GRACE = 30.0  # seconds in which a stopped update ends


class Background:
    """Starts the update at once.

    Parameters:
        graph: from a dry run without problems.
        selected: selections, as `Pipeline.run` takes them.
        failed: told of the error when the update fails by itself.
    """

    def __init__(
        self, pipeline: Pipeline, graph: Graph, selected: Mapping[str, Any], failed: Callable[[LdpError], None]
    ) -> None:
        self.pipeline = pipeline
        self._graph = graph
        self._selected = selected
        self._failed = failed
        self._update: Update | None = None
        self._stopped = threading.Event()
        # as a daemon it does not keep a process alive: an update that is killed loses nothing
        self._thread = threading.Thread(target=self._run, name="ldp-continuous", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Cancel the update and wait for its end."""
        self._stopped.set()
        if self._update is not None:
            self._update.stop()
        self._thread.join(_GRACE)

    def _run(self) -> None:
        try:
            self.pipeline.run(graph=self._graph, continuous=True, begun=self._begun, **self._selected)
        except LdpError as error:
            if not self._stopped.is_set():
                self._failed(error)

    def _begun(self, update: Update) -> Sequence[Subscriber]:
        self._update = update
        return ()
