"""What a project and its pipelines are set to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ldp_jupyter.project.tree import origin_of
from ldp_jupyter.redaction import hidden

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ldp_jupyter.declarations import Note
    from ldp_jupyter.locations import Location
    from ldp_jupyter.project.bundle import Bundle

DEFAULT_CATALOG = "main"
DEFAULT_SCHEMA = "default"
DEFAULT_SOURCES = "transformations/**"


@dataclass(frozen=True)
class Library:
    """One entry of a pipeline's source list.

    Parameters:
        kind: ``glob``, ``file`` or ``notebook``.
        pattern: path or pattern as written, references resolved.
        base: folder that a relative `pattern` starts from.
    """

    kind: str
    pattern: str
    base: Path
    location: Location | None = None


@dataclass(frozen=True)
class EventLogSettings:
    """The table under which the event log can be read."""

    catalog: str
    schema: str
    name: str


@dataclass(frozen=True)
class Notification:
    """Whom to tell about what: alerts such as ``on-update-failure``."""

    recipients: tuple[str, ...]
    alerts: tuple[str, ...]


@dataclass(frozen=True)
class PipelineSettings:
    """A pipeline's settings, whatever file they came from.

    Parameters:
        root: the pipeline's root folder (`root_path`); it goes on ``sys.path``.
        parameters: named parameters, ``:name`` in SQL.
        kept: keys that have no meaning on one machine (clusters, photon, permissions, ...), as written, for export.
        origins: where each value came from: ``default``, ``databricks.yml:12``, ``--set``.
        key: the pipeline's key in its bundle; its name elsewhere.
        id: what ``${resources.pipelines.KEY.id}`` gives: the same for each load of the same project.
        location: where the pipeline is defined.
    """

    name: str
    root: Path
    catalog: str = DEFAULT_CATALOG
    schema: str = DEFAULT_SCHEMA
    libraries: tuple[Library, ...] = ()
    configuration: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    continuous: bool = False
    development: bool = True
    event_log: EventLogSettings | None = None
    notifications: tuple[Notification, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    id: str = ""
    location: Location | None = None


@dataclass(frozen=True)
class Project:
    """A folder with one or more pipelines.

    Parameters:
        kind: ``bundle`` (databricks.yml), ``spark-pipeline`` (spark-pipeline.yml), ``settings`` (the platform's JSON)
            or ``plain`` (no settings file).
        pipelines: by key.
        target: the bundle target in use; None where there are none.
        file: the settings file; None for a plain project.
        storage: folder or URI of the state: warehouse, checkpoints, event log, runs.
        variables: values of the bundle's variables, as text.
        variable_origins: where each of them came from.
        notes: what was accepted but is not checked or has no effect here.
        bundle: the files behind a bundle, for its other resources; see `bundle_resources`.
    """

    root: Path
    kind: str
    pipelines: Mapping[str, PipelineSettings]
    target: str | None
    file: Path | None
    storage: str
    variables: Mapping[str, str] = field(default_factory=dict)
    variable_origins: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    storage_origin: str = "default"
    target_origin: str = "default"
    bundle: Bundle | None = field(default=None, repr=False, compare=False)


class SettingRow(NamedTuple):
    """One line of ``ldp config``."""

    key: str
    value: str
    origin: str


def dump_settings(project: Project, settings: PipelineSettings) -> list[SettingRow]:
    """Every setting in force with where it came from, in the order in which users look for them; secrets hidden."""
    origin = settings.origins.get
    file = project.file.name if project.file else "default"
    rows = [
        SettingRow("project", str(project.root), project.kind),
        SettingRow("target", project.target or "", project.target_origin if project.target else "default"),
        SettingRow("storage", project.storage, project.storage_origin),
        SettingRow("pipeline", settings.name, origin("name", file)),
        SettingRow("catalog", settings.catalog, origin("catalog", "default")),
        SettingRow("schema", settings.schema, origin("schema", "default")),
        SettingRow("root_path", str(settings.root), origin("root_path", "default")),
        *(
            SettingRow(
                f"libraries.{library.kind}",
                library.pattern,
                origin_of(library.location) if library.location else "default",
            )
            for library in settings.libraries
        ),
        SettingRow("continuous", _word(settings.continuous), origin("continuous", "default")),
        SettingRow("development", _word(settings.development), origin("development", "default")),
    ]
    if settings.event_log:
        log = settings.event_log
        rows.append(SettingRow("event_log", f"{log.catalog}.{log.schema}.{log.name}", origin("event_log", file)))
    for group, values in (("configuration", settings.configuration), ("parameters", settings.parameters)):
        rows.extend(
            SettingRow(f"{group}.{key}", hidden(key, value), origin(f"{group}.{key}", file))
            for key, value in values.items()
        )
    rows.extend(
        SettingRow(
            "notifications", f"{', '.join(n.alerts)} to {', '.join(n.recipients)}", origin("notifications", file)
        )
        for n in settings.notifications
    )
    rows.extend(
        SettingRow(f"var.{name}", hidden(name, value), project.variable_origins.get(name, "default"))
        for name, value in project.variables.items()
    )
    rows.extend(
        SettingRow(key, _word(hidden(key, value)), f"{origin(key, file)}, no effect here")
        for key, value in settings.kept.items()
    )
    return rows


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value)
