"""The extension in a shell of IPython: cells register, `%ldp` lists, errors are told in our words. No kernel, no Spark."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ldp_jupyter import load_ipython_extension, magics, unload_ipython_extension
from ldp_jupyter.context import current
from ldp_jupyter.errors import LdpError
from ldp_jupyter.locations import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Make = Callable[[Mapping[str, str]], Path]

TABLE = "import dlt\n@dlt.table\ndef {0}(): ...\n"


class Shell:
    """A shell with the extension loaded, in a project folder."""

    def __init__(self, ip: InteractiveShell) -> None:
        self.ip = ip
        self.shown = ""
        self.error: BaseException | None = None

    def run(self, text: str, cell_id: str | None = None) -> str:
        """Run a cell; gives all that it shows."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            result = self.ip.run_cell(text, store_history=True, cell_id=cell_id)
        self.shown, self.error = (
            re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()),
            result.error_before_exec or result.error_in_exec,
        )
        return self.shown

    def ok(self, text: str, cell_id: str | None = None) -> str:
        shown = self.run(text, cell_id)
        assert self.error is None, shown
        return shown

    def graph(self) -> dict[str, Any]:
        """What `%ldp ls` lists."""
        listed: dict[str, Any] = json.loads(self.run("%ldp ls --format json").split("\nLDP-3002")[0])
        return listed

    def names(self) -> list[str]:
        return [d["name"] for d in self.graph()["datasets"]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    kept = {name: getattr(sys, name) for name in ("displayhook", "excepthook")}
    main = sys.modules["__main__"]
    ip = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    load_ipython_extension(ip)
    yield Shell(ip)
    unload_ipython_extension(ip)
    sys.modules["__main__"] = main
    for name, value in kept.items():
        setattr(sys, name, value)


# ---- cells register


def test_a_cell_with_decorators_registers_and_shows_its_card(shell: Shell) -> None:
    shown = shell.ok(TABLE.format("orders"), "c1")
    assert "orders" in shown
    listed = shell.graph()
    assert [(d["name"], d["cell"], d["line"], d["file"]) for d in listed["datasets"]] == [
        ("orders", "cell [1]", 2, None)
    ]
    assert listed["errors"] == []


@pytest.mark.parametrize(
    "head", ["from pyspark import pipelines as dp", "import databricks.pipelines as dp", "import dlt as dp"]
)
def test_every_import_registers(shell: Shell, head: str) -> None:
    shell.ok(f"{head}\n\n@dp.materialized_view(name='totals')\ndef f(): ...")
    assert shell.names() == ["totals"]


def test_a_cell_that_declares_nothing_shows_no_card(shell: Shell) -> None:
    assert shell.ok("x = 1") == ""
    assert shell.names() == []


def test_cells_and_files_make_one_graph(shell: Shell, make_project: Make) -> None:
    make_project({"transformations/a.sql": "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a"})
    shell.ok(TABLE.format("t"))
    assert sorted(shell.names()) == ["m", "t"]


def test_running_a_cell_again_replaces_what_it_declared(shell: Shell) -> None:
    for _ in range(3):
        shell.ok(TABLE.format("t") + "@dlt.view\ndef v(): ...\n", "c1")
    listed = shell.graph()
    assert [d["name"] for d in listed["datasets"]] == ["t", "v"]
    assert listed["errors"] == []
    assert listed["datasets"][0]["cell"] == "cell [3]"


def test_a_renamed_dataset_leaves_the_graph(shell: Shell) -> None:
    shell.ok(TABLE.format("old"), "c1")
    shell.ok(TABLE.format("new"), "c1")
    assert shell.names() == ["new"]


def test_a_cell_that_does_not_declare_any_more_leaves_the_graph(shell: Shell) -> None:
    shell.ok(TABLE.format("t"), "c1")
    shell.ok("x = 1", "c1")
    assert shell.names() == []


def test_the_same_name_from_two_cells_is_an_error_that_names_both(shell: Shell) -> None:
    shell.ok(TABLE.format("t"), "c1")
    shell.ok("#\n" + TABLE.format("t"), "c2")
    (error,) = shell.graph()["errors"]
    assert (error["code"], error["cell"], error["line"]) == ("LDP-2006", "cell [2]", 3)
    assert "cell [1], line 2" in error["hint"]


def test_without_cell_ids_the_same_text_replaces(shell: Shell) -> None:
    shell.ok(TABLE.format("t"))
    shell.ok(TABLE.format("t"))
    listed = shell.graph()
    assert ([d["name"] for d in listed["datasets"]], listed["errors"]) == (["t"], [])


def test_without_cell_ids_similar_code_of_the_same_name_replaces_and_says_so(shell: Shell) -> None:
    shell.ok(TABLE.format("t"))
    shown = shell.ok(TABLE.format("t").replace("...", "return 1"))
    assert "replaces what cell [1] declared" in shown
    assert shell.names() == ["t"]


def test_a_cell_that_fails_tells_the_users_error_and_keeps_what_it_declared(shell: Shell) -> None:
    shown = shell.run(TABLE.format("t") + "1 / 0")
    assert isinstance(shell.error, ZeroDivisionError)
    assert "ZeroDivisionError" in shown
    assert shell.names() == ["t"]


def test_reading_a_name_declared_in_another_cell_as_python(shell: Shell) -> None:
    shell.ok(TABLE.format("t").replace("...", "return 41"))
    assert shell.ok("print(t() + 1)") == "42\n"


# ---- magics


def test_a_table_cell(shell: Shell) -> None:
    shell.ok("n = 41")
    shown = shell.ok('%%ldp_table answers --expect-or-drop ok="a > 0" --comment "said"\nm = n + 1\nm', "c1")
    assert "answers" in shown
    assert "n" in shown.split("uses", 1)[-1]
    assert "%ldp cells save" in shown
    (dataset,) = shell.graph()["datasets"]
    assert (dataset["name"], dataset["comment"], dataset["line"]) == ("answers", "said", 2)
    assert dataset["expectations"] == [{"name": "ok", "condition": "a > 0", "action": "drop"}]
    assert magics._kernel.cells["c1"].flows[0].query.function() == 42
    assert "m" not in shell.ip.user_ns


def test_an_sql_cell(shell: Shell) -> None:
    shell.ok(
        "%%ldp_sql\nCREATE MATERIALIZED VIEW one AS SELECT 1 AS a;\n\nCREATE MATERIALIZED VIEW two AS SELECT 1 AS a"
    )
    assert [(d["name"], d["line"]) for d in shell.graph()["datasets"]] == [("one", 2), ("two", 4)]


def test_help_of_the_table_cell(shell: Shell) -> None:
    assert "--expect-or-drop" in shell.ok("%%ldp_table --help\nx")


def test_an_interrupted_command_shows_no_traceback(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(magics.NotebookDoor, "pipeline", interrupted)
    assert shell.run("%ldp ls").strip() == "interrupted"
    assert isinstance(shell.error, KeyboardInterrupt)


def test_a_read_that_fails_shows_no_frames_of_guards(shell: Shell) -> None:
    from ldp_jupyter.spark import guards

    class Reader:
        def table(self) -> None:
            raise ValueError("no such table")

    guards._wrap(Reader, "table", lambda original, self: original(self))
    shell.ip.user_ns["reader"] = Reader()
    shown = shell.run("reader.table()")
    assert "no such table" in shown
    assert "guards.py" not in shown


@pytest.mark.parametrize(
    ("cell", "first", "place"),
    [
        ("import dlt\n\n@dlt.table(coment='x')\ndef t(): ...", 'LDP-2011 table() has no parameter "coment"', "  cell [1], line 3   @dlt.table(coment='x')"),
        ("%%ldp_table t --expct a=b\n1", "LDP-1001 %%ldp_table does not know --expct", None),
        ("%%ldp_table t\ndf = 1", "LDP-2001 the last line of a %%ldp_table cell must be the DataFrame", "  cell [1], line 2   df = 1"),
        ("%%ldp_table t\nx = 1\ny = (", "LDP-2001 Python syntax: '(' was never closed", "  cell [1], line 3   y = ("),
        ("%%ldp_sql\nCREATE OR REPLACE FLOW f AS INSERT INTO t SELECT 1", "LDP-2011", "  cell [1], line 2"),
        ("%%ldp_sql option\nSELECT 1", "LDP-1001 %%ldp_sql takes no options, got 'option'", None),
        ("%ldp lss", 'LDP-1001 unknown command "lss"', None),
        ("%ldp ls --fromat json", "LDP-1001 No such option", None),
        ("%ldp ls --format yaml", "LDP-1001 Invalid value for '--format'", None),
        ("%ldp ls 'x", "LDP-1001 %ldp: No closing quotation", None),
        ("%ldp ls --set nothing", "LDP-1001 --set wants key=value, got 'nothing'", None),
        ("%ldp ls --project /no/such/folder/anywhere", "LDP-1001 Invalid value for '--project'", None),
    ],
)  # fmt: skip
def test_errors_are_told_in_a_few_lines_without_a_traceback(
    shell: Shell, cell: str, first: str, place: str | None
) -> None:
    shown = shell.run(cell).splitlines()
    assert isinstance(shell.error, LdpError)
    assert shown[0].startswith(first)
    assert place is None or shown[1].startswith(place)
    assert len(shown) <= 4
    assert "Traceback" not in shell.shown


def test_a_wrong_command_gets_the_nearest(shell: Shell) -> None:
    assert 'did you mean "dry-run"?' in shell.run("%ldp dryrun")
    assert "--format" in shell.run("%ldp ls --fromat json")


def test_an_invalid_pipeline_is_listed_and_fails_the_cell(shell: Shell, make_project: Make) -> None:
    make_project({"transformations/a.py": "import dlt\ndlt.append_flow(target='nothing')(dict)\n"})
    shell.run("%ldp ls --format json")
    assert isinstance(shell.error, LdpError)
    assert shell.error.code == "LDP-3002"
    listed = shell.graph()
    assert listed["ok"] is False
    assert [e["code"] for e in listed["errors"]] == ["LDP-2013"]


def test_help_lists_commands(shell: Shell) -> None:
    assert "dry-run" in shell.ok("%ldp help")
    assert "--full-refresh" in shell.ok("%ldp help run")
    assert "--full-refresh" in shell.ok("%ldp run --help")


def test_listing_as_text(shell: Shell) -> None:
    shell.ok(TABLE.format("orders"))
    assert "orders" in shell.ok("%ldp ls")


# ---- settings


def test_settings_of_the_kernel_hold_for_cells_and_commands(shell: Shell) -> None:
    shell.ok("%ldp config catalog=prod schema=gold limit=5")
    shell.ok("import dlt\n@dlt.table(comment=spark.conf.get('limit'))\ndef t(): ...")
    (dataset,) = shell.graph()["datasets"]
    assert (dataset["full_name"], dataset["comment"]) == ("prod.gold.t", "5")


def test_a_settings_file_that_changed_is_read_again(shell: Shell, make_project: Make) -> None:
    shell.ok(TABLE.format("t"))
    assert shell.graph()["datasets"][0]["full_name"] == "main.default.t"
    bundle = """
    bundle: {name: b}
    resources:
      pipelines:
        shop: {name: shop, catalog: prod, schema: gold, libraries: [{glob: {include: transformations/**}}]}
    """
    make_project({"databricks.yml": bundle})
    assert shell.graph()["pipeline"] == "shop"
    shell.ok(TABLE.format("u"))
    assert [d["full_name"] for d in shell.graph()["datasets"]][-1] == "prod.gold.u"


def test_settings_that_cannot_be_read_are_told_by_the_command_and_cells_still_run(
    shell: Shell, make_project: Make
) -> None:
    make_project({"databricks.yml": "bundle: ["})
    assert shell.ok("x = 1\nprint(x)") == "1\n"
    shown = shell.run("%ldp ls")
    assert isinstance(shell.error, LdpError)
    assert shell.error.code == "LDP-1003"
    assert "databricks.yml" in shown
    assert "Traceback" not in shown
    shown = shell.run(TABLE.format("t"))
    assert shell.error.code == "LDP-1003", shown
    make_project({"databricks.yml": "bundle: {name: b}\nresources: {pipelines: {shop: {name: shop}}}\n"})
    shell.ok(TABLE.format("t"))
    assert shell.names() == ["t"]


# ---- the shell itself


def test_what_the_extension_gives_and_takes_away(shell: Shell) -> None:
    ip = shell.ip
    assert "SparkSession" in repr(ip.user_ns["spark"])
    assert set(dir(ip.user_ns["dbutils"])) >= {"fs", "widgets", "secrets", "notebook"}
    assert {"ldp_table", "ldp_sql", "sql"} <= set(ip.magics_manager.magics["cell"])
    shell.ok("x = 1")
    assert current() is not None
    unload_ipython_extension(ip)
    assert not {"spark", "dbutils"} & set(ip.user_ns)
    assert not {"ldp_table", "ldp_sql", "sql"} & set(ip.magics_manager.magics["cell"])
    assert "ldp" not in ip.magics_manager.magics["line"]
    assert current() is None
    assert shell.ok("x = 2") == ""
    unload_ipython_extension(ip)


def test_loading_twice_is_loading_once(shell: Shell) -> None:
    load_ipython_extension(shell.ip)
    shell.ok(TABLE.format("t"))
    assert shell.names() == ["t"]


def test_what_the_user_has_stays_the_users(shell: Shell) -> None:
    ip = shell.ip
    unload_ipython_extension(ip)
    mine, my_sql = object(), lambda line, cell: None
    ip.push({"spark": mine, "dbutils": mine})
    ip.register_magic_function(my_sql, "cell", "sql")
    load_ipython_extension(ip)
    assert ip.user_ns["spark"] is ip.user_ns["dbutils"] is mine
    assert ip.magics_manager.magics["cell"]["sql"] is my_sql
    unload_ipython_extension(ip)
    assert ip.user_ns["spark"] is mine
    assert ip.magics_manager.magics["cell"]["sql"] is my_sql


def test_places_in_cells_and_elsewhere(shell: Shell) -> None:
    shell.ok(TABLE.format("t"), "c1")
    kernel = magics._kernel
    path = magics._kernel.cells["c1"].datasets[0].location.path
    assert kernel.locate(path, 2) == Location(None, 2, cell="cell [1]", path=path)
    assert kernel.locate("/some/file.py", 2) is None


def test_cells_that_did_not_run_are_not_left_out_in_silence(shell: Shell, make_project: Make) -> None:
    """An update of everything stops before Spark starts, and says what is missing and how to go on."""
    cells = [TABLE.format("a"), TABLE.format("b") + "@dlt.table\ndef c(): ...\n", "print('no dataset')"]
    notebook = {
        "cells": [{"cell_type": "code", "source": text, "metadata": {}, "outputs": []} for text in cells],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    make_project({"notebooks/n.ipynb": json.dumps(notebook)})
    shell.ok(cells[0], "c1")
    pipeline = magics._kernel.pipeline()
    pipeline.load()
    with pytest.raises(LdpError) as refused:
        pipeline.run(graph=pipeline.declared())
    assert refused.value.code == "LDP-1009"
    assert refused.value.message == "2 datasets of notebooks/n.ipynb are not loaded in this kernel: b, c"
    assert "--loaded-only" in refused.value.hint
    assert not pipeline.layout.journal.exists()
    shell.ok(cells[1], "c2")
    pipeline.load()
    pipeline.check_loaded()
