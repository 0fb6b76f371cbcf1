"""A `%%ldp_table` cell: Python whose last expression is the dataset's DataFrame, or a cell with decorators in it."""

from __future__ import annotations

import argparse
import ast
import builtins
import keyword
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("table", "materialized_view", "temporary_view")


@dataclass(frozen=True)
class TableCell:
    """The first line of the cell, read."""

    name: str | None
    kind: str = "table"
    comment: str | None = None
    expectations: list[tuple[str, str, str]] = field(default_factory=list)
    partition_cols: list[str] = field(default_factory=list)
    cluster_by: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    schema: str | None = None
    private: bool = False


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("unrecognized arguments: ").split()
        flags = [flag for action in self._actions for flag in action.option_strings]
        if message.startswith("unrecognized arguments") and words:
            raise UsageProblem(
                "LDP-1001",
                f"%%ldp_table does not know {words[0]}",
                hint=did_you_mean(words[0], flags) or f"options: {', '.join(f for f in flags if f[:2] == '--')}",
            )
        raise UsageProblem("LDP-1001", f"%%ldp_table: {message}", hint="see %%ldp_table --help or %ldp help")


def _parser() -> _Parser:
    parser = _Parser(prog="%%ldp_table", add_help=False, allow_abbrev=False)
    parser.add_argument("name", nargs="?")
    parser.add_argument("-k", "--kind", choices=[*KINDS, "streaming_table", "view"], default="table")
    parser.add_argument("-c", "--comment")
    parser.add_argument("-e", "--expect", action="append", default=[], metavar='NAME="CONDITION"')
    parser.add_argument("-d", "--expect-or-drop", action="append", default=[], metavar='NAME="CONDITION"')
    parser.add_argument("-f", "--expect-or-fail", action="append", default=[], metavar='NAME="CONDITION"')
    parser.add_argument("-p", "--partition-by", action="append", default=[], metavar="COLUMN[,COLUMN]")
    parser.add_argument("-b", "--cluster-by", action="append", default=[], metavar="COLUMN[,COLUMN]")
    parser.add_argument("-P", "--property", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("-s", "--schema", metavar="DDL")
    parser.add_argument("--private", action="store_true")
    return parser


def help_text() -> str:
    """The options, for `%%ldp_table --help`."""
    return _parser().format_help()


def parse_table_line(line: str) -> TableCell:
    """Read the words after `%%ldp_table`.

    Raises:
        UsageProblem: LDP-1001 for an unknown option, with the nearest one.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageProblem("LDP-1001", f"%%ldp_table: {error}", hint='quote conditions: --expect ok="a > 0"') from None
    given = _parser().parse_args(words)
    rules = [
        (*_pair(text, flag), action)
        for flag, action in (("expect", "warn"), ("expect_or_drop", "drop"), ("expect_or_fail", "fail"))
        for text in getattr(given, flag)
    ]
    kind = {"view": "temporary_view", "streaming_table": "table"}.get(given.kind, given.kind)
    return TableCell(
        given.name,
        kind,
        given.comment,
        rules,
        _split(given.partition_by),
        _split(given.cluster_by),
        dict(_pair(text, "property") for text in given.property),
        given.schema,
        given.private,
    )


def _pair(text: str, flag: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise UsageProblem("LDP-1001", f'--{flag.replace("_", "-")} wants NAME="VALUE", got {text!r}')
    return name.strip(), value.strip()


def _split(lists: list[str]) -> list[str]:
    return [part.strip() for text in lists for part in text.split(",") if part.strip()]


def declare_table_cell(cell: TableCell, body: str, filename: str, namespace: dict[str, Any]) -> list[str]:
    """Register what a `%%ldp_table` cell holds.

    Parameters:
        body: the cell below its first line.
        filename: pseudo file name under which its lines can be found.
        namespace: globals of the notebook.

    Returns:
        Variables of the notebook that the body uses (they must be saved with it to deploy it).

    Raises:
        LdpError: LDP-2001 for a body that does not end with an expression; whatever the body's code raises.
    """
    tree = ast.parse(body, filename)
    if cell.name is None:
        exec(compile(tree, filename, "exec"), namespace)  # noqa: S102  (the user's own cell)
        return []
    function = _function_of(tree, cell.name, filename, namespace)
    from ldp_jupyter import pipelines

    for name, condition, action in reversed(cell.expectations):
        decorate: Callable[..., Any] = {
            "warn": pipelines.expect,
            "drop": pipelines.expect_or_drop,
            "fail": pipelines.expect_or_fail,
        }[action]
        function = decorate(name, condition)(function)
    if cell.kind == "temporary_view":
        pipelines.temporary_view(function, name=cell.name, comment=cell.comment)
    else:
        declare = pipelines.materialized_view if cell.kind == "materialized_view" else pipelines.table
        declare(
            function,
            name=cell.name,
            comment=cell.comment,
            partition_cols=cell.partition_cols or None,
            cluster_by=cell.cluster_by or None,
            table_properties=cell.properties or None,
            schema=cell.schema,
            private=cell.private,
        )
    return captured(tree, namespace)


def _function_of(tree: ast.Module, name: str, filename: str, namespace: dict[str, Any]) -> Any:
    """The body as a function that returns its last expression."""
    if not tree.body:
        raise LdpError(
            "LDP-2001", "the cell has no query", hint='end with the DataFrame, e.g. spark.readStream.table("t")'
        )
    last = tree.body[-1]
    if not isinstance(last, ast.Expr):
        target = last.targets[0].id if isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name) else "df"
        from ldp_jupyter.context import current
        from ldp_jupyter.pipelines.arguments import location_of

        raise LdpError(
            "LDP-2001",
            "the last line of a %%ldp_table cell must be the DataFrame",
            hint=f"end with `{target}`",
            location=location_of(filename, last.lineno, current()),
        )
    own_name = name if name.isidentifier() and not keyword.iskeyword(name) else "query"
    definition = ast.parse(f"def {own_name}(): pass", filename)
    inner = definition.body[0]
    assert isinstance(inner, ast.FunctionDef)
    inner.body = [*tree.body[:-1], ast.copy_location(ast.Return(last.value), last)]
    inner.lineno, inner.end_lineno = tree.body[0].lineno, last.end_lineno
    ast.fix_missing_locations(definition)
    scope: dict[str, Any] = {}
    code = compile(definition, filename, "exec")
    exec(code, namespace, scope)  # noqa: S102  (the user's own cell; globals stay the notebook's)
    return scope[inner.name]


def captured(tree: ast.Module, namespace: dict[str, Any]) -> list[str]:
    """Variables of the notebook that code uses, except modules, what every pipeline has, and what it binds itself."""
    import types

    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    loads = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    used = [node.id for node in sorted(loads, key=lambda node: (node.lineno, node.col_offset))]
    given = {"spark", "dbutils", "display", "displayHTML", "dlt", "dp"}
    return [
        name
        for name in dict.fromkeys(used)
        if name in namespace
        and name not in bound
        and name not in given
        and not hasattr(builtins, name)
        and not isinstance(namespace[name], types.ModuleType)
        and not getattr(namespace[name], "__module__", "").startswith("pyspark.sql.functions")
    ]
