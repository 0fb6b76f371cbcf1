from __future__ import annotations

import pytest
from core_samples import problem_of
from hypothesis import given
from hypothesis import strategies as st

from ldp_jupyter.names import Name, Namespace, did_you_mean, quote, split_name, suggest

HERE = Namespace("Main", "Default")
PARTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("t", ("main", "default", "t")),
        ("Silver.Orders", ("main", "silver", "orders")),
        ("Prod.Silver.Orders", ("prod", "silver", "orders")),
        ("LIVE.orders", ("main", "default", "orders")),
        ("live.orders", ("main", "default", "orders")),
        ("`a.b`.`c d`", ("main", "a.b", "c d")),
        (" s . t ", ("main", "s", "t")),
        ("`a``b`", ("main", "default", "a`b")),
        ("main.live.t", ("main", "live", "t")),
    ],
)
def test_a_name_means_a_table_in_the_default_catalog_and_schema(text: str, meant: tuple[str, str, str]) -> None:
    assert HERE.qualify(text).parts == meant


def test_parts_that_are_given_apart_are_not_split_again() -> None:
    assert HERE.qualify(["a.b", "t"]).parts == ("main", "a.b", "t")


def test_four_parts_are_too_many() -> None:
    problem = problem_of(lambda: HERE.qualify("a.b.c.d"))
    assert (problem.code, problem.message) == ("LDP-2021", '"a.b.c.d" has more than three parts')
    assert "catalog.schema.table" in (problem.hint or "")


@pytest.mark.parametrize("text", ["", " ", ".", "a.", ".a", "a..b", "`a", "a`b", "``", "a.``", "`a`b"])
def test_text_that_is_no_name(text: str) -> None:
    problem = problem_of(lambda: HERE.qualify(text))
    assert problem.code == "LDP-2021"
    assert f'"{text}" is not a name' in problem.message


@given(st.lists(PARTS, min_size=1, max_size=3))
def test_quoting_is_undone_by_splitting(parts: list[str]) -> None:
    assert split_name(quote(parts)) == parts


@given(st.lists(PARTS, min_size=1, max_size=3))
def test_the_quoted_name_means_the_same_table_everywhere(parts: list[str]) -> None:
    name = HERE.qualify(parts)
    assert Namespace("other", "place").qualify(name.quoted) == name


def test_only_what_needs_quotes_is_quoted() -> None:
    assert Name("main", "my schema", "t1").quoted == "main.`my schema`.t1"
    assert Name("main", "s", "1t").quoted == "main.s.`1t`"
    assert Name("main", "s", "t\n").quoted == "main.s.`t\n`"


def test_a_name_is_shown_as_short_as_it_can_be() -> None:
    assert HERE.shown(Name("main", "default", "t")) == "t"
    assert HERE.shown(Name("main", "silver", "t")) == "silver.t"
    assert HERE.shown(Name("prod", "default", "t")) == "prod.default.t"


@given(st.sampled_from(["a", "b"]), st.sampled_from(["a", "b"]), st.sampled_from(["a", "b"]))
def test_what_is_shown_means_the_same_table(catalog: str, schema: str, table: str) -> None:
    name, space = Name(catalog, schema, table), Namespace("a", "b")
    assert space.qualify(space.shown(name)) == name


def test_the_nearest_name_is_proposed_in_its_own_letters() -> None:
    assert suggest("order_silver", ["customers", "Orders_Silver"]) == "Orders_Silver"
    assert did_you_mean("ORDERS", ["orders", "other"]) == 'did you mean "orders"?'
    assert did_you_mean("x", ["orders"]) is None
    assert did_you_mean("orders", []) is None


@pytest.mark.parametrize(
    ("name", "part"),
    [
        (Name("main", "default", "a/b"), "a/b"),
        (Name("..", "default", "t"), ".."),
        (Name("main", ".", "t"), "."),
        (Name("main", "default", "a\\b"), "a\\b"),
        (Name("main", "a b", "t.u"), None),
    ],
)
def test_parts_that_cannot_be_folders(name: Name, part: str | None) -> None:
    assert name.unusable_part == part
