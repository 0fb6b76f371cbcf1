"""``@expect`` and its kin. They compose with dataset decorators in any order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ldp_jupyter.declarations import Action, Dataset, Declarations, Expectation
from ldp_jupyter.errors import LdpError
from ldp_jupyter.pipelines import arguments as check

if TYPE_CHECKING:
    from collections.abc import Callable

    from ldp_jupyter.locations import Location

# Rules met before the dataset decorator, and datasets already declared, by function. Weak: a kernel reruns cells for
# hours.
_pending: WeakKeyDictionary[Any, list[Expectation]] = WeakKeyDictionary()
_declared: WeakKeyDictionary[Any, list[tuple[Declarations, Dataset]]] = WeakKeyDictionary()


def expect(name: str, inv: Any = None, **alias: Any) -> Callable[[Any], Any]:
    """Keep rows that violate the rule, and count them.

    Parameters:
        name: unique within the dataset.
        inv: SQL condition or Column; NULL counts as a violation.
    """
    return _one("expect", name, inv, Action.WARN, alias)


def expect_or_drop(name: str, inv: Any = None, **alias: Any) -> Callable[[Any], Any]:
    """Drop rows that violate the rule, and count them."""
    return _one("expect_or_drop", name, inv, Action.DROP, alias)


def expect_or_fail(name: str, inv: Any = None, **alias: Any) -> Callable[[Any], Any]:
    """Fail the update at the first row that violates the rule; nothing of its batch is written."""
    return _one("expect_or_fail", name, inv, Action.FAIL, alias)


def expect_all(expectations: dict[str, Any]) -> Callable[[Any], Any]:
    """Several rules at once, as `expect`."""
    return _decorator(from_dict("expect_all", "expectations", expectations, "warn", check.caller_location()))


def expect_all_or_drop(expectations: dict[str, Any]) -> Callable[[Any], Any]:
    """Several rules at once, as `expect_or_drop`."""
    return _decorator(from_dict("expect_all_or_drop", "expectations", expectations, "drop", check.caller_location()))


def expect_all_or_fail(expectations: dict[str, Any]) -> Callable[[Any], Any]:
    """Several rules at once, as `expect_or_fail`."""
    return _decorator(from_dict("expect_all_or_fail", "expectations", expectations, "fail", check.caller_location()))


def from_dict(function: str, parameter: str, rules: Any, action: str, place: Location | None) -> list[Expectation]:
    """Rules of a dict of name to condition."""
    if not isinstance(rules, dict):
        check.wrong(function, parameter, rules, "a dict of rule name to condition")
    return [_rule(function, name, condition, Action(action), place) for name, condition in rules.items()]


def pending_of(function: Any) -> list[Expectation]:
    """Rules that stand below the dataset decorator, in the order written."""
    try:
        return list(_pending.pop(function, []))
    except TypeError:  # not weakly referable: no rule can have been put on it
        return []


def remember_dataset(function: Any, declarations: Declarations, dataset: Dataset) -> None:
    """Let rules that stand above the dataset decorator find their dataset."""
    try:
        _declared.setdefault(function, []).append((declarations, dataset))
    except TypeError:
        return


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


def _rule(function: str, name: Any, condition: Any, action: Action, place: Location | None) -> Expectation:
    if not isinstance(name, str):
        check.wrong(function, "name", name, "str")
    if not isinstance(condition, str) and not check.is_column(condition):
        check.wrong(function, "inv", condition, "an SQL condition (str) or a Column")
    return Expectation(name, condition, action, place)


def _decorator(rules: list[Expectation]) -> Callable[[Any], Any]:
    def attach(function: Any) -> Any:
        if not callable(function):
            raise LdpError(
                "LDP-2011", "an expectation must stand on a dataset function", location=check.caller_location()
            )
        declared = _declared.get(function)
        if declared:  # the decorator stands above @table
            declarations, dataset = declared[-1]
            names = {rule.name for rule in dataset.expectations}
            for rule in rules:
                if rule.name in names:
                    raise LdpError(
                        "LDP-2006",
                        f'expectation "{rule.name}" stands twice on dataset "{dataset.name.table}"',
                        location=rule.location,
                    )
            changed = replace(dataset, expectations=(*rules, *dataset.expectations))
            declarations.replace_dataset(dataset, changed)
            declared[-1] = (declarations, changed)
        else:  # decorators apply from the bottom up: put the new ones first
            _pending[function] = [*rules, *_pending.get(function, [])]
        return function

    return attach
