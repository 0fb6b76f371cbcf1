"""What counts as little data."""

from __future__ import annotations

import pytest

from ldp_jupyter.engine.sizing import CHANGES_LIMIT, LIMIT, MANY_ROWS, MUCH, input_paths, weigh
from ldp_jupyter.spark.bridge import BatchInputs, StreamSource
from ldp_jupyter.state import Layout, Memory, reads_much


def is_small(paths, limit=LIMIT):
    size = weigh(paths, MUCH)
    return size is not None and size <= limit


def file(path, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.truncate(size)
    return str(path)


@pytest.mark.parametrize(
    ("name", "size", "small"),
    [
        ("a.json", LIMIT, True), ("a.json", LIMIT + 1, False), ("a.csv", LIMIT // 2, True),
        ("a.parquet", LIMIT // 2, False), ("a.snappy.parquet", LIMIT // 8, True), ("a.json.gz", LIMIT // 7, False),
        ("A.ORC", LIMIT // 2, False), ("a.avro", LIMIT // 16, True),
    ],
)  # fmt: skip
def test_files_by_the_rows_they_may_hold(tmp_path, name, size, small):
    path = file(tmp_path / "data" / name, size)
    assert is_small([path]) is small
    assert is_small([str(tmp_path / "data")]) is small


def test_all_inputs_count_together(tmp_path):
    paths = [file(tmp_path / f"{n}.json", LIMIT // 2) for n in range(3)]
    assert is_small(paths[:2])
    assert not is_small(paths)
    assert is_small(paths[:1], CHANGES_LIMIT)
    assert not is_small(paths[:2], CHANGES_LIMIT)


def test_counting_ends_where_it_is_enough(tmp_path):
    for n in range(8):
        file(tmp_path / f"{n}.json", MUCH // 2)
    assert weigh([str(tmp_path)], MUCH) == MUCH // 2 * 3


def test_what_read_much_is_known_to_later_processes(tmp_path):
    layout = Layout(str(tmp_path), "p")
    layout.home.mkdir(parents=True)
    assert not reads_much(layout)
    Memory(layout).note_much()
    assert reads_much(layout)
    assert Memory(layout).datasets() == []


def test_heads_of_many_small_files_are_no_rows(tmp_path):
    for n in range(1000):
        file(tmp_path / f"{n}.parquet", 4000)
    assert is_small([str(tmp_path)])


def test_a_log_is_no_input(tmp_path):
    file(tmp_path / "t" / "_delta_log" / "1.json", 2 * LIMIT)
    file(tmp_path / "t" / "a.parquet", 5000)
    assert is_small([str(tmp_path / "t")])


@pytest.mark.parametrize("path", [None, "", "s3://bucket/x", "nowhere/at/all"])
def test_what_cannot_be_told_is_not_small(path):
    assert not is_small([path])


@pytest.mark.parametrize(("rows", "paths"), [(0, ["/in", "/t"]), (MANY_ROWS, ["/in", "/t"]), (MANY_ROWS + 1, ["/in", None, "/t"])])
def test_ranges_count_by_their_rows(rows, paths):
    facts = BatchInputs("", deterministic=True, reasons=[], tables=[], generated=rows,
                        other=[{"kind": "files", "format": "JSON", "paths": ["/t"]}])  # fmt: skip
    assert input_paths(facts, [StreamSource("files", "json", "/in", {})]) == paths
