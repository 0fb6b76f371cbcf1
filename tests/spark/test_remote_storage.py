"""A storage in another file system: real HDFS, and what is asked of any."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time

import pytest
from hdfs_server import Hdfs

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.places import RemotePath, entries, remove
from ldp_jupyter.state import lease, lock
from ldp_jupyter.state.lease import Lease

pytestmark = [pytest.mark.spark, pytest.mark.skipif(os.name == "nt", reason="groups of processes")]


@pytest.fixture
def place(spark, tmp_path):
    """Hadoop reaches this machine's disk like any other file system."""
    return RemotePath(f"file://{tmp_path}/a b%20c")


def test_files_and_folders_are_as_those_of_pathlib(place, tmp_path):
    here = tmp_path / "a b%20c"
    file = place / "x" / "é.txt"
    assert (place.exists(), place.is_dir(), entries(place)) == (False, False, [])
    for method in (file.read_text, file.stat, lambda: list(place.iterdir())):
        with pytest.raises(FileNotFoundError):
            method()
    file.write_text("größe\n")
    file.write_text("länge\n")
    assert (here / "x" / "é.txt").read_text(encoding="utf-8") == file.read_text() == "länge\n"
    assert (file.is_file(), file.is_dir(), place.is_dir(), file.stat().st_size) == (True, False, True, 7)
    assert abs(file.stat().st_mtime - (here / "x" / "é.txt").stat().st_mtime) < 1
    assert not file.write_new("other")
    assert place.joinpath("y", "z", "_columns").write_new("new")
    assert [str(found) for found in place.glob("*/*/_columns")] == [f"{place}/y/z/_columns"]
    assert sorted(found.name for found in place.glob("[xy]")) == ["x", "y"]
    assert place.sizes(2) == [("é.txt", 7), ("_columns", 3)] or place.sizes(2) == [("_columns", 3), ("é.txt", 7)]
    assert place.sizes(1) is None
    file.rename(place / "moved" / "e")
    assert [found.name for found in entries(place / "moved")] == ["e"]
    remove(place)
    remove(place)
    assert not here.exists()
    assert file.parents[:2] == (place / "x", place)
    assert file.parts[-2:] == ("x", "é.txt")


def test_one_holder_at_a_time_until_it_is_dead(place, monkeypatch):
    monkeypatch.setattr(lease, "RENEWED", 0.05)

    def made(name: str) -> Lease:
        return Lease(place / "lock.json", {"host": name, "pid": 1}, lambda owner: owner.get("host") == "gone")

    first = made("one")
    assert first.take() is None
    assert made("two").take()["host"] == "one"
    before = (place / "lock.json").stat().st_mtime
    while (place / "lock.json").stat().st_mtime == before:  # it is renewed
        time.sleep(0.02)
    monkeypatch.setattr(lease, "DEAD", -1.0)  # as if it had not been
    second = made("gone")
    assert second.take() is None
    first.give_back()  # it is no more its own
    monkeypatch.setattr(lease, "DEAD", 90.0)
    third = made("three")
    assert third.take() is None  # a process of this machine that runs no more
    second.give_back()
    assert json.loads((place / "lock.json").read_text())["host"] == "three"
    third.give_back()
    assert entries(place) == []
    (place / "lock.json").write_text("half of a te")
    assert made("two").take() == {}


def test_whether_a_holder_of_this_machine_runs():
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = lock.socket.gethostname()
    assert lock._is_gone({"host": host, "pid": ended.pid})
    assert not lock._is_gone({"host": host, "pid": os.getpid()})
    assert not lock._is_gone({"host": "elsewhere", "pid": ended.pid})


SOURCE = """
    from pyspark import pipelines as dp
    from pyspark.sql import functions as F

    DATA = spark.conf.get("data")
    AUTO = {"cloudFiles.format": "json", "cloudFiles.inferColumnTypes": "true"}

    @dp.table(private=True)
    def raw():
        return spark.readStream.format("cloudFiles").options(**AUTO).load(f"{DATA}/raw").select("id", "kind")

    dp.create_streaming_table("all", expect_all_or_drop={"some": "id <> 3"})

    @dp.append_flow(target="all")
    def arriving():
        return spark.readStream.table("raw")

    @dp.append_flow(target="all", once=True)
    def opening():
        return spark.range(100, 102).selectExpr("id", "'o' AS kind")

    dp.create_streaming_table("latest")
    dp.create_auto_cdc_flow(target="latest", source="raw", keys=["kind"], sequence_by="id", stored_as_scd_type=2)

    @dp.materialized_view
    def kinds():
        return spark.read.table("all").groupBy("kind").agg(F.count("*").alias("n"))

    dp.create_sink("outside", "delta", {"path": spark.conf.get("outside")})

    @dp.append_flow(target="outside")
    def to_outside():
        return spark.readStream.table("all")
"""
SQL = "CREATE VIEW first AS SELECT min(id) AS id FROM all"


