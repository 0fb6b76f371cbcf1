"""The layout: no two nodes overlap, every edge goes from left to right, equal input gives equal output."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldp_jupyter.display.layout import layout


@st.composite
def dags(draw):
    count = draw(st.integers(1, 30))
    sizes = {i: (draw(st.integers(20, 240)), draw(st.integers(15, 90))) for i in range(count)}
    pairs = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=60))
    return sizes, [(min(a, b), max(a, b)) for a, b in pairs if a != b]


def overlap(one, other):
    return (
        one.x < other.right and other.x < one.right and one.y < other.y + other.height and other.y < one.y + one.height
    )


@settings(max_examples=150, deadline=None)
@given(dags())
def test_nodes_stand_apart_and_edges_go_right(dag):
    sizes, edges = dag
    made = layout(sizes, edges)
    assert list(made.boxes)
    assert set(made.boxes) == set(sizes)
    boxes = list(made.boxes.items())
    for i, (_, one) in enumerate(boxes):
        assert one.x >= -1e-6
        assert one.y >= -1e-6
        assert one.right <= made.width + 1e-6
        assert one.y + one.height <= made.height + 1e-6
        assert not any(overlap(one, other) for _, other in boxes[i + 1 :])
    assert set(made.routes) == set(edges)
    for (a, b), points in made.routes.items():
        start, end = made.boxes[a], made.boxes[b]
        assert start.right < end.x
        assert points[0] == (start.right, start.middle)
        assert points[-1] == (end.x, end.middle)
        assert all(x <= following for (x, _), (following, _) in itertools.pairwise(points))


@settings(max_examples=60, deadline=None)
@given(dags())
def test_a_long_edge_passes_beside_the_nodes(dag):
    sizes, edges = dag
    made = layout(sizes, edges)
    for (a, b), points in made.routes.items():
        level = [(x, y) for (x, y), (_, other) in itertools.pairwise(points) if y == other]
        for key, box in made.boxes.items():
            if key not in (a, b):
                assert not any(box.x < x < box.right and box.y < y < box.y + box.height for x, y in level)


@settings(max_examples=40, deadline=None)
@given(dags())
def test_the_same_graph_is_drawn_the_same(dag):
    sizes, edges = dag
    one, other = layout(sizes, edges), layout(dict(sizes), list(edges))
    assert one.boxes == other.boxes
    assert one.routes == other.routes


def test_a_circle_is_drawn_all_the_same():
    made = layout(dict.fromkeys("abc", (100, 40)), [("a", "b"), ("b", "c"), ("c", "a"), ("a", "a"), ("a", "nowhere")])
    assert len(made.boxes) == 3
    assert set(made.routes) == {("a", "b"), ("b", "c"), ("c", "a")}
    assert made.routes["c", "a"][0][0] > made.routes["c", "a"][-1][0]


def test_a_source_stands_next_to_its_reader():
    made = layout(dict.fromkeys(["a", "b", "c", "late"], (50, 20)), [("a", "b"), ("b", "c"), ("late", "c")])
    assert made.boxes["late"].x == made.boxes["b"].x


def test_crossings_that_can_be_avoided_are_avoided():
    made = layout(dict.fromkeys(["a", "b", "x", "y"], (50, 20)), [("a", "y"), ("b", "x")])
    assert (made.boxes["a"].y < made.boxes["b"].y) == (made.boxes["y"].y < made.boxes["x"].y)
    crossed = layout(
        dict.fromkeys(["root", "a", "b", "x", "y"], (50, 20)), [("root", "a"), ("root", "b"), ("a", "y"), ("b", "x")]
    )
    assert (crossed.boxes["a"].y < crossed.boxes["b"].y) == (crossed.boxes["y"].y < crossed.boxes["x"].y)


def test_unconnected_nodes_share_rows():
    made = layout(dict.fromkeys(range(12), (150, 40)), [])
    assert len({box.y for box in made.boxes.values()}) < 12


def test_nothing_to_lay_out():
    made = layout({}, [])
    assert (made.boxes, made.width, made.height) == ({}, 0.0, 0.0)


@pytest.mark.parametrize(("count", "edges"), [(300, 600), (120, 2000)])
def test_a_large_graph_has_no_overlap(count, edges):
    chance = random.Random(7)
    pairs = [tuple(sorted(chance.sample(range(count), 2))) for _ in range(edges)]
    boxes = list(layout(dict.fromkeys(range(count), (150, 60)), pairs).boxes.values())
    by_column = {}
    for box in boxes:
        by_column.setdefault(box.x, []).append(box)
    for column in by_column.values():
        column.sort(key=lambda b: b.y)
        assert all(a.y + a.height <= b.y for a, b in itertools.pairwise(column))


def test_what_stands_below_a_part_stands_clear_of_its_edges():
    sizes = dict.fromkeys(range(9), (20, 15))
    made = layout(sizes, [(0, 1), (0, 3), (0, 4), (1, 2), (1, 4), (2, 4), (3, 4), (3, 5), (3, 6)])
    lowest = max(y for points in made.routes.values() for _, y in points)
    assert made.boxes[7].y > lowest
