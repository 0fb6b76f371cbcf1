"""The pipeline of a kernel: what cells declared, settings changed here, the session that `spark` means."""

from __future__ import annotations

import linecache
import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import Context, set_standing
from ldp_jupyter.errors import LdpError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ldp_jupyter.background import Background
    from ldp_jupyter.declarations import Declarations, Location
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.pipeline import Pipeline


class Kernel:
    """State of one kernel that loaded the extension.

    Parameters:
        ip: the IPython shell.
    """

    def __init__(self, ip: Any) -> None:
        self.ip = ip
        self.overrides: dict[str, str] = {}
        self.choice: dict[str, str | None] = {"project": None, "pipeline": None, "target": None}
        self.configuration: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self._pipeline: Pipeline | None = None
        self._stamp: object = None
        self.cells: dict[str, Declarations] = {}
        self.texts: dict[str, str] = {}
        self.names: dict[str, str] = {}  # pseudo file name of a cell -> its label
        self.current: Declarations | None = None
        self.captured: list[str] = []
        self.background: Background | None = None
        self._text = ""
        self._ahead: int | None = None

    def pipeline(self, options: Mapping[str, Any] | None = None) -> Pipeline:
        """The kernel's pipeline, read again when its settings files changed; options of one command go on top."""
        from ldp_jupyter.pipeline import Pipeline

        options = options or {}
        special = any(options.get(k) for k in ("project", "pipeline", "target", "settings", "variables"))
        stamp = (_stamp(), repr((self.overrides, self.choice, self.configuration, self.variables)))
        if not special and self._pipeline is not None and stamp == self._stamp:
            return self._pipeline
        from ldp_jupyter.cli.options import pairs

        pipeline = Pipeline(
            options.get("project") or self.choice["project"] or ".",
            name=options.get("pipeline") or self.choice["pipeline"],
            target=options.get("target") or self.choice["target"],
            overrides=self.overrides,
            settings={**self.configuration, **pairs(options.get("settings"), "--set")},
            variables={**self.variables, **pairs(options.get("variables"), "--var")},
            say=say,
        )
        pipeline.cells, pipeline.cell_texts, pipeline.locate = self.cells, self.texts, self.locate
        if not special:
            self._pipeline, self._stamp = pipeline, stamp
            self.stand(pipeline)
        return pipeline

    def run_in_background(self, pipeline: Pipeline, graph: Graph, selected: Mapping[str, Any]) -> None:
        """Run a continuous update beside the cells; one at a time.

        Raises:
            LdpError: LDP-3003 while there is one.
        """
        from ldp_jupyter.background import Background

        if self.background is not None and self.background.running:
            raise LdpError(
                "LDP-3003",
                f'"{self.background.pipeline.settings.name}" runs in the background of this kernel',
                hint="%ldp stop ends it",
            )
        self.background = Background(pipeline, graph, selected, lambda error: say(f"The update failed.\n{error}"))

    def stop_background(self) -> None:
        """Stop the update that runs beside the cells.

        Raises:
            UsageProblem: LDP-1001 when there is none.
        """
        if self.background is None or not self.background.running:
            raise UsageProblem("LDP-1001", "no update runs in the background", hint="%ldp run --continuous starts one")
        self.background.stop()

    def stand(self, pipeline: Pipeline) -> None:
        """Make the pipeline's context that of plain cells."""
        context = pipeline.context()
        context.declarations = self.current
        context.get_session = pipeline.session
        set_standing(context)

    def change(self, changes: Mapping[str, str]) -> None:
        """Change settings of this kernel (`%ldp config key=value`)."""
        for key, value in changes.items():
            if key in self.choice:
                self.choice[key] = value or None
            elif key.startswith("configuration."):
                self.configuration[key.removeprefix("configuration.")] = value
            elif key.startswith("var."):
                self.variables[key.removeprefix("var.")] = value
            elif key in ("catalog", "schema", "storage", "name", "continuous", "development", "root_path"):
                self.overrides[key] = value
            else:
                self.configuration[key] = value

    @property
    def count(self) -> int:
        """Number of the running cell. Newer versions of IPython raise their counter before a cell runs, older after."""
        if self._ahead is None:
            import inspect

            text = inspect.getsource(type(self.ip).run_cell_async)
            raised, told = text.find("self.execution_count += 1"), text.find("pre_run_cell")
            self._ahead = 1 if 0 <= raised < told else 0
        return int(self.ip.execution_count) - self._ahead

    # ---- cells

    def save_cells(self, pipeline: Pipeline, names: Sequence[str], *, force: bool) -> list[str]:
        """Write registering cells as files into `transformations/`, and let the files stand for them from now on.

        Parameters:
            names: datasets whose cells to save; none: all.
            force: overwrite files that are there.

        Raises:
            LdpError: LDP-1001 for an unknown dataset or a file that is there.
        """
        from ldp_jupyter.locations import shown_path
        from ldp_jupyter.sources.saving import cell_source

        wanted = {pipeline.namespace.qualify(name) for name in names}
        chosen = {
            key: d
            for key, d in self.cells.items()
            if d.datasets and (not wanted or wanted & {x.name for x in d.datasets})
        }
        missing = wanted - {x.name for d in chosen.values() for x in d.datasets}
        if missing:
            shown = ", ".join(pipeline.namespace.shown(name) for name in missing)
            raise UsageProblem("LDP-1001", f"no cell of this kernel declares {shown}")
        saved = []
        for key, declared in chosen.items():
            suffix, text = cell_source(self.texts[key], self.ip.user_ns)
            path = pipeline.settings.root / "transformations" / f"{declared.datasets[0].name.table}{suffix}"
            if path.exists() and not force:
                raise UsageProblem(
                    "LDP-1001",
                    f"{shown_path(path, pipeline.project.root)} is there already",
                    hint="--force overwrites it",
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            del self.cells[key]
            saved.append(shown_path(path, pipeline.project.root))
        return saved

    def begin(self, text: str, cell_id: str | None) -> None:
        """A cell is about to run: what it declares lands in its own place."""
        from ldp_jupyter.declarations import Declarations, SourceUnit

        context = self._context()  # first: where settings cannot be read, nothing is begun
        key = cell_id or _digest(text)
        self.current = Declarations(SourceUnit(key, f"cell [{self.count}]"))
        self._text = text
        context.declarations = self.current


    def finish(self) -> Declarations | None:
        """The cell ran: keep what it declared, in the place of what it or a predecessor declared before.

        Returns:
            What it declared, None for a cell that declared nothing now.
        """
        declared, self.current = self.current, None
        self._context().declarations = None
        if declared is None:
            return None
        anything = declared.datasets or declared.flows or declared.sinks or declared.hooks or declared.problems
        key = declared.unit.key
        if not anything:
            if key in self.cells:  # the cell does not declare any more
                del self.cells[key]
                self.texts.pop(key, None)
            return None
        self._replace_predecessor(declared)
        self.cells[key] = declared
        self.texts[key] = self._text
        return declared

    def _replace_predecessor(self, declared: Declarations) -> None:
        """Without cell ids (nbclient sends none) a rerun cell is known by what it declares: the same names."""
        from ldp_jupyter.declarations import Note

        names = {d.name for d in declared.datasets}
        for key, other in list(self.cells.items()):
            if key == declared.unit.key or not names or key != _digest_like(key):
                continue
            if names & {d.name for d in other.datasets} and _similar(self.texts.get(key, ""), self._text):
                del self.cells[key]
                self.texts.pop(key, None)
                declared.notes.append(Note("warning", f"replaces what {other.unit.shown} declared"))

    def locate(self, filename: str, line: int) -> Location | None:
        """A place in a cell, for a file name that IPython gave it."""
        from ldp_jupyter.locations import Location

        label = self.names.get(filename)
        if label is None:
            if "ipykernel_" not in filename and not filename.startswith("<ipython-input"):
                return None
            label = f"cell [{self.count}]"
            self.names[filename] = label
        return Location(None, line, cell=label, path=filename)

    def file_for(self, body: str, above: int) -> str:
        """A pseudo file that holds the body of a cell magic at the lines it has in the cell."""
        label = f"cell [{self.count}]"
        filename = f"<{label} {_digest(body)[:8]}>"
        text = "\n" * above + body
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        self.names[filename] = label
        return filename

    def _context(self) -> Context:
        from ldp_jupyter.context import current

        context = current()
        if context is None:
            self.pipeline()
            context = current()
        assert context is not None
        return context


def _digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest_like(key: str) -> str:
    """The key itself if it is a digest of a text, which it is where the front end sends no cell id."""
    return key if len(key) == 16 and all(c in "0123456789abcdef" for c in key) else ""


def _similar(one: str, other: str) -> bool:
    import difflib

    return difflib.SequenceMatcher(None, one, other).quick_ratio() > 0.5


def _stamp() -> object:
    """Changes when a settings file of the working folder's project does."""
    from pathlib import Path

    from ldp_jupyter.project import find_project

    root = find_project(Path.cwd())
    files = [f for f in root.iterdir() if f.suffix in (".yml", ".yaml", ".json")] if root.is_dir() else []
    files += list((root / "resources").glob("**/*.yml")) if (root / "resources").is_dir() else []
    return (str(root), tuple((str(f), f.stat().st_mtime_ns) for f in sorted(files)))


def say(text: str) -> None:
    """Tell what takes long, where the user looks."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
