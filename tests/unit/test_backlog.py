"""Whether a streaming flow has anything to do, told from hand-made checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ldp_jupyter.engine.backlog import caught_up, files_gone
from ldp_jupyter.spark.bridge import StreamSource

METADATA = '{"batchWatermarkMs":0,"batchTimestampMs":1,"conf":{}}'


def delta(path: str = "/wh/t") -> StreamSource:
    return StreamSource("delta", "delta", path, {}, "id")


def files(path: Path) -> StreamSource:
    return StreamSource("files", "json", str(path), {})


def offset(version: int, index: int = -1, starting: bool = False) -> dict[str, Any]:
    return {
        "sourceVersion": 1, "reservoirId": "id", "reservoirVersion": version, "index": index,
        "isStartingVersion": starting,
    }  # fmt: skip


class Checkpoint:
    """A checkpoint's folder, filled by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def batch(
        self, number: int, *offsets: Any, committed: bool = True, watermark: int = 0, after: int = 0
    ) -> Checkpoint:
        metadata = METADATA.replace('"batchWatermarkMs":0', f'"batchWatermarkMs":{watermark}')
        lines = ["v1", metadata, *("-" if o is None else json.dumps(o) for o in offsets)]
        self._write(f"offsets/{number}", lines)
        if committed:
            self._write(f"commits/{number}", ["v1", json.dumps({"nextBatchWatermarkMs": after})])
        return self

    def with_state(self) -> Checkpoint:
        (self.folder / "state").mkdir(parents=True)
        return self

    def seen(self, source: int, name: str, *paths: Path, batch: int = 0) -> Checkpoint:
        entries = [json.dumps({"path": "file://" + quote(str(p)), "timestamp": 1, "batchId": batch}) for p in paths]
        self._write(f"sources/{source}/{name}", ["v1", *entries])
        return self

    def _write(self, name: str, lines: list[str]) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines), encoding="utf-8")
        (file.parent / f".{file.name}.crc").touch()

    def done(self, *sources: StreamSource, state_rests: bool = False, **versions: int) -> bool:
        known = {"/wh/t": 4, **{f"/wh/{name}": v for name, v in versions.items()}}
        return caught_up(
            str(self.folder),
            list(sources),
            lambda paths: [known.get(p) for p in paths],
            state_rests=lambda: state_rests,
        )


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "checkpoint")


def test_no_checkpoint_yet(checkpoint: Checkpoint) -> None:
    assert not checkpoint.done(delta())


@pytest.mark.parametrize("index", [-1, -100])
def test_a_delta_source_that_stands_before_the_next_version(checkpoint: Checkpoint, index: int) -> None:
    checkpoint.batch(0, offset(5, index))
    assert checkpoint.done(delta())
    assert not checkpoint.done(delta(), t=5), "a version was written meanwhile"
    assert not checkpoint.done(delta(), t=3), "another table lies there now"


@pytest.mark.parametrize(
    "last",
    [offset(4, 2), offset(5, 0), offset(5, starting=True), "5", None, [], {"reservoirVersion": 5}],
)
def test_a_delta_source_in_the_midst_of_something(checkpoint: Checkpoint, last: Any) -> None:
    assert not checkpoint.batch(0, last).done(delta())


FEED = {"readChangeFeed": "true"}


@pytest.mark.parametrize(
    ("actions", "last"),
    [
        ([{"add": {"dataChange": True}}, {"cdc": {}}, {"cdc": {}}, {"remove": {"dataChange": True}}], 1),
        ([{"add": {"dataChange": True}}, {"remove": {"dataChange": True}}, {"add": {"dataChange": False}}], 1),
    ],
)
def test_a_change_feed_that_stands_behind_the_last_change(
    checkpoint: Checkpoint, tmp_path: Path, actions: list[Any], last: int
) -> None:
    log = tmp_path / "t" / "_delta_log" / f"{4:020}.json"
    log.parent.mkdir(parents=True)
    log.write_text("\n".join(json.dumps(action) for action in [{"commitInfo": {}}, *actions]), encoding="utf-8")
    source = StreamSource("delta", "delta", f"file:{tmp_path / 't'}", FEED, "id")

    def done(offset: dict[str, Any], source: StreamSource = source, version: int = 4) -> bool:
        checkpoint.batch(0, offset)
        return caught_up(str(checkpoint.folder), [source], lambda paths: [version])

    assert done(offset(4, last))
    assert done(offset(5)), "as a stream of rows"
    assert not done(offset(4, last - 1))
    assert not done(offset(4, last, starting=True))
    assert not done(offset(4, last), version=5)
    assert not done(offset(4, last), StreamSource("delta", "delta", str(tmp_path / "t"), {}, "id"))
    log.write_text("{", encoding="utf-8")
    assert not done(offset(4, last))


def test_a_delta_table_that_is_gone(checkpoint: Checkpoint) -> None:
    assert not checkpoint.batch(0, offset(5)).done(delta("/wh/gone"))


