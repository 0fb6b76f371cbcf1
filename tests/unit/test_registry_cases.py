"""Cases of open-source Spark's registry of pipeline elements, in the words of this project.

Where the platform's rule is another one, the comment says so.
"""

from __future__ import annotations

from typing import Any

import pytest
from core_samples import declaring, here, problem_of

from ldp_jupyter import pipelines as dp
from ldp_jupyter.declarations import Kind


def test_every_element_lands_in_the_order_written_with_its_place() -> None:
    with declaring() as declared:
        first = here() + 2

        @dp.materialized_view
        def mv() -> None: ...

        @dp.table
        def st() -> None: ...

        dp.create_streaming_table("st2")

        @dp.append_flow(target="st2")
        def flow1() -> None: ...

        @dp.append_flow(target="st2")
        def flow2() -> None: ...

        dp.create_sink(name="sink", format="parquet", options={"key1": "value1"})

    # `table` is settled by its query here, as on the platform; in open-source Spark it is a streaming table at once
    assert [(d.name.table, d.kind) for d in declared.datasets] == [
        ("mv", Kind.MATERIALIZED_VIEW), ("st", Kind.TABLE), ("st2", Kind.STREAMING_TABLE),
    ]  # fmt: skip
    assert [(f.name.rsplit(".", 1)[-1], f.target.table) for f in declared.flows] == [
        ("mv", "mv"), ("st", "st"), ("flow1", "st2"), ("flow2", "st2"),
    ]  # fmt: skip
    (sink,) = declared.sinks
    assert (sink.name, sink.format, sink.options) == ("sink", "parquet", {"key1": "value1"})
    placed = [*declared.datasets, *declared.flows, sink]
    assert {element.location.file for element in placed} == {__file__}
    assert [d.location.line - first for d in declared.datasets] == [0, 3, 6]
    assert [f.location.line - first for f in declared.flows] == [0, 3, 8, 11]
    assert sink.location.line - first == 14


@pytest.mark.parametrize("decorator", [dp.table, dp.temporary_view, dp.materialized_view])
def test_a_decorator_outside_of_a_pipeline(decorator: Any) -> None:
    problem = problem_of(lambda: decorator(lambda: None, name="a"))
    assert (problem.code, problem.location.file) == ("LDP-2012", __file__)
    assert "a dataset or flow was declared outside of a pipeline" in problem.message


@pytest.mark.parametrize(
    "call",
    [
        lambda: dp.create_streaming_table("st"),
        lambda: dp.append_flow(target="st")(dict),
        lambda: dp.create_sink("s", "kafka"),
        lambda: dp.create_auto_cdc_flow(target="t", source="s", keys=["k"], sequence_by="seq"),
        lambda: dp.create_auto_cdc_from_snapshot_flow("t", "s", ["k"]),
    ],
)
def test_other_elements_outside_of_a_pipeline(call: Any) -> None:
    assert problem_of(call).code == "LDP-2012"


@pytest.mark.parametrize("decorator", [dp.table, dp.temporary_view, dp.materialized_view])
def test_wrong_arguments_of_decorators(decorator: Any) -> None:
    with declaring() as declared:
        assert f"{decorator.__name__}(name=...) got int 5; accepted: str" in problem_of(lambda: decorator(name=5)).message
        stray = problem_of(lambda: decorator("table1"))
        assert f"@{decorator.__name__} must stand on a function" in stray.message
        assert "name=" in f"{stray.message} {stray.hint}"
        if decorator is not dp.temporary_view:
            columns = problem_of(lambda: decorator(partition_cols=["a", 1, 2]))
            assert "partition_cols=...) got int 1" in columns.message
    assert declared.datasets == []


def test_one_function_may_serve_several_elements() -> None:
    """Stacked decorators: open-source Spark gives nothing back from the first, so that it cannot be done there."""
    with declaring() as declared:

        @dp.table(name="twice")
        @dp.append_flow(target="other")
        @dp.temporary_view
        def once() -> str:
            return "rows"

        globals()["made_of_test"] = dp.materialized_view(once, name="again")
    assert [d.name.table for d in declared.datasets] == ["once", "twice", "again"]
    assert [f.target.table for f in declared.flows] == ["once", "other", "twice", "again"]
    assert {f.query.function() for f in declared.flows} == {"rows"}
    assert globals().pop("made_of_test")() == "rows"
