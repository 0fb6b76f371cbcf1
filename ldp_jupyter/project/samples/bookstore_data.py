"""Data of the Bookstore sample: one landing of raw files after another, the same on every machine.

A landing is what arrived between two updates of the pipeline: an export of three Kafka topics, one JSON object for each
message, key and value in base64 as Kafka's bytes are exported::

    <dataset_path>/kafka-raw-etl/orders-00001-000.json
    <dataset_path>/kafka-raw-etl/customers-00001-000.json
    <dataset_path>/kafka-raw-etl/books-00001-000.json
    <dataset_path>/kafka-raw-etl/books-updates/books-00001-000.json     price changes come in a folder of their own
    <dataset_path>/country_lookup/countries.json

Of each 1,000 orders 24 are invalid (quantity zero, negative or missing), 18 have one line with a wrong subtotal, and 30
have one line of more than five books. From the second landing on some changes of customers and books arrive late:
after newer ones.

Run it as a command: ``python -m ldp_jupyter.project.samples.bookstore_data data 1``.
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ORDERS = 1000
# Of 1,000 orders; other numbers of orders in proportion.
INVALID_ORDERS = 24
WRONG_SUBTOTALS = 18
BULK_LINES = 30

CUSTOMERS = 100
BOOKS = 50

_FIRST_DAY = datetime(2026, 1, 30, tzinfo=timezone.utc)
_DAYS = 3  # of orders in a landing; the first landing spans two months
_MESSAGES_PER_FILE = 10_000
_PARTITIONS = 4

_COUNTRIES = {
    "AR": "Argentina",
    "BR": "Brazil",
    "CA": "Canada",
    "DE": "Germany",
    "EG": "Egypt",
    "FR": "France",
    "IN": "India",
    "JP": "Japan",
    "KE": "Kenya",
    "NZ": "New Zealand",
}
_AUTHORS = [
    "Ada Fennimore", "Bruno Castell", "Chiara Okafor", "Dmitri Halloran", "Esther Quill", "Farid Lindqvist",
    "Greta Moreau", "Hiro Tanabe", "Ines Barroso", "Jonas Abendroth", "Kamala Iyer", "Leif Sorensen",
]  # fmt: skip
_SUBJECTS = [
    "Rivers",
    "Graphs",
    "Streams",
    "Lanterns",
    "Harbors",
    "Ledgers",
    "Orchards",
    "Signals",
    "Bridges",
    "Clocks",
]
_KINDS = ["A History of", "Notes on", "The Art of", "Letters about", "An Atlas of"]
_GIVEN = ["Alma", "Boris", "Carla", "Dario", "Edith", "Felix", "Gilda", "Hugo", "Irma", "Joel"]
_FAMILY = ["Arnold", "Brandt", "Cortez", "Dubois", "Eriksen", "Fischer", "Gupta", "Hayashi", "Ibarra", "Jansen"]


@dataclass(frozen=True)
class _Message:
    key: str
    value: dict[str, Any]
    time: datetime


@dataclass
class _Shop:
    """Books and customers as they are after a landing, and the messages that the landing brought."""

    prices: dict[str, Decimal] = field(default_factory=dict)
    books: dict[str, dict[str, Any]] = field(default_factory=dict)
    book_times: dict[str, list[datetime]] = field(default_factory=dict)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    customer_times: dict[str, list[datetime]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    new_books: list[_Message] = field(default_factory=list)
    book_updates: list[_Message] = field(default_factory=list)
    customer_changes: list[_Message] = field(default_factory=list)


def land(dataset_path: str | Path, number: int, orders: int = ORDERS) -> list[Path]:
    """Write landing `number` (1, 2, 3, ...) and give the paths of its files.

    The same number always gives the same files; writing a landing again replaces them with equal ones.

    Parameters:
        dataset_path: folder of the raw data; made if it does not exist.
        orders: how many orders the landing brings, invalid ones included.

    Raises:
        ValueError: for a number below 1.
    """
    if number < 1:
        raise ValueError(f"landings are numbered from 1, not {number}")
    folder = Path(dataset_path)
    raw = folder / "kafka-raw-etl"
    updates = raw / "books-updates"
    lookup = folder / "country_lookup"
    for path in (updates, lookup):
        path.mkdir(parents=True, exist_ok=True)
    countries = lookup / "countries.json"
    countries.write_text(_lines({"code": code, "country": name} for code, name in _COUNTRIES.items()), encoding="utf-8")
    shop = _shop_after(number)
    paths = [countries]
    paths += _write(raw, "books", number, shop.new_books)
    paths += _write(updates, "books", number, shop.book_updates, first_offset=len(shop.new_books))
    paths += _write(raw, "customers", number, shop.customer_changes)
    paths += _write(raw, "orders", number, _orders(shop, number, orders))
    return paths


def share(per_thousand: int, orders: int) -> int:
    """How many of `orders` there are of something that 1,000 orders have `per_thousand` of."""
    return round(per_thousand * orders / 1000)


# ---------------------------------------------------------------------------------------------------------------------
# Books: new ones and changes of price


def _shop_after(number: int) -> _Shop:
    shop = _Shop()
    for landing in range(1, number + 1):
        shop.new_books, shop.book_updates, shop.customer_changes = [], [], []
        _change_books(shop, landing, Random(f"bookstore books {landing}"))
        _change_customers(shop, landing, Random(f"bookstore customers {landing}"))
    return shop


def _start_of(landing: int) -> datetime:
    return _FIRST_DAY + timedelta(days=_DAYS * (landing - 1))


def _change_books(shop: _Shop, landing: int, random: Random) -> None:
    clock = _Clock(_start_of(landing) + timedelta(hours=6))
    for _ in range(BOOKS if landing == 1 else 2):
        number = len(shop.books) + 1
        subject, kind = _SUBJECTS[(number - 1) % 10], _KINDS[(number - 1) // 10 % 5]
        book = {
            "book_id": f"B{number:03d}",
            "title": f"{kind} {subject}" + (f", volume {(number - 1) // 50 + 1}" if number > 50 else ""),
            "author": _AUTHORS[random.randrange(len(_AUTHORS))],
            "price": str(Decimal(random.randrange(500, 6000)) / 100),
        }
        first: dict[str, Any] = dict(book)
        # Catalogue entries that came in half done: the rules of `books_raw` mark them. They are completed later in the
        # same landing, except for one book of each later landing, which is completed in the landing after it
        # at the latest.
        if (landing == 1 and number in (7, 21)) or (landing > 1 and number % 2):
            first["author"] = None
        if landing == 1 and number == 33:
            first["title"] = None
        shop.books[book["book_id"]] = book
        _book_message(shop, shop.new_books, first, clock.tick(), arrives=clock.now)
    if landing == 1:
        for number in (7, 21, 33):
            _book_message(shop, shop.book_updates, shop.books[f"B{number:03d}"], clock.tick(), arrives=clock.now)
    elif landing > 2:
        book = shop.books[f"B{BOOKS + 2 * (landing - 3) + 1:03d}"]
        if len(shop.book_times[book["book_id"]]) == 1:  # else a change of price has completed it already
            _book_message(shop, shop.book_updates, book, clock.tick(), arrives=clock.now)
    ids = _some(list(shop.books), 12, random)
    for book_id in ids:
        book = shop.books[book_id]
        # Up or down by 3 to 20 percent, never the same price.
        change = Decimal(random.randrange(3, 21)) / 100 * (1 if random.randrange(2) else -1)
        book["price"] = str((Decimal(book["price"]) * (1 + change)).quantize(Decimal("0.01")))
        _book_message(shop, shop.book_updates, book, clock.tick(), arrives=clock.now)
    if landing == 1:
        return
    # Changes that happened before ones already sent: history must take them in at their place, the price stays. One is
    # late within its landing; three come a landing late, between two versions that the pipeline knows already.
    known = [book_id for book_id, times in shop.book_times.items() if len(times) > 1 and book_id not in ids]
    for book_id in [ids[0], *_some(known, 3, random)]:
        late = {**shop.books[book_id], "price": str(Decimal(shop.books[book_id]["price"]) + landing)}
        before, last = shop.book_times[book_id][-2:] if len(shop.book_times[book_id]) > 1 else (clock.now, clock.now)
        seconds = int((last - before).total_seconds() / 2)
        if seconds > 0:
            when = before + timedelta(seconds=seconds, milliseconds=landing)
            _book_message(shop, shop.book_updates, late, when, arrives=clock.tick())


def _book_message(
    shop: _Shop, messages: list[_Message], book: dict[str, Any], updated: datetime, *, arrives: datetime
) -> None:
    book_id = book["book_id"]
    messages.append(_Message(book_id, {**book, "price": float(book["price"]), "updated": _iso(updated)}, arrives))
    times = shop.book_times.setdefault(book_id, [])
    if not times or updated > times[-1]:
        shop.prices[book_id] = Decimal(book["price"])
    times.append(updated)
    times.sort()


# ---------------------------------------------------------------------------------------------------------------------
# Customers: inserts, updates, deletes, late ones


def _change_customers(shop: _Shop, landing: int, random: Random) -> None:
    clock = _Clock(_start_of(landing) + timedelta(hours=7))
    codes = list(_COUNTRIES)
    earlier = list(shop.customers)
    for _ in range(CUSTOMERS if landing == 1 else 10):
        number = len(shop.customer_times) + 1
        given, family = _GIVEN[random.randrange(10)], _FAMILY[random.randrange(10)]
        customer = {
            "customer_id": f"C{number:05d}",
            "email": f"{given}.{family}.{number}@example.com".lower(),
            "first_name": given,
            "last_name": family,
            "city": f"City {random.randrange(1, 40)}",
            "country_code": codes[random.randrange(len(codes))],
        }
        shop.customers[customer["customer_id"]] = customer
        _customer_message(shop, customer, "insert", clock.tick(), arrives=clock.now)
    changed = _some(list(shop.customers), 30 if landing == 1 else 15, random)
    for customer_id in changed:
        customer = shop.customers[customer_id]
        customer["city"] = f"City {random.randrange(40, 80)}"
        if random.randrange(3) == 0:  # moved to another country
            customer["country_code"] = codes[(codes.index(customer["country_code"]) + 1) % len(codes)]
        _customer_message(shop, customer, "update", clock.tick(), arrives=clock.now)
    gone = _some([c for c in shop.customers if c not in changed], 6 if landing == 1 else 3, random)
    for customer_id in gone:
        # A delete brings the key alone.
        _customer_message(shop, {"customer_id": customer_id}, "delete", clock.tick(), arrives=clock.now)
    if landing > 1:
        # Late: must not undo what is newer. One is late within its landing; three updates and a delete come a landing
        # late.
        calm = [c for c in earlier if c not in changed and c not in gone]
        for customer_id in [changed[0], *(late_ones := _some(calm, 4, random))]:
            late: dict[str, Any] = {**shop.customers[customer_id], "city": "City of the past"}
            status = "update"
            if customer_id == late_ones[-1]:
                late, status = {"customer_id": customer_id}, "delete"
            when = shop.customer_times[customer_id][-1] - timedelta(minutes=30, milliseconds=landing)
            _customer_message(shop, late, status, when, arrives=clock.tick())
        # Late for a customer who was deleted a landing ago or earlier: must not bring the customer back.
        ghost = shop.deleted[-1]
        late = {"customer_id": ghost, "email": "ghost@example.com", "city": "City of ghosts", "country_code": codes[0]}
        when = shop.customer_times[ghost][-1] - timedelta(minutes=1, milliseconds=landing)
        _customer_message(shop, late, "update", when, arrives=clock.tick())
        # Deleted in an earlier landing, a customer again now.
        back = shop.deleted[0]
        again = {
            "customer_id": back,
            "email": f"back.again.{landing}@example.com",
            "first_name": "Back",
            "last_name": "Again",
            "city": "City 1",
            "country_code": codes[landing % len(codes)],
        }
        shop.deleted.remove(back)
        shop.customers[back] = again
        _customer_message(shop, again, "insert", clock.tick(), arrives=clock.now)
    for customer_id in gone:
        del shop.customers[customer_id]
        shop.deleted.append(customer_id)


def _customer_message(
    shop: _Shop, customer: dict[str, Any], status: str, row_time: datetime, *, arrives: datetime
) -> None:
    customer_id = customer["customer_id"]
    value = {**customer, "row_status": status, "row_time": _iso(row_time)}
    shop.customer_changes.append(_Message(customer_id, value, arrives))
    times = shop.customer_times.setdefault(customer_id, [])
    times.append(row_time)
    times.sort()


# ---------------------------------------------------------------------------------------------------------------------
# Orders


def _orders(shop: _Shop, landing: int, count: int) -> Iterator[_Message]:
    random = Random(f"bookstore orders {landing}")
    special = iter(
        _some(range(count), sum(share(n, count) for n in (INVALID_ORDERS, WRONG_SUBTOTALS, BULK_LINES)), random)
    )
    invalid, wrong, bulk = (
        {next(special) for _ in range(share(n, count))} for n in (INVALID_ORDERS, WRONG_SUBTOTALS, BULK_LINES)
    )
    buyers, books = sorted(shop.customer_times), sorted(shop.prices)
    bad = 0
    for number in range(count):
        # Between 10:00 and 12:00 UTC, so that an order's day is the same in nearly every time zone.
        seconds = (number * _DAYS * 7200) // max(count, 1)
        day, second = divmod(seconds, 7200)
        time = _start_of(landing) + timedelta(days=day, hours=10, seconds=second)
        lines = []
        for place, book_id in enumerate(_some(books, 1 + random.randrange(3), random)):
            quantity = 1 + random.randrange(3)
            if number in bulk and place == 0:
                quantity = 6 + random.randrange(5)
            subtotal = shop.prices[book_id] * quantity
            if number in wrong and place == 0:
                subtotal += 1  # the till made a mistake
            lines.append({"book_id": book_id, "quantity": quantity, "subtotal": subtotal})
        order: dict[str, Any] = {
            "order_id": f"O{landing:03d}-{number + 1:07d}",
            "order_timestamp": _iso(time),
            "customer_id": buyers[random.randrange(len(buyers))],
            "quantity": sum(line["quantity"] for line in lines),
            "total": float(sum(line["subtotal"] for line in lines)),
            "books": [{**line, "subtotal": float(line["subtotal"])} for line in lines],
        }
        if number in invalid:
            order["quantity"] = (0, -1 - random.randrange(3), None)[bad % 3]
            bad += 1
        yield _Message(order["order_id"], order, time + timedelta(milliseconds=random.randrange(1000)))


# ---------------------------------------------------------------------------------------------------------------------
# Messages into files


class _Clock:
    """Counts seconds, so that no two changes of the shop have the same time."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def tick(self) -> datetime:
        self.now += timedelta(seconds=17)
        return self.now