def test_the_last_batch_counts_and_it_must_be_committed(checkpoint: Checkpoint) -> None:
    for number in range(9):
        checkpoint.batch(number, offset(1))
    checkpoint.batch(9, offset(2)).batch(10, offset(5))
    assert checkpoint.done(delta())
    checkpoint.batch(11, offset(5), committed=False)
    assert not checkpoint.done(delta())


def test_a_query_whose_state_has_a_life_of_its_own_is_sparks_to_judge(checkpoint: Checkpoint) -> None:
    checkpoint.batch(0, offset(5)).with_state()
    assert not checkpoint.done(delta())
    assert checkpoint.done(delta(), state_rests=True)
    assert not checkpoint.done(delta(), state_rests=True, t=5)


def test_a_watermark_that_moved_is_still_to_be_served(checkpoint: Checkpoint) -> None:
    checkpoint.with_state().batch(0, offset(5), watermark=1000, after=7000)
    assert not checkpoint.done(delta(), state_rests=True)
    checkpoint.batch(1, offset(5), watermark=7000, after=7000)  # the batch without rows that serves it
    assert checkpoint.done(delta(), state_rests=True)


@pytest.mark.parametrize("text", ["v1", "v1\n", "v1\n{}", "v1\n[]"])
def test_a_commit_of_a_query_with_state_that_cannot_be_read(checkpoint: Checkpoint, text: str) -> None:
    checkpoint.with_state().batch(0, offset(5))
    assert checkpoint.done(delta(), state_rests=True)
    (checkpoint.folder / "commits" / "0").write_text(text, encoding="utf-8")
    assert not checkpoint.done(delta(), state_rests=True)


def test_all_sources_must_be_done(checkpoint: Checkpoint) -> None:
    checkpoint.batch(0, offset(5), offset(8))
    assert checkpoint.done(delta(), delta("/wh/u"), u=7)
    assert not checkpoint.done(delta(), delta("/wh/u"), u=8)
    assert not checkpoint.done(delta("/wh/u"), delta(), u=7), "their order is that of the offsets"


def test_one_table_read_twice(checkpoint: Checkpoint) -> None:
    checkpoint.batch(0, offset(5), offset(5))
    assert checkpoint.done(delta(), delta())
    assert not checkpoint.batch(1, offset(5), offset(3)).done(delta(), delta())


def test_another_number_of_sources_than_before(checkpoint: Checkpoint) -> None:
    checkpoint.batch(0, offset(5))
    assert not checkpoint.done(delta(), delta())
    assert not checkpoint.done()


def test_sources_of_other_kinds_are_sparks_to_judge(checkpoint: Checkpoint) -> None:
    checkpoint.batch(0, {"topic": {"0": 7}})
    assert not checkpoint.done(StreamSource("other", "kafka", None, {}))


def test_an_offset_log_that_cannot_be_read(checkpoint: Checkpoint) -> None:
    checkpoint.batch(0, offset(5))
    (checkpoint.folder / "offsets" / "0").write_text(f"v1\n{METADATA}\n{{", encoding="utf-8")
    assert not checkpoint.done(delta())


# ---- files


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing zone #1"
    folder.mkdir()
    return folder


def test_files_that_were_all_seen(checkpoint: Checkpoint, landing: Path) -> None:
    one, two = landing / "1.json", landing / "day=1" / "2 a%20b.json"
    two.parent.mkdir()
    for file in (one, two):
        file.touch()
    checkpoint.batch(0, {"logOffset": 1}).seen(0, "0", one).seen(0, "1", two)
    assert checkpoint.done(files(landing))
    assert checkpoint.done(StreamSource("files", "json", "file:" + quote(str(landing)), {}))
    (landing / "3.json").touch()
    assert not checkpoint.done(files(landing))


def test_files_that_are_listed_and_that_no_batch_has_wait(checkpoint: Checkpoint, landing: Path) -> None:
    """Spark was killed after it had written the list and before it wrote the batch's offset."""
    one, two = landing / "1.json", landing / "2.json"
    one.touch()
    two.touch()
    checkpoint.batch(0, {"logOffset": 0}).seen(0, "0", one).seen(0, "1", two)
    assert not checkpoint.done(files(landing))
    two.unlink()  # Spark would miss it
    assert not checkpoint.done(files(landing))
    assert checkpoint.batch(1, {"logOffset": 1}).done(files(landing))


def test_files_of_a_planned_batch_that_went(checkpoint: Checkpoint, landing: Path) -> None:
    """Spark would run the batch again without them."""
    one, two = landing / "1.json", landing / "2.json"
    checkpoint.batch(0, {"logOffset": 0}).seen(0, "0", one).seen(0, "1", two, batch=1)
    gone = [str(two)]
    assert files_gone(str(checkpoint.folder), [files(landing)]) == gone
    checkpoint.batch(1, {"logOffset": 1}, committed=False)
    assert files_gone(str(checkpoint.folder), [files(landing)]) == gone
    may = StreamSource("files", "json", str(landing), {"ignoreMissingFiles": "true"})
    assert files_gone(str(checkpoint.folder), [may]) == []
    two.touch()
    assert files_gone(str(checkpoint.folder), [files(landing)]) == []
    two.unlink()
    checkpoint.batch(1, {"logOffset": 1})  # it was read
    assert files_gone(str(checkpoint.folder), [files(landing)]) == []
    assert files_gone(str(landing), [files(landing)]) == []


