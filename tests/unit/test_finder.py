"""`import dlt` and its kin, provided while the finder is in place."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from ldp_jupyter import pipelines
from ldp_jupyter.sources.finder import NAMES, install_finder, other_dlt, pipelines_module, remove_finder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    remove_finder()
    finders = list(sys.meta_path)
    for name in [m for m in sys.modules if m in NAMES or m.split(".")[0] in ("dlt", "databricks")]:
        monkeypatch.delitem(sys.modules, name)
    yield
    remove_finder()
    assert sys.meta_path == finders


@pytest.mark.parametrize("name", NAMES)
def test_the_names_give_the_pipelines_module_while_it_is_in_place(name: str) -> None:
    install_finder()
    module = importlib.import_module(name)
    assert module.table is pipelines.table
    assert sorted(module.__all__) == sorted(pipelines.__all__)
    remove_finder()
    assert name not in sys.modules or sys.modules[name] is not module


def test_from_forms() -> None:
    install_finder()
    from databricks import pipelines as one
    from pyspark import pipelines as two

    assert one.expect is two.expect is pipelines.expect


def test_without_it_there_is_no_dlt() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("dlt")
    assert pipelines_module() is pipelines
    install_finder()
    assert pipelines_module() is importlib.import_module("dlt")


def test_installing_twice_is_installing_once() -> None:
    install_finder()
    install_finder()
    remove_finder()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("dlt")
    remove_finder()


def test_a_module_of_that_name_that_was_imported_before_comes_back() -> None:
    other = ModuleType("dlt")
    sys.modules["dlt"] = other
    try:
        install_finder()
        assert importlib.import_module("dlt") is not other
        remove_finder()
        assert importlib.import_module("dlt") is other
    finally:
        sys.modules.pop("dlt", None)


def test_sparks_own_pipelines_come_back() -> None:
    import pyspark

    own = importlib.import_module("pyspark.pipelines")
    install_finder()
    from pyspark import pipelines as ours

    assert ours.expect is pipelines.expect
    remove_finder()
    assert pyspark.pipelines is own
    assert importlib.import_module("pyspark.pipelines") is own


def test_other_packages_below_databricks_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "databricks" / "sdk_of_test"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("WORD = 'real'", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    install_finder()
    assert importlib.import_module("databricks.sdk_of_test").WORD == "real"
    assert importlib.import_module("databricks.pipelines").table is pipelines.table
    remove_finder()
    assert importlib.import_module("databricks.sdk_of_test").WORD == "real"


def test_the_stand_in_for_a_missing_databricks_goes_with_the_finder() -> None:
    install_finder()
    importlib.import_module("databricks.pipelines")
    assert "databricks" in sys.modules
    remove_finder()
    assert "databricks" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("databricks")


def test_what_else_is_installed_as_dlt_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_finder()
    assert other_dlt() is None
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "dlt").mkdir()
    assert other_dlt() is None, "a folder of data is no distribution"
    (tmp_path / "dlt" / "__init__.py").touch()
    assert other_dlt() is None
    for name, said in (("databricks_dlt-0.3.0", "databricks-dlt 0.3.0"), ("dlt-1.2.3", "dlt 1.2.3 (dltHub)")):
        info = tmp_path / f"{name}.dist-info"
        info.mkdir()
        project, version = name.split("-")
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n", encoding="utf-8"
        )
        importlib.invalidate_caches()
        assert other_dlt() == said