def _iso(time: datetime) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def _some(values: Iterable[Any], count: int, random: Random) -> list[Any]:
    """`count` different values, in random order: the first steps of a shuffle."""
    pool = list(values)
    count = min(count, len(pool))
    for place in range(count):
        other = place + random.randrange(len(pool) - place)
        pool[place], pool[other] = pool[other], pool[place]
    return pool[:count]


def _write(
    folder: Path, topic: str, landing: int, messages: Iterable[_Message], *, first_offset: int = 0
) -> list[Path]:
    paths: list[Path] = []
    chunk: list[dict[str, Any]] = []

    def flush() -> None:
        if chunk:
            path = folder / f"{topic}-{landing:05d}-{len(paths):03d}.json"
            path.write_text(_lines(chunk), encoding="utf-8")
            paths.append(path)
            chunk.clear()

    for number, message in enumerate(messages, start=first_offset):
        chunk.append(
            {
                "key": _base64(message.key),
                "value": _base64(_json(message.value)),
                "topic": topic,
                "partition": zlib.crc32(message.key.encode()) % _PARTITIONS,
                "offset": landing * 100_000_000 + number,
                "timestamp": round(message.time.timestamp() * 1000),
            }
        )
        if len(chunk) == _MESSAGES_PER_FILE:
            flush()
    flush()
    return paths


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_json = json.JSONEncoder(separators=(",", ":")).encode


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(_json(row) + "\n" for row in rows)


def main(arguments: list[str]) -> int:
    """``DATASET_PATH [LANDING [ORDERS]]``: write a landing, the first one unless another is named."""
    if not 1 <= len(arguments) <= 3:
        sys.stderr.write(
            "usage: python -m ldp_jupyter.project.samples.bookstore_data DATASET_PATH [LANDING [ORDERS]]\n"
        )
        return 2
    number = int(arguments[1]) if len(arguments) > 1 else 1
    paths = land(arguments[0], number, int(arguments[2]) if len(arguments) > 2 else ORDERS)
    sys.stdout.write("".join(f"{path}\n" for path in paths))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
