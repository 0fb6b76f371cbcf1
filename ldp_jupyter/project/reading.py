"""One pipeline's settings, from the tree that a file holds."""

from __future__ import annotations

import re
import uuid
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Note
from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.project.keys import (
    ALERTS,
    EVENT_LOG_KEYS,
    KEPT,
    LIBRARY_KEYS,
    NOTIFICATION_KEYS,
    PIPELINE_KEYS,
    REPORTED,
    SPARK_PIPELINE_KEYS,
    unknown_keys,
)
from ldp_jupyter.project.paths import absolute
from ldp_jupyter.project.settings import (
    DEFAULT_CATALOG,
    DEFAULT_SCHEMA,
    DEFAULT_SOURCES,
    EventLogSettings,
    Library,
    Notification,
    PipelineSettings,
)
from ldp_jupyter.project.tree import Tree, origin_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ldp_jupyter.locations import Location

_WILDCARD = re.compile(r"[*?\[{]")


def default_pipeline(root: Path) -> PipelineSettings:
    """The settings of a folder that has no settings file."""
    name = root.name or "pipeline"
    return PipelineSettings(
        name=name,
        root=root,
        libraries=(Library("glob", DEFAULT_SOURCES, root),),
        origins={"name": "default"},
        key=name,
        id=plain_id(name),
    )