@pytest.fixture(scope="module")
def hdfs(tmp_path_factory):
    server = Hdfs(tmp_path_factory.mktemp("hdfs") / "hdfs")
    yield server
    server.stop()


@pytest.mark.long
def test_tables_are_shared_by_machines_and_each_row_comes_once(spark_main, make_project, hdfs):
    project = make_project({
        "transformations/t.py": SOURCE, "transformations/v.sql": SQL, "raw/1.json": '{"id": 1, "kind": "a"}\n{"id": 3, "kind": "b"}\n',
    })
    root = f"{hdfs.address}/lake"
    settings = {"data": str(project), "outside": f"{root}/outside"}

    def on_a_machine() -> Pipeline:
        return Pipeline(project, settings=settings, overrides={"storage": f"{root}/ldp"})

    def rows(query: str) -> list[tuple[object, ...]]:
        return sorted(map(tuple, pipeline.session().sql(query).collect()))

    def versions() -> dict[str, int]:
        return {table["name"]: table["version"] for table in pipeline.tables()}

    pipeline = on_a_machine()
    assert pipeline.where.endswith(f"{root}/ldp")
    assert pipeline.run().state.value == "COMPLETED"
    assert rows("SELECT * FROM all") == [(1, "a"), (100, "o"), (101, "o")]
    assert rows("SELECT id FROM first") == [(1,)]
    before = versions()
    pipeline.run()
    assert versions() == before, "without news nothing is written"

    pipeline.flush_events()  # as the end of a process does

    # another machine has the tables and no notes
    shutil.rmtree(project / ".ldp")
    (project / "raw" / "2.json").write_text('{"id": 2, "kind": "a"}\n')
    pipeline = on_a_machine()
    pipeline.run()
    assert rows("SELECT * FROM all") == [(1, "a"), (2, "a"), (100, "o"), (101, "o")]
    assert rows("SELECT * FROM kinds") == [("a", 2), ("o", 2)]
    assert rows("SELECT id, kind, __END_AT FROM latest WHERE kind = 'a'") == [(1, "a", 2), (2, "a", None)]
    assert rows(f"SELECT id FROM delta.`{root}/outside`") == [(1,), (2,), (100,), (101,)]
    told = rows("SELECT origin.update_id FROM event_log(TABLE(all)) WHERE event_type = 'create_update'")
    assert len(set(told)) == len(told) == 3, "events of both machines, each once"

    pipeline.run(full_refresh=["all"], refresh=["outside"], reset_checkpoints=["to_outside"])
    assert rows("SELECT * FROM all") == [(1, "a"), (2, "a"), (100, "o"), (101, "o")]
    assert len(rows(f"SELECT id FROM delta.`{root}/outside`")) == 8
    assert len(entries(pipeline.layout.lives(pipeline.namespace.qualify("all"))[0])) == 1, "earlier generations go"

    held = pipeline.layout.state / "lock.json"
    held.write_new(json.dumps({"host": "elsewhere", "pid": 7, "since": "2026-11-26T10:00:00+00:00"}))
    with pytest.raises(LdpError) as caught:
        pipeline.run()
    assert caught.value.code == "LDP-3003"
    assert "process 7 on elsewhere since 10:00:00 UTC" in str(caught.value)
    assert "if that machine is gone, run again in 90 seconds" in str(caught.value)
    held.unlink()

    pipeline.cleaning("kinds").delete()
    assert "kinds" not in versions()
    pipeline.cleaning().delete()
    left = [str(found) for found in RemotePath(f"{root}/ldp").glob("*/*/*/*")]
    assert left == []
    assert not pipeline.layout.home.exists()


@pytest.mark.parametrize(("storage", "told", "hint"), [
    ("s3a://bucket/x", "S3AFileSystem not found", "spark.jars.packages: org.apache.hadoop:hadoop-aws:3"),
    ("hdfs://127.0.0.1:1/x", "Connection refused", "check its address"),
])
def test_a_storage_that_is_not_reached(spark_main, make_project, storage, told, hint):
    pipeline = Pipeline(make_project({"transformations/v.sql": "CREATE VIEW v AS SELECT 1"}), overrides={"storage": storage})
    with pytest.raises(LdpError) as caught:
        pipeline.dry_run()
    assert caught.value.code == "LDP-5006"
    assert told in str(caught.value)
    assert hint in str(caught.value)
