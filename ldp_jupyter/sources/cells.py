"""Cells of notebooks, and how pipeline source runs them one after another."""

from __future__ import annotations

import ast
import linecache
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldp_jupyter.dbutils import NotebookExit
from ldp_jupyter.declarations import Location, Note
from ldp_jupyter.errors import LdpError
from ldp_jupyter.locations import shown_path
from ldp_jupyter.names import did_you_mean
from ldp_jupyter.sources.failures import source_problem
from ldp_jupyter.sources.statements import run_python

if TYPE_CHECKING:
    from ldp_jupyter.context import Context
    from ldp_jupyter.declarations import Declarations, SqlQuery

_MAGIC = re.compile(r"\A\s*%{1,2}([A-Za-z_]\w*)[ \t]*([^\n]*)\n?", re.ASCII)
_MAGIC_LINE = re.compile(r"^\s*[%!]\w", re.MULTILINE)
_LANGUAGES = {
    "sql": "sql",
    "python": "python",
    "py": "python",
    "md": "text",
    "markdown": "text",
    "sh": "skip",
    "fs": "skip",
    "scala": "skip",
    "r": "skip",
    "run": "run",
    "ldp_table": "ldp_table",
    "ldp_sql": "sql",
    "time": "python",
    "capture": "python",
}
# Magics of one line whose work is done elsewhere; below them the cell is ordinary Python.
_LINE = ("pip", "conda", "load_ext", "reload_ext", "ldp", "matplotlib", "config", "autoreload")


@dataclass(frozen=True)
class Cell:
    """One cell.

    Parameters:
        text: as written, magic line included.
        line: line of the file (or 1, in an `.ipynb`) on which the text starts.
        label: how users find it, e.g. ``cell [3]``.
        language: the notebook's default language.
        id: the cell's id, where there is one.
    """

    text: str
    line: int
    label: str
    language: str = "python"
    id: str | None = None

    def split(self) -> tuple[str, str, str, int]:
        """What the cell is: its language, words of its magic line, its body, and how many lines stand above the body.

        The language is ``python``, ``sql``, ``ldp_table``, ``run``, ``text``, ``skip`` or the name of another magic.
        """
        match = _MAGIC.match(self.text)
        if not match:
            return self.language, "", self.text, 0
        name, words = match[1].lower(), match[2].strip()
        language = _LANGUAGES.get(name, name)
        body, above = self.text[match.end() :], self.text[: match.end()].count("\n")
        if name in _LINE and not match[0].lstrip().startswith("%%"):
            return (
                (self.language, "", self.text, 0) if body.strip() and self.language == "python" else ("skip", "", "", 0)
            )
        if words and name in ("sql", "python", "py"):  # `%sql SELECT 1`: the text starts on the first line
            return language, "", f"{words}\n{body}", max(0, above - 1)
        return language, words, body, above


_READS = ("read", "read_stream", "readStream")


def is_pipeline_cell(cell: Cell, names: set[str]) -> bool:
    """Whether a cell of a working notebook declares: a pipeline magic, or Python that uses the pipelines module.

    Parameters:
        names: from `pipeline_names` of the notebook.
    """
    language, _, body, _ = cell.split()
    if language.startswith("ldp_") or (language == "sql" and cell.text.lstrip().startswith("%%ldp_sql")):
        return True
    if language == "sql":
        return bool(re.search(r"\bCREATE\b|\bAPPLY\s+CHANGES\b|\bAUTO\s+CDC\b", body, re.IGNORECASE))
    if language != "python":
        return False
    tree = _parse(python_text(body))
    return tree is not None and any(
        (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in names
            and node.attr not in _READS
        )
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and f"{node.id}()" in names)
        for node in ast.walk(tree)
    )


def pipeline_names(cells: list[Cell]) -> set[str]:
    """What cells call the pipelines module, and functions that they import from it (with parentheses behind)."""
    names = {"dlt", "dp"}
    for cell in cells:
        language, _, body, _ = cell.split()
        tree = _parse(python_text(body)) if language == "python" else None
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Import):
                names |= {a.asname for a in node.names if a.asname and a.name in ("dlt", "databricks.pipelines")}
            elif isinstance(node, ast.ImportFrom) and node.module in ("pyspark", "databricks"):
                names |= {a.asname or a.name for a in node.names if a.name == "pipelines"}
            elif isinstance(node, ast.ImportFrom) and node.module in (
                "dlt",
                "databricks.pipelines",
                "pyspark.pipelines",
            ):
                names |= {f"{a.asname or a.name}()" for a in node.names if a.name not in _READS}
    return names


def python_text(body: str) -> str:
    """Python of a cell: where it is none as it stands, without the lines that are magics or shell commands."""
    if not _MAGIC_LINE.search(body) or _parse(body) is not None:
        return body
    return "\n".join("" if _MAGIC_LINE.match(line) else line for line in body.split("\n"))


def is_definition_cell(cell: Cell) -> bool:
    """Whether a cell only imports, defines and sets constants: what declarations may need, and safe to run."""
    language, _, body, _ = cell.split()
    if language != "python" or not body.strip():
        return False
    tree = _parse(python_text(body))
    if tree is None:
        return False
    for node in tree.body:
        constant = isinstance(node, (ast.Assign, ast.AnnAssign)) and not any(
            isinstance(part, (ast.Call, ast.Await)) for part in ast.walk(node)
        )
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (constant or text or isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))):
            return False
    return True


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


