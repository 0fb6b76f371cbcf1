"""Streams that will refuse because a table that they read lost rows, told from hand-made checkpoints and logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from core_samples import NAMESPACE, declaring

from ldp_jupyter import pipelines as dp
from ldp_jupyter.engine.lost_rows import LostRows, lost_rows
from ldp_jupyter.engine.tables import Table
from ldp_jupyter.graph import declared_graph
from ldp_jupyter.graph.model import FlowNode
from ldp_jupyter.state import Checkpoints, Layout

SOURCE, READER = NAMESPACE.qualify("source"), NAMESPACE.qualify("reader")
ADD = {"add": {"path": "a", "dataChange": True}}
REMOVE = {"remove": {"path": "a", "dataChange": True}}
REMOVE_OF_OLD_WRITERS = {"remove": {"path": "a"}}
COMPACTED = [{"remove": {"path": "a", "dataChange": False}}, {"add": {"path": "c", "dataChange": False}}]
METADATA = {"metaData": {"configuration": {"remove": "yes"}}}


class Stream:
    """A stream into a table or a sink, over one table with these commits."""

    def __init__(self, root: Path, *commits: list[dict[str, Any]], sink: bool = False) -> None:
        with declaring() as declared:
            if sink:
                dp.create_sink("out", "delta", {"path": "/x"})
                dp.append_flow(target="out", name="reader")(dict)
            else:
                dp.table(dict, name="reader")
        made = declared_graph("shop", NAMESPACE, [declared])
        self.flow: FlowNode = made.sink_flows[0] if sink else made.nodes[READER].flows[0]
        self.flow.streaming = True
        self.layout = Layout(str(root), "shop")
        self.layout.prepare()
        self.target = None if sink else Table(READER, str(root / "reader"), "0-a", 1)
        self.source = Table(SOURCE, str(root / "source"), "0-b", len(commits) - 1, "id of source")
        log = root / "source" / "_delta_log"
        log.mkdir(parents=True)
        for version, actions in enumerate(commits):
            (log / f"{version:020d}.json").write_text("\n".join(map(json.dumps, [{"commitInfo": {}}, *actions])))

    def came_to(self, version: int, *, starting: bool = False, table: str = "id of source", batch: int = 0) -> Stream:
        offset = {"reservoirId": table, "reservoirVersion": version, "index": -1, "isStartingVersion": starting}
        key: Any = READER if self.target else "out"
        folder = Path(Checkpoints(self.layout).path(key, "0-a" if self.target else "0", self.flow.flow.name))
        for kind in ("offsets", "commits"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        (folder / "offsets" / str(batch)).write_text("\n".join(["v1", "{}", "-", json.dumps(offset)]))
        (folder / "commits" / str(batch)).write_text("v1\n{}")
        return self

    def lost(self) -> LostRows | None:
        return lost_rows(self.flow, self.target, [SOURCE], {SOURCE: self.source}, self.layout)


@pytest.mark.parametrize("sink", [False, True], ids=["table", "sink"])
def test_rows_that_went_after_the_last_batch(tmp_path: Path, sink: bool) -> None:
    stream = Stream(tmp_path, [ADD], [ADD], [REMOVE, METADATA], [ADD], sink=sink)
    assert stream.lost() is None, "it never ran: it begins with what is there"
    assert stream.came_to(2).lost() == LostRows(SOURCE, 2)
    assert stream.came_to(3, batch=1).lost() is None, "it was reset, or passed it over"


@pytest.mark.parametrize(
    ("commit", "lost"),
    [([ADD], False), ([REMOVE, ADD], True), ([REMOVE_OF_OLD_WRITERS], True), (COMPACTED, False), ([METADATA], False)],
    ids=["rows", "rewritten", "old writers", "compacted", "metadata"],
)
def test_what_a_commit_does(tmp_path: Path, commit: list[dict[str, Any]], lost: bool) -> None:
    assert (Stream(tmp_path, [ADD], commit).came_to(1).lost() is not None) == lost


def test_within_the_rows_that_it_began_with_later_commits_count(tmp_path: Path) -> None:
    stream = Stream(tmp_path, [ADD], [REMOVE, ADD], [ADD])
    assert stream.came_to(0, starting=True).lost() == LostRows(SOURCE, 1)
    assert stream.came_to(1, starting=True, batch=1).lost() is None, "it began after them"


def test_nothing_is_told_of_what_is_not_known(tmp_path: Path) -> None:
    stream = Stream(tmp_path, [ADD], [REMOVE], [REMOVE])
    assert stream.came_to(1, table="another table").lost() is None
    stream.came_to(1)
    (tmp_path / "source" / "_delta_log" / f"{1:020d}.json").unlink()
    assert stream.lost() is None, "the log was cleaned up"
    stream.came_to(2)
    assert stream.lost() is not None
    stream.flow.streaming = False
    assert stream.lost() is None
    stream.flow.streaming = True
    stream.source.version = None
    assert stream.lost() is None, "there is no table any more"
