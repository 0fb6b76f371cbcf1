"""The model itself, on examples small enough to see."""

from cdc_model import scd1, scd2


def event(seq, op="u", key=1, **row):
    return {"key": key, "seq": seq, "op": op, "row": row}


def test_newest_wins_and_a_delete_stays():
    events = [event(2, a=2), event(1, a=1), event(1, key=2, a=1), event(3, "d", key=2), event(2, key=2, a=9)]
    assert scd1(events, ["a"]) == {1: {"a": 2}}


def test_truncate_spares_its_own_sequence():
    events = [event(1, a=1), event(2, "t", key=None), event(2, key=2, a=2), event(1, key=3, a=3)]
    assert scd1(events, ["a"]) == {2: {"a": 2}}


def test_ties():
    events = [event(1, a=1), event(1, a=2), event(1, "d")]
    assert scd1(events, ["a"]) == {1: {"a": 2}}
    assert scd2(events, ["a"], ["a"]) == {}


def test_history_collapses_runs_and_ends_with_a_delete():
    events = [event(1, a=1, b=1), event(2, a=1, b=2), event(3, a=2, b=3), event(5, "d"), event(7, a=2, b=4)]
    assert scd2(events, ["a", "b"], ["a"]) == {1: [
        ({"a": 1, "b": 2}, 1, 3), ({"a": 2, "b": 3}, 3, 5), ({"a": 2, "b": 4}, 7, None)]}


def test_partial_events():
    over = event(2, s={"x": None, "y": 2}, a=None) | {"ignores": ["s", "a"]}
    assert scd1([event(1, s={"x": 1, "y": 1}, a=5), over], ["s", "a"]) == {1: {"s": {"x": 1, "y": 2}, "a": 5}}
    assert scd1([event(1, a=1, b=1), event(2, a=2, b=None) | {"sets": ["a"]}], ["a", "b"]) == {1: {"a": 2, "b": 1}}
