"""The journal of events."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from core_samples import problem_of
from hypothesis import given, settings
from hypothesis import strategies as st

from ldp_jupyter.eventlog import Journal, publish_event_log
from ldp_jupyter.eventlog.journal import last_update_id, read_events
from ldp_jupyter.eventlog.parts import earlier_parts, put_aside
from ldp_jupyter.events import Event
from ldp_jupyter.names import Name
from ldp_jupyter.state import Layout

if TYPE_CHECKING:
    from pathlib import Path


def event(message: str, update: str = "u1") -> Event:
    return Event("flow_progress", message, {"update_id": update}, {"flow_progress": {}})


def messages(path: Path, update: str | None = None) -> list[str]:
    return [e.message for e in read_events(path, update)]


def test_events_get_numbers_that_go_on_over_updates(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        assert [journal.write(event(m)).sequence for m in "ab"] == [1, 2]
    with Journal(path) as journal:
        assert journal.write(event("c", "u2")).sequence == 3
    assert [e.sequence for e in read_events(path)] == [1, 2, 3]
    assert messages(path) == ["a", "b", "c"]


def test_an_event_is_in_the_file_when_write_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        written = journal.write(event("a"))
        assert list(read_events(path)) == [written]


def test_events_of_one_update(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.write(event("a", "u1"))
        journal.write(event("mentions u1", "u2"))
        journal.write(event("c", "u1"))
    assert messages(path, "u1") == ["a", "c"]
    assert messages(path, "u2") == ["mentions u1"]
    assert messages(path, "u3") == []


def test_no_journal_no_events(tmp_path: Path) -> None:
    assert list(read_events(tmp_path / "journal.jsonl")) == []


@pytest.mark.parametrize("half", [b'{"id": "x", "seq', b"{", b"\xc3", b'{"sequence": 99}'])
def test_a_half_written_line_is_not_read_and_is_cut_off(tmp_path: Path, half: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.write(event("a"))
    with path.open("ab") as file:
        file.write(half)
    assert messages(path) == ["a"]
    with Journal(path) as journal:
        assert journal.write(event("b")).sequence == 2
    assert messages(path) == ["a", "b"]
    assert all(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("left", [b"\0" * 5000, b"\0" * 99_999 + b"\n", b'{"a": 1}\n\n', b"\xff\n{}\n[1]\nnull\n"])
def test_what_a_crash_of_the_machine_leaves_is_cut_off(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.write(event("a"))
    whole = path.read_bytes()
    for before in (whole, b""):
        path.write_bytes(before + left)
        with Journal(path) as journal:
            assert path.read_bytes() == before
            assert journal.write(event("b")).sequence == (2 if before else 1)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits")
def test_an_event_that_the_disk_does_not_take_leaves_nothing(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "journal.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal(path) as journal:
        journal.write(event("a"))
        size = path.stat().st_size
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))  # takes a part of the next line
            problem = problem_of(lambda: journal.write(event("b")))
            again = problem_of(lambda: journal.write(event("b")))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (problem.code, again.code, path.stat().st_size) == ("LDP-5006", "LDP-5006", size)
        assert problem.hint == "make room there, then run again: nothing is lost"
        assert journal.write(event("c")).sequence == 2
    assert messages(path) == ["a", "c"]


def test_a_journal_of_one_half_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"id": ')
    with Journal(path) as journal:
        assert journal.write(event("a")).sequence == 1
    assert messages(path) == ["a"]


@pytest.mark.parametrize("size", [10, 70_000, 300_000])
@pytest.mark.parametrize("half", [b"", b"{" * 100_000])
def test_lines_of_any_length(tmp_path: Path, size: int, half: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.write(event("first"))
        journal.write(event("x" * size))
    with path.open("ab") as file:
        file.write(half)
    with Journal(path) as journal:
        assert journal.write(event("last")).sequence == 3
    assert [len(m) for m in messages(path)] == [5, size, 4]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5), st.data())
def test_cut_anywhere_the_whole_lines_before_it_stay(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    with Journal(path) as journal:
        for text in texts:
            journal.write(event(text))
    whole = path.read_bytes()
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    path.write_bytes(cut)
    kept = texts[: cut.count(b"\n")]
    assert messages(path) == kept
    with Journal(path) as journal:
        assert journal.write(event("next")).sequence == len(kept) + 1
    assert messages(path) == [*kept, "next"]


def test_the_folder_of_the_log_points_to_the_journal(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path), "shop")
    layout.prepare()
    name = Name("main", "default", "event_log_x")
    folder = publish_event_log(layout, name)
    assert str(folder) == layout.table(name)
    pointer = folder / "_journal.json"
    assert json.loads(pointer.read_text()) == {"path": str(layout.journal)}
    before = pointer.stat().st_mtime_ns
    publish_event_log(layout, name)
    assert pointer.stat().st_mtime_ns == before


def test_the_last_update_is_the_last_that_came_to_its_flows(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert last_update_id(path) is None
    with Journal(path) as journal:
        journal.write(event("a", "u1"))
        journal.write(event("a", "u2"))
        journal.write(Event("create_update", "says flow_progress", {"update_id": "u3"}, {"create_update": {}}))
    assert last_update_id(path) == "u2"
    with path.open("ab") as file:
        file.write(event("half", "u4").to_line().encode())
    assert last_update_id(path) == "u2"


def parts_of(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir())


def test_a_long_journal_goes_on_in_another_file(tmp_path: Path) -> None:
    path, told = tmp_path / "journal.jsonl", []
    with Journal(path, part_size=600, put_aside=lambda: told.append(path.exists())) as journal:
        numbers = [journal.write(event(m, "u1" if m < "e" else "u2")).sequence for m in "abcdefg"]
    assert numbers == [1, 2, 3, 4, 5, 6, 7]
    sizes = [part.path.stat().st_size for part in earlier_parts(path)]
    assert len(sizes) == len(told) > 1
    assert all(told), "a file is there to be written"
    assert [part.start for part in earlier_parts(path)] == [sum(sizes[:n]) for n in range(len(sizes))]
    assert messages(path) == list("abcdefg")
    assert messages(path, "u2") == list("efg")
    assert last_update_id(path) == "u2"
    with Journal(path) as journal:
        assert journal.write(event("h")).sequence == 8


def test_numbers_go_on_where_a_kill_left_only_what_was_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.write(event("a"))
        journal.write(event("b"))
    put_aside(path)
    assert messages(path) == ["a", "b"]
    with Journal(path) as journal:
        assert journal.write(event("c")).sequence == 3
    assert messages(path) == ["a", "b", "c"]


def test_what_is_put_aside_while_it_is_read_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        for message in "abc":
            journal.write(event(message))
        reading = read_events(path)
        assert next(reading).message == "a"
        put_aside(path)
        assert [e.message for e in reading] == ["b", "c"]
    assert messages(path) == ["a", "b", "c"]


def test_a_part_that_was_removed_is_not_missed(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path, part_size=1) as journal:
        for message in "abc":
            journal.write(event(message))
        reading = read_events(path)
        assert next(reading).message == "a"
        earlier_parts(path)[1].path.unlink()
        assert [e.message for e in reading] == ["c"]


def test_a_journal_that_cannot_be_put_aside_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("ldp_jupyter.eventlog.journal.put_aside", refuse)
    path = tmp_path / "journal.jsonl"
    with Journal(path, part_size=1) as journal:
        for message in "abc":
            journal.write(event(message))
    assert (parts_of(path), messages(path)) == (["journal.jsonl"], ["a", "b", "c"])
