"""Decorators and functions that declare tables, views, flows, sinks and hooks."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest
from core_samples import context, declaring, here, problem_of
from pyspark.sql.types import StringType, StructField, StructType

from ldp_jupyter import pipelines as dp
from ldp_jupyter.context import using
from ldp_jupyter.declarations import Kind, PythonQuery, TableOptions
from ldp_jupyter.errors import LdpError
from ldp_jupyter.names import Namespace

DECORATORS = {
    "table": (dp.table, Kind.TABLE),
    "materialized_view": (dp.materialized_view, Kind.MATERIALIZED_VIEW),
    "temporary_view": (dp.temporary_view, Kind.TEMPORARY_VIEW),
    "view": (dp.view, Kind.TEMPORARY_VIEW),
}
EACH = pytest.mark.parametrize(("decorator", "kind"), DECORATORS.values(), ids=DECORATORS)
STORED = pytest.mark.parametrize("decorator", [dp.table, dp.materialized_view], ids=["table", "materialized_view"])


@EACH
def test_a_bare_decorator(decorator: Any, kind: Kind) -> None:
    with declaring() as declared:

        @decorator
        def orders() -> str:
            return "the query"

        line = here() - 4

    (dataset,), (flow,) = declared.datasets, declared.flows
    assert (str(dataset.name), dataset.kind) == ("main.default.orders", kind)
    assert dataset.location.line == flow.location.line == line
    assert dataset.location.file == __file__
    assert (flow.name, flow.target, flow.default, flow.once) == ("main.default.orders", dataset.name, True, False)
    assert isinstance(flow.query, PythonQuery)
    assert flow.query.function() == "the query"
    assert orders() == "the query", "the name still calls the function"
    assert orders.__name__ == "orders"


@EACH
def test_a_called_decorator_without_arguments_is_the_same(decorator: Any, kind: Kind) -> None:
    with declaring() as declared:

        @decorator()
        def orders() -> None: ...

    assert (declared.datasets[0].name.table, declared.datasets[0].kind) == ("orders", kind)


@EACH
def test_a_called_decorator_takes_name_comment_and_settings(decorator: Any, kind: Kind) -> None:
    with declaring() as declared:

        @decorator(name="silver.Orders", comment="all of them", spark_conf={"a": 1, "b": True, "c": "x"})
        def f() -> None: ...

    (dataset,), (flow,) = declared.datasets, declared.flows
    assert str(dataset.name) == "main.silver.orders"
    assert (dataset.kind, dataset.comment, flow.comment) == (kind, "all of them", "all of them")
    assert dataset.spark_conf == flow.confs == {"a": "1", "b": "true", "c": "x"}


@EACH
def test_a_plain_call(decorator: Any, kind: Kind) -> None:
    def query() -> int:
        return 1

    with declaring() as declared:
        decorator(query, name="one")
        decorator(name="two")(query)
        decorator(lambda: 2, name="three")
    assert [d.name.table for d in declared.datasets] == ["one", "two", "three"]
    assert [f.query.function() for f in declared.flows] == [1, 1, 2]
    assert {d.kind for d in declared.datasets} == {kind}


@EACH
def test_every_parameter_may_be_none(decorator: Any, kind: Kind) -> None:
    names = set(inspect.signature(decorator).parameters)
    assert {"query_function", "name", "comment", "spark_conf"} <= names
    with declaring() as declared:

        @decorator(**dict.fromkeys(names))
        def t() -> None: ...

        @decorator
        def u() -> None: ...

    first, second = declared.datasets
    assert (first.options, first.comment, first.spark_conf) == (second.options, second.comment, second.spark_conf)
    assert first.options == TableOptions()
    assert declared.notes == []


@STORED
def test_how_a_table_is_stored(decorator: Any) -> None:
    schema = StructType([StructField("a", StringType())])
    with declaring() as declared:

        @decorator(
            table_properties={"delta.enableChangeDataFeed": True, "quality": "silver", "n": 3},
            cluster_by=["a", "b"],
            schema="a STRING, b INT GENERATED ALWAYS AS (1)",
            private=True,
        )
        def t() -> None: ...

        @decorator(partition_cols=("a",), schema=schema, temporary=True, format="delta")
        def u() -> None: ...

        @decorator(partition_cols="a", private=False)
        def v() -> None: ...

    first, second, third = (d.options for d in declared.datasets)
    assert first.properties == {"delta.enableChangeDataFeed": "true", "quality": "silver", "n": "3"}
    assert (first.cluster_by, first.private, first.schema) == (
        ("a", "b"), True, "a STRING, b INT GENERATED ALWAYS AS (1)",
    )  # fmt: skip
    assert (second.partition_cols, second.private, second.schema) == (("a",), True, schema)
    assert (third.partition_cols, third.private) == (("a",), False)


@STORED
def test_what_has_no_effect_here_is_said(decorator: Any) -> None:
    with declaring() as declared:

        @decorator(row_filter="ROW FILTER main.s.f ON (a)", path="/mnt/x", cluster_by_auto=True)
        def t() -> None: ...

    assert [(n.kind, n.text.split("`")[1]) for n in declared.notes] == [
        ("not_checked", "t"), ("no_effect", "t"), ("no_effect", "t"),
    ]  # fmt: skip
    assert all(n.location == declared.datasets[0].location for n in declared.notes)


@pytest.mark.parametrize(
    ("arguments", "parameter", "accepted"),
    [
        ({"name": 3}, "name", "str"),
        ({"comment": ["x"]}, "comment", "str"),
        ({"spark_conf": "a=b"}, "spark_conf", "a dict of str to str"),
        ({"spark_conf": {1: "b"}}, "spark_conf", "a dict of str to str"),
        ({"table_properties": [("a", "b")]}, "table_properties", "a dict of str to str"),
        ({"partition_cols": 7}, "partition_cols", "a list of column names"),
        ({"partition_cols": [7]}, "partition_cols", "a list of column names"),
        ({"cluster_by": {"a": 1}}, "cluster_by", "a list of column names"),
        ({"cluster_by_auto": "yes"}, "cluster_by_auto", "True or False"),
        ({"private": 1}, "private", "True or False"),
        ({"temporary": "true"}, "temporary", "True or False"),
        ({"schema": ["a INT"]}, "schema", "DDL text or a StructType"),
        ({"path": 1}, "path", "str"),
        ({"row_filter": 1}, "row_filter", "str"),
        ({"format": "parquet"}, "format", '"delta"'),
    ],
)
@STORED
def test_a_wrong_argument_names_the_parameter_what_it_takes_and_the_place(
    decorator: Any, arguments: dict[str, Any], parameter: str, accepted: str
) -> None:
    with declaring() as declared:
        line = here() + 1
        problem = problem_of(lambda: decorator(**arguments))
    assert problem.code == "LDP-2011"
    assert f"{decorator.__name__}({parameter}=...)" in problem.message
    assert accepted in problem.message
    assert (problem.location.file, problem.location.line) == (__file__, line)
    assert declared.datasets == []


def test_the_value_refused_is_shown_with_its_type_and_not_at_any_length() -> None:
    with declaring():
        problem = problem_of(lambda: dp.table(partition_cols={"a" * 100: 1}))
    assert "got dict {'aaaa" in problem.message
    assert len(problem.message) < 120


@pytest.mark.parametrize(
    ("call", "wrong", "hint"),
    [
        (lambda: dp.table(partition_columns=["a"]), "partition_columns", 'did you mean "partition_cols"?'),
        (lambda: dp.materialized_view(coment="x"), "coment", 'did you mean "comment"?'),
        (lambda: dp.temporary_view(table_properties={}), "table_properties", "parameters: query_function, name"),
        (lambda: dp.view(temporary=True), "temporary", "parameters: query_function, name"),
        (lambda: dp.append_flow(targt="t"), "targt", 'did you mean "target"?'),
        (lambda: dp.update_flow(targt="t"), "targt", 'did you mean "target"?'),
        (lambda: dp.create_streaming_table("t", expect="x"), "expect", 'did you mean "expect_all"?'),
        (lambda: dp.create_sink("s", "delta", option={}), "option", 'did you mean "options"?'),
        (lambda: dp.foreach_batch_sink(nme="s"), "nme", 'did you mean "name"?'),
        (lambda: dp.on_event_hook(max_failures=1), "max_failures", "parameters: user_event_hook_fn"),
    ],
)
def test_an_unknown_keyword_gets_the_nearest_that_there_is(call: Any, wrong: str, hint: str) -> None:
    with declaring():
        problem = problem_of(call)
    assert problem.code == "LDP-2011"
    assert f'has no parameter "{wrong}"' in problem.message
    assert problem.hint.startswith(hint)
    assert problem.location.file == __file__


@EACH
def test_a_name_in_the_first_place_is_refused(decorator: Any, kind: Kind) -> None:
    with declaring():
        problem = problem_of(lambda: decorator("orders"))
    assert problem.code == "LDP-2011"
    assert "by keyword, e.g. name=" in f"{problem.message} {problem.hint}"


def test_partitions_and_clustering_exclude_each_other() -> None:
    with declaring():
        for call in (dp.table, dp.materialized_view, functools.partial(dp.create_streaming_table, "t")):
            problem = problem_of(lambda call=call: call(partition_cols=["a"], cluster_by=["b"]))
            assert problem.code == "LDP-2011"
            assert "not both" in problem.message


@pytest.mark.parametrize("parameter", ["replace_using", "sequence_by"])
def test_betas_of_the_platform_are_refused_by_name(parameter: str) -> None:
    with declaring():
        problem = problem_of(lambda: dp.table(**{parameter: "x"}))
    assert (problem.code, parameter in problem.message) == ("LDP-2023", True)


def test_replace_flow_is_refused() -> None:
    with declaring():
        assert problem_of(lambda: dp.replace_flow(target="t", replace_using=["a"])).code == "LDP-2023"


@pytest.mark.parametrize("policy", ["auto", "incremental", "incremental_strict", "full"])
def test_refresh_policies(policy: str) -> None:
    with declaring() as declared:
        dp.materialized_view(dict, name="m", refresh_policy=policy)
    assert declared.datasets[0].options.refresh_policy == policy


def test_an_unknown_refresh_policy() -> None:
    with declaring():
        problem = problem_of(lambda: dp.materialized_view(refresh_policy="lazy"))
    assert "auto, incremental, incremental_strict or full" in problem.message


def test_a_function_without_a_name_needs_one() -> None:
    with declaring():
        for function in (lambda: 1, functools.partial(dict)):
            problem = problem_of(lambda function=function: dp.table(function))
            assert problem.code == "LDP-2011"
            assert "because the function has none" in problem.message


def test_a_partial_is_declared_where_its_function_is_defined() -> None:
    line = here() + 2

    def query(n: int) -> int:
        return n

    with declaring() as declared:
        dp.table(functools.partial(query, 5), name="five")
    assert declared.flows[0].query.function() == 5
    assert declared.datasets[0].location.line == line


def test_a_name_with_too_many_parts() -> None:
    with declaring():
        assert problem_of(lambda: dp.table(dict, name="a.b.c.d")).code == "LDP-2021"


# ---- many datasets from one piece of code


def test_a_loop_with_default_arguments() -> None:
    with declaring() as declared:
        for region in ("north", "south"):

            @dp.table(name=f"orders_{region}")
            def orders(region: str = region) -> str:
                return region

    assert [d.name.table for d in declared.datasets] == ["orders_north", "orders_south"]
    assert [f.query.function() for f in declared.flows] == ["north", "south"]


def test_a_loop_that_binds_late_gives_the_last_value_as_everywhere_in_python() -> None:
    with declaring() as declared:
        for region in ("north", "south"):

            @dp.table(name=f"orders_{region}")
            def orders() -> str:
                return region  # noqa: B023

    assert [f.query.function() for f in declared.flows] == ["south", "south"]


def test_a_factory() -> None:
    def make(region: str, rule: str) -> None:
        @dp.materialized_view(name=f"orders_{region}")
        @dp.expect_or_drop("rule", rule)
        def orders() -> str:
            return region

    with declaring() as declared:
        make("north", "a > 1")
        make("south", "a > 2")
    assert [f.query.function() for f in declared.flows] == ["north", "south"]
    assert [d.expectations[0].condition for d in declared.datasets] == ["a > 1", "a > 2"]


def test_a_decorator_of_the_users_own_between_ours() -> None:
    def doubled(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper() -> int:
            return 2 * function()

        return wrapper

    with declaring() as declared:

        @dp.expect("above", "a")
        @dp.table
        @doubled
        @dp.expect("below", "b")
        def t() -> int:
            return 21

    assert declared.flows[0].query.function() == 42
    assert [e.name for e in declared.datasets[0].expectations] == ["above", "below"]


# ---- where declarations land


def test_nothing_can_be_declared_outside_of_a_pipeline() -> None:
    for call in (
        lambda: dp.table(dict, name="t"),
        lambda: dp.create_streaming_table("t"),
        lambda: dp.create_sink("s", "kafka"),
        lambda: dp.append_flow(target="t")(dict),
        lambda: dp.on_event_hook(print),
        lambda: dp.create_table(dict),
    ):
        problem = problem_of(call)
        assert problem.code == "LDP-2012"
        assert "outside of a pipeline" in problem.message
        assert "%load_ext" in problem.hint


def test_nothing_can_be_declared_inside_a_dataset_function() -> None:
    with using(context(resolver=object())):
        problem = problem_of(lambda: dp.table(dict, name="t"))
    assert "inside a dataset function" in problem.message


def test_names_are_completed_by_the_namespace_of_the_source() -> None:
    with declaring(namespace=Namespace("prod", "gold"), confs={"x": "1"}) as declared:
        dp.table(dict, name="t", spark_conf={"y": "2"})
        dp.create_streaming_table("s.u")
        dp.append_flow(target="u", name="f")(dict)
    assert [str(d.name) for d in declared.datasets] == ["prod.gold.t", "prod.s.u"]
    assert [f.namespace for f in declared.flows] == [Namespace("prod", "gold")] * 2
    assert [f.confs for f in declared.flows] == [{"x": "1", "y": "2"}, {"x": "1"}], "settings made in the source hold"


# ---- streaming tables without a query


def test_a_streaming_table_by_keyword_and_by_place() -> None:
    with declaring() as declared:
        line = here() + 1
        dp.create_streaming_table("t", "said", {"a": "b"}, {"p": "q"}, ["day"])
        dp.create_streaming_table(name="u", schema="a INT", cluster_by=["a"], private=True)
    first, second = declared.datasets
    assert (first.name.table, first.kind, first.comment) == ("t", Kind.STREAMING_TABLE, "said")
    assert (first.spark_conf, first.options.properties) == ({"a": "b"}, {"p": "q"})
    assert (first.options.partition_cols, first.location.line) == (("day",), line)
    assert (second.options.schema, second.options.cluster_by, second.options.private) == ("a INT", ("a",), True)
    assert declared.flows == []


def test_rules_of_a_streaming_table() -> None:
    with declaring() as declared:
        dp.create_streaming_table(
            "t", expect_all={"w": "a"}, expect_all_or_drop={"d": "b", "d2": "c"}, expect_all_or_fail={"f": "d"}
        )
    assert [(e.name, e.condition, e.action.value) for e in declared.datasets[0].expectations] == [
        ("w", "a", "warn"), ("d", "b", "drop"), ("d2", "c", "drop"), ("f", "d", "fail"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"name": None}, "LDP-2011", "create_streaming_table(name=...)"),
        ({"name": "t", "expect_all": "a > 0"}, "LDP-2011", "a dict of rule name to condition"),
        ({"name": "t", "expect_all": {"r": 1}}, "LDP-2011", "an SQL condition (str) or a Column"),
        ({"name": "t", "expect_all": {1: "a"}}, "LDP-2011", "create_streaming_table(expect_all=...) got int 1"),
        ({"name": "t", "expect_all": {"r": "a"}, "expect_all_or_drop": {"r": "b"}}, "LDP-2006", "stands twice"),
    ],
)
def test_wrong_arguments_of_a_streaming_table(arguments: dict[str, Any], code: str, said: str) -> None:
    with declaring() as declared:
        problem = problem_of(lambda: dp.create_streaming_table(**arguments))
    assert (problem.code, said in problem.message) == (code, True)
    assert declared.datasets == []


@pytest.mark.parametrize(
    ("old", "new", "call"),
    [
        ("create_table", "table", lambda: dp.create_table(dict, name="t")),
        ("create_view", "temporary_view", lambda: dp.create_view(name="t")(dict)),
        ("create_target_table", "create_streaming_table", lambda: dp.create_target_table("t")),
        ("create_streaming_live_table", "create_streaming_table", lambda: dp.create_streaming_live_table(name="t")),
    ],
)
def test_deprecated_names_work_and_say_so(old: str, new: str, call: Any) -> None:
    with declaring() as declared:
        call()
    assert [d.name.table for d in declared.datasets] == ["t"]
    (note,) = declared.notes
    assert (note.kind, note.text, note.location.file) == ("deprecated", f"`{old}` is deprecated: use `{new}`", __file__)


# ---- flows


def test_an_append_flow() -> None:
    with declaring() as declared:

        @dp.append_flow(target="orders")
        def north() -> str:
            return "n"

        line = here() - 4

        @dp.append_flow(target="s.orders", name="backfill", once=True, comment="c", spark_conf={"a": 1})
        def south() -> None: ...

    first, second = declared.flows
    assert (first.name, str(first.target), first.sink, first.once, first.default) == (
        "north", "main.default.orders", "orders", False, False,
    )  # fmt: skip
    assert (first.query.function(), first.location.line, first.comment) == ("n", line, None)
    assert (second.name, str(second.target), second.once) == ("backfill", "main.s.orders", True)
    assert (second.comment, second.confs) == ("c", {"a": "1"})
    assert north() == "n"
    assert declared.datasets == []


def test_an_append_flow_by_place() -> None:
    with declaring() as declared:
        dp.append_flow("f", "t", "c", {"k": "v"}, True)(dict)
    (flow,) = declared.flows
    assert (flow.name, flow.target.table, flow.comment, flow.confs, flow.once) == ("f", "t", "c", {"k": "v"}, True)


def test_an_update_flow_writes_in_update_mode() -> None:
    with declaring() as declared:

        @dp.update_flow(target="sink")
        def totals() -> None: ...

    (flow,) = declared.flows
    assert (flow.name, flow.sink, flow.confs) == ("totals", "sink", {"ldp.outputMode": "update"})


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: dp.append_flow(dict), "append_flow(target=...)"),
        (lambda: dp.append_flow(), "the name of a streaming table or sink"),
        (lambda: dp.append_flow(target=dict), "append_flow(target=...)"),
        (lambda: dp.append_flow(target="t", name=1), "append_flow(name=...)"),
        (lambda: dp.append_flow(target="t", once="yes"), "append_flow(once=...)"),
        (lambda: dp.append_flow(target="t", spark_conf=1), "append_flow(spark_conf=...)"),
        (lambda: dp.update_flow(), "update_flow(target=...)"),
    ],
)
def test_wrong_arguments_of_a_flow(call: Any, said: str) -> None:
    with declaring():
        problem = problem_of(call)
    assert (problem.code, said in problem.message, problem.location.file) == ("LDP-2011", True, __file__)


# ---- sinks and hooks


def test_sinks() -> None:
    with declaring() as declared:
        dp.create_sink("events", "kafka", {"topic": "t", "n": 1})
        dp.create_sink(name="copy", format="delta", options={"tableName": "main.s.t"})
        dp.create_sink("files", "parquet", None)
    assert [(s.name, s.format, s.options) for s in declared.sinks] == [
        ("events", "kafka", {"topic": "t", "n": "1"}), ("copy", "delta", {"tableName": "main.s.t"}), ("files", "parquet", {}),
    ]  # fmt: skip
    assert declared.sinks[0].location.file == __file__


@pytest.mark.parametrize(
    "call",
    [
        lambda: dp.create_sink(None, "kafka"),
        lambda: dp.create_sink("s", None),
        lambda: dp.create_sink("s", "kafka", "topic=t"),
        lambda: dp.create_sink("s", "delta"),
        lambda: dp.create_sink("s", "delta", {"tableName": "t", "path": "/p"}),
        lambda: dp.foreach_batch_sink(name=1),
        lambda: dp.foreach_batch_sink(lambda df: None),
        lambda: dp.foreach_batch_sink(name="s")(lambda: None),
    ],
)
def test_wrong_arguments_of_a_sink(call: Any) -> None:
    with declaring() as declared:
        assert problem_of(call).code == "LDP-2011"
    assert declared.sinks == []


def test_a_sink_that_is_a_function() -> None:
    with declaring() as declared:

        @dp.foreach_batch_sink
        def bare(df: Any, batch_id: int) -> None: ...

        @dp.foreach_batch_sink(name="named")
        def other(df: Any, batch_id: int) -> str:
            return f"{df} {batch_id}"

        @dp.foreach_batch_sink()
        def called(df: Any, batch_id: int) -> None: ...

    assert [(s.name, s.format) for s in declared.sinks] == [
        ("bare", "foreachBatch"), ("named", "foreachBatch"), ("called", "foreachBatch"),
    ]  # fmt: skip
    assert declared.sinks[1].handler("df", 3) == "df 3"


def test_event_hooks() -> None:
    with declaring() as declared:

        @dp.on_event_hook
        def first(event: dict[str, Any]) -> None: ...

        @dp.on_event_hook(max_allowable_consecutive_failures=0)
        def second(event: dict[str, Any]) -> None: ...

    assert [(h.name, h.max_allowable_consecutive_failures) for h in declared.hooks] == [("first", None), ("second", 0)]
    assert declared.hooks[0].function is first


def test_a_hook_takes_one_event() -> None:
    with declaring() as declared:
        for wrong in (lambda: None, lambda event, more: None, "print"):
            problem = problem_of(lambda wrong=wrong: dp.on_event_hook(wrong))
            assert (problem.code, "a function of one event" in problem.message) == ("LDP-2011", True)
        dp.on_event_hook(print)
    assert [hook.function for hook in declared.hooks] == [print]


@pytest.mark.parametrize("limit", [-1, "1", True, 1.5])
def test_a_wrong_limit_of_a_hook(limit: Any) -> None:
    with declaring():
        problem = problem_of(lambda: dp.on_event_hook(max_allowable_consecutive_failures=limit))
    assert (problem.code, "an int >= 0, or None" in problem.message) == ("LDP-2011", True)


# ---- reading and the rest


def test_reads_go_through_the_session_of_whoever_runs() -> None:
    class Reader:
        def __init__(self, kind: str) -> None:
            self.kind = kind

        def table(self, name: str) -> str:
            return f"{self.kind} {name}"

    class Session:
        read = Reader("batch")
        readStream = Reader("stream")  # noqa: N815

    class Resolver:
        def read_table(self, name: str, *, streaming: bool, options: Any, reader: Any) -> str | None:
            return f"dataset {name} {streaming}" if name == "mine" else None

    with using(context(get_session=Session, resolver=Resolver())):
        assert dp.read("mine") == "dataset mine False"
        assert dp.read_stream("mine") == dp.readStream(name="mine") == "dataset mine True"
        problem = problem_of(lambda: dp.read("external"))
    assert (problem.code, "no dataset of this pipeline" in problem.message) == ("LDP-2003", True)
    assert "spark.read.table reads tables of the catalog" in problem.hint
    with using(context(get_session=Session)):
        assert dp.read("t") == "batch t", "a cell of a kernel reads what is stored"
        assert dp.readStream("t") == "stream t"


def test_reads_belong_into_dataset_functions() -> None:
    assert "outside of a pipeline" in problem_of(lambda: dp.read("t")).message
    with declaring():
        problem = problem_of(lambda: dp.read_stream("t"))
        unnamed = problem_of(lambda: dp.readStream(5))
        empty = problem_of(lambda: dp.read())
    assert (problem.code, "at the top of a file" in problem.message) == ("LDP-2012", True)
    assert "inside dataset functions" in problem.hint
    assert unnamed.message == "readStream(name=...) got int 5; accepted: the name of a dataset of the pipeline"
    assert empty.message == 'read() needs the parameter "name"'


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (lambda: dp.create_streaming_table(), 'create_streaming_table() needs the parameter "name"', "parameters: name,"),
        (lambda: dp.create_target_table(), 'create_target_table() needs the parameter "name"', "parameters: name,"),
        (lambda: dp.create_sink("s"), 'create_sink() needs the parameter "format"', "parameters: name, format, options"),
        (lambda: dp.expect(), 'expect() needs the parameter "name"', "parameters: name, inv"),
        (lambda: dp.expect_all(), 'expect_all() needs the parameter "expectations"', "parameters: expectations"),
        (lambda: dp.expect_all_or_fail(rules={}), 'expect_all_or_fail() has no parameter "rules"', "parameters: exp"),
        (lambda: dp.table(dict, "t"), "table() got more than its 1 parameters by position", "give them by keyword"),
        (lambda: dp.append_flow("f", "t", None, None, True, 1), "append_flow() got more than its 5", "by keyword"),
        (lambda: dp.append_flow("f", name="g", target="t"), "append_flow() got more than its 5", "one of them twice"),
        (lambda: dp.create_table(nme="t"), 'create_table() has no parameter "nme"', 'did you mean "name"?'),
        (lambda: dp.enable_local_execution(True), "enable_local_execution() got more than its 0", "none"),
    ],
)
def test_a_call_that_does_not_fit(call: Any, message: str, hint: str) -> None:
    with declaring() as declared:
        problem = problem_of(call)
    assert problem.code == "LDP-2011"
    assert message in problem.message
    assert hint in f"{problem.message} {problem.hint}"
    assert problem.location.file == __file__
    assert (declared.datasets, declared.flows, declared.sinks) == ([], [], [])


def test_aliases_say_which_function_they_are() -> None:
    assert dp.create_table.__doc__ == "Deprecated name of `table`."
    assert dp.apply_changes.__name__ == "apply_changes"
    assert inspect.signature(dp.create_table) == inspect.signature(dp.table)


def test_the_module_offers_exactly_what_it_lists() -> None:
    assert len(set(dp.__all__)) == len(dp.__all__)
    assert all(callable(getattr(dp, name)) for name in dp.__all__)
    assert dp.enable_local_execution() is None


def test_problems_of_declarations_are_ours() -> None:
    with declaring(), pytest.raises(LdpError):
        dp.table(name=1)
