"""Commands that change what is stored: `run`, `clean`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ldp_jupyter.cli.options import common, names_of, output_format, selection, strict_platform, take_selection
from ldp_jupyter.cli.tree import ldp
from ldp_jupyter.errors import LdpError, UsageProblem

if TYPE_CHECKING:
    from ldp_jupyter.cli.door import Door
    from ldp_jupyter.engine import Update
    from ldp_jupyter.events import Subscriber, UpdateView
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.pipeline import Pipeline


@ldp.command()
@common
@output_format("text", "json")
@selection
@click.option(
    "--production/--development",
    default=None,
    help="Try again what may heal, or never (default: as the target says; never in a notebook).",
)
@click.option(
    "--continuous", is_flag=True, help="Go on with what arrives, until stopped; in a notebook, in the background."
)
@click.option("--loaded-only", is_flag=True, help="In a notebook: leave out datasets whose cells did not run.")
@strict_platform
@click.option("--report", type=click.Path(dir_okay=False), help="Write the report to this HTML file, too.")
@click.option("--junit", type=click.Path(dir_okay=False), help="Write a JUnit file.")
@click.pass_obj
def run(
    door: Door,
    /,
    form: str,
    production: bool | None,
    continuous: bool,
    loaded_only: bool,
    strict_platform: bool,
    report: str | None,
    junit: str | None,
    **options: Any,
) -> None:
    """Run an update."""
    from ldp_jupyter.errors import PipelineInvalid, UpdateFailed

    selected = take_selection(options)
    pipeline = door.pipeline(options)
    graph = pipeline.dry_run(strict_platform=strict_platform)
    selected["loaded_only"] = loaded_only
    if continuous and door.start(pipeline, graph, selected):
        return
    # one for each update with its progress: in production a failed one may be run again
    updates: list[tuple[Update, Any]] = []

    def begun(update: Update) -> list[Subscriber]:
        updates.append((update, door.progress(graph, pipeline.where)))
        return [updates[-1][1]]

    problems: list[LdpError] = []
    failure: BaseException | None = None
    if production is None:
        production = not door.interactive and not pipeline.settings.development
    try:
        pipeline.run(graph=graph, production=production, continuous=continuous, begun=begun, **selected)
    except (PipelineInvalid, UpdateFailed) as failed:
        problems, failure = failed.problems, failed
    except LdpError as failed:
        problems, failure = [failed], failed
    except KeyboardInterrupt as stopped:
        failure = stopped
    if not updates:  # nothing was begun
        assert failure is not None
        raise failure
    update, progress = updates[-1]
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


@ldp.command()
@click.pass_obj
def stop(door: Door, /) -> None:
    """Stop the update that a notebook runs in the background."""
    door.stop()


@ldp.command()
@common
@output_format("text", "json")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@click.argument("datasets", nargs=-1)
@click.pass_obj
def clean(door: Door, /, form: str, yes: bool, datasets: tuple[str, ...], **options: Any) -> None:
    """Delete datasets with all that belongs to them, or all that the pipeline keeps; says first what goes."""
    from ldp_jupyter.display import CleanView

    pipeline = door.pipeline(options)
    cleaning = pipeline.cleaning(*names_of(datasets))
    if form == "json":
        if yes:
            cleaning.delete()
        door.json(cleaning.to_json())
        return
    door.show(CleanView(cleaning, pipeline.where))
    if not cleaning.items:
        return
    if not yes and not door.confirmed("Delete it?"):
        raise UsageProblem("LDP-1011", "nothing was deleted", hint="the same command with --yes deletes it")
    cleaning.delete()
    door.text("Deleted.")


def _write_files(
    pipeline: Pipeline, graph: Graph, view: UpdateView, problems: list[LdpError], report: str | None, junit: str | None
) -> None:
    if report:
        from ldp_jupyter.display import write_report

        write_report(report, graph, view, problems, where=pipeline.where)
    if junit:
        from ldp_jupyter.display import junit_xml

        Path(junit).write_text(junit_xml(view, problems), encoding="utf-8")
