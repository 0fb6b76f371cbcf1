"""`run`: an update."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ldp_jupyter.cli.options import common, names_of, output_format
from ldp_jupyter.cli.tree import ldp
from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from ldp_jupyter.cli.door import Door
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.pipeline import Pipeline


@ldp.command()
@common
@output_format("text", "json")
@click.option("--refresh", "-r", multiple=True, metavar="A,B", help="Refresh these datasets only.")
@click.option(
    "--full-refresh", "-f", multiple=True, metavar="A,B", help="Empty these and compute them from the beginning."
)
@click.option("--full-refresh-all", is_flag=True, help="The same for all.")
@click.option("--report", type=click.Path(dir_okay=False), help="Write the report to this HTML file, too.")
@click.option("--junit", type=click.Path(dir_okay=False), help="Write a JUnit file.")
@click.pass_obj
def run(
    door: Door,
    /,
    form: str,
    refresh: tuple[str, ...],
    full_refresh: tuple[str, ...],
    full_refresh_all: bool,
    report: str | None,
    junit: str | None,
    **options: Any,
) -> None:
    """Run an update."""
    from ldp_jupyter.errors import PipelineInvalid, UpdateFailed

    pipeline = door.pipeline(options)
    graph = pipeline.dry_run()
    update = pipeline.update(graph)
    progress = door.progress(graph, pipeline.where)
    problems: list[LdpError] = []
    failure: BaseException | None = None
    from ldp_jupyter.engine import UpdateRequest

    try:
        update.run(UpdateRequest(names_of(refresh), names_of(full_refresh), full_refresh_all), [progress])
    except (PipelineInvalid, UpdateFailed) as failed:
        problems, failure = failed.problems, failed
    except LdpError as failed:
        problems, failure = [failed], failed
    except KeyboardInterrupt as stopped:
        failure = stopped
    if hasattr(progress, "finish"):
        progress.finish(problems)
    _write_files(pipeline, graph, update.view, problems, report, junit)
    if form == "json":
        door.json({**update.view.to_json(), "update_id": update.update_id, "errors": [p.to_json() for p in problems]})
    else:
        door.done(pipeline, graph, update.view, problems)
    if update.view.events and not isinstance(failure, KeyboardInterrupt):  # who interrupts does not want to wait
        door.end(pipeline)
    if failure is not None:
        raise failure


def _write_files(
    pipeline: Pipeline, graph: Graph, view: UpdateView, problems: list[LdpError], report: str | None, junit: str | None
) -> None:
    if report:
        from ldp_jupyter.display import write_report

        write_report(report, graph, view, problems, where=pipeline.where)
    if junit:
        from ldp_jupyter.display import junit_xml

        Path(junit).write_text(junit_xml(view, problems), encoding="utf-8")
