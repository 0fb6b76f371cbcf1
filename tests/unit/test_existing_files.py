"""Streams that pass over the files that are there when they first begin."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from ldp_jupyter.engine.backlog import caught_up, changed_files, waiting_files
from ldp_jupyter.engine.existing_files import pass_over_existing
from ldp_jupyter.spark.bridge import StreamSource

if TYPE_CHECKING:
    from pathlib import Path


def source(path: Path, **options: str) -> StreamSource:
    return StreamSource("files", "json", str(path), {"ldp.includeExistingFiles": "false", **options})


def land(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


def done(checkpoint: Path, *sources: StreamSource) -> bool:
    return caught_up(str(checkpoint), list(sources), lambda paths: [None for _ in paths])


def test_files_that_were_there_are_seen_and_later_ones_wait(tmp_path: Path) -> None:
    data, checkpoint = tmp_path / "data", tmp_path / "checkpoint"
    land(data, "day=1/a b.json", "ü.json")
    pass_over_existing(str(checkpoint), [source(data)], "2")
    assert done(checkpoint, source(data))
    land(data, "late.json")
    assert not done(checkpoint, source(data))
    pass_over_existing(str(checkpoint), [source(data)], "2")  # only a first beginning counts
    assert waiting_files(checkpoint / "sources" / "0", source(data), {"logOffset": 0}) == [str(data / "late.json")]


def test_files_are_noted_as_spark_writes_their_names(tmp_path: Path) -> None:
    """Letters beyond ASCII stay as they are, blanks among them do not: else Spark would read the files."""
    data, checkpoint = tmp_path / "data", tmp_path / "checkpoint"
    land(data, "ü [é]\u00a0漢😀.json")
    pass_over_existing(str(checkpoint), [source(data)], "2")
    noted = json.loads((checkpoint / "sources" / "0" / "0").read_text(encoding="utf-8").splitlines()[1])["path"]
    assert noted.endswith("/data/ü%20%5Bé%5D%C2%A0漢😀.json")


def test_a_first_beginning_without_files_counts(tmp_path: Path) -> None:
    data, checkpoint = tmp_path / "data", tmp_path / "checkpoint"
    data.mkdir()
    pass_over_existing(str(checkpoint), [source(data)], "2")
    land(data, "first.json")
    pass_over_existing(str(checkpoint), [source(data)], "2")
    assert not done(checkpoint, source(data))


def test_other_sources_of_the_query_begin_at_their_start(tmp_path: Path) -> None:
    data, checkpoint = tmp_path / "data", tmp_path / "checkpoint"
    land(data, "a.json")
    plain = StreamSource("files", "json", str(data), {})
    pass_over_existing(str(checkpoint), [plain, source(data)], "2")
    lines = (checkpoint / "offsets" / "0").read_text().splitlines()
    assert [lines[0], *lines[2:]] == ["v1", "-", '{"logOffset":0}']
    assert json.loads((checkpoint / "sources" / "1" / "0").read_text().splitlines()[1])["path"].endswith("/data/a.json")
    pass_over_existing(str(tmp_path / "other"), [plain], "2")
    assert not (tmp_path / "other").exists()


def test_a_killed_beginning_is_begun_again(tmp_path: Path) -> None:
    data, checkpoint = tmp_path / "data", tmp_path / "checkpoint"
    land(data, "a.json")
    pass_over_existing(str(checkpoint), [source(data)], "2")
    (checkpoint / "offsets" / "0").unlink()  # they are written last
    pass_over_existing(str(checkpoint), [source(data)], "2")
    assert done(checkpoint, source(data))


def test_a_changed_file_waits_or_is_told(tmp_path: Path) -> None:
    data, checkpoint = tmp_path / "data", tmp_path / "checkpoint"
    land(data, "a.json", "b.json")
    pass_over_existing(str(checkpoint), [source(data)], "2")
    again = source(data, **{"ldp.allowOverwrites": "true"})
    assert done(checkpoint, again)
    assert changed_files(str(checkpoint), [source(data)]) == []
    os.utime(data / "b.json", (1, 1))
    (data / "a.json").unlink()
    assert done(checkpoint, source(data))
    assert not done(checkpoint, again)
    assert waiting_files(checkpoint / "sources" / "0", again, {"logOffset": 0}) == [str(data / "b.json")]
    assert changed_files(str(checkpoint), [source(data)]) == [str(data / "b.json")]
    assert changed_files(str(checkpoint), [again]) == []
    assert changed_files(str(tmp_path / "other"), [again]) == []
