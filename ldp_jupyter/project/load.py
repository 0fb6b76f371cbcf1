"""Loading a project: which file, which target, which pipeline."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.locations import Location, shown_path
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.project.bundle import read_bundle
from ldp_jupyter.project.find import (
    STATE_FOLDER,
    bundle_file,
    find_project,
    pipeline_json_files,
    settings_kind,
    spark_file,
)
from ldp_jupyter.project.paths import absolute
from ldp_jupyter.project.problems import raise_all
from ldp_jupyter.project.reading import PipelineReader, default_pipeline, plain_id
from ldp_jupyter.project.settings import PipelineSettings, Project
from ldp_jupyter.project.tree import Tree, origin_of, read_json, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTHING: Mapping[str, str] = MappingProxyType({})
# What `%ldp config key=value` may change, besides configuration.KEY.
OVERRIDABLE = ("catalog", "continuous", "development", "name", "root_path", "schema", "storage")


def load_project(
    start: Path,
    *,
    target: str | None = None,
    variables: Mapping[str, str] = _NOTHING,
    settings: Mapping[str, str] = _NOTHING,
    overrides: Mapping[str, str] = _NOTHING,
) -> Project:
    """The project that a folder belongs to, with its settings.

    Parameters:
        start: a folder, or a file in it; the project is looked for here and upward.
        target: a bundle target; None for the default one.
        variables: bundle variables given for this call (``--var``).
        settings: pipeline configuration given for this call (``--set``); it goes into every pipeline.
        overrides: other settings changed for this kernel (``%ldp config``): `OVERRIDABLE` keys, ``configuration.KEY``.

    Raises:
        UsageProblem: LDP-1003 for files that cannot be read, LDP-1004 for unknown keys, LDP-1006 for unknown targets
            and variables; several at once as `SettingsProblems`.
    """
    project = load_root(find_project(Path(start)), target=target, variables=variables)
    return _changed(project, settings, overrides)


def load_root(root: Path, *, target: str | None = None, variables: Mapping[str, str] = _NOTHING) -> Project:
    """The project whose root is known; see `load_project`."""
    kind = settings_kind(root)
    if kind == "bundle":
        return _load_bundle(root, target, variables)
    if variables:
        raise UsageProblem(
            "LDP-1006",
            f'unknown variable "{next(iter(variables))}"',
            hint="only a bundle (databricks.yml) has variables",
        )
    if target is not None and target != "default":
        raise UsageProblem("LDP-1006", f'unknown target "{target}"', hint="only a bundle (databricks.yml) has targets")
    if kind == "spark-pipeline":
        return _load_spark_pipeline(root)
    if kind == "settings":
        return _load_settings(root)
    pipeline = default_pipeline(root)
    return Project(root, "plain", {pipeline.key: pipeline}, None, None, str(root / STATE_FOLDER))


def choose_pipeline(project: Project, name: str | None) -> PipelineSettings:
    """The pipeline of a name or key; without a name the only one.

    Raises:
        UsageProblem: LDP-1005 when there are several and none is named, LDP-1006 when there is none of this name.
    """
    pipelines = project.pipelines
    if name is None:
        if len(pipelines) == 1:
            return next(iter(pipelines.values()))
        if not pipelines:
            place = Location(shown_path(project.file, project.root), path=str(project.file)) if project.file else None
            raise UsageProblem(
                "LDP-1002", "the project defines no pipeline", location=place,
                hint="define one under resources.pipelines, or name its file under include",
            )  # fmt: skip
        names = ", ".join(pipelines)
        raise UsageProblem("LDP-1005", f"the project has several pipelines: {names}", hint="give --pipeline NAME")
    if name in pipelines:
        return pipelines[name]
    named = [pipeline for pipeline in pipelines.values() if pipeline.name == name]
    if len(named) == 1:
        return named[0]
    if named:
        keys = ", ".join(pipeline.key for pipeline in named)
        raise UsageProblem("LDP-1005", f'several pipelines are named "{name}"', hint=f"give the key of one: {keys}")
    known = [*pipelines, *(p.name for p in pipelines.values() if p.name not in pipelines)]
    hint = did_you_mean(name, known) or f"pipelines: {', '.join(known)}"
    raise UsageProblem("LDP-1006", f'unknown pipeline "{name}"', hint=hint)


def bundle_resources(project: Project, kind: str) -> dict[str, Tree]:
    """A bundle's other resources, such as ``jobs``, by key, with references replaced and places; none elsewhere.

    Raises:
        UsageProblem: LDP-1006 for references to nothing; several at once as `SettingsProblems`.
    """
    if project.bundle is None:
        return {}
    found, problems = project.bundle.resources(kind)
    raise_all(problems)
    return found


def _load_bundle(root: Path, target: str | None, variables: Mapping[str, str]) -> Project:
    file = bundle_file(root)
    assert file is not None
    bundle = read_bundle(file, root, target, variables)
    trees, problems = bundle.resources("pipelines")
    reader = PipelineReader(root, "bundle")
    mode = bundle.development
    pipelines = {
        key: reader.read(
            tree,
            key=key,
            default_name=key,
            pipeline_id=bundle.resource_id("pipelines", key),
            development=(mode[0], origin_of(mode[1])) if mode else None,
        )
        for key, tree in trees.items()
    }
    raise_all([*problems, *reader.problems])
    return Project(
        root,
        "bundle",
        pipelines,
        bundle.target,
        file,
        _state(root, None if bundle.is_default else bundle.target),
        variables={name: tree.as_text() for name, tree in bundle.variables.items()},
        variable_origins=bundle.variable_origins,
        notes=(*bundle.notes, *reader.notes),
        target_origin="--target" if target is not None else "default",
        bundle=bundle,
    )


def _load_spark_pipeline(root: Path) -> Project:
    file = spark_file(root)
    assert file is not None
    tree = read_yaml(file, root)
    reader = PipelineReader(root, "spark-pipeline")
    name = tree.get("name")
    key = name.as_text() if name is not None and name.is_scalar else root.name
    pipeline = reader.read(tree, key=key, default_name=root.name, pipeline_id=plain_id(key))
    problems = list(reader.problems)
    if tree.is_mapping and name is None:
        problems.append(UsageProblem("LDP-1003", 'the pipeline needs a "name"', location=tree.place))
    storage = tree.get("storage")
    if storage is not None and not storage.is_scalar:
        problems.append(UsageProblem("LDP-1003", '"storage" must be a text', location=storage.place))
    raise_all(problems)
    if storage is None or storage.empty:
        where, origin = _state(root, None), "default"
    else:
        where, origin = _storage(storage.as_text(), storage.folder), origin_of(storage.place)
    notes = tuple(reader.notes)
    return Project(root, "spark-pipeline", {key: pipeline}, None, file, where, notes=notes, storage_origin=origin)


def _load_settings(root: Path) -> Project:
    pipelines: dict[str, PipelineSettings] = {}
    problems: list[LdpError] = []
    reader = PipelineReader(root, "settings")
    files = pipeline_json_files(root)
    for file in files:
        try:
            tree = read_json(file, root)
        except LdpError as error:
            problems.append(error)
            continue
        spec = tree.get("spec")
        if spec is not None and spec.is_mapping:  # as the platform's "get pipeline" answers
            tree = spec
        default = file.name.removesuffix(".json").removesuffix(".pipeline")
        name = tree.get("name")
        key = name.as_text() if name is not None and name.is_scalar else default if default != "pipeline" else root.name
        if key in pipelines:
            first = pipelines[key].location
            problems.append(
                UsageProblem(
                    "LDP-1003",
                    f'two files define pipeline "{key}"',
                    location=tree.place,
                    hint=f"first in {first.file}" if first else None,
                )
            )
            continue
        pipelines[key] = reader.read(tree, key=key, default_name=key, pipeline_id=plain_id(key))
    raise_all([*problems, *reader.problems])
    return Project(root, "settings", pipelines, None, files[0], _state(root, None), notes=tuple(reader.notes))


def _changed(project: Project, configuration: Mapping[str, str], overrides: Mapping[str, str]) -> Project:
    """The project with what the command and the kernel set on top."""
    problems: list[LdpError] = [
        UsageProblem("LDP-1004", f'unknown setting "{key}"', hint=did_you_mean(key, OVERRIDABLE) or _known())
        for key in overrides
        if key not in OVERRIDABLE and not key.startswith("configuration.")
    ]
    problems.extend(
        UsageProblem("LDP-1001", f'"{key}" must be true or false, not "{overrides[key]}"')
        for key in ("continuous", "development")
        if key in overrides and overrides[key].lower() not in ("true", "false")
    )
    raise_all(problems)
    if not configuration and not overrides:
        return project
    pipelines = {
        key: _changed_pipeline(pipeline, configuration, overrides, project.root)
        for key, pipeline in project.pipelines.items()
    }
    storage, origin = project.storage, project.storage_origin
    if overrides.get("storage"):
        storage, origin = _storage(overrides["storage"], project.root), "%ldp config"
    return dataclasses.replace(project, pipelines=pipelines, storage=storage, storage_origin=origin)


def _changed_pipeline(
    pipeline: PipelineSettings, configuration: Mapping[str, str], overrides: Mapping[str, str], root: Path
) -> PipelineSettings:
    origins = dict(pipeline.origins)
    values = dict(pipeline.configuration)
    for key, value in overrides.items():
        origins[key] = "%ldp config"
        if key.startswith("configuration."):
            values[key.removeprefix("configuration.")] = value
    parameters = dict(pipeline.parameters)
    for key, value in configuration.items():
        group = "parameters" if key in parameters else "configuration"
        (parameters if group == "parameters" else values)[key] = value
        origins[f"{group}.{key}"] = "--set"
    path = overrides.get("root_path")
    log = pipeline.event_log
    if log is not None:  # a log that stands in the pipeline's own schema moves with it
        log = dataclasses.replace(
            log,
            catalog=overrides.get("catalog", log.catalog) if log.catalog == pipeline.catalog else log.catalog,
            schema=overrides.get("schema", log.schema) if log.schema == pipeline.schema else log.schema,
        )
    return dataclasses.replace(
        pipeline,
        name=overrides.get("name", pipeline.name),
        catalog=overrides.get("catalog", pipeline.catalog),
        schema=overrides.get("schema", pipeline.schema),
        continuous=_flag(overrides.get("continuous"), pipeline.continuous),
        development=_flag(overrides.get("development"), pipeline.development),
        root=absolute(root / path) if path else pipeline.root,
        event_log=log,
        configuration=values,
        parameters=parameters,
        origins=origins,
    )


def _flag(text: str | None, otherwise: bool) -> bool:
    return otherwise if text is None else text.lower() == "true"


def _known() -> str:
    return f"settings: {', '.join(OVERRIDABLE)}, configuration.KEY"


def _state(root: Path, target: str | None) -> str:
    folder = root / STATE_FOLDER
    return str(folder / "targets" / target if target else folder)


def _storage(text: str, base: Path) -> str:
    """A folder as an absolute path; a URI of any other file system as it is."""
    parts = urlsplit(text)
    if parts.scheme == "file":
        return unquote(parts.path)
    return text if "://" in text else str(absolute(base / Path(text).expanduser()))
