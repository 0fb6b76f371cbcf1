"""`%load_ext ldp_jupyter`: magics, the kernel's `spark`, registering cells. A thin door: parse, call, show."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import set_standing
from ldp_jupyter.errors import LdpError, PipelineInvalid, UsageProblem
from ldp_jupyter.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ldp_jupyter.declarations import Declarations
    from ldp_jupyter.display import Display
    from ldp_jupyter.events import UpdateView
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.pipeline import Pipeline

_kernel: Kernel | None = None
_given: list[str] = []
SAVE_ADVICE = "save before deploying: %ldp cells save"


class NotebookDoor:
    """Where `%ldp` commands are called from: results are shown under the cell."""

    interactive = True

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def pipeline(self, options: dict[str, Any]) -> Pipeline:
        return self.kernel.pipeline(options)

    def configure(self, changes: dict[str, str]) -> None:
        self.kernel.change(changes)

    def save_cells(self, pipeline: Pipeline, names: Sequence[str], *, force: bool) -> list[str]:
        return self.kernel.save_cells(pipeline, names, force=force)

    def show(self, view: Display) -> None:
        from IPython.display import display

        display(view)

    def text(self, text: str) -> None:
        sys.stdout.write(text + "\n")

    def json(self, value: Any) -> None:
        import json

        sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")

    def confirmed(self, question: str) -> bool:  # noqa: ARG002  (a door's signature)
        """Nobody is asked: a notebook may run unattended."""
        return False

    def progress(self, graph: Graph, where: str) -> Any:
        from ldp_jupyter.display import NotebookProgress

        return NotebookProgress(graph, where)

    def done(self, pipeline: Pipeline, graph: Graph, view: UpdateView, problems: Sequence[LdpError]) -> None:
        """Nothing more: the progress output ends as the report."""

    def invalid(self, graph: Graph, view: Display) -> None:  # noqa: ARG002  (a door's signature)
        """The picture, then the errors as the cell's own error."""
        from ldp_jupyter.display import GraphView

        if graph.nodes:
            self.show(GraphView(graph))
        raise PipelineInvalid(graph.problems, graph.pipeline)

    def start(self, pipeline: Pipeline, graph: Graph, selected: dict[str, Any]) -> bool:
        """Run a continuous update in the background."""
        if graph.problems:
            from ldp_jupyter.display import DryRunView

            self.invalid(graph, DryRunView(graph, pipeline.where))
        self.kernel.run_in_background(pipeline, graph, selected)
        self.text(
            f"{pipeline.settings.name} runs continuously in the background · %ldp status shows it, %ldp stop ends it"
        )
        return True

    def stop(self) -> None:
        """Stop the update in the background."""
        self.kernel.stop_background()
        self.text("Stopped.")

    def end(self, pipeline: Pipeline) -> None:
        """The kernel goes on: readers through the catalog get new events when they read."""


def load(ip: Any) -> None:
    """Set the kernel up. Imports neither Spark nor pyspark."""
    global _kernel  # noqa: PLW0603  (one kernel, one extension)
    from ldp_jupyter.dbutils import DbUtils, display, display_html
    from ldp_jupyter.sources.finder import install_finder
    from ldp_jupyter.spark.lazy import LazySpark

    if _kernel is not None:
        return
    _kernel = Kernel(ip)
    install_finder()
    ip.register_magic_function(_ldp_line, "line", "ldp")
    ip.register_magic_function(_ldp_table, "cell", "ldp_table")
    ip.register_magic_function(_ldp_sql, "cell", "ldp_sql")
    ip.register_magic_function(_platform_cell, "cell", "ldp_cell")
    ip.input_transformers_cleanup.append(_from_platform)
    if "sql" not in ip.magics_manager.magics["cell"]:
        ip.register_magic_function(_sql_cell, "cell", "sql")
        _given.append("%%sql")
    ip.events.register("pre_run_cell", _before)
    ip.events.register("post_run_cell", _after)
    kernel = _kernel
    existing = ip.user_ns.get("spark")
    if existing is None:
        ip.push({"spark": LazySpark(lambda: kernel.pipeline().session())}, interactive=False)
        _given.append("spark")
    for name, value in (("dbutils", DbUtils()), ("display", display), ("displayHTML", display_html)):
        if name not in ip.user_ns:
            ip.push({name: value}, interactive=False)
            _given.append(name)
    _report_other_dlt()
    import atexit

    atexit.register(_flush)


def unload(ip: Any) -> None:
    """Undo `load`."""
    global _kernel  # noqa: PLW0603
    from ldp_jupyter.sources.finder import remove_finder

    if _kernel is None:
        return
    ip.events.unregister("pre_run_cell", _before)
    ip.events.unregister("post_run_cell", _after)
    ip.input_transformers_cleanup.remove(_from_platform)
    for kind, name in (("line", "ldp"), ("cell", "ldp_table"), ("cell", "ldp_sql"), ("cell", "ldp_cell")):
        ip.magics_manager.magics[kind].pop(name, None)
    for name in _given:
        if name.startswith("%%"):
            ip.magics_manager.magics["cell"].pop(name[2:], None)
        else:
            ip.user_ns.pop(name, None)
    _given.clear()
    if _kernel.background is not None:
        _kernel.background.stop()
    remove_finder()
    set_standing(None)
    _kernel = None


def _the_kernel() -> Kernel:
    if _kernel is None:
        raise UsageProblem("LDP-1001", "the extension is not loaded", hint="%load_ext ldp_jupyter")
    return _kernel


