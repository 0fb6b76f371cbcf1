"""Where a command is called from. A notebook has a door of its own."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.cli.options import pairs
from ldp_jupyter.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.display import Display
    from ldp_jupyter.errors import LdpError
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.pipeline import Pipeline


class Door:
    """Where a command is called from: how it gets its pipeline, shows results and tells progress. This one: a terminal.

    Results go to standard output; what pipeline source prints while it is loaded goes to standard error, so that JSON
    stands alone.
    """

    # A notebook's updates never retry by themselves, whatever the target: who sees the failure mends its cause.
    interactive = False

    def __init__(self) -> None:
        self.out = sys.stdout

    def pipeline(self, options: dict[str, Any]) -> Pipeline:
        from ldp_jupyter.pipeline import Pipeline

        sys.stdout = sys.stderr  # from here on source may run; `main` puts it back
        return Pipeline(
            options.get("project") or ".",
            name=options.get("pipeline"),
            target=options.get("target"),
            settings=pairs(options.get("settings"), "--set"),
            variables=pairs(options.get("variables"), "--var"),
        )

    def show(self, view: Display) -> None:
        self.out.write(view.text(color=self.out.isatty()) + "\n")

    def text(self, text: str) -> None:
        self.out.write(text + "\n")

    def json(self, value: Any) -> None:
        self.out.write(json.dumps(value, indent=2, default=str) + "\n")

    def confirmed(self, question: str) -> bool:
        """Ask, where somebody can answer."""
        import click

        return sys.stdin.isatty() and click.confirm(question, err=True)

    def progress(self, graph: Graph, where: str) -> Any:  # noqa: ARG002
        from ldp_jupyter.display import TerminalProgress

        return TerminalProgress(where=where)

    def done(self, pipeline: Pipeline, graph: Graph, view: UpdateView, problems: Sequence[LdpError]) -> None:  # noqa: ARG002
        """Show a finished update."""
        from ldp_jupyter.display import TablesView

        if view.datasets:  # an invalid pipeline has got none: its errors say enough
            self.show(TablesView(view))

    def invalid(self, graph: Graph, view: Display) -> None:  # noqa: ARG002  (the notebook's door draws it)
        """Show what a check found wrong, and end with status 1."""
        self.show(view)
        raise SystemExit(1)

    def start(self, pipeline: Pipeline, graph: Graph, selected: dict[str, Any]) -> bool:  # noqa: ARG002
        """Run a continuous update in the background, where there is one: a terminal waits for it instead."""
        return False

    def stop(self) -> None:
        raise UsageProblem(
            "LDP-1001", "`stop` is for notebooks", hint="where an update runs in a terminal, Ctrl-C stops it"
        )

    def end(self, pipeline: Pipeline) -> None:
        """A command that wrote events is over: here the process ends, so readers from outside get them now."""
        pipeline.flush_events()
