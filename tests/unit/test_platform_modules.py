"""Modules of the platform's runtime, for source that imports what is predefined there; and the other `dlt`."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest
from core_samples import context, load, problem_of, problems, tables

from ldp_jupyter.context import using
from ldp_jupyter.dbutils import DbUtils
from ldp_jupyter.sources.finder import install_finder, remove_finder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Make = Callable[[Mapping[str, str]], Path]

TABLE = "@dlt.table\ndef t(): ...\n"


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    remove_finder()
    for name in [m for m in sys.modules if m.split(".")[0] in ("dlt", "databricks") or m == "pyspark.dbutils"]:
        monkeypatch.delitem(sys.modules, name)
    install_finder()
    yield
    remove_finder()


@pytest.mark.parametrize(
    "text",
    [
        "from databricks.sdk.runtime import *\nassert spark.version\nassert dbutils.widgets\ndisplay(1)\ndisplayHTML('x')\n",
        "from databricks.sdk.runtime import dbutils, spark\n",
        "from pyspark.dbutils import DBUtils\ndbutils = DBUtils(spark)\ndbutils.widgets.text('a', 'b')\n",
        "from databricks.connect import DatabricksSession\n"
        "spark = DatabricksSession.builder.profile('p').remote(host='h', cluster_id='c').getOrCreate()\n",
        "from databricks.connect import DatabricksSession\nspark = DatabricksSession.builder.serverless(True).getOrCreate()\n",
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.appName('a').config('b', 'c').getOrCreate()\n",
        "from pyspark.sql import SparkSession\nspark = SparkSession.getActiveSession()\nassert spark is not None\n",
    ],
)
def test_source_gets_what_is_predefined_and_starts_no_spark(make_project: Make, text: str) -> None:
    root = make_project({"a.py": f"import dlt\n{text}assert spark.conf.get('key') == 'value'\n{TABLE}"})
    (declared,) = load(root, "a.py", configuration={"key": "value"})
    assert (problems(declared), tables(declared)) == ([], ["t"])


def test_the_runtimes_functions_go_to_the_session_of_whoever_runs() -> None:
    runtime = importlib.import_module("databricks.sdk.runtime")

    class Session:
        def sql(self, text: str, **values: Any) -> str:
            return f"sql {text} {values}"

        def table(self, name: str) -> str:
            return f"table {name}"

    with using(context(get_session=Session)):
        assert runtime.sql("SELECT :a", args={"a": 1}) == "sql SELECT :a {'args': {'a': 1}}"
        assert runtime.table("t") == "table t"
    assert isinstance(runtime.dbutils, DbUtils)
    assert set(runtime.__all__) >= {"spark", "dbutils", "display", "displayHTML", "sql", "table", "udf"}


def test_what_needs_the_sdk_itself_says_so(make_project: Make) -> None:
    root = make_project({"a.py": "from databricks.sdk import WorkspaceClient\n"})
    (declared,) = load(root, "a.py")
    assert "No module named 'databricks.sdk'" in declared.problems[0].message
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("databricks.sdk.service")


def test_real_packages_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sdk", "connect"):
        (tmp_path / "databricks" / name).mkdir(parents=True)
        (tmp_path / "databricks" / name / "__init__.py").write_text("REAL = True", encoding="utf-8")
    (tmp_path / "databricks" / "sdk" / "runtime.py").write_text("raise OSError('no workspace')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert importlib.import_module("databricks.sdk").REAL
    assert importlib.import_module("databricks.connect").REAL
    assert isinstance(importlib.import_module("databricks.sdk.runtime").dbutils, DbUtils), "this one connects"


def test_all_of_them_go_with_the_finder() -> None:
    names = ("databricks.sdk.runtime", "databricks.sdk", "databricks.connect", "pyspark.dbutils")
    for name in names:
        importlib.import_module(name)
    remove_finder()
    assert not set(names) & set(sys.modules)
    for name in names:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(name)


# ---- the other dlt


@pytest.fixture
def dlthub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution of the same shape: a package `dlt` with functions of its own."""
    site = tmp_path / "site"
    (site / "dlt").mkdir(parents=True)
    (site / "dlt" / "__init__.py").write_text("def pipeline(): ...\ndef resource(f): return f\n", encoding="utf-8")
    (site / "dlt-1.5.0.dist-info").mkdir()
    (site / "dlt-1.5.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: dlt\nVersion: 1.5.0\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(site))


def test_source_that_means_the_other_dlt_is_told_which_one_it_got(make_project: Make, dlthub: None) -> None:
    root = make_project({"a.py": "import dlt\n\n@dlt.resource\ndef rows(): ...\n", "b.py": "from dlt import pipeline\n"})
    first, second = load(root, "a.py", "b.py")
    assert "module 'dlt' has no attribute 'resource'" in first.problems[0].message
    assert "not dltHub's package (dlt 1.5.0 (dltHub))" in first.problems[0].message
    assert str(first.problems[0].location) == "a.py:3"
    assert [p.code for p in second.problems] == ["LDP-2002"]


def test_that_it_is_passed_over_is_said_once(make_project: Make, dlthub: None) -> None:
    root = make_project({"a.py": f"import dlt\n{TABLE}", "b.py": "import dlt\n", "c.py": "x = 1\n"})
    notes = [note for declared in load(root, "c.py", "a.py", "b.py") for note in declared.notes]
    assert [(n.kind, str(n.location)) for n in notes] == [("warning", "a.py:1")]
    assert "dlt 1.5.0 (dltHub)" in notes[0].text
    root = make_project({"d.py": f"from pyspark import pipelines as dlt\n{TABLE}"})
    assert load(root, "d.py")[0].notes == []


def test_without_it_nothing_is_said(make_project: Make) -> None:
    (declared,) = load(make_project({"a.py": f"import dlt\n{TABLE}"}), "a.py")
    assert (declared.notes, problems(declared)) == ([], [])


def test_its_functions_are_not_there_even_so() -> None:
    import dlt

    assert not hasattr(dlt, "pipeline")
    with pytest.raises(AttributeError, match=r"not dltHub's package \(not installed\)"):
        dlt.run()
    with pytest.raises(AttributeError, match=r"no attribute 'tabel'$"):
        dlt.tabel()
    assert problem_of(lambda: dlt.read("t")).code == "LDP-2012"


def test_dataframes_can_be_displayed(make_project: Make) -> None:
    root = make_project({"a.py": f"import dlt\nfrom pyspark.sql import DataFrame\nassert DataFrame.display\n{TABLE}"})
    (declared,) = load(root, "a.py")
    assert problems(declared) == []
