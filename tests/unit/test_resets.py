"""A full refresh of several tables, or resets of several checkpoints, killed in their midst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from core_samples import NAMESPACE

from ldp_jupyter.declarations import Flow, Location, SqlQuery
from ldp_jupyter.engine.resets import Resets
from ldp_jupyter.engine.tables import Table
from ldp_jupyter.graph import FlowNode
from ldp_jupyter.state import Checkpoints, Layout, Memory

if TYPE_CHECKING:
    from pathlib import Path

    from ldp_jupyter.names import Name

A, B = (NAMESPACE.qualify(name) for name in "ab")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(str(tmp_path), "shop")
    made.prepare()
    return made


def tables(**generations: str | None) -> dict[Name, Table]:
    """Tables as they lie in storage; None: there is none."""
    return {
        NAMESPACE.qualify(name): Table(NAMESPACE.qualify(name), f"/{name}", generation or "", 1 if generation else None)
        for name, generation in generations.items()
    }


def resets(layout: Layout, **generations: str | None) -> Resets:
    """As a new process finds them."""
    return Resets(Memory(layout), tables(**generations), layout)


def flow(name: str, target: Name = A, sink: str | None = None) -> FlowNode:
    return FlowNode(Flow(name, target, SqlQuery("SELECT 1", Location("t.sql", 1)), NAMESPACE, sink=sink))


def test_nothing_was_begun(layout: Layout) -> None:
    assert resets(layout, a="1").unfinished() == set()
    assert resets(layout, a="1").unfinished_flows([flow("f")]) == []


def test_tables_that_still_have_the_old_generation_are_emptied_by_the_next_update(layout: Layout) -> None:
    resets(layout, a="1", b="1", c="1").begin({A, B}, [])
    killed_between = resets(layout, a="2", b="1", c="1")
    assert killed_between.unfinished() == {B}
    assert resets(layout, a="2", b="2", c="1").unfinished() == set()


def test_checkpoints_that_were_not_reached_are_reset_by_the_next_update(layout: Layout) -> None:
    first, second, other = flow("first"), flow("second", sink="out"), flow("other")
    begun = resets(layout, a="1")
    begun.begin(set(), [first, second])
    begun.reset([first])
    after = resets(layout, a="1")
    assert after.unfinished_flows([first, second, other]) == [second]
    after.reset([second])
    assert resets(layout, a="1").unfinished_flows([first, second, other]) == []
    checkpoints = Checkpoints(layout)
    assert [checkpoints.life(A, "1", "first"), checkpoints.life("out", "0", "second")] == [1, 1]


def test_what_ended_is_not_repeated(layout: Layout) -> None:
    begun = resets(layout, a="1")
    begun.begin({A}, [flow("f")])
    begun.end()
    assert resets(layout, a="1").unfinished() == set()
    assert resets(layout, a="1").unfinished_flows([flow("f")]) == []


def test_tables_that_do_not_exist_need_no_emptying(layout: Layout) -> None:
    resets(layout, a=None, b="1").begin({A}, [flow("f")])
    assert not layout.memory.exists()
    resets(layout, a=None, b="1").begin({A, B}, [])
    assert resets(layout, b=None).unfinished() == set()
    assert resets(layout, b="1").unfinished() == {B}
