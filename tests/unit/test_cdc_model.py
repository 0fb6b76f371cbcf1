"""The model itself, on examples small enough to see, and what its three parts say of each other."""

import random

from cdc_model import bitemporal, scd1, scd2


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


def test_what_was_known_is_kept():
    events = [event(1, a=1) | {"sys": 1}, event(5, a=2) | {"sys": 2}, event(3, a=1) | {"sys": 3}, event(4, "d") | {"sys": 4}]
    assert sorted(bitemporal(events, ["a"], ["a"])[1], key=str) == sorted([
        ({"a": 1}, 1, None, 1, 2), ({"a": 1}, 1, 5, 2, 4), ({"a": 1}, 1, 4, 4, None), ({"a": 2}, 5, None, 2, None)], key=str)


def test_a_correction_at_the_same_sequence_is_another_row_from_when_it_became_known():
    events = [event(1, a=1) | {"sys": 1}, event(1, "d") | {"sys": 2}, event(1, a=3) | {"sys": 3}]
    assert bitemporal(events, ["a"], ["a"]) == {1: [({"a": 1}, 1, None, 1, 2), ({"a": 3}, 1, None, 3, None)]}


def random_streams(number):
    rng = random.Random(number)
    for _ in range(200):
        sequences = rng.sample(range(20), rng.randint(1, 8))
        yield [event(seq, rng.choice("uuud"), key=rng.randint(1, 2), a=rng.randint(1, 2), b=rng.randint(1, 2))
               | {"sys": rng.randint(1, 5)} for seq in sequences]


def test_type_1_is_the_open_rows_of_type_2():
    for events in random_streams(1):
        open_rows = {key: row for key, rows in scd2(events, ["a", "b"], ["a"]).items() for row, _, end in rows if end is None}
        assert scd1(events, ["a", "b"]) == open_rows


def test_what_is_known_last_is_type_2():
    for events in random_streams(2):
        last = {key: sorted((row[:3] for row in rows if row[4] is None), key=lambda row: row[1])
                for key, rows in bitemporal(events, ["a", "b"], ["a"]).items()}
        assert {key: rows for key, rows in last.items() if rows} == scd2(events, ["a", "b"], ["a"])
