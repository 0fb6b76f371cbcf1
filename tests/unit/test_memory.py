"""Small facts kept between updates."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from ldp_jupyter.state import Layout, Memory
from ldp_jupyter.state.memory import PIPELINE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(str(tmp_path), "shop")
    made.prepare()
    return made


def test_a_fact_is_there_for_the_next_update(layout: Layout) -> None:
    Memory(layout).set("main.default.t", "view", {"fingerprint": "x", "sources": {"/a": ["id", 3]}})
    again = Memory(layout)
    assert again.get("main.default.t", "view") == {"fingerprint": "x", "sources": {"/a": ["id", 3]}}
    assert again.get("main.default.t", "once") is None
    assert again.get("main.default.u", "view") is None
    assert again.datasets() == ["main.default.t"]


def test_none_forgets_a_fact(layout: Layout) -> None:
    memory = Memory(layout)
    memory.set("t", "a", 1)
    memory.set("t", "b", 2)
    memory.set("t", "a", None)
    assert (Memory(layout).get("t", "a"), Memory(layout).get("t", "b")) == (None, 2)


def test_what_is_kept_of_the_pipeline_itself_is_no_dataset(layout: Layout) -> None:
    memory = Memory(layout)
    memory.set(PIPELINE, "resetting", {"t": "0"})
    assert memory.datasets() == []
    assert Memory(layout).get(PIPELINE, "resetting") == {"t": "0"}


def test_nothing_is_written_where_nothing_changes(layout: Layout) -> None:
    memory = Memory(layout)
    memory.set("t", "a", [1])
    layout.memory.unlink()
    memory.set("t", "a", [1])
    memory.set("t", "b", None)
    assert not layout.memory.exists()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", "{}", '{"format": 0, "datasets": {"t": {"a": 1}}}', '{"format": 1}',
     '{"format": 1, "datasets": []}', '{"format": 1, "datasets": {"t": 3}}', '{"format": 1, "datasets": {"t": null}}'],
)  # fmt: skip
def test_losing_the_facts_costs_work_only(layout: Layout, text: str) -> None:
    layout.memory.write_text(text)
    memory = Memory(layout)
    assert (memory.get("t", "a"), memory.datasets()) == (None, [])
    memory.set("t", "a", 1)
    assert Memory(layout).get("t", "a") == 1


def test_a_reader_sees_whole_facts_while_many_threads_write(layout: Layout) -> None:
    memory = Memory(layout)
    memory.set("t0", "n", 0)
    stop = threading.Event()
    broken: list[str] = []

    def read() -> None:
        while not stop.is_set():
            text = layout.memory.read_text(encoding="utf-8")
            try:
                json.loads(text)
            except ValueError:
                broken.append(text)

    def write(name: str) -> None:
        for n in range(40):
            memory.set(name, "n", n + 1)

    reader = threading.Thread(target=read)
    reader.start()
    writers = [threading.Thread(target=write, args=(f"t{i}",)) for i in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert broken == []
    assert [Memory(layout).get(f"t{i}", "n") for i in range(4)] == [40] * 4
    assert sorted(f.name for f in layout.home.iterdir()) == ["memory.json"]


def test_one_fact_of_many_datasets_is_kept_by_one_write(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(layout)
    memory.keep("origin", {"a": 1, "b": 2})
    memory.set("a", "view", 3)
    memory.keep("origin", {"a": None, "b": 4, "c": 5})
    assert [(d, Memory(layout).get(d, "origin")) for d in "abc"] == [("a", None), ("b", 4), ("c", 5)]
    assert Memory(layout).get("a", "view") == 3
    monkeypatch.setattr(Memory, "_write", lambda _: pytest.fail("nothing changed"))
    memory.keep("origin", {"b": 4, "a": None})
    memory.forget(["never"])


def test_all_facts_of_a_dataset_are_forgotten(layout: Layout) -> None:
    memory = Memory(layout)
    memory.keep("origin", {"a": 1, "b": 2})
    memory.forget(["a", "never"])
    assert Memory(layout).datasets() == ["b"]
