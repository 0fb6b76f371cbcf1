"""What the Bookstore's tables must hold, worked out from the raw files in plain Python.

Nothing here knows how the pipeline or the data generator works: it reads the files, and follows the rules that the sample's
sources state. ``expected(path, updates)`` plays the updates one by one, since two tables depend on them: `books_sales`
(a stream meets the books as they are in the update) and the counts of expectations.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

COLUMNS = {
    "orders_silver": ["order_id", "order_timestamp", "customer_id", "quantity", "total", "books"],
    "orders_quarantine": ["order_id", "order_timestamp", "customer_id", "quantity", "total", "books"],
    "customers_silver": ["customer_id", "email", "first_name", "last_name", "city", "country_code", "country"],
    "books_silver": ["book_id", "title", "author", "price", "is_quarantined", "__START_AT", "__END_AT"],
    "current_books": ["book_id", "title", "author", "price", "is_quarantined"],
    "books_sales": ["order_id", "order_timestamp", "customer_id", "book_id", "title", "author", "quantity", "subtotal"],
    "countries_stats": ["country", "order_date", "orders_count", "books_count"],
    "authors_stats": ["author", "window_start", "window_end", "orders_count", "books_count", "amount"],
}


@dataclass
class DatasetCounts:
    """Of one dataset in one update: rows its rules saw, by rule (passed, failed), and rows dropped."""

    evaluated: int = 0
    rules: dict[str, tuple[int, int]] = field(default_factory=dict)
    dropped: int = 0

    @property
    def written(self) -> int:
        return self.evaluated - self.dropped


@dataclass
class Expected:
    """Rows of the tables after the last update, sorted; `updates[i]` holds the counts of update i by dataset."""

    tables: dict[str, list[tuple[Any, ...]]]
    bronze: dict[tuple[str, str], int]
    updates: list[dict[str, DatasetCounts]]

    @property
    def bronze_rows(self) -> int:
        return sum(self.bronze.values())


@dataclass
class _Message:
    topic: str
    value: dict[str, Any]
    time: datetime


def expected(dataset_path: str | Path, updates: int | list[list[int]]) -> Expected:
    """What is right after some updates.

    Parameters:
        updates: the landings that each update found new, such as ``[[1], [2, 3]]``; a number n stands for n updates with
            one landing each.
    """
    path = Path(dataset_path)
    plan = [[number] for number in range(1, updates + 1)] if isinstance(updates, int) else updates
    landings = _messages(path)
    countries = _countries(path)
    seen: list[_Message] = []
    sales: list[tuple[Any, ...]] = []
    counts = []
    for new_landings in plan:
        new = [message for number in new_landings for message in landings[number]]
        seen += new
        of_update: dict[str, DatasetCounts] = {}
        current = {row[0]: row for row in _current_books(_books_history(seen))}
        orders = _orders(new)
        valid = [order for order in orders if _valid(order)]
        of_update["orders_silver"] = _judge(orders, {"valid_quantity": _valid}, drop={"valid_quantity"})
        of_update["orders_quarantine"] = _judge(
            orders, {"invalid_quantity": lambda order: not _valid(order)}, drop={"invalid_quantity"}
        )
        of_update["books_raw"] = _judge([m.value for m in new if m.topic == "books"], BOOK_RULES)
        lines = [
            (order, book, current[book["book_id"]])
            for order in valid
            for book in order["books"]
            if book["book_id"] in current
        ]
        of_update["books_sales"] = _judge(lines, SALES_RULES, drop={"valid_subtotal"})
        sales += [_sale(*line) for line in lines if SALES_RULES["valid_subtotal"](line)]
        counts.append(of_update)
    orders = _orders(seen)
    silver = [order for order in orders if _valid(order)]
    customers = _customers(seen, countries)
    history = _books_history(seen)
    tables = {
        "orders_silver": [_order_row(order) for order in silver],
        "orders_quarantine": [_order_row(order) for order in orders if not _valid(order)],
        "customers_silver": customers,
        "books_silver": history,
        "current_books": _current_books(history),
        "books_sales": sales,
        "countries_stats": _countries_stats(silver, customers),
        "authors_stats": _authors_stats(sales),
    }
    bronze = Counter((message.topic, message.time.strftime("%Y-%m")) for message in seen)
    return Expected({name: _sorted(rows) for name, rows in tables.items()}, dict(bronze), counts)


def comparable(rows: list[Any]) -> list[tuple[Any, ...]]:
    """Rows as plain values in the order of `Expected.tables`: times of UTC, tuples for structs and arrays."""
    return _sorted([_plain(row) for row in rows])


# ---------------------------------------------------------------------------------------------------------------------
# Raw files


def _messages(path: Path) -> dict[int, list[_Message]]:
    """Messages by landing: the number that each file's name bears."""
    found: dict[int, list[_Message]] = defaultdict(list)
    for file in sorted((path / "kafka-raw-etl").rglob("*.json")):
        name = re.fullmatch(r"\w+-(\d+)-\d+\.json", file.name)
        assert name, file
        for line in file.read_text().splitlines():
            raw = json.loads(line)
            value = json.loads(base64.b64decode(raw["value"]), parse_float=Decimal)
            when = datetime.fromtimestamp(raw["timestamp"] / 1000, tz=timezone.utc)
            found[int(name[1])].append(_Message(raw["topic"], value, when))
    return found


