"""A full refresh of several tables that was killed in its midst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from core_samples import NAMESPACE

from ldp_jupyter.engine.resets import Resets
from ldp_jupyter.engine.tables import Table
from ldp_jupyter.state import Layout, Memory

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


def test_nothing_was_begun(layout: Layout) -> None:
    assert Resets(Memory(layout), tables(a="1")).unfinished() == set()


def test_tables_that_still_have_the_old_generation_are_emptied_by_the_next_update(layout: Layout) -> None:
    Resets(Memory(layout), tables(a="1", b="1", c="1")).begin({A, B})
    killed_between = Resets(Memory(layout), tables(a="2", b="1", c="1"))
    assert killed_between.unfinished() == {B}
    assert Resets(Memory(layout), tables(a="2", b="2", c="1")).unfinished() == set()


def test_what_ended_is_not_repeated(layout: Layout) -> None:
    resets = Resets(Memory(layout), tables(a="1"))
    resets.begin({A})
    resets.end()
    assert Resets(Memory(layout), tables(a="1")).unfinished() == set()


def test_tables_that_do_not_exist_need_no_emptying(layout: Layout) -> None:
    Resets(Memory(layout), tables(a=None, b="1")).begin({A})
    assert not layout.memory.exists()
    Resets(Memory(layout), tables(a=None, b="1")).begin({A, B})
    assert Resets(Memory(layout), tables(b=None)).unfinished() == set()
    assert Resets(Memory(layout), tables(b="1")).unfinished() == {B}
