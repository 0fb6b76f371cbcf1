"""References of bundle files: ``${var.x}``, ``${bundle.target}``, ``${workspace.file_path}``, ``${resources...}``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.project.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.locations import Location

# Other ${...} are not the bundle's: pipeline parameters in SQL, shell variables, Spark's own substitutions.
_HEADS = ("var", "variables", "bundle", "workspace", "resources")
_REFERENCE = re.compile(r"\$\{((?:" + "|".join(_HEADS) + r")(?:\.[A-Za-z_][\w-]*|\.\d+|\[\d+\])+)\}")
_STEP = re.compile(r"\.?([\w-]+)|\[(\d+)\]")


class Resolver:
    """Replaces references in trees; problems are collected, each once for each place.

    Parameters:
        scope: what references start from: ``bundle``, ``workspace``, ``resources``, and ``var`` with variables' values.
        resource_id: gives the local id of a resource from its type and key.
        known_variables: names for proposals, those without a value included.
    """

    def __init__(self, scope: Tree, resource_id: Callable[[str, str], str], known_variables: set[str]) -> None:
        self._scope = scope
        self._resource_id = resource_id
        self._known_variables = known_variables
        self._active: list[str] = []
        self.problems: list[LdpError] = []

    def resolve(self, tree: Tree, rounds: int = 10) -> Tree:
        """The tree with every reference replaced; a text that is one reference becomes whatever it refers to.

        Parameters:
            rounds: how often references may stand in references, ``${var.${bundle.target}_catalog}``.
        """
        if isinstance(tree.content, dict):
            entries = {key: self.resolve(value) for key, value in tree.content.items()}
            return Tree(entries, tree.place, None, tree.keys)
        if isinstance(tree.content, list):
            return Tree([self.resolve(value) for value in tree.content], tree.place)
        if not isinstance(tree.content, str) or "${" not in tree.content:
            return tree
        whole = _REFERENCE.fullmatch(tree.content)
        if whole:
            found = self._value(whole[1], tree.place)
            # The place stays that of the text: paths are relative to the file that uses the variable.
            return tree if found is None else _placed(found, tree.place)
        text = _REFERENCE.sub(lambda match: self._inner(match, tree.place), tree.content)
        replaced = Tree(text, tree.place, text)
        return self.resolve(replaced, rounds - 1) if text != tree.content and rounds > 1 else replaced

    def _inner(self, match: re.Match[str], place: Location) -> str:
        found = self._value(match[1], place)
        return match[0] if found is None else found.as_text()

    def _value(self, reference: str, place: Location) -> Tree | None:
        if reference in self._active:
            circle = " -> ".join([*self._active[self._active.index(reference) :], reference])
            self._problem(f"references go round in a circle: {circle}", None, place)
            return None
        self._active.append(reference)
        try:
            found = self._find(reference, place)
            return None if found is None else self.resolve(found)
        finally:
            self._active.pop()

    def _find(self, reference: str, place: Location) -> Tree | None:
        steps = [str(match[1] or match[2]) for match in _STEP.finditer(reference)]
        if steps[0] == "variables":  # the long form: variables.NAME.value
            steps = ["var", *steps[1:2], *(steps[3:] if steps[2:3] in (["value"], ["default"]) else steps[2:])]
        if steps[0] == "resources" and len(steps) == 4 and steps[3] == "id" and self._scope.at(*steps[:3]) is not None:
            return Tree(self._resource_id(steps[1], steps[2]), place)
        here: Tree | None = self._scope
        for number, step in enumerate(steps):
            parent = here
            here = _child(parent, step)
            if here is not None and isinstance(here.content, str) and number < len(steps) - 1:
                here = self.resolve(here)
            if here is None or (here.content is None and number == len(steps) - 1):
                self._missing(reference, steps, number, parent, place)
                return None
        return here

    def _missing(self, reference: str, steps: list[str], number: int, parent: Tree | None, place: Location) -> None:
        hint: str | None
        if steps[0] == "var" and number == 1:
            name = steps[1]
            if name in self._known_variables:
                hint = f"give it a default or a value in the target, or --var {name}=VALUE"
                self._problem(f'variable "{name}" has no value', hint, place)
            else:
                hint = did_you_mean(name, self._known_variables) or _listing("variables", self._known_variables)
                self._problem(f'unknown variable "{name}"', hint, place)
            return
        known = [key for key, _ in parent.items()] if parent is not None else []
        hint = did_you_mean(steps[number], known) or (_listing("known here", known) if known else None)
        self._problem(f"${{{reference}}} refers to nothing", hint, place)

    def _problem(self, message: str, hint: str | None, place: Location) -> None:
        if not any(p.message == message and p.location == place for p in self.problems):
            self.problems.append(UsageProblem("LDP-1006", message, hint=hint, location=place))


def _child(parent: Tree | None, step: str) -> Tree | None:
    if parent is None:
        return None
    if parent.is_list and step.isdigit():
        elements = parent.elements()
        return elements[int(step)] if int(step) < len(elements) else None
    return parent.get(step)


def _placed(tree: Tree, place: Location) -> Tree:
    if isinstance(tree.content, dict):
        return Tree({k: _placed(v, place) for k, v in tree.content.items()}, place)
    if isinstance(tree.content, list):
        return Tree([_placed(v, place) for v in tree.content], place)
    return Tree(tree.content, place, tree.text)


def _listing(what: str, names: set[str] | list[str]) -> str:
    return f"{what}: {', '.join(sorted(names))}" if names else f"no {what} are declared"
