"""Paths of the platform on this machine: which folder an entry of the configuration means, and what to map."""

from __future__ import annotations

from pathlib import Path

import pytest

from ldp_jupyter.context import Context, using
from ldp_jupyter.dbutils.utils import FileSystem
from ldp_jupyter.names import Namespace
from ldp_jupyter.project.local_paths import local_path, platform_prefix, with_root

ENTRIES = {
    "ldp.path./Volumes/main/raw": "landing",
    "ldp.path./Volumes/main/raw/files/big/": "/data/big",
    "ldp.path.s3://bucket": "s3",
    "ldp.path.dbfs:/mnt/lake": "lake",
    "other": "landing",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/Volumes/main/raw/files/orders", "/project/landing/files/orders"),
        ("/Volumes/main/raw", "/project/landing"),
        ("/Volumes/main/raw/files/big/x.json", "/data/big/x.json"),
        ("/Volumes/main/rawest/files/a", "/project/Volumes/main/rawest/files/a"),
        ("dbfs:/Volumes/main/rawest/files", "/project/Volumes/main/rawest/files"),
        ("dbfs:/landing/a.csv", "/project/dbfs/landing/a.csv"),
        ("dbfs:/Volumes/main/raw/files", "/project/landing/files"),
        ("s3://bucket/a/*.csv", "/project/s3/a/*.csv"),
        ("s3://bucket2/a", "s3://bucket2/a"),
        ("dbfs:/mnt/lake/t", "/project/lake/t"),
        ("/mnt/lake/t", "/mnt/lake/t"),
        ("data/orders", "/project/data/orders"),
        ("file:/tmp/x", "file:/tmp/x"),
    ],
)
def test_the_longest_prefix_that_ends_at_a_slash_wins(path, expected):
    assert local_path(path, with_root(ENTRIES, Path("/project"))) == expected


def test_without_entries_only_relative_paths_change():
    assert local_path("/Volumes/a/b/c", {}) == "/Volumes/a/b/c"
    assert local_path("data", {}) == "data"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/Volumes/main/raw/files/orders/2024", "/Volumes/main/raw/files"),
        ("/databricks-datasets/songs/data", "/databricks-datasets"),
        ("dbfs:/FileStore/tables/x.csv", "/FileStore"),
        ("dbfs:/landing/x", "/landing"),
        ("/mnt/lake/x", "/mnt/lake"),
        ("abfss://c@account.dfs.core.windows.net/a/b", "abfss://c@account.dfs.core.windows.net"),
        ("file:///tmp/x", None),
        ("/home/me/data", None),
        ("data/x", None),
    ],
)
def test_what_to_map(path, expected):
    assert platform_prefix(path) == expected


def test_dbutils_reads_where_the_entry_says(tmp_path):
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "a.txt").write_text("hello", encoding="utf-8")
    configuration = with_root({"ldp.path./Volumes/main/raw/files": "landing"}, tmp_path)
    with using(Context(Namespace("main", "default"), configuration, lambda: None, root=tmp_path)):
        assert FileSystem().head("dbfs:/Volumes/main/raw/files/a.txt") == "hello"
        assert [entry.name for entry in FileSystem().ls("/Volumes/main/raw/files")] == ["a.txt"]
