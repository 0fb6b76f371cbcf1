"""The cache of compiled companions: a JAR that a running JVM may have stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ldp_jupyter.spark import build
from ldp_jupyter.spark.cache import keep_newest
from ldp_jupyter.spark.java import Java

DAY = 86400


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build, "cache_dir", lambda: tmp_path)
    folder = tmp_path / "companion"
    folder.mkdir()
    return folder


def jar(folder: Path, key: str, days: float) -> Path:
    """A JAR that was used for the last time so long ago."""
    file = folder / f"{key}.jar"
    file.touch()
    os.utime(file, (time.time() - days * DAY,) * 2)
    return file


def test_a_start_with_a_jar_is_a_use_of_it(cache: Path) -> None:
    java = Java(Path("/usr/bin/java"), "17.0.15", "PATH")
    file = jar(cache, build.companion_key(java, []), 30)
    assert build.companion_jar(java, []) == file
    assert time.time() - file.stat().st_mtime < DAY


def test_jars_that_were_used_lately_stay_however_many_there_are(cache: Path) -> None:
    lately = {jar(cache, f"companion-{n}", 1) for n in range(8)}
    jar(cache, "companion-old", 8)
    keep_newest(cache, "companion-*.jar", build._KEPT, build._in_use)
    assert set(cache.iterdir()) == lately
