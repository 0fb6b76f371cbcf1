"""Commands about the project and this machine: `config`, `cells`, `init`, `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ldp_jupyter.cli.options import common, output_format, pairs
from ldp_jupyter.cli.tree import ldp
from ldp_jupyter.errors import UsageProblem

if TYPE_CHECKING:
    from ldp_jupyter.cli.door import Door


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
        change(pairs(changes, "config"))
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
@click.option("--start", is_flag=True, help="Also start Spark in a process of its own, which takes some seconds.")
@click.pass_obj
def doctor(door: Door, project: str | None, form: str, prepare: bool, start: bool) -> None:
    """Check Java, JARs, packages and folders; each failing check names a fixing command."""
    from ldp_jupyter.project import find_project
    from ldp_jupyter.spark.doctor import checks

    if prepare:
        from ldp_jupyter.spark.prepare import prepare as prepare_all

        prepare_all(say=lambda text: click.echo(text, err=True))
    found = checks(find_project(Path(project or ".")), start=start)
    if form == "json":
        door.json([{"name": c.name, "ok": c.ok, "detail": c.detail, "fix": c.fix} for c in found])
    else:
        for check in found:
            door.text(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.detail}")
            if not check.ok and check.fix:
                door.text(f"      fix: {check.fix}")
    if not all(check.ok for check in found):
        raise SystemExit(1)
