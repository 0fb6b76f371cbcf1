from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ldp_jupyter
from ldp_jupyter.errors import (
    CODES,
    LdpError,
    PipelineInvalid,
    UpdateFailed,
    UsageProblem,
    problem_from,
    render_problems,
    sort_problems,
)
from ldp_jupyter.locations import Location

PACKAGE = Path(ldp_jupyter.__file__).parent


def codes_in(file: Path) -> set[str]:
    """Codes that stand as whole string constants in a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    constants = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return {c for c in constants if len(c) == 8 and c.startswith("LDP-") and c[4:].isdigit()}


def test_every_code_that_the_package_raises_is_in_the_catalogue() -> None:
    files = [f for f in PACKAGE.rglob("*.py") if f.name != "codes.py"]
    raised = set().union(*(codes_in(f) for f in files))
    assert raised
    assert raised <= set(CODES)


def test_a_code_has_a_title_and_an_advice_and_stands_once() -> None:
    assert all(entry.code == code and entry.title and entry.advice.endswith(".") for code, entry in CODES.items())
    listed = [c for c in (PACKAGE / "errors" / "codes.py").read_text(encoding="utf-8").split('"') if c[:4] == "LDP-"]
    assert len(listed) == len(set(listed)) == len(CODES)


def test_an_unknown_code_is_a_defect() -> None:
    with pytest.raises(KeyError, match="LDP-9999"):
        LdpError("LDP-9999", "no such code")


def test_a_problem_is_shown_as_one_block(tmp_path: Path) -> None:
    file = tmp_path / "gold.sql"
    file.write_text("SELECT 1;\n  FROM STREAM(order_silver) AS o\n", encoding="utf-8")
    problem = LdpError(
        "LDP-2003",
        'unknown table "order_silver"',
        hint='did you mean "orders_silver"?',
        dataset="books_sales",
        location=Location("transformations/gold.sql", 2, 15, path=str(file)),
        because=["top_books", "report"],
    )
    assert str(problem).splitlines() == [
        'LDP-2003 unknown table "order_silver" in dataset "books_sales"',
        "  transformations/gold.sql:2:15   FROM STREAM(order_silver) AS o",
        '  did you mean "orders_silver"?',
        "  fails with it: top_books, report",
    ]
    assert problem._render_traceback_() == str(problem).splitlines()


def test_a_dataset_that_the_message_names_is_not_named_again() -> None:
    assert str(LdpError("LDP-2014", 'no flow writes "orders"', dataset="orders")) == 'LDP-2014 no flow writes "orders"'


def test_the_users_traceback_is_shown_and_the_detail_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = LdpError("LDP-2009", "ValueError: no", user_traceback="a\nb\n", detail="stack\nof Spark\n")
    monkeypatch.delenv("LDP_DEBUG", raising=False)
    assert str(problem) == "LDP-2009 ValueError: no\n  | a\n  | b"
    monkeypatch.setenv("LDP_DEBUG", "1")
    assert str(problem) == "LDP-2009 ValueError: no\n  | a\n  | b\n  . stack\n  . of Spark"


def test_an_empty_place_takes_no_line() -> None:
    assert str(LdpError("LDP-2019", "nothing", location=Location())) == "LDP-2019 nothing"


def test_fields_for_json() -> None:
    place = Location("a.py", 3, 4, "cell [2]")
    problem = LdpError("LDP-2004", "m", hint="h", dataset="d", location=place, because=["x"])
    assert problem.to_json() == {
        "code": "LDP-2004",
        "message": "m",
        "hint": "h",
        "dataset": "d",
        "file": "a.py",
        "line": 3,
        "column": 4,
        "cell": "cell [2]",
        "because": ["x"],
    }
    assert LdpError("LDP-2004", "m").to_json()["file"] is None


def test_problems_are_sorted_by_place_and_those_without_one_come_last() -> None:
    def at(file: str | None, line: int, cell: str | None = None) -> LdpError:
        return LdpError("LDP-2001", f"{file} {cell} {line}", location=Location(file, line, cell=cell))

    nowhere = LdpError("LDP-2019", "a")
    given = [
        nowhere, at("b.py", 1), at("a.py", 20), at("a.py", 3),
        at(None, 1, "cell [10]"), at(None, 5, "cell [9]"), at(None, 2, "cell [9]"),
    ]  # fmt: skip
    assert [p.message for p in sort_problems(given)] == [
        "None cell [9] 2", "None cell [9] 5", "None cell [10] 1", "a.py None 3", "a.py None 20", "b.py None 1", "a",
    ]  # fmt: skip


def test_an_invalid_pipeline_says_all_at_once() -> None:
    one, two = LdpError("LDP-2001", "first"), LdpError("LDP-2002", "second")
    invalid = PipelineInvalid([one, two], "shop")
    assert invalid.message == "pipeline shop is not valid: 2 errors"
    assert PipelineInvalid([one], "shop").message == "pipeline shop is not valid: 1 error"
    assert str(invalid) == render_problems([one, two]) == "LDP-2001 first\n\nLDP-2002 second"


def test_a_failed_update_ends_with_its_id() -> None:
    failed = UpdateFailed([LdpError("LDP-3001", "flow broke")], "0123456789")
    assert str(failed) == "LDP-3001 flow broke\nupdate 012345 failed"


def test_exit_statuses() -> None:
    assert UsageProblem("LDP-1001", "m").exit_status == 2
    assert LdpError("LDP-2001", "m").exit_status == 1
    assert PipelineInvalid([], "p").exit_status == UpdateFailed([], "id").exit_status == 1


def test_our_own_error_keeps_what_it_knows() -> None:
    place, other = Location("a.py", 1), Location("b.py", 2)
    ours = LdpError("LDP-2003", "m", location=place)
    assert problem_from(ours, "LDP-3001", dataset="d", location=other) is ours
    assert (ours.code, ours.dataset, ours.location) == ("LDP-2003", "d", place)


def test_another_error_is_told_by_its_first_line() -> None:
    problem = problem_from(ValueError("first\nsecond"), "LDP-3001", dataset="d")
    assert (problem.code, problem.message, problem.dataset) == ("LDP-3001", "ValueError: first", "d")
    assert problem.detail == "first\nsecond"
    assert problem_from(ValueError(), "LDP-3001").message == "ValueError: ValueError"
