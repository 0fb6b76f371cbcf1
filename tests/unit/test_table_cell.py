"""`%%ldp_table`: its first line, and the body as a dataset's query."""

from __future__ import annotations

import types
from typing import Any

import pytest
from core_samples import context, declaring, problem_of

from ldp_jupyter.context import using
from ldp_jupyter.declarations import Declarations, Kind, SourceUnit
from ldp_jupyter.sources import TableCell, declare_table_cell, parse_table_line
from ldp_jupyter.sources.table_cell import help_text


def declare(line: str, body: str, **namespace: Any) -> tuple[Declarations, list[str]]:
    with declaring() as declared:
        captured = declare_table_cell(parse_table_line(line), body, "<cell>", namespace)
    return declared, captured


def test_a_bare_line() -> None:
    assert parse_table_line("") == TableCell(None)
    assert parse_table_line("orders") == TableCell("orders")


def test_all_options() -> None:
    cell = parse_table_line(
        "silver.orders --kind materialized_view --comment 'all of them' --expect a='x > 0' --expect b=\"y = 'z'\" "
        "--expect-or-drop c=q --expect-or-fail d=r --partition-by day,hour --partition-by region --cluster-by id "
        "--property delta.x=true --property quality=silver --schema 'a INT' --private"
    )
    assert cell == TableCell(
        "silver.orders", "materialized_view", "all of them",
        [("a", "x > 0", "warn"), ("b", "y = 'z'", "warn"), ("c", "q", "drop"), ("d", "r", "fail")],
        ["day", "hour", "region"], ["id"], {"delta.x": "true", "quality": "silver"}, "a INT", True,
    )  # fmt: skip


def test_short_options() -> None:
    cell = parse_table_line("t -k view -c x -e a=1 -d b=2 -f c=3 -p d -b i -P k=v -s 'a INT'")
    assert cell == TableCell(
        "t", "temporary_view", "x", [("a", "1", "warn"), ("b", "2", "drop"), ("c", "3", "fail")], ["d"], ["i"],
        {"k": "v"}, "a INT",
    )  # fmt: skip


def test_nothing_is_expanded() -> None:
    cell = parse_table_line("t --comment '$HOME {x}' --expect a='price > {limit} and $x'")
    assert (cell.comment, cell.expectations) == ("$HOME {x}", [("a", "price > {limit} and $x", "warn")])


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("t --expct a=b", "%%ldp_table does not know --expct", 'did you mean "--expect"?'),
        ("t --zzz", "%%ldp_table does not know --zzz", "options: --kind, --comment"),
        ("t --comm x", "%%ldp_table does not know --comm", 'did you mean "--comment"?'),
        ("t u", "%%ldp_table does not know u", "options:"),
        ("t --kind sink", "--kind", "%%ldp_table --help"),
        ("t --comment", "expected one argument", "%%ldp_table --help"),
        ("t --expect a", "--expect wants NAME=\"VALUE\", got 'a'", None),
        ("t --expect-or-drop =x", "--expect-or-drop wants", None),
        ("t --property k=", "--property wants", None),
        ("t --comment 'x", "No closing quotation", "quote conditions"),
    ],
)
def test_a_wrong_line(line: str, message: str, hint: str | None) -> None:
    problem = problem_of(lambda: parse_table_line(line))
    assert (problem.code, problem.exit_status) == ("LDP-1001", 2)
    assert message in problem.message
    assert (hint or "") in (problem.hint or "")


def test_the_help_lists_the_options() -> None:
    assert "--expect-or-drop" in help_text()
    assert "--partition-by" in help_text()


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("table", Kind.TABLE),
        ("streaming_table", Kind.TABLE),
        ("materialized_view", Kind.MATERIALIZED_VIEW),
        ("temporary_view", Kind.TEMPORARY_VIEW),
        ("view", Kind.TEMPORARY_VIEW),
    ],
)
def test_kinds(given: str, kind: Kind) -> None:
    declared, _ = declare(f"t --kind {given}", "1")
    assert declared.datasets[0].kind == kind


def test_the_last_expression_is_the_query() -> None:
    declared, _ = declare("silver.Orders", "\nx = base + 1\nif x > 1:\n    x = x * 2\nx", base=20)
    (dataset,), (flow,) = declared.datasets, declared.flows
    assert str(dataset.name) == "main.silver.orders"
    assert flow.query.function() == 42
    assert flow.location.line == 2


