"""Which flows an update runs, and what each waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from core_samples import NAMESPACE, declaring, problem_of

from ldp_jupyter import pipelines as dp
from ldp_jupyter.declarations import Kind
from ldp_jupyter.engine import UpdatePlan, UpdateRequest, plan_update
from ldp_jupyter.engine.plan import refusing_readers
from ldp_jupyter.engine.preview import full_refresh_warnings
from ldp_jupyter.engine.tables import Table
from ldp_jupyter.errors import LdpError, UsageProblem
from ldp_jupyter.events import FlowStatus, UpdateView
from ldp_jupyter.events.view import DatasetView, FlowView
from ldp_jupyter.graph import Graph, declared_graph
from ldp_jupyter.locations import Location

if TYPE_CHECKING:
    from collections.abc import Callable


def graph(declare: Callable[[], None], **inputs: list[str]) -> Graph:
    """A declared graph whose flows read `inputs` (by flow name or table), as resolving it would show."""
    with declaring() as declared:
        declare()
    made = declared_graph("shop", NAMESPACE, [declared])
    assert made.problems == []
    for node in made.nodes.values():
        node.kind = Kind.MATERIALIZED_VIEW if node.kind == Kind.TABLE else node.kind
    for flow in [*(f for n in made.nodes.values() for f in n.flows), *made.sink_flows]:
        key = flow.flow.target.table if flow.flow.default else flow.flow.name
        flow.inputs = [NAMESPACE.qualify(name) for name in inputs.get(key, ())]
    return made


def views(*names: str) -> None:
    for name in names:
        dp.materialized_view(dict, name=name)


def plan(made: Graph, **request: Any) -> UpdatePlan:
    return plan_update(made, UpdateRequest(**request))


def waits(planned: UpdatePlan) -> dict[str, list[str]]:
    return {
        p.key.removeprefix("main.default."): [k.removeprefix("main.default.") for k in p.waits_for]
        for p in planned.flows
    }


def ran(planned: UpdatePlan) -> list[str]:
    return [p.key.removeprefix("main.default.") for p in planned.flows if not p.excluded]


def names(found: set[Any]) -> set[str]:
    return {name.table for name in found}


def test_everything_is_refreshed_where_nothing_is_named() -> None:
    made = graph(lambda: views("a", "b", "c"), b=["a"], c=["a", "b"])
    planned = plan(made)
    assert waits(planned) == {"a": [], "b": ["a"], "c": ["a", "b"]}
    assert ran(planned) == ["a", "b", "c"]
    assert planned.full == set()
    assert names(planned.selected) == {"a", "b", "c"}


def test_a_reader_waits_for_every_flow_of_its_input() -> None:
    def declare() -> None:
        dp.create_streaming_table("t")
        dp.append_flow(target="t", name="north")(dict)
        dp.append_flow(target="t", name="south")(dict)
        views("m")

    assert waits(plan(graph(declare, m=["t"]))) == {"north": [], "south": [], "m": ["north", "south"]}


def test_temporary_views_are_part_of_their_readers() -> None:
    def declare() -> None:
        views("a", "m")
        dp.temporary_view(dict, name="v")
        dp.temporary_view(dict, name="w")

    planned = plan(graph(declare, v=["a"], w=["v", "a"], m=["w"]))
    assert waits(planned) == {"a": [], "m": ["a"]}


def test_a_flow_that_reads_its_own_target_does_not_wait_for_itself() -> None:
    made = graph(lambda: views("a"), a=["a"])
    assert waits(plan(made)) == {"a": []}


def test_flows_into_sinks_run_with_everything_only() -> None:
    def declare() -> None:
        views("a", "b")
        dp.create_sink("s", "kafka")
        dp.append_flow(target="s", name="out")(dict)

    made = graph(declare, out=["a"])
    assert waits(plan(made))["out"] == ["a"]
    assert ran(plan(made)) == ["a", "b", "out"]
    assert ran(plan(made, full_refresh_all=True)) == ["a", "b", "out"]
    assert ran(plan(made, refresh=["a"])) == ["a"]


def test_selections() -> None:
    made = graph(lambda: views("a", "b", "c", "d"), b=["a"])
    planned = plan(made, refresh=["a", "MAIN.Default.c"], full_refresh=["d"])
    assert ran(planned) == ["a", "c", "d"]
    assert (names(planned.full), names(planned.selected)) == ({"d"}, {"a", "c", "d"})
    assert len(planned.flows) == 4, "what is not selected is listed as excluded"


def test_all_from_the_beginning_except_those_that_may_not_be_emptied() -> None:
    def declare() -> None:
        views("a")
        dp.materialized_view(dict, name="kept", table_properties={"Pipelines.Reset.Allowed": "FALSE"})
        dp.materialized_view(dict, name="b", table_properties={"pipelines.reset.allowed": True})

    planned = plan(graph(declare), full_refresh_all=True)
    assert names(planned.full) == {"a", "b"}
    assert ran(planned) == ["a", "kept", "b"]


def test_a_table_that_may_not_be_emptied_is_refused_by_name() -> None:
    made = graph(lambda: dp.materialized_view(dict, name="kept", table_properties={"pipelines.reset.allowed": "false"}))
    problem = problem_of(lambda: plan(made, full_refresh=["kept"]))
    assert (problem.code, problem.exit_status) == ("LDP-3006", 2)
    assert problem.location == made.nodes[NAMESPACE.qualify("kept")].dataset.location
    assert ran(plan(made, refresh=["kept"])) == ["kept"]


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        ({"refresh": ["ab"]}, "LDP-1007", 'unknown dataset "ab"'),
        ({"full_refresh": ["zzz"]}, "LDP-1007", 'unknown dataset "zzz"'),
        ({"refresh": ["v"]}, "LDP-1007", '"v" is a temporary view'),
        ({"refresh": ["a"], "full_refresh": ["a", "b"]}, "LDP-1008", "a stands in --refresh and in --full-refresh"),
        ({"refresh": ["a"], "full_refresh_all": True}, "LDP-1008", "--full-refresh-all cannot be combined"),
        ({"full_refresh": ["a"], "full_refresh_all": True}, "LDP-1008", "--full-refresh-all cannot be combined"),
        ({"refresh": ["a.b.c.d"]}, "LDP-2021", "more than three parts"),
    ],
)
def test_selections_that_make_no_sense(request_: dict[str, Any], code: str, said: str) -> None:
    def declare() -> None:
        views("a", "b", "abc")
        dp.temporary_view(dict, name="v")

    problem = problem_of(lambda: plan(graph(declare), **request_))
    assert (problem.code, said in problem.message) == (code, True)
    if code.startswith("LDP-10"):
        assert isinstance(problem, UsageProblem)


def test_an_unknown_dataset_gets_the_nearest_or_all() -> None:
    made = graph(lambda: views("orders", "books"))
    assert problem_of(lambda: plan(made, refresh=["order"])).hint == 'did you mean "orders"?'
    assert problem_of(lambda: plan(made, refresh=["zzz"])).hint == "datasets: orders, books"


def test_a_pipeline_without_a_table() -> None:
    with pytest.raises(LdpError) as caught:
        plan(graph(lambda: dp.temporary_view(dict, name="v")))
    assert caught.value.code == "LDP-2019"


def streams(made: Graph, **read: list[str]) -> Graph:
    """Let flows read these inputs as streams."""
    for flow in [*(f for n in made.nodes.values() for f in n.flows), *made.sink_flows]:
        key = flow.flow.target.table if flow.flow.default else flow.flow.name
        flow.streamed = [NAMESPACE.qualify(name) for name in read.get(key, ())]
        flow.streaming = bool(flow.streamed)
    return made


def test_readers_that_refuse_what_is_emptied() -> None:
    def declare() -> None:
        views("a", "b", "c", "d")
        dp.temporary_view(dict, name="v")

    made = streams(graph(declare, b=["a"], c=["v"], v=["a"], d=["a"]), b=["a"], v=["a"], c=["v"])
    name = NAMESPACE.qualify
    assert refusing_readers(made, {name("a")}) == {name("b"): [name("a")], name("c"): [name("a")]}
    assert refusing_readers(made, {name("a"), name("b"), name("c")}) == {}
    assert refusing_readers(made, {name("b")}) == {}


def test_what_a_full_refresh_makes_refuse_is_told_with_all_that_must_begin_anew() -> None:
    def declare() -> None:
        views("a", "b", "c", "new")
        for name in ("kept", "rests"):
            dp.materialized_view(dict, name=name, table_properties={"pipelines.reset.allowed": "false"})
        dp.create_sink("out", "delta", {"path": "/x"})
        dp.append_flow(target="out", name="to_out")(dict)

    read = {"b": ["a"], "c": ["b"], "kept": ["a"], "new": ["a"], "to_out": ["b"]}
    made = streams(graph(declare, **read), **read)
    tables = {n: Table(n, "/x", version=None if n.table == "new" else 1) for n in made.nodes}

    def told(**request: Any) -> dict[str, str]:
        texts = [note.text for note in full_refresh_warnings(made, plan(made, **request), tables)]
        return {text.split("`")[1]: text.partition("; ")[2] for text in texts}

    assert told(full_refresh=["a"]) == {
        "b": "run with --full-refresh a,b,c",
        "kept": "its property pipelines.reset.allowed is false: read with skipChangeCommits to go on",
    }
    again = "writes everything to the sink again"
    assert told(full_refresh=["a", "b", "c"])["to_out"] == f"add --refresh out --reset-checkpoint to_out, which {again}"
    assert told(full_refresh=["b", "c"], refresh=["out"]) == {"to_out": f"add --reset-checkpoint to_out, which {again}"}
    assert told(full_refresh=["b", "c"], refresh=["out"], reset_checkpoints=["to_out"]) == {}
    assert told(full_refresh_all=True).keys() == {"kept", "rests"}, "sinks get everything again"
    (left,) = [note for note in full_refresh_warnings(made, plan(made, full_refresh_all=True), tables) if "rests" in note.text]
    assert left.text == "`rests` is not fully refreshed: its property pipelines.reset.allowed is false"
    assert told() == {}


def test_what_a_source_file_declares_or_writes() -> None:
    def declare() -> None:
        dp.create_streaming_table("t")
        dp.append_flow(target="t", name="north")(dict)
        dp.create_sink("s", "kafka")
        dp.append_flow(target="s", name="out")(dict)
        dp.temporary_view(dict, name="v")
        views("a")

    made = graph(declare)

    def put(text: str, *names: str) -> None:
        for node in made.nodes.values():
            for part in [node.dataset, *(f.flow for f in node.flows)]:
                if part.name in names or str(part.name).removeprefix("main.default.") in names:
                    object.__setattr__(part, "location", Location(text, 1, path=f"/project/{text}"))
        for flow in made.sink_flows:
            if flow.flow.name in names:
                object.__setattr__(flow.flow, "location", Location(text, 1, path=f"/project/{text}"))

    put("transformations/a.py", "t", "a")
    put("transformations/b.py", "north", "out")
    put("transformations/v.py", "v")
    assert names(plan(made, refresh_files=["transformations/a.py"]).selected) == {"t", "a"}
    assert ran(plan(made, refresh_files=["/project/transformations/b.py"])) == ["north", "out"]
    assert ran(plan(made, refresh_files=["./transformations/b.py", "transformations/a.py"])) == ["north", "a", "out"]
    planned = plan(made, refresh_files=["transformations/a.py"], full_refresh=["a"])
    assert (names(planned.full), names(planned.selected)) == ({"a"}, {"t", "a"})
    for file, hint in (
        ("transformations/v.py", None),
        ("transformation/a.py", 'did you mean "transformations/a.py"?'),
        ("src/b.py", 'did you mean "transformations/b.py"?'),
    ):
        problem = problem_of(lambda: plan(made, refresh_files=[file]))  # noqa: B023
        assert (problem.code, problem.hint) == ("LDP-1007", hint)


def test_sinks_can_be_named() -> None:
    def declare() -> None:
        views("a")
        dp.create_sink("out", "kafka")
        dp.append_flow(target="out", name="f")(dict)
        dp.create_sink("other", "kafka")
        dp.append_flow(target="other", name="g")(dict)

    made = streams(graph(declare, f=["a"], g=["a"]), f=["a"], g=["a"])
    assert ran(plan(made, refresh=["out"])) == ["f"]
    assert [f.flow.name for f in plan(made, refresh=["out"], reset_checkpoints=["f"]).resets] == ["f"]
    assert problem_of(lambda: plan(made, refresh=["a"], reset_checkpoints=["f"])).code == "LDP-1008"
    assert problem_of(lambda: plan(made, refresh=["a"], reset_checkpoints=["f", "g"])).hint == "add --refresh out,other"
    assert problem_of(lambda: plan(made, refresh=["aut"])).hint == 'did you mean "out"?'
    assert problem_of(lambda: plan(made, full_refresh=["out"])).code == "LDP-1007"


def test_what_failed_in_the_last_update() -> None:
    made = graph(lambda: views("a", "b", "c", "d"))
    last = UpdateView(update_id="123456")
    for name, status in (("a", "COMPLETED"), ("b", "FAILED"), ("c", "SKIPPED"), ("d", "EXCLUDED"), ("gone", "FAILED")):
        last.datasets[name] = DatasetView(name, "", flows={name: FlowView(name, name, FlowStatus(status))})

    def planned(view: UpdateView | None, **request: Any) -> UpdatePlan:
        return plan_update(made, UpdateRequest(refresh_failed=True, **request), view)

    assert ran(planned(last)) == ["b", "c"]
    assert ran(planned(last, refresh=["d"])) == ["b", "c", "d"]
    assert names(planned(last, full_refresh=["b"]).full) == {"b"}
    last.datasets["b"].flows["b"].status = FlowStatus.RUNNING
    assert ran(planned(last)) == ["b", "c"], "what a killed update left undone failed, too"
    for name in "bc":
        del last.datasets[name]
    assert problem_of(lambda: planned(last)).code == "LDP-1010"
    assert problem_of(lambda: planned(None)).code == "LDP-1010"


def test_a_further_try_empties_nothing_again() -> None:
    made = graph(lambda: views("a", "b", "c"))
    again = UpdateRequest(refresh=["a"], full_refresh=["b"]).again(made, None)
    planned = plan_update(made, again)
    assert (ran(planned), planned.full) == (["a", "b"], set())
    assert UpdateRequest(full_refresh_all=True).again(made, None) == UpdateRequest()
