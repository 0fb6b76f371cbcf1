"""Whether a definition changed, and what of it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from core_samples import NAMESPACE, declaring

from ldp_jupyter import pipelines as dp
from ldp_jupyter.engine.code_digest import code_digest
from ldp_jupyter.engine.definitions import definition, differences
from ldp_jupyter.graph import Column, declared_graph

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = """
    LEAST = 1
    def helper(x):
        return x + 1
    def query():
        "text"
        return helper(LEAST), [n for n in range(3)]
"""


def made(source: str) -> Callable[..., Any]:
    found: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(textwrap.dedent(source), "/project/a.py", "exec"), found)
    return found["query"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("LEAST = 1", "LEAST = 1  # a comment", True),
        ("    def query", "\n\n    def query", True),
        ("LEAST = 1", "LEAST = 2", False),
        ("x + 1", "x + 2", False),
        ("range(3)", "range(4)", False),
        ("n for n", "-n for n", False),
        ("helper(LEAST)", "helper", False),
        ("LEAST = 1", "LEAST = object()", False),
    ],
)
def test_a_digest_follows_what_the_function_does(old: str, new: str, same: bool) -> None:
    assert BASE.count(old) == 1
    assert (code_digest(made(BASE)) == code_digest(made(BASE.replace(old, new)))) is same


def test_what_a_loop_binds_counts_and_recursion_ends() -> None:
    def factory(n: int) -> Callable[[], int]:
        def query() -> int:
            return n or query()

        return query

    assert code_digest(factory(1)) != code_digest(factory(2))
    assert code_digest(factory(2)) == code_digest(factory(2))


def test_a_digest_is_the_same_in_another_process() -> None:
    program = (
        "import sys, textwrap; sys.path.insert(0, sys.argv[1])\n"
        "from test_definitions import BASE, made\n"
        "from ldp_jupyter.engine.code_digest import code_digest\n"
        "print(code_digest(made(BASE.replace('[n for', '{\"b\", \"a\", \"c\"}, [n for'))))"
    )
    folder = str(__import__("pathlib").Path(__file__).parent)
    found = {
        subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True,
                       env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1


def told(declare: Callable[[], None], columns: dict[str, str] | None = None, inputs: tuple[str, ...] = ()) -> dict[str, Any]:
    with declaring() as declared:
        declare()
    graph = declared_graph("shop", NAMESPACE, [declared])
    node = graph.nodes[NAMESPACE.qualify("t")]
    node.columns = [Column(name, kind) for name, kind in (columns or {"id": "int"}).items()]
    for flow in node.flows:
        flow.inputs = [NAMESPACE.qualify(name) for name in inputs]
    return definition(graph, node)


def one() -> int:
    return 1


def two() -> int:
    return 2


def table(**options: Any) -> Callable[[], None]:
    return lambda: dp.materialized_view(options.pop("query", one), name="t", **options) and None


@pytest.mark.parametrize(
    ("now", "changes"),
    [
        (told(table()), []),
        (told(table(query=two)), ["query"]),
        (told(table(), {"id": "bigint", "n": "int"}), ["columns: +n int, id int to bigint"]),
        (told(table(), {"n": "int"}), ["columns: +n int, -id"]),
        (told(table(comment="c")), ["comment"]),
        (told(table(partition_cols=["id"])), ["partition columns"]),
        (told(table(cluster_by=["id"])), ["clustering columns"]),
        (told(table(table_properties={"quality": "gold"})), ["properties: quality"]),
        (told(table(spark_conf={"a": "b"})), ["query"]),
    ],
)
def test_what_changed(now: dict[str, Any], changes: list[str]) -> None:
    assert differences(told(table()), now) == changes


def test_expectations_views_and_flows() -> None:
    def rules(**conditions: str) -> Callable[[], None]:
        return lambda: dp.materialized_view(dp.expect_all(conditions)(lambda: None), name="t") and None

    before, now = told(rules(a="x > 0", b="y > 0")), told(rules(b="y > 1", c="z > 0"))
    assert differences(before, now) == ["expectation c added", "expectation a removed", "expectation b changed"]

    def flows(*names: str, target: str = "t") -> Callable[[], None]:
        def declare() -> None:
            dp.create_streaming_table("t")
            for name in names:
                dp.append_flow(target=target, name=name)(one)

        return declare

    assert differences(told(flows("a", "b")), told(flows("b", "c"))) == ["flow c added", "flow a removed"]
    assert differences(told(table()), told(flows("a")))[0] == "kind: materialized view to streaming table"

    def reader(query: Callable[..., Any]) -> Callable[[], None]:
        def declare() -> None:
            dp.temporary_view(query, name="v")
            dp.materialized_view(one, name="t")

        return declare

    assert differences(told(reader(one), inputs=("v",)), told(reader(two), inputs=("v",))) == ["view v changed"]
