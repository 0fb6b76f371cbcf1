"""Query results."""

import csv
import io
import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from ldp_jupyter.display import DataView
from ldp_jupyter.display.frame import cell_text, json_value
from ldp_jupyter.graph.model import Column


class Struct(tuple):
    """A row with names, as Spark gives it."""

    __slots__ = ()

    def asDict(self):  # noqa: N802
        return {"a": self[0], "b": self[1]}


def rows(count):
    return [(i, f"Book {i}") for i in range(count)]


COLUMNS = [Column("id", "bigint"), Column("title", "string")]


@pytest.mark.parametrize(
    ("count", "options", "caption"),
    [
        (12, {}, "12 rows"),
        (1, {}, "1 row"),
        (0, {}, "0 rows"),
        (250, {}, "first 100 of 250 rows"),
        (100, {"total": 976}, "first 100 of 976 rows"),
        (100, {"more": True}, "first 100 rows, there are more"),
        (8, {"limit": 5}, "first 5 of 8 rows"),
    ],
)
def test_the_caption_says_how_much_is_shown(count, options, caption):
    view = DataView(COLUMNS, rows(count), **options)
    assert view.caption == caption
    assert view.text().splitlines()[-1] == caption
    page = BeautifulSoup(str(view.html()), "html.parser")
    assert len(page.tbody.find_all("tr")) == min(count, options.get("limit", 100))
    assert caption in page.get_text()


def test_a_statement_has_no_rows_to_show():
    assert DataView([], []).text() == "Done."
    assert "Done." in DataView([], []).html()


def test_headers_carry_types_and_null_is_not_a_text():
    view = DataView(COLUMNS, [(1, None), (2, "NULL")])
    page = BeautifulSoup(str(view.html()), "html.parser")
    assert [th.get_text(" ") for th in page.find_all("th")] == ["id bigint", "title string"]
    cells = page.find_all("td")
    assert cells[1].find("i") is not None
    assert cells[3].find("i") is None
    assert cells[3].get_text() == "NULL"
    assert "text-align:right" in cells[0]["style"]


def test_nested_values_are_json():
    view = DataView([Column("s", "struct<a:int,b:array<string>>")], [(Struct((1, ["x", "é"])),), ({"k": None},)])
    assert '{"a": 1, "b": ["x", "é"]}' in view.text()
    assert '{"k": null}' in view.text()


def test_long_values_are_cut_for_readers_only():
    view = DataView([Column("t", "string")], [("x" * 1000,)])
    assert "x" * 1000 not in str(view.html())
    assert view.to_json() == [{"t": "x" * 1000}]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Decimal("10.50"), 10.5),
        (Decimal("1E+2"), 100),
        (Decimal("123456789012345678901234567890.12"), "123456789012345678901234567890.12"),
        (float("nan"), "nan"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), "2026-01-02T03:04:05+00:00"),
        (timedelta(hours=1), "1:00:00"),
        (b"\x00\xff", "0x00ff"),
        (Struct((1, Struct((2, None)))), {"a": 1, "b": {"a": 2, "b": None}}),
        ({1: "x"}, {"1": "x"}),
        ([True, None], [True, None]),
    ],
)
def test_json_values(value, plain):
    assert json_value(value) == plain
    json.dumps(json_value(value), allow_nan=False)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_never_rounded(value):
    shown = json_value(value)
    assert Decimal(shown if isinstance(shown, (str, int)) else repr(shown)) == value


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (Decimal("1E+2"), "100"), (1.5, "1.5"), (None, "NULL"), (0, "0")]
)
def test_cells(value, text):
    assert cell_text(value) == text


def test_csv_comes_back():
    view = DataView([*COLUMNS, Column("tags", "array<string>")], [(1, 'a "b",\nc', ["x"]), (2, None, None)], limit=1)
    read = list(csv.reader(io.StringIO(view.to_csv())))
    assert read == [["id", "title", "tags"], ["1", 'a "b",\nc', '["x"]'], ["2", "", ""]]


def test_columns_of_the_same_name_are_both_kept():
    view = DataView([Column("a", "int"), Column("a", "int"), Column("b", "int")], [(1, 2, 3)])
    assert view.to_json() == [{"a": 1, "a_2": 2, "b": 3}]
