"""A registering cell as a source file: what runs in the notebook runs from `transformations/`, and on the platform."""

from __future__ import annotations

import ast
import builtins
import textwrap
import types
from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import LdpError
from ldp_jupyter.sources.cells import Cell
from ldp_jupyter.sources.table_cell import TableCell, parse_table_line

if TYPE_CHECKING:
    from collections.abc import Mapping

_GIVEN = {"spark", "dbutils", "display", "displayHTML"}
_PLAIN = (str, int, float, bool, bytes, type(None), list, tuple, dict, set)


def cell_source(text: str, namespace: Mapping[str, Any]) -> tuple[str, str]:
    """The text of a file that declares what the cell declares.

    Parameters:
        text: the cell as written.
        namespace: globals of the notebook: imports, functions and plain values that the cell uses go into the file.

    Returns:
        The file's suffix and its text.

    Raises:
        LdpError: LDP-2002 for a variable that cannot be written down.
    """
    language, words, body, _ = Cell(text, 1, "cell").split()
    if language == "sql":
        return ".sql", body.strip() + "\n"
    if language == "ldp_table":
        return ".py", _python(_function(parse_table_line(words), body), namespace)
    return ".py", _python(body.strip(), namespace)


def _function(cell: TableCell, body: str) -> str:
    """The decorated function that a `%%ldp_table NAME` cell stands for."""
    if cell.name is None:
        return body.strip()
    tree = ast.parse(body)
    lines = body.splitlines()
    start = tree.body[-1].lineno - 1
    head, last = "\n".join(lines[:start]).strip("\n"), "\n".join(lines[start:]).strip()
    rules = [
        f"@dp.expect{'' if action == 'warn' else f'_or_{action}'}({name!r}, {condition!r})"
        for name, condition, action in cell.expectations
    ]
    arguments = [
        f"{key}={value!r}"
        for key, value in (
            ("name", cell.name if not cell.name.isidentifier() else None),
            ("comment", cell.comment),
            ("partition_cols", cell.partition_cols),
            ("cluster_by", cell.cluster_by),
            ("table_properties", cell.properties),
            ("schema", cell.schema),
            ("private", cell.private),
        )
        if value
    ]
    inside = "\n".join(part for part in (head, f"return {last}") if part)
    name = cell.name if cell.name.isidentifier() else "dataset"
    return "\n".join(
        [f"@dp.{cell.kind}({', '.join(arguments)})", *rules, f"def {name}():", textwrap.indent(inside, "    ")]
    )


def _python(code: str, namespace: Mapping[str, Any]) -> str:
    """Code with the imports and values that it takes from the notebook."""
    tree = ast.parse(code)
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    bound |= {
        a.asname or a.name.split(".")[0]
        for n in ast.walk(tree)
        if isinstance(n, (ast.Import, ast.ImportFrom))
        for a in n.names
    }
    used = dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
    imports, values = [], []
    for name in used:
        if name in bound or name in _GIVEN or hasattr(builtins, name):
            continue
        if name in ("dp", "dlt"):
            imports.append("import dlt" if name == "dlt" else "from pyspark import pipelines as dp")
        elif name in namespace:
            line = _import(name, namespace[name])
            if line:
                imports.append(line)
            else:
                values.append(_value(name, namespace[name]))
    blocks = ["\n".join(sorted(set(imports))), "\n".join(values), code]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _import(name: str, value: Any) -> str | None:
    if isinstance(value, types.ModuleType):
        parent, _, child = value.__name__.rpartition(".")
        if parent:
            return f"from {parent} import {child}" + (f" as {name}" if child != name else "")
        return f"import {child}" + (f" as {name}" if child != name else "")
    module = getattr(value, "__module__", None)
    own = getattr(value, "__name__", None)
    if (
        module
        and own
        and module != "__main__"
        and isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type))
    ):
        public = "pyspark.sql.functions" if module.startswith("pyspark.sql.functions") else module
        return f"from {public} import {own}" + (f" as {name}" if own != name else "")
    return None


def _value(name: str, value: Any) -> str:
    if isinstance(value, _PLAIN):
        return f"{name} = {value!r}"
    if isinstance(value, types.FunctionType):
        import inspect

        try:
            return textwrap.dedent(inspect.getsource(value)).rstrip()
        except (OSError, TypeError):
            pass
    raise LdpError(
        "LDP-2002",
        f'the cell uses "{name}", a {type(value).__name__} of the notebook that no file can hold',
        hint="define it inside the cell",
    )