def test_names_of_the_notebook_are_seen_as_they_are_when_the_query_runs() -> None:
    namespace: dict[str, Any] = {"n": 1}
    with declaring() as declared:
        declare_table_cell(parse_table_line("t"), "n + helper()", "<cell>", namespace)
    namespace.update(n=2, helper=lambda: 40)
    assert declared.flows[0].query.function() == 42
    assert set(namespace) - {"__builtins__"} == {"n", "helper"}, "the cell leaves nothing in the notebook"


def test_options_reach_the_declaration_in_the_order_written() -> None:
    declared, _ = declare("t -e a=1 -e b=2 -d c=3 -f d=4 -c x -p day -P k=v -s 'a INT' --private", "1")
    (dataset,) = declared.datasets
    assert [(e.name, e.action.value) for e in dataset.expectations] == [
        ("a", "warn"), ("b", "warn"), ("c", "drop"), ("d", "fail"),
    ]  # fmt: skip
    assert (dataset.comment, dataset.options.partition_cols, dataset.options.properties) == ("x", ("day",), {"k": "v"})
    assert (dataset.options.schema, dataset.options.private) == ("a INT", True)


def test_a_cell_with_decorators_is_like_a_source() -> None:
    from ldp_jupyter import pipelines

    declared, captured = declare("", "@dp.table\ndef one(): ...\n\n@dp.view\ndef two(): ...\n", dp=pipelines)
    assert [d.name.table for d in declared.datasets] == ["one", "two"]
    assert captured == []


@pytest.mark.parametrize(
    ("body", "message", "hint", "line"),
    [
        ("\ndf = f(1)", "the last line of a %%ldp_table cell must be the DataFrame", "end with `df`", 2),
        ("\n\norders = f(1)", "the last line of a %%ldp_table cell must be the DataFrame", "end with `orders`", 3),
        ("x\nif x:\n    y", "the last line of a %%ldp_table cell must be the DataFrame", "end with `df`", 2),
        ("a.b = 1", "the last line of a %%ldp_table cell must be the DataFrame", "end with `df`", 1),
        ("a = b = 1", "the last line of a %%ldp_table cell must be the DataFrame", "end with `a`", 1),
    ],
)
def test_a_cell_that_does_not_end_with_its_dataframe(body: str, message: str, hint: str, line: int) -> None:
    problem = problem_of(lambda: declare("t", body))
    assert (problem.code, problem.message, problem.hint) == ("LDP-2001", message, hint)
    assert problem.location.line == line


@pytest.mark.parametrize("body", ["", "\n# nothing\n"])
def test_an_empty_cell(body: str) -> None:
    problem = problem_of(lambda: declare("t", body))
    assert (problem.code, problem.message) == ("LDP-2001", "the cell has no query")


def test_a_syntax_error_stays_one() -> None:
    with declaring(), pytest.raises(SyntaxError) as caught:
        declare_table_cell(parse_table_line("t"), "\nx = (", "<cell>", {})
    assert caught.value.lineno == 2


def test_variables_of_the_notebook_that_the_cell_uses_are_told() -> None:
    body = "import json\nlocal = limit + len(names)\nf = lambda row: row + limit\nspark.range(helper(local)).filter(condition)"
    _, captured = declare(
        "t",
        body,
        limit=1,
        names=[],
        helper=len,
        condition="a",
        spark=object(),
        dp=object(),
        math=types,
        unused=1,
        row=5,
    )
    assert captured == ["limit", "names", "helper", "condition"]


def test_a_name_that_is_no_identifier() -> None:
    for name in ("`my table`", "1st", "a-b", "_x", "class"):
        declared, _ = declare(f'"{name}"', "7")
        assert declared.flows[0].query.function() == 7, name


def test_outside_of_a_pipeline() -> None:
    assert problem_of(lambda: declare_table_cell(parse_table_line("t"), "1", "<cell>", {})).code == "LDP-2012"


def test_the_kernel_says_where_the_cell_is() -> None:
    from ldp_jupyter.declarations import Location

    declared = Declarations(SourceUnit("k", "s"))
    where = Location(None, 4, cell="cell [3]")
    with using(context(declarations=declared, locate=lambda name, line: where if name == "<cell>" else None)):
        declare_table_cell(parse_table_line("t -e a=1"), "1", "<cell>", {})
    assert declared.datasets[0].location == where
