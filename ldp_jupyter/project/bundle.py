"""Databricks asset bundles: `databricks.yml` with its includes, variables and targets."""

from __future__ import annotations

import functools
import getpass
import glob
import json
import os
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ldp_jupyter.declarations import Note
from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.locations import Location, shown_path
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.project.interpolation import Resolver
from ldp_jupyter.project.keys import PRESET_KEYS, TARGET_KEYS, VARIABLE_KEYS, unknown_keys
from ldp_jupyter.project.problems import raise_all
from ldp_jupyter.project.tree import Tree, mapping, merge, origin_of, read_json, read_yaml, scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOP_LEVEL = {
    "artifacts", "bundle", "definitions", "environments", "experimental", "include", "permissions", "presets", "python",
    "resources", "run_as", "scripts", "sync", "targets", "variables", "workspace",
}  # fmt: skip
# Parts of a target that are laid over the same part of the bundle.
_OVERRIDABLE = ("bundle", "workspace", "resources", "presets", "permissions", "run_as", "artifacts", "sync")
_MODES = ("development", "production")


@dataclass(frozen=True)
class Bundle:
    """A bundle for one target, references of its resources not yet replaced.

    Parameters:
        merged: the files and the target's overrides as one tree.
        target: name of the target in use; None when the bundle has none.
        is_default: whether this target is the one taken when none is named.
        development: what the target's mode (or its presets) says; None when it says nothing.
        variables: values of the variables that have one.
        variable_origins: where they came from.
    """

    root: Path
    file: Path
    name: str
    merged: Tree
    target: str | None
    is_default: bool
    development: tuple[bool, Location] | None
    variables: Mapping[str, Tree]
    variable_origins: Mapping[str, str]
    resolver: Resolver = field(repr=False, compare=False)
    notes: tuple[Note, ...] = ()

    def resources(self, kind: str) -> tuple[dict[str, Tree], list[LdpError]]:
        """The resources of one type (``pipelines``, ``jobs``), references replaced, and what is wrong with them."""
        group = self.merged.at("resources", kind)
        before = len(self.resolver.problems)
        found = {key: self.resolver.resolve(tree) for key, tree in group.items()} if group else {}
        return found, self.resolver.problems[before:]

    def resource_id(self, kind: str, key: str) -> str:
        """A local id of a resource: the same each time, different for each target."""
        return _local_id(self.name, self.target, kind, key)


def read_bundle(file: Path, root: Path, target: str | None, overrides: Mapping[str, str]) -> Bundle:
    """Read a bundle for a target.

    Parameters:
        target: its name; None for the default one.
        overrides: values of variables given on the command line.

    Raises:
        UsageProblem: LDP-1003 for what cannot be read, LDP-1006 for an unknown target or variable; several at once as
            `SettingsProblems`.
    """
    tree, problems = _with_includes(file, root)
    raise_all(problems)
    notes = [
        Note("warning", f'unknown key "{key}" has no effect', tree.key_place(key))
        for key, _ in tree.items()
        if key not in _TOP_LEVEL
    ]
    targets = tree.get("targets") or tree.get("environments") or Tree({}, tree.place)
    chosen, is_default = _choose_target(targets, target)
    chosen_tree = (targets.get(chosen) if chosen else None) or Tree({}, targets.place)
    merged = tree
    for part in _OVERRIDABLE:
        over = chosen_tree.get(part)
        if over is not None:
            merged = merge(merged, Tree({part: over}, chosen_tree.place, None, {part: chosen_tree.key_place(part)}))
    name = merged.at("bundle", "name")
    bundle_name = name.as_text() if name else root.name
    declared = tree.get("variables") or Tree({}, tree.place)
    values, origins, problems = _variables(declared, chosen_tree, overrides, root, chosen)
    scope = mapping(
        tree.place,
        bundle=_bundle_scope(merged, tree.place, bundle_name, chosen, root),
        workspace=_workspace_scope(merged, tree.place, root),
        resources=merged.get("resources") or Tree({}, tree.place),
        var=Tree(dict(values), tree.place),
    )
    development, mode_problems = _development(merged, chosen_tree)
    raise_all([*problems, *mode_problems, *_unknown_keys(tree, targets, declared)])
    local_id = functools.partial(_local_id, bundle_name, chosen)
    resolver = Resolver(scope, local_id, {key for key, _ in declared.items()} | set(values))
    bundle = Bundle(
        root, file, bundle_name, merged, chosen, is_default, development,
        {key: resolver.resolve(value) for key, value in values.items()}, origins, resolver, tuple(notes),
    )  # fmt: skip
    raise_all(resolver.problems)
    return bundle


