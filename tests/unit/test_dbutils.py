"""`dbutils` over local files, settings and the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from core_samples import context, load, problem_of, tables

from ldp_jupyter.context import using
from ldp_jupyter.dbutils import DbUtils, NotebookExit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def dbutils() -> DbUtils:
    return DbUtils()


def test_files_are_written_read_listed_and_removed(dbutils: DbUtils, tmp_path: Path) -> None:
    fs = dbutils.fs
    assert fs.mkdirs(f"{tmp_path}/landing")
    assert fs.put(f"{tmp_path}/landing/day/1.txt", "größe")
    assert fs.head(f"{tmp_path}/landing/day/1.txt") == "größe"
    assert fs.head(f"{tmp_path}/landing/day/1.txt", 2) == "gr"
    fs.put(f"{tmp_path}/landing/b.txt", "b")
    day, b = sorted(fs.ls(f"{tmp_path}/landing"), key=lambda f: not f.isDir())
    assert (day.name, day.path, day.size, day.isDir(), day.isFile()) == (
        "day/",
        f"{tmp_path}/landing/day/",
        0,
        True,
        False,
    )
    assert (b.name, b.path, b.size, b.isFile()) == ("b.txt", f"{tmp_path}/landing/b.txt", 1, True)
    assert b.modificationTime == int((tmp_path / "landing" / "b.txt").stat().st_mtime * 1000)
    assert [f.name for f in fs.ls(f"{tmp_path}/landing/b.txt")] == ["b.txt"]
    assert fs.rm(f"{tmp_path}/landing/b.txt")
    assert not fs.rm(f"{tmp_path}/landing/b.txt")
    with pytest.raises(OSError, match="recurse=True"):
        fs.rm(f"{tmp_path}/landing")
    assert fs.rm(f"{tmp_path}/landing", True)
    assert not (tmp_path / "landing").exists()


def test_nothing_is_overwritten_unless_asked(dbutils: DbUtils, tmp_path: Path) -> None:
    dbutils.fs.put(f"{tmp_path}/a", "old")
    with pytest.raises(FileExistsError, match="FileAlreadyExistsException"):
        dbutils.fs.put(f"{tmp_path}/a", "new")
    dbutils.fs.put(f"{tmp_path}/a", "new", overwrite=True)
    assert (tmp_path / "a").read_text() == "new"


@pytest.mark.parametrize("call", ["ls", "head"])
def test_a_path_that_is_not_there_is_told_in_the_words_that_code_tests_for(
    dbutils: DbUtils, tmp_path: Path, call: str
) -> None:
    with pytest.raises(FileNotFoundError, match=r"java\.io\.FileNotFoundException"):
        getattr(dbutils.fs, call)(f"{tmp_path}/nothing")


@pytest.mark.parametrize("prefix", ["", "file:", "file://", "dbfs:", "dbfs://"])
def test_prefixes_of_local_paths(dbutils: DbUtils, tmp_path: Path, prefix: str) -> None:
    (tmp_path / "a b").write_text("x")
    assert dbutils.fs.head(f"{prefix}{tmp_path}/a b") == "x"


def test_relative_paths_start_at_the_project_root(dbutils: DbUtils, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with using(context(root=tmp_path)):
        dbutils.fs.put("data/a", "x")
    assert (tmp_path / "data" / "a").read_text() == "x"


def test_copies_and_moves(dbutils: DbUtils, tmp_path: Path) -> None:
    fs = dbutils.fs
    fs.put(f"{tmp_path}/from/a", "a")
    (tmp_path / "to").mkdir()
    fs.cp(f"{tmp_path}/from/a", f"{tmp_path}/to")
    fs.cp(f"{tmp_path}/from/a", f"{tmp_path}/new/")
    fs.cp(f"{tmp_path}/from/a", f"{tmp_path}/deep/b")
    assert [(tmp_path / p).read_text() for p in ("to/a", "new/a", "deep/b")] == ["a"] * 3
    with pytest.raises(IsADirectoryError, match="recurse=True"):
        fs.cp(f"{tmp_path}/from", f"{tmp_path}/copy")
    fs.cp(f"{tmp_path}/from", f"{tmp_path}/copy", True)
    fs.mv(f"{tmp_path}/from", f"{tmp_path}/moved", True)
    assert (tmp_path / "copy" / "a").read_text() == (tmp_path / "moved" / "a").read_text() == "a"
    assert not (tmp_path / "from").exists()


def test_widgets_take_the_configuration_before_their_default(dbutils: DbUtils) -> None:
    widgets = dbutils.widgets
    widgets.text("day", "monday", "Day")
    widgets.dropdown("size", "s", ["s", "l"])
    widgets.combobox("c", "x", ["x"])
    widgets.multiselect("m", "y", ["y"])
    widgets.text("day", "ignored: it is there already")
    assert widgets.getAll() == {"day": "monday", "size": "s", "c": "x", "m": "y"}
    with using(context(configuration={"day": "friday", "other": "z"})):
        assert widgets.get("day") == "friday"
        assert widgets.get("other") == "z"
    widgets.remove("day")
    problem = problem_of(lambda: widgets.get("day"))
    assert (problem.code, problem.message) == ("LDP-2022", 'InputWidgetNotDefined: no widget "day"')
    widgets.removeAll()
    assert widgets.getAll() == {}


def test_secrets_come_from_the_environment(dbutils: DbUtils, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LDP_SECRET_MY_SCOPE_API_KEY", "s3cret")
    assert dbutils.secrets.get("my-scope", "api.key") == "s3cret"
    assert [s.key for s in dbutils.secrets.list("my-scope")] == ["api_key"]
    problem = problem_of(lambda: dbutils.secrets.get(scope="my-scope", key="other"))
    assert (problem.code, problem.hint) == ("LDP-2025", "set the environment variable LDP_SECRET_MY_SCOPE_OTHER")


def test_the_end_of_a_notebook(dbutils: DbUtils) -> None:
    with pytest.raises(NotebookExit, match="done"):
        dbutils.notebook.exit("done")


# ---- what else source calls


def test_task_values_outside_of_a_job() -> None:
    values = DbUtils().jobs.taskValues
    assert values.get(taskKey="t", key="k", default=1, debugValue=2) == 2
    problem = problem_of(lambda: values.get("t", "k", default=1))
    assert (problem.code, "debugValue" in problem.hint) == ("LDP-2022", True)
    values.set(key="k", value={"a": [1, None]})
    assert problem_of(lambda: values.set("k", object())).code == "LDP-2011"


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (lambda d: d.fs.mounts(), "dbutils.fs.mounts is not there on this machine", "dbutils.fs has: cp, head, ls"),
        (lambda d: d.fs.mkdir("x"), "dbutils.fs.mkdir is not there", 'did you mean "mkdirs"?'),
        (lambda d: d.widget.get("x"), "dbutils.widget is not there", 'did you mean "widgets"?'),
        (lambda d: d.credentials.assumeRole("r"), "dbutils.credentials is not there", "dbutils has: fs, jobs, library"),
        (lambda d: d.notebook.entry_point.getDbutils(), "dbutils.notebook.entry_point is not there", "exit, run"),
        (lambda d: d.notebook.run("x"), "dbutils.notebook.run() works in pipeline source only", "%run x"),
    ],
)
def test_what_is_missing_is_told_by_its_name(call: Any, message: str, hint: str) -> None:
    problem = problem_of(lambda: call(DbUtils()))
    assert problem.code == "LDP-2023"
    assert message in problem.message
    assert hint in problem.hint
    assert problem.location.file == __file__


def test_objects_can_still_be_asked_what_they_have() -> None:
    assert not hasattr(DbUtils(), "__wrapped__")
    assert DbUtils().library.restartPython() is None


def test_arguments_of_a_caller_come_before_widgets_and_configuration() -> None:
    utils = DbUtils(arguments={"day": "today"})
    utils.widgets.text("day", "never")
    with using(context(configuration={"day": "yesterday"})):
        assert utils.widgets.get("day") == "today"
        assert DbUtils().widgets.get("day") == "yesterday"


def test_secrets_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LDP_SECRET_S_K", "word")
    assert DbUtils().secrets.getBytes("s", "k") == b"word"


def test_a_notebook_runs_another_and_gets_what_it_exits_with(make_project: Any) -> None:
    root = make_project(
        {
            "a.py": "import dlt\nword = dbutils.notebook.run('./inner/b', 60, {'n': 7})\n"
            "assert word == '7 default', word\nassert 'other' not in globals()\n@dlt.table\ndef t(): ...\n",
            "inner/b.py": "# Databricks notebook source\ndbutils.widgets.text('n', '0')\ndbutils.widgets.text('m', 'default')\n"
            "other = 1\ndbutils.notebook.exit(dbutils.widgets.get('n') + ' ' + dbutils.widgets.get('m'))\n"
            "# COMMAND ----------\nraise SystemError('not reached')\n",
            "c.py": "dbutils.notebook.run('./nothing')\n",
        }
    )
    declared, lost = load(root, "a.py", "c.py")
    assert ([str(p) for p in declared.problems], tables(declared)) == ([], ["t"])
    assert lost.problems[0].message == "dbutils.notebook.run ./nothing: no such notebook"
    assert str(lost.problems[0].location) == "c.py:1"