def _countries(path: Path) -> dict[str, str]:
    rows = [
        json.loads(line) for file in (path / "country_lookup").glob("*.json") for line in file.read_text().splitlines()
    ]
    return {row["code"]: row["country"] for row in rows}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _money(value: Decimal | int) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"))


# ---------------------------------------------------------------------------------------------------------------------
# Rules


def _valid(order: dict[str, Any]) -> bool:
    return order["quantity"] is not None and order["quantity"] > 0


BOOK_RULES = {
    "has_title": lambda book: book["title"] is not None,
    "has_author": lambda book: book["author"] is not None,
    "valid_price": lambda book: book["price"] > 0,
}

# On a line of an order: (order, line, row of current_books).
SALES_RULES = {
    "valid_subtotal": lambda line: _money(line[1]["subtotal"]) == line[1]["quantity"] * line[2][3],
    "valid_price": lambda line: line[2][3] > 0,
    "usual_quantity": lambda line: line[1]["quantity"] <= 5,
}


def _judge(rows: list[Any], rules: dict[str, Any], drop: set[str] = frozenset()) -> DatasetCounts:
    counts = DatasetCounts(evaluated=len(rows))
    for name, rule in rules.items():
        failed = sum(not rule(row) for row in rows)
        counts.rules[name] = (len(rows) - failed, failed)
    counts.dropped = sum(any(not rules[name](row) for name in drop) for row in rows)
    return counts


# ---------------------------------------------------------------------------------------------------------------------
# Tables


def _orders(messages: list[_Message]) -> list[dict[str, Any]]:
    return [message.value for message in messages if message.topic == "orders"]


def _order_row(order: dict[str, Any]) -> tuple[Any, ...]:
    books = [(book["book_id"], book["quantity"], _money(book["subtotal"])) for book in order["books"]]
    return (
        order["order_id"],
        _time(order["order_timestamp"]),
        order["customer_id"],
        order["quantity"],
        _money(order["total"]),
        tuple(books),
    )


def _by_key(messages: list[_Message], topic: str, key: str, sequence: str) -> dict[str, list[dict[str, Any]]]:
    """Events of each key, oldest first by their sequence, whatever order they came in."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in messages:
        if message.topic == topic:
            found[message.value[key]].append(message.value)
    for events in found.values():
        events.sort(key=lambda event: _time(event[sequence]))
        times = [event[sequence] for event in events]
        assert len(set(times)) == len(times), "two events of one key at one time: the result would be undefined"
    return found


def _customers(messages: list[_Message], countries: dict[str, str]) -> list[tuple[Any, ...]]:
    rows = []
    for events in _by_key(messages, "customers", "customer_id", "row_time").values():
        last = events[-1]
        if last["row_status"] != "delete":
            columns = ("customer_id", "email", "first_name", "last_name", "city", "country_code")
            rows.append((*(last.get(column) for column in columns), countries.get(last.get("country_code", ""))))
    return rows


def _books_history(messages: list[_Message]) -> list[tuple[Any, ...]]:
    rows = []
    for events in _by_key(messages, "books", "book_id", "updated").values():
        versions: list[tuple[Any, ...]] = []
        for event in events:
            bad = not all(rule(event) for rule in BOOK_RULES.values())
            content = (event["book_id"], event["title"], event["author"], _money(event["price"]), bad)
            if not versions or versions[-1][0] != content:  # an equal version continues the one before
                versions.append((content, _time(event["updated"])))
        ends = [start for _, start in versions[1:]] + [None]
        rows += [(*content, start, end) for (content, start), end in zip(versions, ends, strict=True)]
    return rows


def _current_books(history: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row[:5] for row in history if row[6] is None]


def _sale(order: dict[str, Any], line: dict[str, Any], book: tuple[Any, ...]) -> tuple[Any, ...]:
    return (
        order["order_id"],
        _time(order["order_timestamp"]),
        order["customer_id"],
        book[0],
        book[1],
        book[2],
        line["quantity"],
        _money(line["subtotal"]),
    )


def _countries_stats(orders: list[dict[str, Any]], customers: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    country_of = {customer[0]: customer[6] for customer in customers}
    groups: dict[tuple[str | None, date], list[int]] = defaultdict(list)
    for order in orders:
        if order["customer_id"] in country_of:
            day = _time(order["order_timestamp"]).date()
            groups[country_of[order["customer_id"]], day].append(order["quantity"])
    return [(country, day, len(quantities), sum(quantities)) for (country, day), quantities in groups.items()]


def _authors_stats(sales: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    groups: dict[tuple[str, datetime], list[tuple[Any, ...]]] = defaultdict(list)
    for sale in sales:
        minutes = (sale[1] - datetime(1970, 1, 1, 0, 2, tzinfo=timezone.utc)) // timedelta(minutes=5)
        start = datetime(1970, 1, 1, 0, 2, tzinfo=timezone.utc) + minutes * timedelta(minutes=5)
        groups[sale[5] or "unknown", start].append(sale)
    return [
        (
            author,
            start,
            start + timedelta(minutes=5),
            len({sale[0] for sale in group}),
            sum(sale[6] for sale in group),
            sum(sale[7] for sale in group),
        )
        for (author, start), group in groups.items()
    ]


# ---------------------------------------------------------------------------------------------------------------------
# Comparing


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(_plain(part) for part in value.values())
    if isinstance(value, (tuple, list)):
        return tuple(_plain(part) for part in value)
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc)  # Spark gives times of this machine's zone, without naming it
    return value


def _sorted(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)
