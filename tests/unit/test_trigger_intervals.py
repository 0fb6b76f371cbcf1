"""How often the flows of a continuous update run: by the flow, its table, the pipeline, or the platform's defaults."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from core_samples import NAMESPACE, declaring, problem_of

from ldp_jupyter import pipelines as dp
from ldp_jupyter.declarations import Kind
from ldp_jupyter.engine import UpdateRequest, plan_update
from ldp_jupyter.engine.continuous import OTHER_VIEW, STREAM, VIEW, Continuous, seconds
from ldp_jupyter.graph import declared_graph

KEY = "pipelines.trigger.interval"


def continuous(configuration: dict[str, str]) -> Any:
    """A continuous update of two streams into one table, a view, a sink and a flow that runs once; nothing runs."""
    with declaring() as declared:
        dp.create_streaming_table("t", table_properties={KEY: "2 seconds"})
        dp.append_flow(target="t", name="of_its_own", spark_conf={KEY: "500 milliseconds"})(dict)
        dp.append_flow(target="t", name="of_the_table")(dict)
        dp.append_flow(target="t", name="once", once=True)(dict)
        dp.materialized_view(dict, name="view")
        dp.create_sink("out", "kafka")
        dp.append_flow(target="out", name="into_a_sink")(dict)
    graph = declared_graph("shop", NAMESPACE, [declared])
    assert graph.problems == []
    assert graph.nodes[NAMESPACE.qualify("view")].kind == Kind.MATERIALIZED_VIEW
    plan = plan_update(graph, UpdateRequest(continuous=True))
    work: Any = SimpleNamespace(plan=plan, base=SimpleNamespace(configuration=configuration), emitter=SimpleNamespace())
    return Continuous(work, bus=None, scheduler=None)  # type: ignore[arg-type]


def due(made: Continuous) -> dict[str, float]:
    """Seconds until each flow runs again."""
    before = dict.fromkeys(made._intervals, 0.0)
    at = dict(before)
    made._push_on(at, list(at))
    first = min(at.values()) - 0.5
    return {key.removeprefix("main.default."): round(moment - first, 1) for key, moment in at.items()}


def test_the_nearest_interval_counts_and_what_runs_once_has_none() -> None:
    assert due(continuous({KEY: "1 minute"})) == {"of_its_own": 0.5, "of_the_table": 2.0, "view": 60.0, "into_a_sink": 60.0}


def test_without_any_the_platforms_count() -> None:
    made = continuous({})
    assert due(made) == {"of_its_own": 0.5, "of_the_table": 2.0, "view": VIEW, "into_a_sink": STREAM}
    (view,) = (p for p in made._flows if p.key == "main.default.view")
    made._told._held[view.key] = []
    made._told.planning(view, "COMPLETE_RECOMPUTE", ["INPUT_NOT_IN_DELTA"], [])
    assert due(made)["view"] == OTHER_VIEW, "it reads something other than Delta tables"
    made._told.planning(view, "NO_OP", [], [])
    assert due(made)["view"] == VIEW


@pytest.mark.parametrize(("text", "expected"), [
    ("10 seconds", 10), ("1 second", 1), ("2 minutes", 120), ("1 hour", 3600), ("1 day", 86400), (" 1.5 Seconds ", 1.5),
    ("250 milliseconds", 0.25),
])  # fmt: skip
def test_times(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "soon", "-1 second", "1 week", "1 second 2"])
def test_what_is_no_time(text: str) -> None:
    problem = problem_of(lambda: seconds(text))
    assert (problem.code, KEY in problem.message) == ("LDP-1003", True)
    assert "10 seconds" in (problem.hint or "")
