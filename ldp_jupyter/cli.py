"""The command tree of `ldp` and `%ldp`: parse, call, show. No rules."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ldp_jupyter import __version__
from ldp_jupyter.errors import LdpError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ldp_jupyter.display import Display
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.pipeline import Pipeline


class Door:
    """Where a command is called from: how it gets its pipeline, shows results and tells progress. This one: a terminal.

    Results go to standard output; what pipeline source prints while it is loaded goes to standard error, so that JSON
    stands alone.
    """

    def __init__(self) -> None:
        self.out = sys.stdout

    def pipeline(self, options: dict[str, Any]) -> Pipeline:
        from ldp_jupyter.pipeline import Pipeline

        sys.stdout = sys.stderr  # from here on source may run; `main` puts it back
        return Pipeline(
            options.get("project") or ".",
            name=options.get("pipeline"),
            target=options.get("target"),
            settings=_pairs(options.get("settings"), "--set"),
            variables=_pairs(options.get("variables"), "--var"),
        )

    def show(self, view: Display) -> None:
        self.out.write(view.text(color=self.out.isatty()) + "\n")

    def text(self, text: str) -> None:
        self.out.write(text + "\n")

    def json(self, value: Any) -> None:
        self.out.write(json.dumps(value, indent=2, default=str) + "\n")

    def progress(self, graph: Graph, where: str) -> Any:  # noqa: ARG002
        from ldp_jupyter.display import TerminalProgress

        return TerminalProgress(where=where)

    def done(self, pipeline: Pipeline, graph: Graph, view: UpdateView, problems: Sequence[LdpError]) -> None:  # noqa: ARG002
        """Show a finished update."""
        from ldp_jupyter.display import TablesView

        self.show(TablesView(view))

    def invalid(self, graph: Graph, view: Display) -> None:  # noqa: ARG002  (the notebook's door draws it)
        """Show what a check found wrong, and end with status 1."""
        self.show(view)
        raise SystemExit(1)

    def end(self, pipeline: Pipeline) -> None:
        """A command that wrote events is over: here the process ends, so readers from outside get them now."""
        pipeline.flush_events()


def _pairs(given: Sequence[str] | None, flag: str) -> dict[str, str]:
    pairs = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageProblem("LDP-1001", f"{flag} wants key=value, got {text!r}")
        pairs[key.strip()] = value
    return pairs


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command has."""
    options = [
        click.option(
            "--project",
            type=click.Path(exists=True, file_okay=False),
            help="Project folder (default: here and upward).",
        ),
        click.option("--pipeline", help="Which pipeline, where the project has several."),
        click.option("--target", help="Bundle target, e.g. dev."),
        click.option(
            "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Pipeline configuration for this command."
        ),
        click.option("--var", "variables", multiple=True, metavar="KEY=VALUE", help="Bundle variable."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def output_format(*choices: str) -> Callable[..., Any]:
    """`--format`, the first choice being the default."""
    return click.option(
        "--format", "-o", "form", type=click.Choice(choices), default=choices[0], help="Form of the output."
    )


class Tree(click.Group):
    """Commands with did-you-mean for their names."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        from ldp_jupyter.names import did_you_mean

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            known = self.list_commands(ctx)
            raise UsageProblem(
                "LDP-1001",
                f'unknown command "{args[0]}"',
                hint=did_you_mean(args[0], known) or f"commands: {', '.join(known)}",
            ) from None


@click.group(cls=Tree, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="ldp")
@click.pass_context
def ldp(ctx: click.Context) -> None:
    """Lakeflow Declarative Pipelines on local Spark and Delta."""
    if ctx.obj is None:
        ctx.obj = Door()
    if ctx.invoked_subcommand is None:
        ctx.invoke(status)


@ldp.command()
@common
@output_format("text", "json")
@click.pass_obj
def status(door: Door, /, form: str, **options: Any) -> None:
    """The pipeline, where it runs, and its last update."""
    from ldp_jupyter.display import UpdateReport

    pipeline = door.pipeline(options)
    view = pipeline.last_update()
    if form == "json":
        door.json(
            {
                "pipeline": pipeline.settings.name,
                "where": pipeline.where,
                "last_update": view.to_json() if view else None,
            }
        )
        return
    door.text(f"{pipeline.settings.name} · {pipeline.where}")
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
    """What is declared; evaluates no dataset function and needs no data."""
    from ldp_jupyter.display import GraphView

    pipeline = door.pipeline(options)
    if files:
        _list_files(door, pipeline, files, form)
        return
    graph = pipeline.declared()
    if form == "json":
        door.json(_declared_json(graph))
    else:
        door.show(GraphView(graph, None, pipeline.where))
        if graph.problems:
            from ldp_jupyter.display import DryRunView

            door.show(DryRunView(graph, pipeline.where))
    if graph.problems:
        raise SystemExit(1)


def _declared_json(graph: Graph) -> dict[str, Any]:
    answer = graph.to_json()
    for dataset in answer["datasets"]:
        del dataset["columns"]
        dataset["inputs"] = None
    return answer


def _list_files(door: Door, pipeline: Pipeline, files: tuple[str, ...], form: str) -> None:
    """Each file on its own: one object per file."""
    from ldp_jupyter.graph import declared_graph
    from ldp_jupyter.sources import load_file

    answers = []
    for file in files:
        path = Path(file).resolve()
        if not path.is_file():
            raise UsageProblem("LDP-1001", f"no such file: {file}")
        declared = load_file(path, pipeline.context(), pipeline.settings.root)
        graph = declared_graph(pipeline.settings.name, pipeline.namespace, [declared])
        graph.problems = [
            p for p in graph.problems if p.code not in ("LDP-2013", "LDP-2014")
        ]  # the target may be another file's
        answers.append({"file": declared.unit.shown, **_declared_json(graph)})
    if form == "json":
        door.json(answers)
        return
    for answer in answers:
        names = ", ".join(f"{d['name']} ({d['kind'].replace('_', ' ')})" for d in answer["datasets"]) or "nothing"
        door.text(f"{answer['file']}: {names}")
        for error in answer["errors"]:
            door.text(f"  {error['code']} {error['message']}")


@ldp.command(name="dry-run")
@common
@output_format("text", "json")
@click.pass_obj
def dry_run(door: Door, /, form: str, **options: Any) -> None:
    """Check the whole pipeline and write nothing; every error at once."""
    from ldp_jupyter.display import DryRunView

    pipeline = door.pipeline(options)
    graph = pipeline.dry_run()
    if form == "json":
        door.json(graph.to_json())
        if graph.problems:
            raise SystemExit(1)
    elif graph.problems:
        door.invalid(graph, DryRunView(graph, pipeline.where))
    else:
        door.show(DryRunView(graph, pipeline.where))


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
        update.run(UpdateRequest(_names(refresh), _names(full_refresh), full_refresh_all), [progress])
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


def _names(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for text in given for part in text.split(",") if part.strip())


def _write_files(
    pipeline: Pipeline, graph: Graph, view: UpdateView, problems: list[LdpError], report: str | None, junit: str | None
) -> None:
    if report:
        from ldp_jupyter.display import write_report

        write_report(report, graph, view, problems, where=pipeline.where)
    if junit:
        from ldp_jupyter.display import junit_xml

        Path(junit).write_text(junit_xml(view, problems), encoding="utf-8")


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


@ldp.command()
@common
@output_format("text", "json")
@click.pass_obj
def tables(door: Door, /, form: str, **options: Any) -> None:
    """The pipeline's tables with their rows."""
    pipeline = door.pipeline(options)
    found = pipeline.tables()
    if form == "json":
        door.json(found)
        return
    from ldp_jupyter.display import DataView
    from ldp_jupyter.graph import Column

    columns = [Column("name", "string"), Column("kind", "string"), Column("rows", "bigint"), Column("path", "string")]
    door.show(
        DataView(
            columns,
            [(t["name"], t["kind"].replace("_", " "), t["rows"], t["path"]) for t in found],
            limit=len(found) + 1,
        )
    )


@ldp.command()
@common
@output_format("table", "json", "csv")
@click.option("--limit", "-n", type=int, help="Rows at most (default: all; 100 are shown as a table).")
@click.argument("sql")
@click.pass_obj
def query(door: Door, /, form: str, limit: int | None, sql: str, **options: Any) -> None:
    """Run an SQL query over every table, with three-part names."""
    pipeline = door.pipeline(options)
    view = pipeline.query(sql, limit if limit is not None or form != "table" else 100)
    if form == "json":
        door.json(view.to_json())
    elif form == "csv":
        door.text(view.to_csv().rstrip("\n"))
    else:
        door.show(view)


@ldp.command()
@common
@output_format("text", "json")
@click.option("--limit", "-n", type=int, default=10, show_default=True, help="Rows at most.")
@click.argument("dataset")
@click.pass_obj
def show(door: Door, /, form: str, limit: int, dataset: str, **options: Any) -> None:
    """Rows of a dataset."""
    pipeline = door.pipeline(options)
    name = pipeline.namespace.qualify(dataset)
    view = pipeline.query(f"SELECT * FROM {name.quoted}", limit)
    view.title = pipeline.namespace.shown(name)
    if form == "json":
        door.json(view.to_json())
    else:
        door.show(view)


@ldp.command()
@common
@output_format("text", "json")
@click.option("--update", "update_id", help="Id of an update, or its beginning (default: the last one).")
@click.option("--all", "everything", is_flag=True, help="Events of all updates.")
@click.option("--type", "event_type", help="Only events of this type, e.g. flow_progress.")
@click.option("--level", type=click.Choice(["INFO", "WARN", "ERROR", "METRICS"]), help="Only events of this level.")
@click.pass_obj
def events(
    door: Door,
    /,
    form: str,
    update_id: str | None,
    everything: bool,
    event_type: str | None,
    level: str | None,
    **options: Any,
) -> None:
    """The event log."""
    from ldp_jupyter.display import EventsView

    pipeline = door.pipeline(options)
    found = pipeline.events()
    if not everything and found:
        wanted = update_id or found[-1].origin.get("update_id", "")
        found = [e for e in found if str(e.origin.get("update_id", "")).startswith(wanted)]
    found = [
        e
        for e in found
        if (event_type is None or e.event_type == event_type) and (level is None or e.level.value == level)
    ]
    if form == "json":
        door.json([e.to_json() for e in found])
    else:
        door.show(EventsView(found))


@ldp.command()
@common
@output_format("text", "json")
@click.pass_obj
def expectations(door: Door, /, form: str, **options: Any) -> None:
    """Expectations of the last update: passed and failed rows of each rule."""
    from ldp_jupyter.display import ExpectationsView

    pipeline = door.pipeline(options)
    view = pipeline.last_update()
    if form == "json":
        door.json(
            [
                {"dataset": d.name, **e.to_json()}
                for d in (view.datasets.values() if view else ())
                for e in d.expectations.values()
            ]
        )
    elif view is None:
        door.text("No update yet: run `ldp run`.")
    else:
        door.show(ExpectationsView(view))


@ldp.command()
@common
@output_format("text", "json")
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE]...")
@click.pass_obj
def config(door: Door, /, form: str, changes: tuple[str, ...], **options: Any) -> None:
    """Settings with their origins; in a notebook, KEY=VALUE changes them for this kernel."""
    from ldp_jupyter.project import dump_settings

    if changes:
        change = getattr(door, "configure", None)
        if change is None:
            raise UsageProblem(
                "LDP-1001",
                "settings change for one kernel: use %ldp config there",
                hint="for one command: --set key=value (configuration), --var, --target",
            )
        change(_pairs(changes, "config"))
    pipeline = door.pipeline(options)
    rows = dump_settings(pipeline.project, pipeline.settings)
    if form == "json":
        door.json([row._asdict() for row in rows])
        return
    from ldp_jupyter.display import DataView
    from ldp_jupyter.graph import Column

    door.show(
        DataView(
            [Column(k, "string") for k in ("setting", "value", "from")], [tuple(row) for row in rows], limit=len(rows)
        )
    )


@ldp.command()
@common
@click.argument("action", type=click.Choice(["list", "save"]), default="list")
@click.argument("names", nargs=-1)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.pass_obj
def cells(door: Door, /, action: str, names: tuple[str, ...], force: bool, **options: Any) -> None:
    """Pipeline cells: list them, or save those of this kernel as files in transformations/."""
    from ldp_jupyter.display import DataView
    from ldp_jupyter.graph import Column

    pipeline = door.pipeline(options)
    if action == "save":
        save = getattr(door, "save_cells", None)
        if save is None:
            raise UsageProblem("LDP-1001", "cells are saved by the kernel that ran them", hint="%ldp cells save")
        for path in save(pipeline, names, force=force):
            door.text(f"Saved {path}")
        return
    found = [d for d in pipeline.load() if d.unit.shown.startswith("cell") or d.unit.shown.endswith(".ipynb")]
    rows = [(d.unit.shown, ", ".join(pipeline.namespace.shown(x.name) for x in d.datasets)) for d in found]
    door.show(DataView([Column("cell", "string"), Column("datasets", "string")], rows, limit=len(rows) + 1))


@ldp.command()
@click.argument("directory", type=click.Path(file_okay=False))
@click.option("--sample", type=click.Choice(["bookstore"]), help="Start from a sample with data.")
@click.pass_obj
def init(door: Door, directory: str, sample: str | None) -> None:
    """Make a project that runs."""
    from ldp_jupyter.project import init_project

    files = init_project(Path(directory), sample)
    door.text(f"Made {directory} with {len(files)} files. Next: cd {directory} && ldp dry-run && ldp run")


@ldp.command()
@click.option(
    "--project", type=click.Path(exists=True, file_okay=False), help="Project folder (default: here and upward)."
)
@output_format("text", "json")
@click.option("--prepare", is_flag=True, help="Fetch and build what is missing, so that the first start is quick.")
@click.pass_obj
def doctor(door: Door, project: str | None, form: str, prepare: bool) -> None:
    """Check Java, JARs, packages and folders; each failing check names a fixing command."""
    from ldp_jupyter.project import find_project
    from ldp_jupyter.spark.doctor import checks

    if prepare:
        from ldp_jupyter.spark.prepare import prepare as prepare_all

        prepare_all(say=lambda text: click.echo(text, err=True))
    found = checks(find_project(Path(project or ".")))
    if form == "json":
        door.json([{"name": c.name, "ok": c.ok, "detail": c.detail, "fix": c.fix} for c in found])
    else:
        for check in found:
            door.text(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.detail}")
            if not check.ok and check.fix:
                door.text(f"      fix: {check.fix}")
    if not all(check.ok for check in found):
        raise SystemExit(1)


@ldp.command(name="help")
@click.argument("command", required=False)
@click.pass_context
def help_command(ctx: click.Context, command: str | None) -> None:
    """Help on a command."""
    parent = ctx.parent
    assert parent is not None
    if command is None:
        ctx.obj.text(parent.get_help())
        return
    found = ldp.get_command(ctx, command)
    if found is None:
        from ldp_jupyter.names import did_you_mean

        raise UsageProblem(
            "LDP-1001", f'unknown command "{command}"', hint=did_you_mean(command, ldp.list_commands(ctx))
        )
    ctx.obj.text(found.get_help(click.Context(found, info_name=f"ldp {command}", parent=None)))


def main(args: Sequence[str] | None = None) -> None:
    """Entry of the `ldp` program. Exit status: 0 done, 1 invalid or failed, 2 usage or settings, 130 interrupted."""
    door = Door()
    try:
        ldp.main(args=list(args) if args is not None else None, prog_name="ldp", standalone_mode=False, obj=door)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.Abort:  # what click makes of an interrupt
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except LdpError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    finally:
        sys.stdout = door.out
