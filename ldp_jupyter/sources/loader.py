"""Files -> declarations. One bad file gives one problem; the others still load."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import Context, using
from ldp_jupyter.declarations import Declarations, Location, Note, SourceUnit
from ldp_jupyter.errors import LdpError
from ldp_jupyter.locations import shown_path
from ldp_jupyter.sources.cells import (
    Cell,
    CellRunner,
    find_notebook,
    is_definition_cell,
    is_pipeline_cell,
    pipeline_names,
)
from ldp_jupyter.sources.failures import source_problem
from ldp_jupyter.sources.finder import install_finder, other_dlt
from ldp_jupyter.sources.modules import (
    forget_changed,
    forget_hidden,
    forget_local,
    hides_modules,
    importable,
    remember,
)
from ldp_jupyter.sources.not_imported import not_imported
from ldp_jupyter.sources.notebook import exported_cells, ipynb_cells, is_exported
from ldp_jupyter.sources.session import SourceSession

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def load_files(
    files: Sequence[Path], base: Context, import_root: Path, *, notebooks: Sequence[Path] = ()
) -> list[Declarations]:
    """Load source files of a pipeline.

    Parameters:
        files: sources, run or read whole.
        base: context of the pipeline; each file gets a copy with its own declarations and namespace.
        import_root: folder that goes on `sys.path`, with each file's own.
        notebooks: working notebooks, of which only pipeline cells (and definitions they may need) run.

    Returns:
        One `Declarations` per file, in the order given; notebooks without pipeline cells are left out.
    """
    forget_changed(import_root)
    loaded = [load_file(path, base, import_root) for path in files]
    for path in notebooks:
        cells = _pipeline_cells(path)
        if cells:
            loaded.append(load_file(path, base, import_root, cells=cells))
    remember(import_root)
    _tell_other_dlt(loaded)
    return loaded


def _tell_other_dlt(loaded: Sequence[Declarations]) -> None:
    """Say once that `import dlt` passes over another package of that name."""
    other = other_dlt()
    for declared in loaded if other is not None else ():
        text = Path(declared.unit.key).read_text(encoding="utf-8", errors="replace")
        found = re.search(r"^[ \t\"]*(?:import|from)[ \t]+dlt\b", text, re.MULTILINE)
        if found is not None and not declared.unit.key.endswith(".sql"):
            line = None if declared.unit.key.endswith(".ipynb") else text.count("\n", 0, found.start()) + 1
            place = Location(declared.unit.shown, line, path=declared.unit.key)
            said = f"`import dlt` is the platform's pipelines module here; {other} is installed too, and passed over"
            declared.notes.append(Note("warning", said, place))
            return


def load_file(
    path: Path, base: Context, import_root: Path, *, cells: list[Cell] | None = None, more: Sequence[Path] = ()
) -> Declarations:
    """Load one file; what is wrong in it is among its problems.

    Parameters:
        cells: cells to run instead of all that the file holds.
        more: further folders on `sys.path`.
    """
    install_finder()
    shown = shown_path(path, base.root)
    language = "SQL" if path.suffix == ".sql" else "PYTHON"
    declarations = Declarations(SourceUnit(str(path), shown, language))
    context = base.but(declarations=declarations, confs=dict(base.confs), replaced={})
    session = SourceSession(base, context)
    with using(context), importable([path.parent, import_root, *more]), session:
        forget_hidden(import_root)
        try:
            _run(path, shown, context, cells)
        except (Exception, SystemExit) as error:
            place = Location(shown, None, path=str(path))
            declarations.problems.append(source_problem(error, "LDP-2002", location=place))
    note = not_imported(path, shown) if path.suffix == ".py" else None
    if note is not None:
        declarations.notes.append(note)
    return declarations


def load_alone(path: Path, base: Context, import_root: Path) -> Declarations:
    """Load one file as if it were the only one: what others imported is forgotten, before and after.

    Nobody says which folder is the root of its pipeline, so every folder from its own up to the project's is on the
    path, the nearest first; those that would hide a module of Python or of a library are left out.
    """
    forget_local(import_root)
    above = [folder for folder in path.parents if folder.is_relative_to(import_root)]
    try:
        return load_file(path, base, import_root, more=[folder for folder in above if not hides_modules(folder)])
    finally:
        forget_local(import_root)


def cells_of(path: Path) -> list[Cell]:
    """All cells of a notebook in any form; a plain file is one cell."""
    if path.suffix == ".ipynb":
        return ipynb_cells(path)
    text = _read(path)
    language = "sql" if path.suffix == ".sql" else "python"
    return exported_cells(text, language) if is_exported(text) else [Cell(text, 1, "", language)]


def _pipeline_cells(path: Path) -> list[Cell]:
    try:
        cells = ipynb_cells(path)
    except LdpError:
        return []
    names = pipeline_names(cells)
    if not any(is_pipeline_cell(cell, names) for cell in cells):
        return []
    return [cell for cell in cells if is_pipeline_cell(cell, names) or is_definition_cell(cell)]


def _run(path: Path, shown: str, context: Context, cells: list[Cell] | None) -> None:
    notebook = path.suffix == ".ipynb"
    runner = CellRunner(context, source_globals(str(path)), shown, str(path), own_lines=notebook)
    if cells is None and path.suffix == ".sql":
        text = _read(path)
        if is_exported(text) and "MAGIC" in text:
            runner.run(exported_cells(text, "sql"))
        else:
            from ldp_jupyter.sql import SqlScope, read_sql

            assert context.declarations is not None
            scope = SqlScope(context.namespace, dict(context.confs), context.configuration, context.parameters)
            read_sql(text, scope, Location(shown, 1, 1, path=str(path)), context.declarations)
            context.namespace = scope.namespace
        return
    runner.run(cells if cells is not None else cells_of(path))


def source_globals(path: str, arguments: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What pipeline source finds predefined.

    `__name__` is ``__main__`` as on the platform; it also makes functions travel to Spark's workers by value.

    Parameters:
        arguments: values of widgets, for a notebook that another one runs.
    """
    from ldp_jupyter.dbutils import DbUtils, display, display_html
    from ldp_jupyter.sources.finder import pipelines_module
    from ldp_jupyter.spark.lazy import LazySpark

    module = pipelines_module()
    return {
        "__name__": "__main__",
        "__file__": path,
        "__builtins__": __builtins__,
        "spark": LazySpark(),
        "dbutils": DbUtils(functools.partial(run_notebook, path), arguments),
        "display": display,
        "displayHTML": display_html,
        "dlt": module,
        "dp": module,
    }


def run_notebook(caller: str, name: str, arguments: Mapping[str, str]) -> str | None:
    """`dbutils.notebook.run`: another notebook with names of its own; gives the value that it exits with.

    Parameters:
        caller: path of the source that calls.
        name: of the notebook, relative to the caller.
        arguments: values of its widgets.

    Raises:
        LdpError: LDP-2012 outside of source that is being read; LDP-2002 where there is no such notebook.
    """
    from ldp_jupyter.context import source_being_read

    context = source_being_read()
    if context is None:
        raise LdpError("LDP-2012", "dbutils.notebook.run() was called inside a dataset function")
    found = find_notebook(caller, name, "dbutils.notebook.run")
    shown = shown_path(found, context.root)
    names = source_globals(str(found), arguments)
    runner = CellRunner(context, names, shown, str(found), own_lines=found.suffix == ".ipynb")
    return runner.run(cells_of(found))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")