def test_a_compacted_list_beyond_the_offset_tells_nothing(checkpoint: Checkpoint, landing: Path) -> None:
    (landing / "1.json").touch()
    checkpoint.batch(0, {"logOffset": 8}).seen(0, "9.compact", landing / "1.json")
    assert not checkpoint.done(files(landing))


def test_files_that_spark_does_not_list_do_not_count(checkpoint: Checkpoint, landing: Path) -> None:
    for name in ("_SUCCESS", ".hidden", "_tmp/a.json", ".x/b.json"):
        (landing / name).parent.mkdir(exist_ok=True)
        (landing / name).touch()
    checkpoint.batch(0, {"logOffset": 0}).seen(0, "0")
    assert checkpoint.done(files(landing))


def test_a_seen_file_that_is_gone_does_not_matter(checkpoint: Checkpoint, landing: Path) -> None:
    assert checkpoint.batch(0, {"logOffset": 0}).seen(0, "0", landing / "gone.json").done(files(landing))


def test_a_compacted_log_holds_all_before_it(checkpoint: Checkpoint, landing: Path) -> None:
    made = [landing / f"{n}.json" for n in range(4)]
    for file in made:
        file.touch()
    checkpoint.batch(0, {"logOffset": 11})
    checkpoint.seen(0, "8", made[0]).seen(0, "9.compact", *made[:2]).seen(0, "10", made[2]).seen(0, "11", made[3])
    assert checkpoint.done(files(landing))
    checkpoint.seen(0, "19.compact", *made[:3])
    assert not checkpoint.done(files(landing)), "only entries behind the newest compacted one count"


def test_a_second_source_has_its_own_log(checkpoint: Checkpoint, landing: Path) -> None:
    (landing / "1.json").touch()
    checkpoint.batch(0, offset(5), {"logOffset": 0}).seen(1, "0", landing / "1.json")
    assert checkpoint.done(delta(), files(landing))
    assert not checkpoint.batch(1, {"logOffset": 0}, offset(5)).done(files(landing), delta())


def test_files_of_a_pattern(checkpoint: Checkpoint, landing: Path) -> None:
    for name in ("1.json", "day 1/2.json", "day 2/3.json"):
        (landing / name).parent.mkdir(exist_ok=True)
        (landing / name).touch()
    checkpoint.batch(0, {"logOffset": 0}).seen(0, "0", landing / "day 1" / "2.json", landing / "day 2" / "3.json")
    assert checkpoint.done(files(landing / "day*"))
    assert checkpoint.done(files(landing / "day ?" / "*.json"))
    assert not checkpoint.done(files(landing / "{day 1,day 2}")), "a pattern that only Spark reads"
    (landing / "day 2" / "4.json").touch()
    assert not checkpoint.done(files(landing / "day*"))


def test_files_that_a_filter_of_names_leaves_out(checkpoint: Checkpoint, landing: Path) -> None:
    for name in ("1.json", "1.csv"):
        (landing / name).touch()
    checkpoint.batch(0, {"logOffset": 0}).seen(0, "0", landing / "1.json")
    assert not checkpoint.done(files(landing))
    assert checkpoint.done(StreamSource("files", "json", str(landing), {"pathGlobFilter": "*.json"}))
    (landing / "2.json").touch()
    assert not checkpoint.done(StreamSource("files", "json", str(landing), {"pathGlobFilter": "*.json"}))


@pytest.mark.parametrize("path", ["s3://bucket/x", "/no/such/folder", "*.json", ""])
def test_paths_that_are_sparks_to_judge(checkpoint: Checkpoint, landing: Path, path: str) -> None:
    checkpoint.batch(0, {"logOffset": 0}).seen(0, "0")
    where = str(landing / path) if path.startswith("*") else path
    assert not checkpoint.done(StreamSource("files", "json", where, {}))


def test_a_log_in_another_form_is_sparks_to_judge(checkpoint: Checkpoint, landing: Path) -> None:
    checkpoint.batch(0, {"logOffset": 0}).seen(0, "0")
    for text in ("v1\n{", 'v1\n{"other": 1}', "v1\n3"):
        (checkpoint.folder / "sources" / "0" / "0").write_text(text, encoding="utf-8")
        assert not checkpoint.done(files(landing))


def test_files_seen_elsewhere(checkpoint: Checkpoint, landing: Path) -> None:
    checkpoint.batch(0, {"logOffset": 0}).seen(0, "0")
    (checkpoint.folder / "sources" / "0" / "0").write_text('v1\n{"path":"s3://b/1.json"}', encoding="utf-8")
    assert not checkpoint.done(files(landing))
