"""Where update flows may write: sinks, and not those of Delta (the platform's rule)."""

from __future__ import annotations

import pytest
from core_samples import NAMESPACE, declaring, here

from ldp_jupyter import pipelines as dp
from ldp_jupyter.graph import declared_graph


@pytest.mark.parametrize(
    ("target", "said"),
    [("table", '"table", which is no sink'), ("copy", 'the delta sink "copy"'), ("lost", "not declared")],
)
def test_update_flows_into_what_they_cannot_write(target: str, said: str) -> None:
    with declaring() as declared:
        dp.create_streaming_table("table")
        dp.append_flow(target="table", name="fill")(dict)
        dp.create_sink("copy", "delta", {"path": "/p"})
        line = here() + 1
        dp.update_flow(target=target, name="totals")(lambda: None)
    (problem,) = declared_graph("p", NAMESPACE, [declared]).problems
    assert (problem.code, said in problem.message, problem.location.line) == ("LDP-2013", True, line)


def test_update_flows_into_other_sinks() -> None:
    with declaring() as declared:
        dp.create_sink("events", "kafka", {"topic": "t"})
        dp.foreach_batch_sink(name="handler")(lambda df, batch: None)
        dp.update_flow(target="events", name="one")(dict)
        dp.update_flow(target="handler", name="two")(dict)
    graph = declared_graph("p", NAMESPACE, [declared])
    assert graph.problems == []
    assert [f.flow.name for f in graph.sink_flows] == ["one", "two"]
