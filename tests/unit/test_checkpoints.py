"""Checkpoints that begin anew, and what is removed of old ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from core_samples import NAMESPACE, problem_of
from hypothesis import given
from hypothesis import strategies as st

from ldp_jupyter.state import Checkpoints, Layout
from ldp_jupyter.state.checkpoints import SINK_GENERATION, remove_unbegun
from ldp_jupyter.state.layout import safe

T = NAMESPACE.qualify("t")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(str(tmp_path), "shop")
    made.prepare()
    return made


def write(layout: Layout, target: object, generation: str, flow: str) -> Path:
    """A checkpoint with something in it."""
    folder = Path(Checkpoints(layout).path(target, generation, flow))  # type: ignore[arg-type]
    (folder / "offsets").mkdir(parents=True)
    return folder


def test_a_flow_that_was_never_reset_has_the_plain_folder(layout: Layout) -> None:
    checkpoints = Checkpoints(layout)
    assert checkpoints.path(T, "0-a", "f") == layout.checkpoint(T, "0-a", "f")
    assert checkpoints.life(T, "0-a", "f") == 0


def test_a_reset_gives_an_empty_folder_and_leaves_other_flows_alone(layout: Layout) -> None:
    checkpoints = Checkpoints(layout)
    old, other = write(layout, T, "0-a", "f"), write(layout, T, "0-a", "g")
    checkpoints.reset(T, "0-a", "f")
    new = Path(checkpoints.path(T, "0-a", "f"))
    assert new != old
    assert not new.exists()
    assert old.exists(), "nothing is removed before the new one counts"
    assert Path(checkpoints.path(T, "0-a", "g")) == other
    checkpoints.reset(T, "0-a", "f")
    assert Path(checkpoints.path(T, "0-a", "f")) not in (new, old)
    assert checkpoints.life(T, "0-a", "f") == 2


def test_the_rest_of_a_plan_goes_where_no_batch_was_begun(layout: Layout) -> None:
    folder = write(layout, T, "0-a", "f")
    names = [".0.c1.tmp", "..0.c1.tmp.crc"]
    for name in names:
        (folder / "offsets" / name).touch()
    (folder / "offsets" / "0").touch()
    remove_unbegun(str(folder))
    assert len(list((folder / "offsets").iterdir())) == 3, "Spark reads over it once a batch was begun"
    (folder / "offsets" / "0").unlink()
    (folder / "offsets" / "mine").touch()
    remove_unbegun(str(folder))
    assert [entry.name for entry in (folder / "offsets").iterdir()] == ["mine"]
    remove_unbegun(str(folder / "none"))


def test_what_cannot_count_again_is_removed_and_nothing_else(layout: Layout) -> None:
    checkpoints = Checkpoints(layout)
    write(layout, T, "0-a", "f")
    Path(layout.changes(T, "0-a")).mkdir(parents=True)
    first, similar = write(layout, T, "1-b", "f"), write(layout, T, "1-b", "f2")
    changes = Path(layout.changes(T, "1-b"))
    changes.mkdir(parents=True)
    checkpoints.reset(T, "1-b", "f")
    second = write(layout, T, "1-b", "f")
    checkpoints.reset(T, "1-b", "f")
    third = write(layout, T, "1-b", "f")
    elsewhere = write(layout, NAMESPACE.qualify("u"), "0-a", "f")
    checkpoints.sweep(T, "1-b")
    assert [f.name for folder in layout.lives(T) for f in folder.iterdir()] == ["1-b", "1-b"]
    assert (first.exists(), second.exists()) == (False, False)
    assert all(f.exists() for f in (third, similar, changes, elsewhere))
    assert checkpoints.life(T, "1-b", "f") == 2


def test_a_new_generation_knows_nothing_of_resets(layout: Layout) -> None:
    checkpoints = Checkpoints(layout)
    checkpoints.reset(T, "0-a", "f")
    assert checkpoints.life(T, "1-b", "f") == 0


def test_sinks(layout: Layout) -> None:
    checkpoints = Checkpoints(layout)
    old = write(layout, "out", SINK_GENERATION, "f")
    checkpoints.reset("out", SINK_GENERATION, "f")
    new = write(layout, "out", SINK_GENERATION, "f")
    checkpoints.sweep("out", SINK_GENERATION)
    assert (old.exists(), new.exists()) == (False, True)
    checkpoints.sweep("another", SINK_GENERATION)


@pytest.mark.parametrize("text", ["", "half a"])
def test_a_damaged_mark_is_an_error_since_a_guess_could_read_the_sources_twice(layout: Layout, text: str) -> None:
    checkpoints = Checkpoints(layout)
    checkpoints.reset(T, "0", "f")
    (mark,) = Path(layout.checkpoint(T, "0", "f")).parent.iterdir()
    mark.write_text(text)
    problem = problem_of(lambda: checkpoints.path(T, "0", "f"))
    assert (problem.code, str(mark) in problem.message) == ("LDP-5006", True)
    assert "fully refresh" in problem.hint
    assert checkpoints.life(T, "1", "f") == 0, "a full refresh is the way out"


@given(st.text(min_size=1))
def test_no_flow_is_named_like_a_mark(name: str) -> None:
    assert "~" not in safe(name)