def _unknown_keys(tree: Tree, targets: Tree, variables: Tree) -> list[LdpError]:
    """Keys that a misspelling leaves without effect: in targets, presets and variables."""
    places: list[tuple[Tree | None, frozenset[str], str]] = [(tree.get("presets"), PRESET_KEYS, "presets")]
    for name, target in targets.items():
        places.append((target, TARGET_KEYS, f'target "{name}"'))
        places.append((target.get("presets"), PRESET_KEYS, f'presets of target "{name}"'))
    places += [(variable, VARIABLE_KEYS, f'variable "{name}"') for name, variable in variables.items()]
    return [
        problem
        for part, known, what in places
        if part is not None and part.is_mapping
        for problem in unknown_keys(part, known, what)
    ]


def _local_id(bundle: str, target: str | None, kind: str, key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"bundle:{bundle}/{target or 'default'}/{kind}/{key}"))


def _with_includes(file: Path, root: Path) -> tuple[Tree, list[LdpError]]:
    tree = read_yaml(file, root)
    problems: list[LdpError] = []
    if not tree.is_mapping:
        return tree, [UsageProblem("LDP-1003", f"{file.name} must be a mapping", location=tree.place)]
    include = tree.get("include")
    if include is None:
        return tree, []
    if not include.is_list:
        return tree, [UsageProblem("LDP-1003", '"include" must be a list of paths', location=include.place)]
    seen = {file}
    for entry in include.elements():
        pattern = entry.as_text()
        names = glob.iglob(str(root / pattern), recursive=True)
        found = sorted(path for path in map(Path, names) if path.is_file())
        if not found and not glob.has_magic(pattern):
            problems.append(UsageProblem("LDP-1003", f'included file "{pattern}" does not exist', location=entry.place))
        for path in found:
            if path in seen:
                continue
            seen.add(path)
            try:
                part = read_json(path, root) if path.suffix == ".json" else read_yaml(path, root)
            except LdpError as error:
                problems.append(error)
                continue
            problems.extend(_defined_twice(tree, part))
            tree = merge(tree, part)
    return tree, problems


def _defined_twice(tree: Tree, part: Tree) -> list[LdpError]:
    problems: list[LdpError] = []
    for kind, group in (part.get("resources") or Tree({}, part.place)).items():
        for key in group.keys_written():
            first = tree.at("resources", kind)
            if first is not None and first.get(key) is not None:
                problems.append(
                    UsageProblem(
                        "LDP-1003",
                        f"resource {kind}.{key} is defined twice",
                        location=group.key_place(key),
                        hint=f"first at {first.key_place(key)}",
                    )
                )
    return problems


def _choose_target(targets: Tree, wanted: str | None) -> tuple[str | None, bool]:
    names = [key for key, _ in targets.items()]
    marked = [key for key, tree in targets.items() if _is_true(tree.get("default"))]
    if len(marked) > 1:
        raise UsageProblem(
            "LDP-1003",
            f"several targets are marked as default: {', '.join(marked)}",
            location=targets.key_place(marked[1]),
        )
    default = marked[0] if marked else names[0] if len(names) == 1 else None
    if wanted is not None:
        if wanted not in names:
            if not names and wanted == "default":
                return None, True
            hint = did_you_mean(wanted, names) or (f"targets: {', '.join(names)}" if names else "the bundle has none")
            raise UsageProblem("LDP-1006", f'unknown target "{wanted}"', hint=hint)
        return wanted, wanted == default
    if default is None and names:
        raise UsageProblem(
            "LDP-1006", f"no target is the default one: {', '.join(names)}",
            hint="give --target NAME, or mark one with `default: true`", location=targets.place,
        )  # fmt: skip
    return default, True


def _is_true(tree: Tree | None) -> bool:
    return tree is not None and tree.content is True


