"""`expect` and its kin, above and below the dataset decorator."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from core_samples import declaring, here, problem_of
from hypothesis import given
from hypothesis import strategies as st

from ldp_jupyter import pipelines as dp
from ldp_jupyter.declarations import Action

ONE = {
    "expect": (dp.expect, "warn"),
    "expect_or_drop": (dp.expect_or_drop, "drop"),
    "expect_or_fail": (dp.expect_or_fail, "fail"),
}
ALL = {
    "expect_all": (dp.expect_all, "warn"),
    "expect_all_or_drop": (dp.expect_all_or_drop, "drop"),
    "expect_all_or_fail": (dp.expect_all_or_fail, "fail"),
}


def rules(dataset: Any) -> list[tuple[str, str, str]]:
    return [(e.name, e.condition, e.action.value) for e in dataset.expectations]


@pytest.mark.parametrize(("decorator", "action"), ONE.values(), ids=ONE)
def test_one_rule(decorator: Any, action: str) -> None:
    with declaring() as declared:

        @dp.table
        @decorator("positive", "quantity > 0")
        def t() -> None: ...

        line = here() - 3

    (rule,) = declared.datasets[0].expectations
    assert (rule.name, rule.condition, rule.action) == ("positive", "quantity > 0", Action(action))
    assert (rule.location.file, rule.location.line) == (__file__, line)


@pytest.mark.parametrize(("decorator", "action"), ALL.values(), ids=ALL)
def test_several_rules(decorator: Any, action: str) -> None:
    with declaring() as declared:

        @dp.materialized_view
        @decorator({"a": "x > 0", "b": "y > 0"})
        def t() -> None: ...

    assert rules(declared.datasets[0]) == [("a", "x > 0", action), ("b", "y > 0", action)]


def test_spellings_of_the_condition() -> None:
    with declaring() as declared:

        @dp.view
        @dp.expect(name="a", inv="1")
        @dp.expect("b", condition="2")
        @dp.expect("c", constraint="3")
        @dp.expect("d", expectation="4")
        def t() -> None: ...

    assert rules(declared.datasets[0]) == [(n, c, "warn") for n, c in zip("abcd", "1234", strict=True)]


@given(st.permutations(["warn", "drop", "fail", "all"]), st.integers(0, 4))
def test_rules_stand_in_the_order_written_wherever_the_dataset_decorator_stands(order: list[str], place: int) -> None:
    decorators = {
        "warn": dp.expect("warn", "1"),
        "drop": dp.expect_or_drop("drop", "2"),
        "fail": dp.expect_or_fail("fail", "3"),
        "all": dp.expect_all_or_drop({"all 1": "4", "all 2": "5"}),
    }
    written: list[Any] = [decorators[name] for name in order]
    written.insert(place, dp.table(name="t"))

    def function() -> str:
        return "rows"

    with declaring() as declared:
        for decorator in reversed(written):
            function = decorator(function)
    (dataset,), (flow,) = declared.datasets, declared.flows
    expected = list(itertools.chain(*(["all 1", "all 2"] if name == "all" else [name] for name in order)))
    assert [e.name for e in dataset.expectations] == expected
    assert flow.query.function() == function() == "rows"


def test_one_function_may_serve_several_datasets_each_with_its_rules() -> None:
    def source() -> str:
        return "rows"

    with declaring() as declared:
        for name, condition in {"north": "a", "south": "b"}.items():
            dp.table(name=name)(dp.expect_or_drop("only", condition)(source))
        dp.table(name="west")(source)
    assert [(d.name.table, rules(d)) for d in declared.datasets] == [
        ("north", [("only", "a", "drop")]), ("south", [("only", "b", "drop")]), ("west", []),
    ]  # fmt: skip


def test_rules_below_hold_for_every_dataset_made_of_the_function() -> None:
    @dp.expect("r", "a")
    def source() -> None: ...

    with declaring() as declared:
        for name in ("one", "two"):
            dp.table(name=name)(source)
    assert [rules(d) for d in declared.datasets] == [[("r", "a", "warn")]] * 2


def test_a_rule_above_goes_to_the_dataset_below_it_only() -> None:
    with declaring() as declared:

        @dp.table(name="other")
        def first() -> None: ...

        @dp.expect("r", "a")
        @dp.table
        def second() -> None: ...

    assert [len(d.expectations) for d in declared.datasets] == [0, 1]


def test_a_column_is_a_condition() -> None:
    from pyspark.sql import Column

    class Anything(Column):
        def __new__(cls) -> Anything:
            return object.__new__(cls)

    condition = Anything()
    with declaring() as declared:
        dp.table(dp.expect("r", condition)(dict), name="t")
    assert declared.datasets[0].expectations[0].condition is condition


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: dp.expect("r"), "expect(inv=...) got NoneType None; accepted: an SQL condition (str) or a Column"),
        (lambda: dp.expect("r", 1), "expect(inv=...) got int 1"),
        (lambda: dp.expect(dict, "a"), "expect(name=...)"),
        (lambda: dp.expect_or_drop(None, "a"), "expect_or_drop(name=...)"),
        (lambda: dp.expect_or_fail("r", ["a"]), "expect_or_fail(inv=...)"),
        (lambda: dp.expect_all("a > 0"), "expect_all(expectations=...) got str 'a > 0'; accepted: a dict"),
        (lambda: dp.expect_all_or_drop({"r": None}), "expect_all_or_drop(expectations=...) got NoneType None"),
        (lambda: dp.expect_all_or_fail([("r", "a")]), "expect_all_or_fail(expectations=...)"),
        (lambda: dp.expect("r", "a", action="drop"), 'expect() has no parameter "action"'),
        (lambda: dp.expect("r", "a")("no function"), "must stand on a dataset function"),
    ],
)
def test_wrong_arguments(call: Any, said: str) -> None:
    with declaring():
        line = call.__code__.co_firstlineno
        problem = problem_of(call)
    assert problem.code == "LDP-2011"
    assert said in problem.message
    assert (problem.location.file, problem.location.line) == (__file__, line)


def test_the_bare_decorator_is_told_what_is_missing() -> None:
    with declaring():
        problem = problem_of(lambda: dp.expect(test_several_rules))
    assert "expect(name=...) got function" in problem.message


@pytest.mark.parametrize("above", [True, False])
def test_the_same_rule_twice(above: bool) -> None:
    with declaring() as declared:
        line = here() + 1
        rule = dp.expect("r", "b")

        def declare() -> None:
            below = dp.expect("r", "a")
            if above:
                rule(dp.table(below(dict), name="t"))
            else:
                dp.table(rule(below(dict)), name="t")

        problem = problem_of(declare)
    assert (problem.code, problem.message) == ("LDP-2006", 'expectation "r" stands twice on dataset "t"')
    assert problem.location.file == __file__
    if above:
        assert problem.location.line == line
        assert rules(declared.datasets[0]) == [("r", "a", "warn")]
    else:
        assert declared.datasets == []


@pytest.mark.parametrize("flow", ["append_flow", "update_flow"])
def test_rules_do_not_go_with_flows(flow: str) -> None:
    decorator = getattr(dp, flow)(target="t")
    rule = dp.expect_or_drop("positive", "a > 0")
    for declare in (lambda: decorator(rule(dict.fromkeys)), lambda: rule(decorator(dict.fromkeys))):
        with declaring():
            problem = problem_of(declare)
        assert problem.code == "LDP-2011"
        assert problem.message == f'expectation "positive" cannot stand on @{flow}'
        assert "create_streaming_table" in problem.hint
