"""The Bookstore's data: the same everywhere, with faults that can be counted."""

import base64
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from ldp_jupyter.project.samples.bookstore_data import land, main, share

sys.path.insert(0, str(Path(__file__).parents[1]))
from bookstore_oracle import comparable, expected


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.json")}


def values(root, topic):
    rows = []
    for path in sorted((root / "kafka-raw-etl").rglob(f"{topic}-*.json")):
        rows += [json.loads(base64.b64decode(json.loads(line)["value"])) for line in path.read_text().splitlines()]
    return rows


def test_same_on_every_run_and_in_any_order(tmp_path):
    for number in (1, 2, 3):
        land(tmp_path / "a", number)
    for number in (3, 1, 2, 1):
        land(tmp_path / "b", number)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_each_landing_is_new_files_only(tmp_path):
    first = land(tmp_path, 1)
    before = contents(tmp_path)
    second = land(tmp_path, 2)
    after = contents(tmp_path)
    assert {path: after[path] for path in before} == before
    assert {p for p in first if "kafka-raw-etl" in p.parts}.isdisjoint(second)
    assert any("books-updates" in p.parts for p in second)


def test_messages_have_the_shape_of_the_schema(tmp_path):
    land(tmp_path, 1, orders=50)
    places = Counter()
    for path in (tmp_path / "kafka-raw-etl").rglob("*.json"):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            assert list(row) == ["key", "value", "topic", "partition", "offset", "timestamp"]
            assert isinstance(row["timestamp"], int)
            places[row["topic"], row["partition"], row["offset"]] += 1
    assert max(places.values()) == 1


@pytest.mark.parametrize(("orders", "invalid"), [(1000, 24), (500, 12), (2000, 48), (0, 0), (10, 0)])
def test_invalid_orders(tmp_path, orders, invalid):
    land(tmp_path, 1, orders=orders)
    quantities = [order["quantity"] for order in values(tmp_path, "orders")]
    bad = [q for q in quantities if q is None or q <= 0]
    assert (len(quantities), len(bad)) == (orders, invalid)
    if invalid:
        assert None in bad
        assert 0 in bad
        assert any(q is not None and q < 0 for q in bad)


def test_faults_are_what_the_generator_promises(tmp_path):
    for number in (1, 2, 3):
        land(tmp_path, number)
    for update in expected(tmp_path, 3).updates:
        assert update["orders_silver"].rules["valid_quantity"] == (976, 24)
        assert (update["orders_silver"].written, update["orders_quarantine"].written) == (976, 24)
        sales = update["books_sales"]
        assert sales.rules["valid_subtotal"][1] == sales.dropped == share(18, 1000) == 18
        assert sales.rules["valid_price"][1] == 0
        assert sales.rules["usual_quantity"][1] == 30
    first = expected(tmp_path, 1)
    assert first.updates[0]["books_raw"].rules == {"has_title": (64, 1), "has_author": (63, 2), "valid_price": (65, 0)}
    assert len(first.tables["customers_silver"]) == 94
    assert len(first.tables["current_books"]) == 50
    assert {month for _, month in first.bronze} == {"2026-01", "2026-02"}


def test_changes_come_late_across_landings(tmp_path):
    """An event that is older than one which an earlier landing brought: for books, customers and deleted customers."""
    late = defaultdict(int)
    newest = {}
    deleted = set()
    for number in (1, 2, 3):
        land(tmp_path, number, orders=0)
        now = []
        for topic, key, sequence in (("books", "book_id", "updated"), ("customers", "customer_id", "row_time")):
            for path in (tmp_path / "kafka-raw-etl").rglob(f"{topic}-{number:05d}-*.json"):
                for line in path.read_text().splitlines():
                    value = json.loads(base64.b64decode(json.loads(line)["value"]))
                    now.append((topic, value[key], value[sequence], value.get("row_status")))
        for topic, key, time, status in now:
            if time < newest.get((topic, key), ""):
                late[number, topic, status] += 1
                late[number, "ghost", None] += key in deleted
        for topic, key, time, status in now:
            if time > newest.get((topic, key), ""):
                newest[topic, key] = time
                (deleted.add if status == "delete" else deleted.discard)(key)
    for number in (2, 3):
        assert late[number, "books", None] >= 3
        assert late[number, "customers", "update"] >= 3
        assert late[number, "customers", "delete"] >= 1
        assert late[number, "ghost", None] >= 1


def test_oracle_plays_updates_one_by_one(tmp_path):
    for number in (1, 2):
        land(tmp_path, number)
    apart, together = expected(tmp_path, 2), expected(tmp_path, [[1, 2]])
    for table in ("orders_silver", "customers_silver", "books_silver", "current_books", "countries_stats"):
        assert apart.tables[table] == together.tables[table]
    # In one update orders of the first landing meet prices of the second: more of them do not add up.
    assert len(together.tables["books_sales"]) < len(apart.tables["books_sales"])


def test_no_version_of_a_book_repeats_the_one_before(tmp_path):
    """Whether equal neighbours are one version or two is a matter of its own: the sample keeps out of it."""
    for number in range(1, 21):
        land(tmp_path, number, orders=0)
    assert len(expected(tmp_path, 20).tables["books_silver"]) == len(values(tmp_path, "books"))


def test_rows_compare_whatever_their_order(tmp_path):
    land(tmp_path, 1, orders=20)
    rows = expected(tmp_path, 1).tables["orders_silver"]
    assert comparable([list(row) for row in reversed(rows)]) == rows
    assert comparable(rows[1:]) != rows


def test_command(tmp_path, capsys):
    assert main([str(tmp_path), "2", "10"]) == 0
    assert "orders-00002-000.json" in capsys.readouterr().out
    assert main([]) == 2
    with pytest.raises(ValueError, match="numbered from 1"):
        land(tmp_path, 0)
