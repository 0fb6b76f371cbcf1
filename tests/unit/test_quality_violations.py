"""A violated rule, found again in the text of Spark's error; and counts from an observation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldp_jupyter.declarations import Action, Expectation
from ldp_jupyter.quality import RuleSet, Violation, find_violation
from ldp_jupyter.quality.rules import MARK

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


def told(dataset: str, rules: list[str], record: str) -> str:
    return f"{MARK}{json.dumps(dataset)}\u0002" + "\u0001".join(rules) + f"\u0002{record}\u0003"


def test_in_the_error_of_a_stream() -> None:
    text = (
        "[STREAM_FAILED] Query [id = 3f, runId = 77] terminated with exception: [TASK_WRITE_FAILED] Task failed while "
        "writing rows to file:/wh/main/default/orders. SQLSTATE: 58030 SQLSTATE: XXKST\n"
        "org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows\n"
        "org.apache.spark.SparkRuntimeException: [USER_RAISED_EXCEPTION] "
        + told("orders", ["positive", "known"], '{"n":-4,"note":"a \\"b\\""}')
        + " SQLSTATE: P0001"
    )
    assert find_violation(text) == Violation("orders", ["positive", "known"], '{"n":-4,"note":"a \\"b\\""}')


def test_in_the_error_of_a_batch() -> None:
    text = (
        "An error occurred while calling o123.save.\n: org.apache.spark.SparkException: Job aborted due to stage failure: "
        "Task 0 in stage 3.0 failed 1 times, most recent failure: Lost task 0.0 in stage 3.0 (TID 7) (host executor "
        "driver): org.apache.spark.SparkRuntimeException: [USER_RAISED_EXCEPTION] "
        + told("silver.t", ["r"], '{"a":null}')
        + " SQLSTATE: P0001\n\tat org.apache.spark.sql.errors.QueryExecutionErrors$.raiseError(X.scala:1)\n"
    )
    assert find_violation(text) == Violation("silver.t", ["r"], '{"a":null}')


def test_not_in_the_plan_that_spark_prints_with_an_error() -> None:
    plan = f'Filter raise_error(USER_RAISED_EXCEPTION, concat({MARK}"t"\u0002, concat_ws(\u0001, r), \u0002, to_json(a), \u0003))'
    assert find_violation(plan) is None
    assert find_violation(plan + "\n" + told("t", ["r"], "{}")) == Violation("t", ["r"], "{}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Job aborted due to stage failure",
        "[USER_RAISED_EXCEPTION] my own words",
        MARK,
        told("t", ["r"], '{"a": 1}')[:-1],
        told("t", ["r"], '{"cut off": "'),
    ],
)
def test_other_errors(text: str) -> None:
    assert find_violation(text) is None


@given(
    TEXT, st.lists(TEXT, min_size=1, max_size=3), st.dictionaries(TEXT, TEXT | st.none() | st.integers()), TEXT, TEXT
)
def test_whatever_the_row_and_the_names_hold(
    dataset: str, rules: list[str], row: dict[str, object], before: str, after: str
) -> None:
    record = json.dumps(row)
    found = find_violation(before + told(dataset, rules, record) + after)
    assert found == Violation(dataset, rules, record)


# ---- counts

RULES = (Expectation("a", "1", Action.WARN), Expectation("b", "2", Action.DROP), Expectation("c", "3", Action.FAIL))


def test_counts_of_a_pass_over_the_data() -> None:
    rules = RuleSet("silver.orders", RULES)
    assert rules.metric == "ldp:silver.orders"
    told = {"rules": json.dumps({"rows": 10, "failed": [1, 2, 0], "dropped": 2, "samples": [["{}"], ["a", "b"], []]})}
    counts = rules.counts(told)
    assert rules.written(told) == 8
    assert [(found["name"], found["rows"]) for found in rules.rows(told)] == [("a", ["{}"]), ("b", ["a", "b"])]
    assert counts["dropped_records"] == 2
    assert [(e["name"], e["dataset"], e["passed_records"], e["failed_records"]) for e in counts["expectations"]] == [
        ("a", "silver.orders", 9, 1), ("b", "silver.orders", 8, 2), ("c", "silver.orders", 10, 0),
    ]  # fmt: skip


def test_counts_of_a_pass_over_nothing() -> None:
    counts = RuleSet("t", RULES[:1]).counts({"rules": None})
    assert counts == {
        "dropped_records": 0,
        "expectations": [{"name": "a", "dataset": "t", "passed_records": 0, "failed_records": 0}],
    }
    assert RuleSet("t", ()).counts({}) == {"dropped_records": 0, "expectations": []}
    assert RuleSet("t", ()).written({"rows": 3}) == 3


def test_a_row_that_may_not_be_shown_is_none() -> None:
    assert find_violation(told("t", ["r"], "null")) == Violation("t", ["r"], None)
