"""`Pipeline`: one pipeline of a project, with the verbs that every door (magics, command line, Python) calls."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldp_jupyter.context import Context
from ldp_jupyter.declarations import Kind, Note
from ldp_jupyter.errors import LdpError, sort_problems
from ldp_jupyter.locations import shown_path
from ldp_jupyter.names import Name, Namespace
from ldp_jupyter.project import (
    choose_pipeline,
    load_project,
    local_paths,
    notebook_files,
    source_elsewhere,
    source_files,
)
from ldp_jupyter.redaction import hidden_in, remember_settings
from ldp_jupyter.state import KeptColumns, Layout, Runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from ldp_jupyter.declarations import Declarations, Location
    from ldp_jupyter.display import DataView, PlanView
    from ldp_jupyter.engine import Retries, Update, UpdateRequest
    from ldp_jupyter.engine.cleaning import Cleaning
    from ldp_jupyter.engine.preview import PlanPreview
    from ldp_jupyter.events import Event, Subscriber, UpdateView
    from ldp_jupyter.graph import Graph
    from ldp_jupyter.project import PipelineSettings, Project

_IDS = uuid.UUID("8a9f6a52-6a0c-4a43-9f0e-6f3b0e6a7c11")
_NOTHING: Mapping[str, str] = {}


class Pipeline:
    """A pipeline of a project on disk.

    Parameters:
        start: a folder of the project; it is looked for here and upward.
        name: which pipeline, where the project has several.
        target: bundle target; None for the default one.
        settings: pipeline configuration for this object (``--set``).
        variables: bundle variables (``--var``).
        overrides: other settings changed for this object (``%ldp config key=value``).
        say: told what takes long; default: a line on stderr.

    Raises:
        UsageProblem: for settings that cannot be read, unknown names, or a pipeline that must be named.
    """

    def __init__(
        self,
        start: str | os.PathLike[str] = ".",
        *,
        name: str | None = None,
        target: str | None = None,
        settings: Mapping[str, str] = _NOTHING,
        variables: Mapping[str, str] = _NOTHING,
        overrides: Mapping[str, str] = _NOTHING,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.project: Project = load_project(
            Path(start), target=target, variables=variables, settings=settings, overrides=overrides
        )
        self.settings: PipelineSettings = choose_pipeline(self.project, name)
        for given in (self.settings.configuration, self.settings.parameters, self.project.variables):
            remember_settings(given)
        self.namespace = Namespace(self.settings.catalog.lower(), self.settings.schema.lower())
        self.layout = Layout.of(self.project, self.settings.name)
        self.say = say
        # what cells of this kernel declared, by cell, and the texts of those cells
        self.cells: dict[str, Declarations] = {}
        self.cell_texts: dict[str, str] = {}
        # finds the cell of a pseudo file name, in a kernel
        self.locate: Callable[[str, int], Location | None] | None = None
        self._base_session: Any = None
        # datasets of this kernel's own notebook whose cells did not run here, by the notebook's name
        self._unloaded: dict[Name, str] = {}

    @property
    def id(self) -> str:
        """Id of the pipeline: the same for the same name, as the owner of its tables."""
        return str(uuid.uuid5(_IDS, self.settings.name))

    @property
    def where(self) -> str:
        """What runs where, as shown: ``dev · local .ldp``."""
        storage = self.layout.storage
        if not self.layout.remote:
            storage = f"local {shown_path(storage, self.project.root)}"
        return " · ".join(part for part in (self.project.target, storage) if part)

    @property
    def event_log(self) -> Name:
        """The table of the event log: as set, else ``event_log_<id>`` in the default catalog and schema."""
        log = self.settings.event_log
        if log is not None:
            return Namespace(log.catalog, log.schema).qualify([log.name])
        return Name(self.namespace.catalog, self.namespace.schema, "event_log_" + self.id.replace("-", "_"))

    # ---- sources

    def sources(self) -> list[Path]:
        """Source files, in a fixed order."""
        return source_files(self.settings, self.project)

    def load(self) -> list[Declarations]:
        """What sources and cells declare now."""
        from ldp_jupyter.sources import load_files

        files = self.sources()
        notebooks = [n for n in notebook_files(self.settings, self.project) if n not in files]
        own = [n for n in notebooks if self._is_this_notebook(n)]
        others = [n for n in notebooks if n not in own]
        loaded = load_files(files, self.context(), self.settings.root, notebooks=others)
        return [*loaded, *self.cells.values(), *self._not_loaded(own, loaded)]

    def nothing_hint(self) -> str:
        """What to do where nothing is declared; names source that lies where it is not looked for."""
        path = source_elsewhere(self.settings, self.project)
        if path is None:
            return "put sources into transformations/, or run cells that declare datasets"
        shown = path.relative_to(self.project.root).as_posix()
        return f"{shown} is not among the pipeline's sources: move it into transformations/, or name it in the settings"

    def _not_loaded(self, notebooks: list[Path], loaded: list[Declarations]) -> list[Declarations]:
        """A warning for datasets of this kernel's own notebook whose cells did not run: they are not in the graph."""
        from ldp_jupyter.declarations import Declarations, SourceUnit
        from ldp_jupyter.sources import load_files

        here = {d.name for source in (*loaded, *self.cells.values()) for d in source.datasets}
        told = []
        self._unloaded = {}
        for source in load_files([], self.context(), self.settings.root, notebooks=notebooks):
            unloaded = [d.name for d in source.datasets if d.name not in here]
            self._unloaded |= dict.fromkeys(unloaded, source.unit.shown)
            missing = [self.namespace.shown(name) for name in unloaded]
            if missing:
                text = f"not loaded in this kernel: {', '.join(missing)} ({source.unit.shown}): run their cells"
                told.append(Declarations(SourceUnit("", source.unit.shown), notes=[Note("warning", text)]))
        return told

    def context(self) -> Context:
        """The context in which this pipeline's code runs."""
        return Context(
            self.namespace,
            self._configuration(),
            self._load_session,
            root=self.project.root,
            locate=self.locate,
            parameters=self.settings.parameters,
        )

    def declared(self) -> Graph:
        """The graph as declared: evaluates no dataset function and needs no data (``ldp ls``)."""
        from ldp_jupyter.graph import declared_graph

        return declared_graph(self.settings.name, self.namespace, self.load())

    def dry_run(self, *, strict_platform: bool = False, anew: AbstractSet[Name] = frozenset()) -> Graph:
        """Check everything and write nothing; the problems are in the graph.

        Parameters:
            strict_platform: what is accepted here and not by the platform is an error, LDP-2026.
            anew: tables whose streams of files find their columns anew, as after a full refresh.
        """
        from ldp_jupyter.graph import declared_graph, refuse_local_only, register_functions, resolve_graph
        from ldp_jupyter.spark.jobs import canceled_by_interrupt

        self._base_session = None  # settings and temporary views of cells may have changed
        declarations = self.load()
        graph = declared_graph(self.settings.name, self.namespace, declarations)
        if not graph.nodes and not graph.sink_flows and not graph.problems:
            graph.problems.append(
                LdpError(
                    "LDP-2019",
                    f'pipeline "{self.settings.name}" declares nothing',
                    hint=self.nothing_hint(),
                )
            )
            return graph
        if graph.nodes and not graph.sink_flows and all(n.kind == Kind.TEMPORARY_VIEW for n in graph.nodes.values()):
            graph.problems.append(
                LdpError(
                    "LDP-2019",
                    f'pipeline "{self.settings.name}" declares temporary views alone',
                    hint="add a table or a materialized view: a temporary view is computed for those that read it",
                )
            )
        notes = [*self.project.notes, *self._settings_without_effect()]
        graph.not_checked.extend(note for note in notes if note not in graph.not_checked)
        functions = register_functions(self._load_session(), declarations)
        with canceled_by_interrupt(self._load_session(), "dry run"):  # inference of files runs jobs
            resolve_graph(graph, self.context(), self._load_session(), KeptColumns(self.layout, anew).of)
        graph.problems = sort_problems([*functions, *graph.problems])
        if strict_platform:
            refuse_local_only(graph)
        self._hooks = [hook for source in declarations for hook in source.hooks]
        return graph

    # ---- updates

    def run(
        self,
        *,
        refresh: Sequence[str] = (),
        full_refresh: Sequence[str] = (),
        full_refresh_all: bool = False,
        refresh_failed: bool = False,
        refresh_files: Sequence[str] = (),
        reset_checkpoints: Sequence[str] = (),
        production: bool = False,
        continuous: bool = False,
        loaded_only: bool = False,
        subscribers: Sequence[Subscriber] = (),
        strict_platform: bool = False,
        graph: Graph | None = None,
        begun: Callable[[Update], Sequence[Subscriber]] | None = None,
    ) -> UpdateView:
        """Run an update. Its report lies in the state before an error is raised.

        Parameters:
            refresh, full_refresh: datasets by name; without any selection, everything is refreshed.
            full_refresh_all: empty all tables first, except those with `pipelines.reset.allowed=false`.
            refresh_failed: what failed or was skipped in the last update.
            refresh_files: what these source files declare or write.
            reset_checkpoints: streaming flows that read their sources from the start again; tables keep their rows.
            production: try again what may heal: flows within the update, then the update.
            continuous: run the flows again, each by its trigger interval, until the update is stopped.
            loaded_only: leave out datasets of this kernel's notebook whose cells did not run here.
            subscribers: called with each event, in this thread.
            strict_platform: as `dry_run` takes it.
            graph: from `dry_run`; a new one is made without it.
            begun: called with each update before it runs (a further try is another update); gives more subscribers.

        Raises:
            PipelineInvalid: with all that is wrong; nothing was touched.
            UpdateFailed: with the problems of the flows that failed.
            KeyboardInterrupt: after the update was canceled.
            LdpError: LDP-3008 when it was stopped; LDP-1009 for an update of everything while cells are not loaded.
        """
        from ldp_jupyter.engine import Retries, UpdateRequest
        from ldp_jupyter.engine.plan import plan_update
        from ldp_jupyter.errors import UpdateFailed

        graph = graph or self.dry_run(strict_platform=strict_platform)
        request = UpdateRequest(
            refresh, full_refresh, full_refresh_all, refresh_failed, refresh_files, reset_checkpoints, continuous
        )
        if request.everything and not loaded_only:
            self.check_loaded()
        selected = any((refresh, full_refresh, full_refresh_all, refresh_failed, refresh_files, reset_checkpoints))
        if graph.ok and selected:
            # a selection that makes no sense is no update that failed
            anew = plan_update(graph, request, self.newest_update() if request.refresh_failed else None).full
            if graph.kept_columns and anew:
                graph = self.dry_run(strict_platform=strict_platform, anew=anew)
        retries = Retries.of(self._configuration(), production=production)
        failures = 0
        while True:
            update = self.update(graph, retries)
            update.last = self.newest_update() if request.refresh_failed else None
            update.cause = "RETRY_ON_FAILURE" if failures else "USER_ACTION"
            more = begun(update) if begun else ()
            try:
                return update.run(request, [*subscribers, *more])
            except UpdateFailed as failed:
                failures += 1
                if failures > retries.update or not retries.worth_another_update(failed.problems):
                    raise
                retries.wait(failures)
                request = request.again(graph, update.last)

    def check_loaded(self) -> None:
        """Refuse to go on while cells of this kernel's notebook did not run: an update of everything would lack them.

        Raises:
            UsageProblem: LDP-1009 with their datasets, as the last `dry_run` found them.
        """
        from ldp_jupyter.display.words import counted
        from ldp_jupyter.errors import UsageProblem

        if not self._unloaded:
            return
        names = [self.namespace.shown(name) for name in self._unloaded]
        raise UsageProblem(
            "LDP-1009",
            f"{counted(len(names), 'dataset')} of {', '.join(dict.fromkeys(self._unloaded.values()))} "
            f"{'is' if len(names) == 1 else 'are'} not loaded in this kernel: {', '.join(names)}",
            hint="run its cells, or %ldp run --loaded-only: the tables then stay as they are",
        )

    def plan(
        self,
        *,
        refresh: Sequence[str] = (),
        full_refresh: Sequence[str] = (),
        full_refresh_all: bool = False,
        refresh_failed: bool = False,
        refresh_files: Sequence[str] = (),
        reset_checkpoints: Sequence[str] = (),
        graph: Graph | None = None,
    ) -> PlanView:
        """Tell what an update with these selections would do; starts no Spark job and writes nothing.

        Raises:
            PipelineInvalid: with all that is wrong.
            UsageProblem: for selections that make no sense.
        """
        from ldp_jupyter.display import PlanView
        from ldp_jupyter.engine import UpdateRequest
        from ldp_jupyter.errors import PipelineInvalid

        graph = graph or self.dry_run()
        if graph.problems:
            raise PipelineInvalid(graph.problems, graph.pipeline)
        request = UpdateRequest(
            refresh, full_refresh, full_refresh_all, refresh_failed, refresh_files, reset_checkpoints
        )
        return PlanView(self._preview(graph, request), self.where)

    def cleaning(self, *names: str) -> Cleaning:
        """What deleting some datasets, or all that this pipeline keeps, takes away; its `delete` does it.

        Parameters:
            names: of tables and views, also such as left the source; none: everything.

        Raises:
            UsageProblem: LDP-1007 for an unknown name.
        """
        from ldp_jupyter.engine.cleaning import clean_all, clean_datasets
        from ldp_jupyter.engine.inactive import known_datasets
        from ldp_jupyter.errors import UsageProblem
        from ldp_jupyter.names import did_you_mean
        from ldp_jupyter.spark.tables import forget_tables
        from ldp_jupyter.state import Memory

        tables = {self.namespace.qualify(table["full_name"]): table for table in self.tables()}
        views = [name for name, told in known_datasets(Memory(self.layout)).items() if told["kind"] == "view"]
        if not names:
            cleaning = clean_all(self.layout, self.settings.name, list(tables.values()), views, self.event_log)
        else:
            wanted = [self.namespace.qualify(name) for name in dict.fromkeys(names)]
            for name in wanted:
                if name not in tables and name not in views:
                    known = [self.namespace.shown(n) for n in (*tables, *views)]
                    shown = self.namespace.shown(name)
                    raise UsageProblem(
                        "LDP-1007",
                        f'"{shown}" is no table of this pipeline',
                        hint=did_you_mean(shown, known) or f"tables: {', '.join(known) or 'none yet'}",
                    )
            cleaning = clean_datasets(
                self.layout,
                self.settings.name,
                [(name, tables[name]) for name in wanted if name in tables],
                [name for name in wanted if name not in tables],
                self._readers(),
            )
        cleaning.after = lambda: forget_tables(self.session())
        return cleaning

    def _readers(self) -> dict[str, list[str]]:
        """Who read each dataset in the last update, by shown names."""
        readers: dict[str, list[str]] = {}
        last = self.newest_update()
        for event in last.events if last else ():
            if event.event_type == "flow_definition":
                for source in event.details["flow_definition"]["input_datasets"]:
                    with contextlib.suppress(LdpError):  # a path or a format is no name
                        shown = self.namespace.shown(self.namespace.qualify(source["name"]))
                        readers.setdefault(shown, []).append(event.origin["dataset_name"])
        return readers

    def next_update(self, graph: Graph) -> PlanPreview | None:
        """What the next update would do, for the result of a dry run.

        Returns:
            None for an invalid pipeline, and before the first update.
        """
        from ldp_jupyter.engine import UpdateRequest

        if graph.problems or not self.layout.memory.exists():
            return None
        try:
            return self._preview(graph, UpdateRequest())
        except LdpError:  # nothing to update: the dry run says so
            return None

    def _preview(self, graph: Graph, request: UpdateRequest) -> PlanPreview:
        from ldp_jupyter.engine.preview import preview_update
        from ldp_jupyter.state import Memory

        return preview_update(
            graph,
            self._load_session(),
            self.layout,
            Memory(self.layout),
            self.id,
            request,
            last=self.newest_update() if request.refresh_failed else None,
            unloaded=frozenset(self._unloaded),
        )

    def update(self, graph: Graph, retries: Retries | None = None) -> Update:
        """An update of a resolved graph, ready to run; `stop` on it cancels.

        Parameters:
            retries: what is tried again; nothing unless given.
        """
        from ldp_jupyter.engine import Retries, Update

        update = Update(
            graph,
            self.context(),
            self._load_session(),
            self.layout,
            self.id,
            self.event_log,
            self._told_settings(),
            getattr(self, "_hooks", ()),
            retries=retries or Retries(),
            unloaded=frozenset(self._unloaded),
        )
        run = Runs(self.layout).new(update.update_id)

        def before_end(view: UpdateView, problems: list[LdpError]) -> None:
            from ldp_jupyter.display import write_report

            run.save({**view.to_json(), "errors": [p.to_json() for p in problems]})
            write_report(run.report, graph, view, problems, where=self.where, settings=self._told_settings())

        update.before_end = before_end
        return update

    # ---- looking

    def session(self) -> Any:
        """The Spark session of this pipeline's catalog: three-part names, views and `event_log` work in it."""
        from ldp_jupyter.engine.tables import OWNER
        from ldp_jupyter.spark import bridge, guards
        from ldp_jupyter.spark.session import SessionSettings, current, get_session
        from ldp_jupyter.state import reads_much

        confs = {k: v for k, v in self._configuration().items() if k.startswith(("spark.", *local_paths.SETTINGS))}
        session = get_session(
            SessionSettings(
                str(self.layout.warehouse), self.namespace.catalog, self.namespace.schema, confs,
                much=current() is None and reads_much(self.layout),
            ),
            self.say,
        )
        folder = self.layout.table(self.event_log)
        for key in ("", f".{self.id}", f".{self.settings.name}"):
            session.conf.set(bridge.EVENT_LOG_SETTING + key, folder)
        session.conf.set(bridge.PIPELINES_SETTING, str(self.layout.pipelines))
        # statements by hand may not drop or alter what a pipeline owns; the pipeline itself does not use statements
        session.conf.set("spark.ldp.guard.property", OWNER)
        guards.install()
        return session

    def query(self, text: str, limit: int | None = None) -> DataView:
        """Run an SQL query over the tables.

        Parameters:
            limit: rows taken at most; None takes all.

        Raises:
            LdpError: LDP-2003, LDP-2004, LDP-2001 or LDP-2015 for a statement that Spark refuses.
        """
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        from ldp_jupyter.display import DataView
        from ldp_jupyter.graph import Column
        from ldp_jupyter.graph.spark_errors import statement_problem

        session = self.session()
        try:
            frame = session.sql(text)
            columns = [Column(f.name, f.dataType.simpleString()) for f in frame.schema.fields]
            rows = frame.collect() if limit is None else frame.limit(limit + 1).collect()
        except (PySparkException, Py4JJavaError) as error:
            raise statement_problem(error, session, self.namespace) from None
        more = limit is not None and len(rows) > limit
        return DataView(columns, rows[:limit], more=more)

    def tables(self) -> list[dict[str, Any]]:
        """The pipeline's tables as they lie in storage, with their rows."""
        from ldp_jupyter.engine.tables import KIND, OWNER
        from ldp_jupyter.spark import bridge
        from ldp_jupyter.state import Memory

        if self.layout.remote:
            self.session()
        folders = self.layout.table_folders()
        if not folders:
            return []
        session, memory = self.session(), Memory(self.layout)
        found = []
        for folder, info in zip(folders, bridge.table_info(session, [str(f) for f in folders]), strict=True):
            if info is None or info.properties.get(OWNER) != self.id:
                continue
            name = Name(*folder.parts[-3:])
            rows = info.num_records
            if rows is None:
                rows = session.read.format("delta").load(str(folder)).count()
            found.append(
                {
                    "name": self.namespace.shown(name),
                    "kind": info.properties.get(KIND, "table").lower(),
                    "path": str(folder),
                    "rows": rows,
                    "full_name": str(name),
                    "version": info.version,
                    "inactive": bool(memory.get(str(name), "inactive")),
                }
            )
        return found

    def events(self, update_id: str | None = None) -> list[Event]:
        """Events of the journal, oldest first; of one update, or of all."""
        from ldp_jupyter.eventlog.journal import read_events

        return list(read_events(self.layout.journal, update_id))

    def last_update(self) -> UpdateView | None:
        """The last update as its events tell it."""
        from ldp_jupyter.events import UpdateView

        runs = Runs(self.layout).all()
        if not runs:
            return None
        view = UpdateView()
        for event in self.events(runs[0].update_id):
            view.apply(event)
        return view

    def newest_update(self) -> UpdateView | None:
        """The last update, also one that runs now, or was killed and left no result."""
        from ldp_jupyter.eventlog.journal import last_update_id
        from ldp_jupyter.events import UpdateView

        update_id = last_update_id(self.layout.journal)
        if update_id is None:
            return None
        view = UpdateView()
        for event in self.events(update_id):
            view.apply(event)
        return view

    def flush_events(self) -> None:
        """Write the event log's Delta table now (a reader through the catalog does so itself)."""
        from ldp_jupyter.eventlog import flush_event_log

        if self.layout.journal.exists():
            flush_event_log(self.session(), self.layout, self.event_log)

    # ---- inside

    def _configuration(self) -> dict[str, str]:
        from ldp_jupyter.dbutils.references import with_secrets

        configuration = local_paths.with_root(self.settings.configuration, self.project.root)
        return {**with_secrets(configuration), "pipelines.id": self.id}

    def _load_session(self) -> Any:
        """The session that sources run in; flows run in clones of it."""
        if self._base_session is None or self._base_session.sparkContext._jsc is None:
            from ldp_jupyter.engine.sizing import begin_small
            from ldp_jupyter.graph import base_session

            self._base_session = base_session(self.session(), self._configuration(), self.namespace)
            begin_small(self._base_session, self._configuration())
        return self._base_session

    def _settings_without_effect(self) -> list[Note]:
        """Settings that are read and that this machine cannot honour yet."""
        from ldp_jupyter.dbutils.references import lacking_secrets
        from ldp_jupyter.graph.properties import without_effect

        settings = self.settings
        given = [
            (settings.continuous, "continuous mode: an update is a triggered one, unless --continuous is given"),
            (settings.notifications, "notifications: nobody is told"),
        ]
        notes = [Note("no_effect", text, settings.location) for value, text in given if value]
        if idle := without_effect(settings.configuration):
            notes.append(Note("no_effect", f"configuration {', '.join(idle)}", settings.location))
        for key, problem in lacking_secrets(settings.configuration):
            notes.append(Note("not_checked", f"{key}: {problem.message} ({problem.hint})", settings.location))
        return notes

    def _told_settings(self) -> dict[str, Any]:
        """Settings for the event log and the report, secrets left out."""
        return {
            "name": self.settings.name,
            "catalog": self.settings.catalog,
            "schema": self.settings.schema,
            "target": self.project.target,
            "storage": self.layout.storage,
            "configuration": hidden_in(self.settings.configuration),
            "development": self.settings.development,
        }

    def _is_this_notebook(self, path: Path) -> bool:
        """Whether a notebook on disk is the one whose cells this kernel ran: those stand for the file."""
        if not self.cell_texts:
            return False
        session_name = os.environ.get("JPY_SESSION_NAME")
        if session_name and Path(session_name).name == path.name:
            return True
        from ldp_jupyter.sources.notebook import ipynb_cells

        try:
            texts = {cell.text.strip() for cell in ipynb_cells(path)}
        except LdpError:
            return False
        return any(text.strip() in texts for text in self.cell_texts.values())