def plain_id(name: str) -> str:
    """Local id of a pipeline that belongs to no bundle."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"pipeline:{name}"))


class PipelineReader:
    """Reads one pipeline; problems and notes are collected.

    Parameters:
        root: root of the project.
        dialect: ``bundle``, ``settings`` or ``spark-pipeline``: they differ in their keys.
    """

    def __init__(self, root: Path, dialect: str) -> None:
        self._root = root
        self._dialect = dialect
        self.problems: list[LdpError] = []
        self.notes: list[Note] = []

    def read(
        self, tree: Tree, *, key: str, default_name: str, pipeline_id: str, development: tuple[bool, str] | None = None
    ) -> PipelineSettings:
        """The settings that a tree holds.

        Parameters:
            key: the pipeline's key in its file.
            default_name: its name when the tree has none.
            development: what the bundle's target says about the mode, and where.
        """
        what = f'pipeline "{key}"'
        if not tree.is_mapping:
            self._problem("LDP-1003", f"{what} must be a mapping", tree.place)
            tree = Tree({}, tree.place)
        known: Collection[str] = SPARK_PIPELINE_KEYS if self._dialect == "spark-pipeline" else PIPELINE_KEYS
        if self._dialect == "settings":
            known = PIPELINE_KEYS | REPORTED
        self.problems.extend(unknown_keys(tree, known, what))
        origins: dict[str, str] = {}
        name = self._text(tree, "name", origins) or default_name
        origins.setdefault("name", "default")
        catalog = self._text(tree, "catalog", origins) or DEFAULT_CATALOG
        schema = self._schema(tree, origins)
        root = self._pipeline_root(tree, origins)
        mode = self._flag(tree, "development", origins)
        if development is not None:
            mode, origins["development"] = development
        kept = {} if self._dialect == "spark-pipeline" else self._kept(tree, origins, what)
        return PipelineSettings(
            name=name,
            root=root,
            catalog=catalog,
            schema=schema,
            libraries=self._libraries(tree, root, what),
            configuration=self._texts(tree, "configuration", origins),
            parameters=self._texts(tree, "parameters", origins),
            continuous=bool(self._flag(tree, "continuous", origins)),
            development=True if mode is None else mode,
            event_log=self._event_log(tree, catalog, schema, origins, what),
            notifications=self._notifications(tree, origins, what),
            kept=kept,
            origins=origins,
            key=key,
            id=pipeline_id,
            location=tree.place,
        )

    def _problem(self, code: str, message: str, place: Location, hint: str | None = None) -> None:
        self.problems.append(UsageProblem(code, message, hint=hint, location=place))

    def _text(self, tree: Tree, key: str, origins: dict[str, str]) -> str | None:
        value = tree.get(key)
        if value is None or value.empty:
            return None
        if not value.is_scalar:
            self._problem("LDP-1003", f'"{key}" must be a text', value.place)
            return None
        origins[key] = origin_of(value.place)
        return value.as_text()

    def _flag(self, tree: Tree, key: str, origins: dict[str, str]) -> bool | None:
        value = tree.get(key)
        if value is None or value.empty:
            return None
        origins[key] = origin_of(value.place)
        word = value.as_text().lower() if value.is_scalar else ""
        if word not in ("true", "false"):
            self._problem("LDP-1003", f'"{key}" must be true or false', value.place)
        return word == "true"

    def _texts(self, tree: Tree, key: str, origins: dict[str, str]) -> dict[str, str]:
        """A mapping of texts; numbers and flags count as written."""
        value = tree.get(key)
        if value is None:
            return {}
        if not value.is_mapping:
            text = f'"{key}" must be a mapping of names to texts'
            self._problem("LDP-1003", text, value.place, hint="for example `name: value`, indented below it")
            return {}
        texts: dict[str, str] = {}
        for name, entry in value.items():
            if not entry.is_scalar:
                self._problem("LDP-1003", f'{key} value "{name}" must be a text', entry.place)
                continue
            texts[name] = entry.as_text()
            origins[f"{key}.{name}"] = origin_of(entry.place)
        return texts

    def _schema(self, tree: Tree, origins: dict[str, str]) -> str:
        other = "database" if self._dialect == "spark-pipeline" else "target"
        schema, old = self._text(tree, "schema", origins), self._text(tree, other, {})
        if schema and old:
            place = tree.key_place(other)
            self._problem("LDP-1003", f'"schema" and "{other}" mean the same: keep one', place)
        elif old:
            value = tree.get(other)
            origins["schema"] = origin_of(value.place) if value is not None else "default"
        return schema or old or DEFAULT_SCHEMA

    def _pipeline_root(self, tree: Tree, origins: dict[str, str]) -> Path:
        value = tree.get("root_path")
        text = self._text(tree, "root_path", origins)
        if value is None or not text or self._dialect == "spark-pipeline":
            return self._root if value is None else value.folder
        path, found = _local(text, value.folder, self._root)
        # Of a workspace path nothing is here: what is its root there is the folder of the settings here.
        return value.folder if text.startswith("/") and not found else absolute(path)

    def _libraries(self, tree: Tree, root: Path, what: str) -> tuple[Library, ...]:
        value = tree.get("libraries")
        if value is None or (value.is_list and not value.elements()):
            return (Library("glob", DEFAULT_SOURCES, root),)
        if not value.is_list:
            self._problem("LDP-1003", '"libraries" must be a list', value.place)
            return ()
        given_root = tree.get("root_path")
        workspace_root = given_root.as_text().rstrip("/") if given_root is not None and given_root.is_scalar else ""
        found: list[Library] = []
        for entry in value.elements():
            known: Collection[str] = {"glob"} if self._dialect == "spark-pipeline" else LIBRARY_KEYS
            if not entry.is_mapping:
                self._problem("LDP-1003", "a library must be a mapping such as `glob: {include: PATTERN}`", entry.place)
                continue
            self.problems.extend(unknown_keys(entry, known, f"libraries of {what}"))
            for kind, body in entry.items():
                found.extend(self._library(kind, body, root, workspace_root))
        kinds = {library.kind for library in found}
        if "glob" in kinds and len(kinds) > 1:
            text = f"{what} names sources by glob and by file or notebook: the platform takes one way only"
            self.notes.append(Note("warning", text, value.place))
        return tuple(found)

    def _library(self, kind: str, body: Tree, root: Path, workspace_root: str) -> Iterable[Library]:
        if kind in ("jar", "maven", "whl"):
            text = f"library {kind} {body.as_text()}: install it in this environment instead"
            self.notes.append(Note("no_effect", text, body.place))
            return
        if kind not in ("glob", "file", "notebook"):
            return
        key = "include" if kind == "glob" else "path"
        self.problems.extend(unknown_keys(body, {key}, f"library {kind}"))
        value = body.get(key)
        if value is None or value.empty or not value.is_scalar:
            self._problem("LDP-1003", f'library {kind} needs a text under "{key}"', body.place)
            return
        pattern = value.as_text()
        if kind == "file" and not pattern.endswith((".py", ".sql")):
            self._problem(
                "LDP-1003", f'library file "{pattern}" must end with .py or .sql', value.place,
                hint="name folders by `glob: {include: FOLDER/**}`, notebooks by `notebook: {path: ...}`",
            )  # fmt: skip
            return
        if self._dialect == "spark-pipeline" and _WILDCARD.search(pattern.removesuffix("/**")):
            text = f'glob "{pattern}": spark-pipelines takes a path or FOLDER/** only'
            self.notes.append(Note("warning", text, value.place))
        pattern, base = self._localized(pattern, value, root, workspace_root)
        yield Library(kind, pattern, base, value.place)

    def _localized(self, pattern: str, value: Tree, root: Path, workspace_root: str) -> tuple[str, Path]:
        """A path of the workspace as a path of this project; others as they are."""
        if workspace_root.startswith("/") and (pattern + "/").startswith(workspace_root + "/"):
            return pattern[len(workspace_root) :].lstrip("/") or "**", root
        if pattern.startswith("/"):
            path, found = _local(pattern, value.folder, self._root)
            return (str(path), value.folder) if found else (pattern, value.folder)
        return pattern, value.folder

    def _event_log(
        self, tree: Tree, catalog: str, schema: str, origins: dict[str, str], what: str
    ) -> EventLogSettings | None:
        value = tree.get("event_log")
        if value is None:
            return None
        self.problems.extend(unknown_keys(value, EVENT_LOG_KEYS, f"event_log of {what}"))
        name = value.get("name")
        if name is None or name.empty:
            self._problem("LDP-1003", '"event_log" needs a "name"', value.place)
            return None
        origins["event_log"] = origin_of(name.place)
        unused: dict[str, str] = {}
        log_catalog = self._text(value, "catalog", unused) or catalog
        return EventLogSettings(log_catalog, self._text(value, "schema", unused) or schema, name.as_text())

    def _notifications(self, tree: Tree, origins: dict[str, str], what: str) -> tuple[Notification, ...]:
        value = tree.get("notifications")
        if value is None:
            return ()
        origins["notifications"] = origin_of(value.place)
        found = []
        for entry in value.elements():
            self.problems.extend(unknown_keys(entry, NOTIFICATION_KEYS, f"notifications of {what}"))
            alerts, recipients = entry.get("alerts"), entry.get("email_recipients")
            for alert in alerts.elements() if alerts else ():
                if alert.as_text() not in ALERTS:
                    hint = did_you_mean(alert.as_text(), ALERTS) or f"alerts: {', '.join(ALERTS)}"
                    self._problem("LDP-1003", f'unknown alert "{alert.as_text()}"', alert.place, hint=hint)
            found.append(
                Notification(
                    tuple(e.as_text() for e in recipients.elements()) if recipients else (),
                    tuple(e.as_text() for e in alerts.elements()) if alerts else (),
                )
            )
        return tuple(found)

    def _kept(self, tree: Tree, origins: dict[str, str], what: str) -> dict[str, Any]:
        kept = {}
        for key, value in tree.items():
            if key in KEPT and value.content is not None:
                kept[key] = value.plain()
                origins[key] = origin_of(tree.key_place(key))
        if kept:
            text = f"{what}: {', '.join(kept)} {'have' if len(kept) > 1 else 'has'} no effect here, kept for export"
            self.notes.append(Note("no_effect", text, tree.place))
        return kept


def _local(text: str, folder: Path, root: Path) -> tuple[Path, bool]:
    """The local path that a written path means, and whether there is something.

    An absolute path of the workspace (``/Workspace/Users/me/shop/transformations/**``) is found by its longest ending
    that exists in the project.
    """
    fixed = _WILDCARD.split(text, maxsplit=1)[0]
    if not text.startswith("/"):
        path = Path(folder / text)
        return path, (folder / fixed).exists()
    if Path(fixed).exists():
        return Path(text), True
    parts = PurePosixPath(text).parts[1:]
    for start in range(1, len(parts)):
        ending = "/".join(parts[start:])
        fixed_ending = _WILDCARD.split(ending, maxsplit=1)[0]
        if not fixed_ending.strip("/"):
            break
        for base in (folder, root):
            if any((base / (fixed_ending + suffix)).exists() for suffix in ("", ".ipynb", ".py", ".sql")):
                return base / ending, True
    return Path(text), False
