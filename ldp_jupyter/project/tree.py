"""Settings files as trees: every value knows where it stands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.locations import Location, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_YAML = "see the line and the one before it: indentation, a quote or bracket that is not closed, a missing colon"
Content = Union["dict[str, Tree]", "list[Tree]", str, int, float, bool, None]


@dataclass(frozen=True)
class Tree:
    """A value of a settings file.

    Parameters:
        content: a mapping or list of trees, or a scalar.
        place: where the value stands.
        text: a scalar exactly as written, so that ``1.10`` stays ``1.10``.
        keys: where the keys of a mapping stand.
    """

    content: Content
    place: Location
    text: str | None = None
    keys: dict[str, Location] = field(default_factory=dict)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.content, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.content, list)

    @property
    def is_scalar(self) -> bool:
        return not isinstance(self.content, (dict, list))

    @property
    def empty(self) -> bool:
        """Whether nothing was written: null, or empty text."""
        return self.content is None or self.content == ""

    @property
    def folder(self) -> Path:
        """Folder of the file that holds the value: relative paths start there."""
        return Path(self.place.path).parent if self.place.path else Path.cwd()

    def items(self) -> Iterator[tuple[str, Tree]]:
        """Entries of a mapping; none for anything else."""
        yield from self.content.items() if isinstance(self.content, dict) else ()

    def keys_written(self) -> list[str]:
        """Keys of a mapping; none for anything else."""
        return list(self.content) if isinstance(self.content, dict) else []

    def elements(self) -> list[Tree]:
        """Elements of a list; none for anything else."""
        return self.content if isinstance(self.content, list) else []

    def get(self, key: str) -> Tree | None:
        """The entry of a mapping; None when there is none, or it holds null."""
        found = self.content.get(key) if isinstance(self.content, dict) else None
        return None if found is None or found.content is None else found

    def at(self, *path: str) -> Tree | None:
        """The entry at the end of a path of keys."""
        here: Tree | None = self
        for key in path:
            here = here.get(key) if here is not None else None
        return here

    def key_place(self, key: str) -> Location:
        return self.keys.get(key, self.place)

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.content, dict):
            return {key: value.plain() for key, value in self.content.items()}
        if isinstance(self.content, list):
            return [value.plain() for value in self.content]
        return self.content

    def as_text(self) -> str:
        """A scalar as text; a mapping or list as JSON."""
        if not self.is_scalar:
            return json.dumps(self.plain())
        if self.content is None:
            return ""
        if isinstance(self.content, bool):
            return "true" if self.content else "false"
        return self.text if self.text is not None else str(self.content)


def origin_of(place: Location) -> str:
    """``databricks.yml:12``."""
    return f"{place.file}:{place.line}" if place.line else str(place.file)


def scalar(value: str | float | bool | None, place: Location) -> Tree:
    """A tree of one value."""
    return Tree(value, place)


def mapping(place: Location, **entries: Tree | str) -> Tree:
    """A tree of named values that no file holds."""
    return Tree({k: v if isinstance(v, Tree) else scalar(v, place) for k, v in entries.items()}, place)


def merge(base: Tree, over: Tree) -> Tree:
    """`over` laid on `base` as bundles do it: mappings merge by key, lists are appended, scalars replace."""
    if base.is_mapping and over.is_mapping:
        entries = dict(base.items())
        keys = dict(base.keys)
        for key, value in over.items():
            entries[key] = merge(entries[key], value) if key in entries else value
            keys.setdefault(key, over.key_place(key))
        return Tree(entries, base.place, None, keys)
    if base.is_list and over.is_list:
        return Tree(base.elements() + over.elements(), base.place)
    return base if over.content is None else over


def read_yaml(path: Path, root: Path | None) -> Tree:
    """A YAML file.

    Parameters:
        root: folder of the project; places are shown relative to it.

    Raises:
        UsageProblem: LDP-1003 with line and column when it cannot be read.
    """
    return _compose(_text(path, root), path, root)


def read_json(path: Path, root: Path | None) -> Tree:
    """A JSON file; see `read_yaml`."""
    text = _text(path, root)
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        place = Location(shown_path(path, root), error.lineno, error.colno, path=str(path))
        raise UsageProblem("LDP-1003", f"{path.name} is not valid JSON: {error.msg}", location=place) from None
    # Valid JSON has tabs only between values, where YAML does not allow them; everything else of JSON is YAML.
    return _compose(text.replace("\t", " "), path, root)


def _text(path: Path, root: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        place = Location(shown_path(path, root), path=str(path))
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageProblem("LDP-1003", f"{path.name} cannot be read: {reason}", location=place) from None


def _compose(text: str, path: Path, root: Path | None) -> Tree:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    shown = shown_path(path, root)
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(shown, path=str(path))
        if mark is not None:
            place = place.moved(mark.line + 1, mark.column + 1)
        reason = error.problem or error.context or "syntax error"
        raise UsageProblem("LDP-1003", f"{path.name} is not valid YAML: {reason}", hint=_YAML, location=place) from None
    except YAMLError as error:
        reason = str(error).splitlines()[0]
        place = Location(shown, path=str(path))
        raise UsageProblem("LDP-1003", f"{path.name} is not valid YAML: {reason}", hint=_YAML, location=place) from None
    if node is None:
        return Tree({}, Location(shown, 1, 1, path=str(path)))
    return _Builder(shown, path).build(node)


class _Builder:
    """Turns the parser's nodes into trees."""

    def __init__(self, shown: str, path: Path) -> None:
        self._shown = shown
        self._path = path

    def _place(self, node: Any) -> Location:
        mark = node.start_mark
        return Location(self._shown, mark.line + 1, mark.column + 1, path=str(self._path))

    def build(self, node: Any) -> Tree:
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        place = self._place(node)
        if isinstance(node, MappingNode):
            return self._mapping(node, place)
        if isinstance(node, SequenceNode):
            return Tree([self.build(element) for element in node.value], place)
        return Tree(_scalar_value(node.tag, node.value), place, node.value)

    def _mapping(self, node: Any, place: Location) -> Tree:
        entries: dict[str, Tree] = {}
        keys: dict[str, Location] = {}
        merged: dict[str, Tree] = {}
        for key_node, value_node in node.value:
            key_place = self._place(key_node)
            if key_node.tag.endswith(":merge"):
                value = self.build(value_node)
                for source in reversed(value.elements() or [value]):  # of several, the first counts most
                    merged.update(source.items())
                continue
            key = str(key_node.value)
            if key in entries:
                raise UsageProblem(
                    "LDP-1003",
                    f'key "{key}" stands twice in one mapping',
                    location=key_place,
                    hint=f"first at line {keys[key].line}",
                )
            value = self.build(value_node)
            # Of a value left out the parser gives the place of whatever comes next.
            entries[key] = Tree(None, key_place) if value.content is None and not value.text else value
            keys[key] = key_place
        return Tree({**merged, **entries}, place, None, keys)


def _scalar_value(tag: str, text: str) -> str | int | float | bool | None:
    kind = tag.rsplit(":", 1)[-1]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    try:
        if kind == "int":
            return int(text.replace("_", ""), 0)
        if kind == "float":
            return float(text.replace("_", ""))
    except ValueError:  # forms that only YAML knows (.inf, 017): the text itself serves
        return text
    return text
