"""Streams whose state functions of the user keep: it lives from update to update, and a full refresh begins anew."""

from __future__ import annotations

import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark

SOURCE = """
import pandas as pd
from pyspark import pipelines as dp
from pyspark.sql import Row
from pyspark.sql.streaming import StatefulProcessor

SUMS = "who STRING, total BIGINT"


@dp.table
def raw():
    return spark.readStream.schema("who STRING, amount BIGINT").json("data")


class Values(StatefulProcessor):
    def init(self, handle):
        self.total = handle.getValueState("total", "sum BIGINT")

    def handleInputRows(self, key, rows, timers):
        total = self.total.get()[0] if self.total.exists() else 0
        total += sum(row.amount for row in rows)
        self.total.update((total,))
        yield Row(who=key[0], total=total)

    def close(self):
        pass


class Lists(StatefulProcessor):
    def init(self, handle):
        self.seen = handle.getListState("seen", "amount BIGINT")

    def handleInputRows(self, key, frames, timers):
        for frame in frames:
            for amount in frame["amount"]:
                self.seen.appendValue((int(amount),))
        yield pd.DataFrame({"who": [key[0]], "total": [sum(value[0] for value in self.seen.get())]})

    def close(self):
        pass


def add(key, frames, state):
    total = state.get[0] if state.exists else 0
    total += sum(int(frame["amount"].sum()) for frame in frames)
    state.update((total,))
    yield pd.DataFrame({"who": [key[0]], "total": [total]})


def people():
    return spark.readStream.table("raw").groupBy("who")


@dp.table
def of_rows():
    return people().transformWithState(Values(), SUMS, "append", "none")


@dp.table
def of_frames():
    return people().transformWithStateInPandas(Lists(), SUMS, "append", "none")


@dp.table
def of_groups():
    return people().applyInPandasWithState(add, SUMS, "total BIGINT", "append", "NoTimeout")
"""
TABLES = ("of_rows", "of_frames", "of_groups")


@pytest.mark.long
def test_state_of_python_functions_lives_from_update_to_update(spark_main, make_project):
    project = make_project({"transformations/t.py": SOURCE})
    pipeline = Pipeline(project, settings={"root": str(project)})
    (project / "data").mkdir()

    def land(number, **amounts):
        lines = [f'{{"who": "{who}", "amount": {amount}}}' for who, amount in amounts.items()]
        (project / "data" / f"{number}.json").write_text("\n".join(lines))

    def rows(table):
        return sorted(tuple(row) for row in pipeline.session().table(f"main.default.{table}").collect())

    land(1, ann=1, bob=5)
    pipeline.run()
    for table in TABLES:
        assert rows(table) == [("ann", 1), ("bob", 5)], table

    land(2, ann=10, cid=7)
    pipeline.run()
    for table in TABLES:
        assert rows(table) == [("ann", 1), ("ann", 11), ("bob", 5), ("cid", 7)], table

    pipeline.run(full_refresh=["of_rows"])
    assert rows("of_rows") == [("ann", 11), ("bob", 5), ("cid", 7)], "all that is there comes as one batch"
    assert len(rows("of_frames")) == 4
