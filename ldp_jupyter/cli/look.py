"""Commands that look at what is stored: `tables`, `query`, `show`, `events`, `expectations`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ldp_jupyter.cli.options import common, output_format
from ldp_jupyter.cli.tree import ldp
from ldp_jupyter.declarations import Kind
from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.places import place

if TYPE_CHECKING:
    from ldp_jupyter.cli.door import Door
    from ldp_jupyter.names import Name
    from ldp_jupyter.pipeline import Pipeline


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

    def kind(table: dict[str, Any]) -> str:
        return str(table["kind"]).replace("_", " ") + (" (inactive)" if table["inactive"] else "")

    door.show(
        DataView(
            columns,
            [(t["name"], kind(t), t["rows"], t["path"]) for t in found],
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
    pipeline.session()
    published, private = (place(pipeline.layout.table(name, private=private)) for private in (False, True))
    source = f"delta.`{private}`" if private.is_dir() and not published.is_dir() else name.quoted
    try:
        view = pipeline.query(f"SELECT * FROM {source}", limit)
    except LdpError as error:
        raise (_without_rows(pipeline, name) if error.code == "LDP-2003" else None) or error from None
    view.title = pipeline.namespace.shown(name)
    if form == "json":
        door.json(view.to_json())
    else:
        door.show(view)


def _without_rows(pipeline: Pipeline, name: Name) -> LdpError | None:
    """Why a dataset that is declared cannot be shown."""
    node, layout = pipeline.declared().nodes.get(name), pipeline.layout
    if node is None or place(layout.table(name)).exists() or layout.view(name).exists():
        return None
    shown = pipeline.namespace.shown(name)
    if node.kind == Kind.TEMPORARY_VIEW:
        told, hint = "is a temporary view, which keeps no rows", "show a dataset that reads it"
    else:
        told, hint = "has no rows yet", "an update makes them: ldp run"
    return LdpError("LDP-2003", f'"{shown}" {told}', hint=hint, location=node.dataset.location)


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