class CellRunner:
    """Runs cells of one source in one namespace; what they declare lands in the context's declarations.

    Parameters:
        context: of the source; its `declarations` are set.
        namespace: globals that the cells share.
        file: path as shown.
        path: the file itself.
        own_lines: whether lines count within each cell (`.ipynb`) instead of within the file.
    """

    def __init__(self, context: Context, namespace: dict[str, Any], file: str, path: str, *, own_lines: bool) -> None:
        assert context.declarations is not None
        self.context = context
        self.declarations: Declarations = context.declarations
        self.namespace = namespace
        self.file = file
        self.path = path
        self.own_lines = own_lines
        self.scope: Any = None

    def run(self, cells: list[Cell]) -> str | None:
        """Run cells; an exception in one becomes a problem, and the cells after it still run.

        Returns:
            The value of `dbutils.notebook.exit`, where one ended it.
        """
        for cell in cells:
            try:
                self._run(cell)
            except NotebookExit as end:
                return str(end)
            except (Exception, SystemExit) as error:
                self.declarations.problems.append(source_problem(error, "LDP-2002", location=self._place(cell)))
        return None

    def _run(self, cell: Cell) -> None:
        language, words, body, above = cell.split()
        line = self._line(cell) + above
        if language == "sql":
            before = len(self.declarations.problems)
            self.sql(body, Location(self.file, line, 1, cell.label if self.own_lines else None, self.path))
            if cell.language != "sql":
                self._pass_over(before)
        elif language == "python":
            self._python(body, cell, line)
        elif language == "ldp_table":
            from ldp_jupyter.sources.table_cell import declare_table_cell, parse_table_line

            filename = self._register(body, cell, line)
            declare_table_cell(parse_table_line(words), "\n" * (line - 1) + body, filename, self.namespace)
        elif language == "run":
            self._include(words, cell)
            if body.strip():
                self._python(body, cell, line)
        elif language.startswith("ldp_"):
            raise LdpError(
                "LDP-2012",
                f"there is no cell magic %%{language}",
                hint=did_you_mean(f"%%{language}", ("%%ldp_table", "%%ldp_sql")) or "write %%ldp_table or %%ldp_sql",
                location=self._place(cell),
            )
        elif language not in ("text", "skip", "load_ext", "ldp") and not self.own_lines:
            self.declarations.notes.append(Note("not_checked", f"cell magic %{language}", self._place(cell)))

    def _pass_over(self, before: int) -> None:
        """The platform runs no SQL cell of a Python notebook: what declares nothing in it is passed over."""
        problems = self.declarations.problems
        others = [p for p in problems[before:] if p.code == "LDP-2012"]
        problems[before:] = [p for p in problems[before:] if p not in others]
        self.declarations.notes += [Note("not_checked", f"not run: {p.message}", p.location) for p in others]

    def sql(self, text: str, place: Location) -> None:
        """Read SQL; queries that declare nothing are left out."""
        self.read(text, place)

    def read(self, text: str, place: Location) -> list[SqlQuery]:
        """Read SQL; the scope (SET, USE) goes on from cell to cell. Gives queries that declare nothing."""
        from ldp_jupyter.sql import SqlScope, read_sql

        if self.scope is None:
            context = self.context
            self.scope = SqlScope(context.namespace, dict(context.confs), context.configuration, context.parameters)
        found = read_sql(text, self.scope, place, self.declarations, allow_queries=True)
        self.context.namespace = self.scope.namespace
        return found

    def _python(self, body: str, cell: Cell, line: int) -> None:
        text = python_text(body)
        filename = self._register(text, cell, line)
        run_python("\n" * (line - 1) + text, filename, self.namespace, self.declarations, self._place(cell))

    def _register(self, body: str, cell: Cell, line: int) -> str:
        """The file name under which tracebacks and locations find the cell's lines."""
        if not self.own_lines:
            return self.path
        filename = f"{self.path}#{cell.label}"
        padded = "\n" * (line - 1) + body
        linecache.cache[filename] = (len(padded), None, padded.splitlines(keepends=True), filename)
        outer = self.context.locate

        def locate(name: str, number: int) -> Location | None:
            if name.startswith(self.path + "#"):
                return Location(self.file, number, cell=name.split("#", 1)[1], path=name)
            return outer(name, number) if outer else None

        self.context.locate = locate
        return filename

    def _include(self, words: str, cell: Cell) -> None:
        """`%run ./other`: the other notebook's cells run in the same namespace."""
        from ldp_jupyter.sources.loader import cells_of

        name = words.strip().strip("\"'").split(" $")[0].strip()
        try:
            found = find_notebook(self.path, name, "%run")
        except LdpError as error:
            error.location = self._place(cell)
            raise
        shown = shown_path(found, self.context.root)
        inner = CellRunner(self.context, self.namespace, shown, str(found), own_lines=found.suffix == ".ipynb")
        inner.run(cells_of(found))

    def _line(self, cell: Cell) -> int:
        return 1 if self.own_lines else cell.line

    def _place(self, cell: Cell) -> Location:
        return Location(
            self.file,
            self._line(cell),
            cell=cell.label if self.own_lines else None,
            path=None if self.own_lines else self.path,
        )


def find_notebook(caller: str, name: str, how: str) -> Path:
    """The file of another notebook, named relative to the one that runs it, with or without its ending.

    Parameters:
        how: what the caller uses, for the error.

    Raises:
        LdpError: LDP-2002 where there is none.
    """
    base = Path(os.path.normpath(Path(caller).parent / name))
    found = next(
        (
            p
            for p in (base, *(base.with_name(base.name + ending) for ending in (".py", ".ipynb", ".sql")))
            if p.is_file()
        ),
        None,
    )
    if found is None:
        raise LdpError(
            "LDP-2002", f"{how} {name}: no such notebook", hint=f"looked for {base} with .py, .ipynb, .sql"
        )
    return found