class Interrupted(KeyboardInterrupt):
    """The user interrupted a command: what was stopped is shown already, and the frames are ours."""

    def _render_traceback_(self) -> list[str]:
        return ["interrupted"]


def _ldp_line(line: str) -> None:
    """`%ldp COMMAND ...`: the commands of `ldp`; `%ldp help` lists them."""
    import click

    from ldp_jupyter.cli import ldp

    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageProblem("LDP-1001", f"%ldp: {error}") from None
    try:
        ldp.main(args=words, prog_name="%ldp", standalone_mode=False, obj=NotebookDoor(_the_kernel()))
    except click.exceptions.Exit:
        return
    except click.Abort:  # what click makes of an interrupt
        raise Interrupted from None
    except click.ClickException as error:
        raise UsageProblem("LDP-1001", error.format_message(), hint="see %ldp help") from None
    except SystemExit as left:
        if left.code:
            raise LdpError("LDP-3002", f"%ldp {line}: not valid, see above") from None


def _ldp_table(line: str, cell: str) -> None:
    """`%%ldp_table [NAME] [options]`: a dataset from a Python cell; its last expression is the DataFrame."""
    from ldp_jupyter.sources.table_cell import declare_table_cell, help_text, parse_table_line

    kernel = _the_kernel()
    if line.strip() in ("--help", "-h"):
        sys.stdout.write(help_text())
        return
    given = parse_table_line(line)
    filename = kernel.file_for(cell, 1)
    try:
        kernel.captured = declare_table_cell(given, "\n" + cell, filename, kernel.ip.user_ns)
    except SyntaxError as error:
        from ldp_jupyter.declarations import Location

        place = Location(None, error.lineno, error.offset, cell=kernel.names[filename], path=filename)
        raise LdpError("LDP-2001", f"Python syntax: {error.msg}", location=place) from None
    except Exception as error:
        from ldp_jupyter.sources.failures import source_problem

        raise source_problem(error, "LDP-2002") from None


def _ldp_sql(line: str, cell: str) -> None:
    """`%%ldp_sql`: pipeline SQL, any number of statements, exactly what a `.sql` source may hold."""
    if line.strip():
        raise UsageProblem(
            "LDP-1001", f"%%ldp_sql takes no options, got {line.strip()!r}", hint="put the SQL below the first line"
        )
    from ldp_jupyter.notation import run_sql

    run_sql(_the_kernel(), cell, 1, queries=False)


def _platform_cell(line: str, cell: str) -> None:
    """A cell in the platform's notation (`%sql` and the like on its first line)."""
    from ldp_jupyter.notation import run_cell

    run_cell(_the_kernel(), line, cell)


def _from_platform(lines: list[str]) -> list[str]:
    """Cells in the platform's notation, before IPython reads them."""
    text = "".join(lines)
    if not text.lstrip().startswith(("%", "#", "--")):
        return lines
    from ldp_jupyter.sources.notation import rewrite

    return rewrite(text, _the_kernel().ip.magics_manager.magics["line"]).splitlines(keepends=True)


def _sql_cell(line: str, cell: str) -> None:
    """`%%sql`: statements over the tables, in explorations; of several, those that give rows are shown."""
    from IPython.display import display

    from ldp_jupyter.sql import split_statements

    text = f"{line}\n{cell}" if line.strip() else cell
    pipeline, statements = _the_kernel().pipeline(), [statement.text for statement in split_statements(text)] or [text]
    for statement in statements:
        found = pipeline.query(statement, 100)
        if found.columns or len(statements) == 1:
            display(found)


def _before(info: Any) -> None:
    kernel = _the_kernel()
    try:
        kernel.begin(info.raw_cell or "", getattr(info, "cell_id", None))
    except LdpError as error:  # settings that cannot be read: cells and commands that need them say so
        set_standing(None, error)


def _after(result: Any) -> None:
    kernel = _the_kernel()
    kernel_captured, kernel.captured = kernel.captured, []
    if kernel.current is None:
        return
    declared = kernel.finish()
    if declared is not None and getattr(result, "success", True):
        _show_card(kernel, declared, kernel_captured)


def _show_card(kernel: Kernel, declared: Declarations, captured: Sequence[str]) -> None:
    """The card of a registering cell."""
    from IPython.display import display

    from ldp_jupyter.display import CellCard

    text = kernel.texts.get(declared.unit.key, "")
    flows = [f for f in declared.flows if not (f.default and not f.is_cdc)]
    display(
        CellCard(
            declared.datasets,
            kernel.pipeline().namespace,
            flows=flows,
            sinks=declared.sinks,
            captured=captured,
            notes=declared.notes,
            problems=declared.problems,
            advice=SAVE_ADVICE if text.lstrip().startswith("%%ldp_") else "",
        )
    )


def _report_other_dlt() -> None:
    from ldp_jupyter.sources.finder import other_dlt

    other = other_dlt()
    if other is not None:
        sys.stderr.write(
            f"`import dlt` now gives the pipelines module of ldp_jupyter; {other} is installed too: "
            "%unload_ext ldp_jupyter gives it back.\n"
        )


def _flush() -> None:
    """Let readers from outside find the newest events, when the kernel ends in peace."""
    import contextlib

    if _kernel is not None and _kernel.background is not None:
        _kernel.background.stop()
    session = sys.modules.get("ldp_jupyter.spark.session")
    if _kernel is None or _kernel._pipeline is None or session is None or session.current() is None:
        return
    with contextlib.suppress(Exception):
        _kernel._pipeline.flush_events()
