"""Tables are a function of what landed: whatever the arrivals, the cuts into updates and the selections in between.

Each example is a random graph over many cases (`graph_model.py`). After each update of everything all tables equal a
batch evaluation of the same queries by plain Python; the counts of expectations of all updates together equal those of
one batch; a full refresh changes nothing.

``LDP_GRAPHS=30 LDP_GRAPH_CASES=200 LDP_GRAPH_UPDATES=6`` makes it larger; ``LDP_GRAPH_SEED=7`` takes other graphs.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import delta_files
import pytest
from graph_model import SOURCES, Counted, Graph, Row, Tables, graphs
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from ldp_jupyter import Pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from ldp_jupyter.events import UpdateView

pytestmark = pytest.mark.spark

GRAPHS = int(os.environ.get("LDP_GRAPHS", "1"))
CASES = int(os.environ.get("LDP_GRAPH_CASES", "40"))
UPDATES = int(os.environ.get("LDP_GRAPH_UPDATES", "3"))
SEED = int(os.environ.get("LDP_GRAPH_SEED", "1"))


def arrivals(rng: random.Random) -> list[Tables]:
    """Rows of each source by update. Each case has its own ways: all at once, late, a little each time, never."""
    landed = [{source: [] for source in SOURCES} for _ in range(UPDATES)]
    for k in range(CASES):
        when = rng.sample(range(UPDATES), rng.randint(1, UPDATES))
        for source in SOURCES:
            for n in range(rng.choice((0, 1, 2, 5, 9))):
                row = Row(k, n, rng.choice((None, -1, 0, 2, 3, 8)), rng.choice((None, "a", "b", "X")))
                landed[rng.choice(when)][source].append(row)
    return landed


def write(root: Path, update: int, landed: Tables, rng: random.Random) -> None:
    """Land rows, in up to three files for each source."""
    for source, rows in landed.items():
        files = defaultdict(list)
        for row in rows:
            files[rng.randrange(3)].append(json.dumps(row._asdict()))
        (root / source).mkdir(exist_ok=True)
        for number, lines in files.items():
            (root / source / f"{update}_{number}.json").write_text("\n".join(lines))


def check(pipeline: Pipeline, graph: Graph, landed: Tables, what: str) -> dict[str, dict[str, Counted]]:
    """Compare all tables with a batch over what landed; gives what rules count in it."""
    expected, counts = graph.evaluate(landed)
    for dataset in graph.stored():
        found = [Row(*row) for row in delta_files.rows(delta_files.of(pipeline, dataset.name), Row._fields)]
        wanted = expected[dataset.name]
        if sorted(found, key=repr) != sorted(wanted, key=repr):
            cases = sorted({row.k for row in [*found, *wanted]})
            k = next(k for k in cases if sorted((r for r in found if r.k == k), key=repr) != sorted((r for r in wanted if r.k == k), key=repr))
            inputs = "\n".join(f"{s}: {[r for r in landed[s] if r.k == k]}" for s in SOURCES)
            pytest.fail(f"{dataset.name} {what}, case {k}:\n{[r for r in found if r.k == k]}\ninstead of\n"
                        f"{[r for r in wanted if r.k == k]}\n{inputs}\n{json.dumps(graph.files(), indent=1)}")  # fmt: skip
    return counts


def count(total: dict[str, dict[str, Counted]], view: UpdateView, graph: Graph) -> None:
    """Add an update's counts: a streaming table's grow, a materialized view's are those of its last computation."""
    for dataset in graph.stored():
        seen = view.datasets[dataset.name]
        if dataset.kind == "materialized" and seen.refresh != "COMPLETE_RECOMPUTE":
            continue
        for name, rule in seen.expectations.items():
            kept = total.setdefault(dataset.name, {}).setdefault(name, Counted())
            before = kept if dataset.kind == "stream" else Counted()
            kept.passed, kept.failed = before.passed + rule.passed, before.failed + rule.failed


@pytest.fixture
def new_pipeline(spark_main: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    def make(graph: Graph) -> Pipeline:
        root = tmp_path_factory.mktemp("graph")
        for name, text in graph.files().items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return Pipeline(root, settings={"root": str(root)})

    return make


@seed(SEED)
@settings(
    max_examples=GRAPHS,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a smaller graph would cost as much again: what fails is told by its case
    suppress_health_check=list(HealthCheck),
)
@given(graph=graphs(), number=st.integers(0, 1 << 30), data=st.data())
def test_tables_equal_a_batch_over_what_landed(new_pipeline: Any, graph: Graph, number: int, data: st.DataObject) -> None:
    assume(number)  # Hypothesis begins with the simplest of all
    rng = random.Random(number)
    pipeline = new_pipeline(graph)
    so_far: Tables = {source: [] for source in SOURCES}
    counted: dict[str, dict[str, Counted]] = {}
    names = [dataset.name for dataset in graph.stored()]
    for update, landed in enumerate(arrivals(rng)):
        write(pipeline.project.root, update, landed, rng)
        so_far = {source: so_far[source] + landed[source] for source in SOURCES}
        whole = update in (0, UPDATES - 1)
        chosen = [] if whole else data.draw(st.lists(st.sampled_from(names), unique=True), label="refreshed alone")
        count(counted, pipeline.run(refresh=chosen), graph)
        if not chosen:
            expected = check(pipeline, graph, so_far, f"after update {update}")
    assert counted == {name: rules for name, rules in expected.items() if rules and name in names}
    pipeline.run(full_refresh_all=True)
    check(pipeline, graph, so_far, "after a full refresh")
