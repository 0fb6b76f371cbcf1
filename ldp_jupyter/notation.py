"""Runs cells in the platform's notation in a kernel; `sources.notation` says which cells those are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import current
from ldp_jupyter.declarations import Location
from ldp_jupyter.errors import PipelineInvalid, UsageProblem
from ldp_jupyter.sources.cells import Cell, CellRunner, find_notebook
from ldp_jupyter.sources.notation import notebook_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.declarations import SqlQuery
    from ldp_jupyter.kernel import Kernel

_LIMIT = 1000  # rows shown of a query, as many as the platform shows


def run_cell(kernel: Kernel, line: str, body: str) -> None:
    """Run a cell.

    Parameters:
        line: what it is, and the words of its first line.
        body: its text, lines counted as in the cell.

    Raises:
        LdpError: what is wrong with it.
    """
    kind, _, words = line.partition(" ")
    if kind == "sql":
        run_sql(kernel, body, 0)
    elif kind == "md":
        from IPython.display import Markdown, display

        display(Markdown(body))
    elif kind == "sh":
        kernel.ip.run_cell_magic("sh", "", f"{words}\n{body}")
    elif kind == "fs":
        _run_fs(kernel, words.split())
    elif kind == "run":
        found = find_notebook(str(Path.cwd() / "cell"), notebook_name(words), "%run")
        _run_cells(kernel, _cells_of(found), str(found), own_lines=found.suffix == ".ipynb")
    elif kind == "exported":
        from ldp_jupyter.sources.notebook import exported_cells

        language = "sql" if body.lstrip().startswith("--") else "python"
        _run_cells(kernel, exported_cells(body, language), kernel.file_for(body, 0), own_lines=False)
    else:
        raise UsageProblem(
            "LDP-1001", f"%{kind}: cells of this language do not run here", hint="languages here are Python and SQL"
        )


def run_sql(kernel: Kernel, text: str, above: int, *, queries: bool = True) -> None:
    """Read a cell of SQL: what declares is registered, queries are shown.

    Parameters:
        above: lines of the cell above the text.
        queries: whether queries that declare nothing may stand in it.
    """
    from ldp_jupyter.sql import SqlScope, read_sql

    context = current()
    assert context is not None
    assert kernel.current is not None
    filename = kernel.file_for(text, above)
    place = Location(None, 1 + above, 1, cell=kernel.names[filename], path=filename)
    scope = SqlScope(context.namespace, {}, context.configuration, context.parameters)
    found = read_sql(text, scope, place, kernel.current, allow_queries=queries)
    raise_problems(kernel)
    _show(kernel, found)


def raise_problems(kernel: Kernel) -> None:
    """What was found wrong in a cell is the cell's error."""
    assert kernel.current is not None
    problems, kernel.current.problems = kernel.current.problems, []
    if problems:
        raise PipelineInvalid(problems, "cell") if len(problems) > 1 else problems[0]


def _show(kernel: Kernel, queries: Sequence[SqlQuery]) -> None:
    from IPython.display import display

    for query in queries:
        display(kernel.pipeline().query(query.text, _LIMIT))


def _run_fs(kernel: Kernel, words: Sequence[str]) -> None:
    """`%fs ls PATH`: the command of `dbutils.fs` with its arguments."""
    from IPython.display import display

    command, *arguments = words or ["ls", "."]
    found = getattr(kernel.ip.user_ns["dbutils"].fs, command)(*arguments)
    if found is not None:
        display(found)


def _cells_of(path: Path) -> list[Cell]:
    from ldp_jupyter.sources.loader import cells_of

    return cells_of(path)


def _run_cells(kernel: Kernel, cells: Sequence[Cell], path: str, *, own_lines: bool) -> None:
    context = current()
    assert context is not None
    locate = context.locate
    try:
        _KernelRunner(kernel, context, path, own_lines=own_lines).run(list(cells))
    finally:
        context.locate = locate
    raise_problems(kernel)


class _KernelRunner(CellRunner):
    """Runs a notebook's cells among the names of the kernel; queries of SQL cells are shown."""

    def __init__(self, kernel: Kernel, context: Any, path: str, *, own_lines: bool) -> None:
        from ldp_jupyter.locations import shown_path

        label = kernel.names.get(path)
        shown = label if label is not None else shown_path(path, context.root)
        super().__init__(context, kernel.ip.user_ns, shown, path, own_lines=own_lines)
        self.kernel = kernel
        self.label = label

    def sql(self, text: str, place: Location) -> None:
        """See `CellRunner.sql`."""
        if self.label is not None:
            place = Location(None, place.line, place.column, cell=self.label, path=place.path)
        found = self.read(text, place)
        if not self.declarations.problems:
            _show(self.kernel, found)

    def _place(self, cell: Cell) -> Location:
        if self.label is None:
            return super()._place(cell)
        return Location(None, cell.line, cell=self.label, path=self.path)
