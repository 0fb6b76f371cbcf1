"""Commands that look at what is declared: `status`, `ls`, `dry-run`, `plan`, `dag`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ldp_jupyter.cli.options import common, output_format, selection, strict_platform, take_selection
from ldp_jupyter.cli.tree import ldp
from ldp_jupyter.errors import UsageProblem

if TYPE_CHECKING:
    from ldp_jupyter.cli.door import Door
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.pipeline import Pipeline


@ldp.command()
@common
@output_format("text", "json")
@click.pass_obj
def status(door: Door, /, form: str, **options: Any) -> None:
    """The pipeline, where it runs, and its last update."""
    from ldp_jupyter.display import UpdateReport
    from ldp_jupyter.state.lock import described, running_holder

    pipeline = door.pipeline(options)
    holder = running_holder(pipeline.layout)
    view = pipeline.last_update() if holder is None else pipeline.newest_update()
    if form == "json":
        door.json(
            {
                "pipeline": pipeline.settings.name,
                "where": pipeline.where,
                "running": holder and {key: holder[key] for key in ("pid", "host", "since")},
                "last_update": view.to_json() if view else None,
            }
        )
        return
    door.text(f"{pipeline.settings.name} · {pipeline.where}")
    if holder is not None:
        door.text(f"An update is running in {described(holder)}.")
    if view is None:
        door.text("No update yet. Check it with `ldp dry-run`, run it with `ldp run`.")
    else:
        door.show(UpdateReport(None, view, (), pipeline.where))


@ldp.command(name="ls")
@common
@output_format("text", "json")
@click.argument("files", nargs=-1, type=click.Path())
@click.pass_obj
def list_declared(door: Door, /, form: str, files: tuple[str, ...], **options: Any) -> None:
    """What is declared; evaluates no dataset function and needs no data.

    What sources ask for while they are read, and this machine lacks (a module, a secret, a file), is a warning here.
    """
    from ldp_jupyter.display import GraphView

    pipeline = door.pipeline(options)
    if files:
        _list_files(door, pipeline, files, form)
        return
    graph = pipeline.declared()
    _only_warn_of_what_is_lacking(graph)
    if form == "json":
        door.json(_declared_json(graph))
    else:
        door.show(GraphView(graph, None, pipeline.where))
        if not (graph.nodes or graph.sink_flows or graph.problems):
            door.text(f"Nothing is declared: {pipeline.nothing_hint()}")
        for warning in graph.warnings:
            door.text(f"warning: {warning}")
        if graph.problems:
            from ldp_jupyter.display import DryRunView

            door.show(DryRunView(graph, pipeline.where))
    if graph.problems:
        raise SystemExit(1)


def _only_warn_of_what_is_lacking(graph: Graph) -> None:
    from ldp_jupyter.declarations import Note

    lacking = [problem for problem in graph.problems if problem.lacking]
    graph.problems = [problem for problem in graph.problems if not problem.lacking]
    graph.warnings += [Note("warning", f"{p.code} {p.message}", p.location) for p in lacking]


def _declared_json(graph: Graph) -> dict[str, Any]:
    answer = graph.to_json()
    implied = {str(node.name) for node in graph.nodes.values() if node.dataset.implied}
    answer["datasets"] = [dataset for dataset in answer["datasets"] if dataset["full_name"] not in implied]
    for dataset in answer["datasets"]:
        del dataset["columns"]
        dataset["inputs"] = None
    return answer


def _list_files(door: Door, pipeline: Pipeline, files: tuple[str, ...], form: str) -> None:
    """Each file on its own: one object per file."""
    from ldp_jupyter.graph import declared_graph
    from ldp_jupyter.sources import load_alone

    answers = []
    for file in files:
        path = Path(file).resolve()
        if not path.is_file():
            raise UsageProblem("LDP-1001", f"no such file: {file}")
        declared = load_alone(path, pipeline.context(), pipeline.settings.root)
        graph = declared_graph(pipeline.settings.name, pipeline.namespace, [declared])
        graph.problems = [
            p for p in graph.problems if p.code not in ("LDP-2013", "LDP-2014")
        ]  # the target may be another file's
        _only_warn_of_what_is_lacking(graph)
        answers.append({"file": declared.unit.shown, **_declared_json(graph)})
    if form == "json":
        door.json(answers)
    for answer in answers if form == "text" else ():
        names = ", ".join(f"{d['name']} ({d['kind'].replace('_', ' ')})" for d in answer["datasets"]) or "nothing"
        door.text(f"{answer['file']}: {names}")
        for error in answer["errors"]:
            place = f"{error['file']}:{error['line']} " if error["line"] else ""
            door.text(f"  {error['code']} {place}{error['message']}")
        for warning in answer["warnings"]:
            door.text(f"  warning: {warning}")
    if any(answer["errors"] for answer in answers):
        raise SystemExit(1)


@ldp.command(name="dry-run")
@common
@output_format("text", "json")
@strict_platform
@click.pass_obj
def dry_run(door: Door, /, form: str, strict_platform: bool, **options: Any) -> None:
    """Check the whole pipeline and write nothing; every error at once."""
    from ldp_jupyter.display import DryRunView

    pipeline = door.pipeline(options)
    graph = pipeline.dry_run(strict_platform=strict_platform)
    if form == "json":
        door.json(graph.to_json())
        if graph.problems:
            raise SystemExit(1)
    elif graph.problems:
        door.invalid(graph, DryRunView(graph, pipeline.where))
    else:
        door.show(DryRunView(graph, pipeline.where, pipeline.next_update(graph)))


@ldp.command()
@common
@output_format("text", "json")
@selection
@click.pass_obj
def plan(door: Door, /, form: str, **options: Any) -> None:
    """What an update with these selections would do; writes nothing and starts no Spark job."""
    from ldp_jupyter.display import DryRunView

    selected = take_selection(options)
    pipeline = door.pipeline(options)
    graph = pipeline.dry_run()
    if graph.problems:
        if form == "json":
            door.json({"pipeline": graph.pipeline, "datasets": [], "errors": [p.to_json() for p in graph.problems]})
            raise SystemExit(1)
        door.invalid(graph, DryRunView(graph, pipeline.where))
        return
    view = pipeline.plan(graph=graph, **selected)
    if form == "json":
        door.json(view.to_json())
    else:
        door.show(view)


@ldp.command()
@common
@click.option(
    "--format",
    "-o",
    "form",
    type=click.Choice(["text", "json", "svg", "dot"]),
    default="text",
    help="Form of the output.",
)
@click.pass_obj
def dag(door: Door, /, form: str, **options: Any) -> None:
    """The graph, with the state of the last update."""
    from ldp_jupyter.display import GraphView, draw, graph_dot

    pipeline = door.pipeline(options)
    graph = pipeline.dry_run()
    last = pipeline.last_update()
    if form == "json":
        door.json(graph.to_json())
    elif form == "dot":
        door.text(graph_dot(graph, last))
    elif form == "svg":
        door.text(draw(graph, last).svg)
    else:
        door.show(GraphView(graph, last, pipeline.where))
