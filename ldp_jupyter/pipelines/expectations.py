"""``@expect`` and its kin. They compose with dataset decorators in any order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ldp_jupyter.declarations import Action, Expectation
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines import arguments as check
from ldp_jupyter.pipelines.layers import innermost, layer, mark_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.locations import Location

_NOT_ON_FLOWS = "put it on the flow's target, e.g. create_streaming_table(..., expect_all={...})"


@check.api
def expect(name: str, inv: Any = None, **alias: Any) -> Callable[[Any], Any]:
    """Keep rows that violate the rule, and count them.

    Parameters:
        name: unique within the dataset.
        inv: SQL condition or Column; NULL counts as a violation.
    """
    return _one("expect", name, inv, Action.WARN, alias)


@check.api
def expect_or_drop(name: str, inv: Any = None, **alias: Any) -> Callable[[Any], Any]:
    """Drop rows that violate the rule, and count them."""
    return _one("expect_or_drop", name, inv, Action.DROP, alias)


@check.api
def expect_or_fail(name: str, inv: Any = None, **alias: Any) -> Callable[[Any], Any]:
    """Fail the update at the first row that violates the rule; nothing of its batch is written."""
    return _one("expect_or_fail", name, inv, Action.FAIL, alias)


@check.api
def expect_all(expectations: dict[str, Any]) -> Callable[[Any], Any]:
    """Several rules at once, as `expect`."""
    return _decorator(from_dict("expect_all", "expectations", expectations, "warn", check.caller_location()))


@check.api
def expect_all_or_drop(expectations: dict[str, Any]) -> Callable[[Any], Any]:
    """Several rules at once, as `expect_or_drop`."""
    return _decorator(from_dict("expect_all_or_drop", "expectations", expectations, "drop", check.caller_location()))


@check.api
def expect_all_or_fail(expectations: dict[str, Any]) -> Callable[[Any], Any]:
    """Several rules at once, as `expect_or_fail`."""
    return _decorator(from_dict("expect_all_or_fail", "expectations", expectations, "fail", check.caller_location()))


def from_dict(function: str, parameter: str, rules: Any, action: str, place: Location | None) -> list[Expectation]:
    """Rules of a dict of name to condition."""
    if not isinstance(rules, dict):
        check.wrong(function, parameter, rules, "a dict of rule name to condition")
    return [_rule(function, name, condition, Action(action), place, parameter) for name, condition in rules.items()]


def rules_of(function: Any) -> tuple[Expectation, ...]:
    """Rules that stand below a dataset decorator, in the order written."""
    mark = mark_of(function)
    return () if mark is None else mark.rules


def refuse_rules(decorator: str, function: Any) -> None:
    """Expectations do not go with flows.

    Raises:
        LdpError: LDP-2011 when there are some below the flow's decorator.
    """
    rules = rules_of(function)
    if rules:
        raise _on_a_flow(decorator, rules[0])


def _on_a_flow(decorator: str, rule: Expectation) -> LdpError:
    return LdpError(
        "LDP-2011",
        f'expectation "{rule.name}" cannot stand on @{decorator}',
        hint=_NOT_ON_FLOWS,
        location=rule.location,
    )


def _one(function: str, name: Any, inv: Any, action: Action, alias: dict[str, Any]) -> Callable[[Any], Any]:
    condition = inv
    for key in ("condition", "constraint", "expectation"):  # spellings met in the field
        if condition is None and key in alias:
            condition = alias.pop(key)
    if alias:
        raise LdpError(
            "LDP-2011",
            f'{function}() has no parameter "{next(iter(alias))}"',
            hint="parameters: name, inv",
            location=check.caller_location(),
        )
    return _decorator([_rule(function, name, condition, action, check.caller_location())])


def _rule(
    function: str, name: Any, condition: Any, action: Action, place: Location | None, parameter: str | None = None
) -> Expectation:
    if not isinstance(name, str):
        check.wrong(function, parameter or "name", name, "a rule's name (str)")
    if not isinstance(condition, str) and not check.is_column(condition):
        check.wrong(function, parameter or "inv", condition, "an SQL condition (str) or a Column")
    return Expectation(name, condition, action, place)


def _decorator(rules: list[Expectation]) -> Callable[[Any], Any]:
    def attach(function: Any) -> Any:
        if not callable(function):
            raise LdpError(
                "LDP-2011", "an expectation must stand on a dataset function", location=check.caller_location()
            )
        mark = mark_of(function)
        if mark is not None and mark.flow is not None and rules:
            raise _on_a_flow(mark.flow, rules[0])
        if mark is None or mark.dataset is None:  # decorators apply from the bottom up: the new rules come first
            return layer(innermost(function), rules=(*rules, *rules_of(function)))
        dataset = mark.dataset  # the decorator stands above the dataset's
        names = {rule.name for rule in dataset.expectations}
        for rule in rules:
            if rule.name in names:
                raise LdpError(
                    "LDP-2006",
                    f'expectation "{rule.name}" stands twice on dataset "{dataset.name.table}"',
                    location=rule.location,
                )
        changed = replace(dataset, expectations=(*rules, *dataset.expectations))
        assert mark.declarations is not None
        mark.declarations.replace_dataset(dataset, changed)
        mark.dataset = changed
        return function

    return attach