def _variables(
    declared: Tree, target: Tree, overrides: Mapping[str, str], root: Path, target_name: str | None
) -> tuple[dict[str, Tree], dict[str, str], list[LdpError]]:
    """Values in the order of strength: command line, environment, overrides file, target, default."""
    values: dict[str, Tree] = {}
    origins: dict[str, str] = {}
    problems: list[LdpError] = []
    names = [key for key, _ in declared.items()]
    for name, tree in declared.items():
        value = _variable_value(tree, shorthand=False)
        if value is not None:
            values[name], origins[name] = value, origin_of(value.place)
    in_target = target.get("variables") or Tree({}, target.place)
    for name, tree in in_target.items():
        if name not in names:
            hint, place = did_you_mean(name, names), in_target.key_place(name)
            problems.append(UsageProblem("LDP-1006", f'unknown variable "{name}"', hint=hint, location=place))
            continue
        value = _variable_value(tree, shorthand=True)
        if value is not None:
            values[name], origins[name] = value, origin_of(value.place)
    saved = root / ".databricks" / "bundle" / (target_name or "default") / "variable-overrides.json"
    if saved.is_file():
        for name, tree in read_json(saved, root).items():
            values[name], origins[name] = tree, shown_path(saved, root)
    for name in names:
        text = os.environ.get(f"BUNDLE_VAR_{name}")
        if text is not None:
            values[name], origins[name] = scalar(text, declared.key_place(name)), f"BUNDLE_VAR_{name}"
    for name, text in overrides.items():
        if name not in names:
            hint = did_you_mean(name, names) or (f"variables: {', '.join(names)}" if names else "none are declared")
            problems.append(UsageProblem("LDP-1006", f'unknown variable "{name}"', hint=hint))
            continue
        values[name], origins[name] = _given(text, declared, name), "--var"
    return values, origins, problems


def _variable_value(tree: Tree, *, shorthand: bool) -> Tree | None:
    if tree.is_mapping:
        lookup = tree.get("lookup")
        if lookup is not None:  # the platform looks an object's id up by name; here its name has to do
            return next((value for _, value in lookup.items()), None)
        if tree.get("default") is not None or not shorthand or {k for k, _ in tree.items()} <= {"description", "type"}:
            return tree.get("default")
    return tree if shorthand else None


def _given(text: str, declared: Tree, name: str) -> Tree:
    place = declared.key_place(name)
    kind = declared.at(name, "type")
    if kind is not None and kind.content == "complex":
        try:
            return _tree_of(json.loads(text), place)
        except ValueError:
            pass
    return scalar(text, place)


def _tree_of(value: object, place: Location) -> Tree:
    if isinstance(value, dict):
        return Tree({str(k): _tree_of(v, place) for k, v in value.items()}, place)
    if isinstance(value, list):
        return Tree([_tree_of(v, place) for v in value], place)
    return Tree(value if isinstance(value, (str, int, float, bool)) else None, place)


def _development(merged: Tree, target: Tree) -> tuple[tuple[bool, Location] | None, list[LdpError]]:
    preset = merged.at("presets", "pipelines_development")
    mode = target.get("mode")
    if mode is not None and mode.content not in _MODES:
        hint = did_you_mean(mode.as_text(), _MODES) or f"modes: {', '.join(_MODES)}"
        return None, [UsageProblem("LDP-1003", f'unknown mode "{mode.as_text()}"', hint=hint, location=mode.place)]
    if preset is not None and isinstance(preset.content, bool):
        return (preset.content, preset.place), []
    return ((mode.content == "development", mode.place) if mode is not None else None), []


def _bundle_scope(merged: Tree, place: Location, name: str, target: str | None, root: Path) -> Tree:
    known = mapping(
        place,
        name=name,
        target=target or "default",
        environment=target or "default",
        git=mapping(place, branch=_branch(root), commit="", origin_url="", actual_branch=_branch(root)),
    )
    return merge(merged.get("bundle") or Tree({}, place), known)


def _workspace_scope(merged: Tree, place: Location, root: Path) -> Tree:
    user = _user()
    here = str(root)
    known = mapping(
        place,
        # What the platform uploads stays where it is: all of its folders are the project's own.
        root_path=here,
        file_path=here,
        artifact_path=here,
        resource_path=here,
        state_path=str(root / ".ldp"),
        current_user=mapping(
            place, userName=user, short_name=re.sub(r"\W", "_", user.split("@")[0]), domain_friendly_name=user, id=user
        ),
    )
    settings = merge(mapping(place, host="", profile=""), merged.get("workspace") or Tree({}, place))
    return merge(settings, known)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no user name and no entry for the user id, as in some containers
        return "local"


def _branch(root: Path) -> str:
    for folder in (root, *root.parents):
        head = folder / ".git" / "HEAD"
        if head.is_file():
            text = head.read_text(encoding="utf-8").strip()
            return text.removeprefix("ref: refs/heads/") if text.startswith("ref:") else ""
    return ""
