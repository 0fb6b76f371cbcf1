"""What waits in the sources of a stream, told from listings, checkpoints and Delta logs."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ldp_jupyter.engine.backlog_metrics import backlog_metrics
from ldp_jupyter.spark.bridge import StreamSource

if TYPE_CHECKING:
    from pathlib import Path


def files(path: Path, **options: str) -> StreamSource:
    return StreamSource("files", "json", str(path), options)


def delta(path: Path, **options: str) -> StreamSource:
    return StreamSource("delta", "delta", f"file:{path}", options)


def land(folder: Path, **sizes: int) -> None:
    folder.mkdir(exist_ok=True)
    for name, size in sizes.items():
        (folder / f"{name}.json").write_text("x" * size)


def checkpoint(folder: Path, *offsets: Any, committed: bool = True, batch: int = 0) -> None:
    """A batch that came to these places, as Spark writes it."""
    for kind in ("offsets", "commits"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "offsets" / str(batch)).write_text("\n".join(["v1", "{}", *map(json.dumps, offsets)]))
    if committed:
        (folder / "commits" / str(batch)).write_text("v1\n{}")


def seen(folder: Path, *paths: Path, source: int = 0) -> None:
    log = folder / "sources" / str(source)
    log.mkdir(parents=True)
    (log / "0").write_text("\n".join(["v1", *(json.dumps({"path": f"file://{path}", "timestamp": 0}) for path in paths)]))


def tell(folder: Path, *sources: StreamSource, tables: Any = lambda _: [None]) -> dict[str, int]:
    return backlog_metrics(str(folder / "checkpoint"), list(sources), tables)


def test_before_the_first_batch_all_files_wait(tmp_path: Path) -> None:
    land(tmp_path / "in", a=3, b=4)
    assert tell(tmp_path, files(tmp_path / "in")) == {"backlog_files": 2, "backlog_bytes": 7}
    assert tell(tmp_path, files(tmp_path / "in", pathGlobFilter="b*")) == {"backlog_files": 1, "backlog_bytes": 4}


def test_files_that_were_read_do_not_wait(tmp_path: Path) -> None:
    land(tmp_path / "in", a=3, b=4, c=5)
    checkpoint(tmp_path / "checkpoint", {"logOffset": 0})
    seen(tmp_path / "checkpoint", tmp_path / "in" / "a.json", tmp_path / "in" / "c.json")
    assert tell(tmp_path, files(tmp_path / "in")) == {"backlog_files": 1, "backlog_bytes": 4}


def test_files_that_are_listed_and_that_no_batch_has_wait(tmp_path: Path) -> None:
    land(tmp_path / "in", a=3, b=4)
    checkpoint(tmp_path / "checkpoint", None)
    seen(tmp_path / "checkpoint", tmp_path / "in" / "a.json")
    assert tell(tmp_path, files(tmp_path / "in")) == {"backlog_files": 2, "backlog_bytes": 7}


def commits(table: Path, *sizes: list[int]) -> None:
    """Commits of a Delta table, each adding files of these sizes; the last also rewrites one without a change of rows."""
    log = table / "_delta_log"
    log.mkdir(parents=True)
    for version, added in enumerate(sizes):
        actions = [{"commitInfo": {}}, *({"add": {"size": size, "dataChange": True}} for size in added)]
        if version == len(sizes) - 1:
            actions.append({"add": {"size": 1000, "dataChange": False}})
        (log / f"{version:020d}.json").write_text("\n".join(map(json.dumps, actions)))


def info(version: int, number: int = 9, size: int = 99) -> Any:
    return lambda paths: [SimpleNamespace(version=version, num_files=number, size_in_bytes=size) for _ in paths]


@pytest.mark.parametrize(("offset", "waiting"), [
    (None, {"backlog_files": 9, "backlog_bytes": 99}),
    ({"reservoirVersion": 1, "index": -1, "isStartingVersion": False}, {"backlog_files": 3, "backlog_bytes": 18}),
    ({"reservoirVersion": 1, "index": 0, "isStartingVersion": False}, {"backlog_files": 2, "backlog_bytes": 13}),
    ({"reservoirVersion": 3, "index": -1, "isStartingVersion": False}, {"backlog_files": 0, "backlog_bytes": 0}),
    ({"reservoirVersion": 1, "index": 5, "isStartingVersion": True}, {}),
    ({"somethingElse": 1}, {}),
])  # fmt: skip
def test_of_a_table_the_files_of_later_commits_wait(tmp_path: Path, offset: Any, waiting: dict[str, int]) -> None:
    commits(tmp_path / "t", [1], [5, 6], [7])
    if offset is not None:
        checkpoint(tmp_path / "checkpoint", offset)
    assert tell(tmp_path, delta(tmp_path / "t"), tables=info(2)) == waiting


def test_a_batch_that_was_not_committed_does_not_count(tmp_path: Path) -> None:
    commits(tmp_path / "t", [1], [5, 6], [7])
    checkpoint(tmp_path / "checkpoint", {"reservoirVersion": 2, "index": -1, "isStartingVersion": False})
    later = {"reservoirVersion": 3, "index": -1, "isStartingVersion": False}
    checkpoint(tmp_path / "checkpoint", later, committed=False, batch=1)
    assert tell(tmp_path, delta(tmp_path / "t"), tables=info(2)) == {"backlog_files": 1, "backlog_bytes": 7}


def test_a_log_that_was_cleaned_up_tells_nothing(tmp_path: Path) -> None:
    commits(tmp_path / "t", [1], [5])
    (tmp_path / "t" / "_delta_log" / f"{1:020d}.json").unlink()
    checkpoint(tmp_path / "checkpoint", {"reservoirVersion": 1, "index": -1, "isStartingVersion": False})
    assert tell(tmp_path, delta(tmp_path / "t"), tables=info(1)) == {}


def test_sources_add_up_and_one_that_is_not_known_hides_the_others(tmp_path: Path) -> None:
    land(tmp_path / "in", a=3)
    sources = [files(tmp_path / "in"), delta(tmp_path / "t")]
    assert tell(tmp_path, *sources, tables=info(2)) == {"backlog_files": 10, "backlog_bytes": 102}
    assert tell(tmp_path, *sources, StreamSource("other", "rate", None, {}), tables=info(2)) == {}
    assert tell(tmp_path, delta(tmp_path / "t", startingVersion="1"), tables=info(2)) == {}
    assert tell(tmp_path, files(tmp_path / "gone")) == {}
    assert tell(tmp_path) == {}


def test_checkpoints_that_are_not_as_we_know_them_tell_nothing(tmp_path: Path) -> None:
    land(tmp_path / "in", a=3)
    checkpoint(tmp_path / "checkpoint", {"logOffset": 0}, {"logOffset": 0})
    assert tell(tmp_path, files(tmp_path / "in")) == {}
    (tmp_path / "checkpoint" / "offsets" / "0").write_text("v1\n{}\n{half")
    assert tell(tmp_path, files(tmp_path / "in")) == {}
