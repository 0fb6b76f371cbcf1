"""`%ldp config key=value --save`: settings written into the project's own file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.project.load import load_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ldp_jupyter.project.settings import PipelineSettings, Project

SAVABLE = ("catalog", "continuous", "development", "name", "root_path", "schema")
_FLAGS = ("continuous", "development")
_CONFIGURATION = "configuration."


def save_settings(project: Project, pipeline: PipelineSettings, changes: Mapping[str, str]) -> Path:
    """Write settings into the file that defines the pipeline; its comments and its order stay.

    A plain project gets a `databricks.yml`.

    Parameters:
        changes: values by key: `SAVABLE` keys and ``configuration.KEY``.

    Returns:
        The file written.

    Raises:
        UsageProblem: LDP-1004 for a key that no settings file has, LDP-1001 when another place (a target) sets the
            value; then nothing is written.
    """
    for key in changes:
        if key not in SAVABLE and not key.startswith(_CONFIGURATION):
            hint = did_you_mean(key, SAVABLE) or f"settings: {', '.join(SAVABLE)}, configuration.KEY"
            raise UsageProblem("LDP-1004", f'"{key}" cannot be saved', hint=hint)
        if key in _FLAGS and changes[key].lower() not in ("true", "false"):
            raise UsageProblem("LDP-1001", f'"{key}" must be true or false, not "{changes[key]}"')
        _refuse_elsewhere(project, pipeline, key)
    if project.kind == "plain":
        file = project.root / "databricks.yml"
        tree: dict[str, Any] = {"name": pipeline.name}
        _put(tree, changes, "schema")
        content = {"bundle": {"name": pipeline.name}, "resources": {"pipelines": {pipeline.key: tree}}}
        file.write_text(_dumped(content), encoding="utf-8")
        return file
    assert pipeline.location is not None
    assert pipeline.location.path is not None
    file = Path(pipeline.location.path)
    text = file.read_text(encoding="utf-8-sig")
    document = json.loads(text) if file.suffix == ".json" else _round_trip().load(text)
    body = document
    if project.kind == "bundle":
        body = ((document.get("resources") or {}).get("pipelines") or {}).get(pipeline.key)
        if body is None:
            raise UsageProblem(
                "LDP-1001", f'target "{project.target}" alone defines the pipeline', location=pipeline.location
            )
    elif isinstance(document.get("spec"), dict):
        body = document["spec"]
    old = "database" if project.kind == "spark-pipeline" else "target"
    _put(body, changes, old if old in body else "schema")
    written = json.dumps(document, indent=2) + "\n" if file.suffix == ".json" else _dumped(document)
    file.write_text(written, encoding="utf-8")
    try:
        load_root(project.root, target=project.target)
    except UsageProblem:
        file.write_text(text, encoding="utf-8")  # a value that this file cannot hold
        raise
    return file


def _refuse_elsewhere(project: Project, pipeline: PipelineSettings, key: str) -> None:
    """A value that a target gives would hide the one written into the pipeline itself."""
    bundle = project.bundle
    if bundle is None:
        return
    if key == "development" and bundle.development is not None:
        place = bundle.development[1]
        raise UsageProblem(
            "LDP-1001", f'the mode of target "{project.target}" sets "{key}"', hint="change it there", location=place
        )
    path = key.split(".", 1) if key.startswith(_CONFIGURATION) else [key]
    part = bundle.merged.at("resources", "pipelines", pipeline.key, *path)
    over = bundle.merged.at("targets", str(project.target), "resources", "pipelines", pipeline.key, *path)
    if part is not None and over is not None:
        raise UsageProblem(
            "LDP-1001", f'target "{project.target}" sets "{key}"', hint="change it there", location=over.place
        )


def _put(body: dict[str, Any], changes: Mapping[str, str], schema_key: str) -> None:
    for key, value in changes.items():
        if key.startswith(_CONFIGURATION):
            if body.get("configuration") is None:
                body["configuration"] = {}
            body["configuration"][key.removeprefix(_CONFIGURATION)] = value
        else:
            body[schema_key if key == "schema" else key] = value.lower() == "true" if key in _FLAGS else value


def _round_trip() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(document: Any) -> str:
    text = io.StringIO()
    _round_trip().dump(document, text)
    return text.getvalue()
