"""Auto Loader while files go on arriving: before a table's first batch, between two batches, under other names first."""

from __future__ import annotations

import gzip
import os
import random
from typing import TYPE_CHECKING

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from ldp_jupyter.events import Event

pytestmark = pytest.mark.spark

LONG_AGO = 1_000_000_000

SOURCE = """
    from pyspark import pipelines as dp

    def landed(folder, **options):
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
        return reader.options(**{f"cloudFiles.{key}": value for key, value in options.items()}).load(folder)

    @dp.table
    def early():
        return landed("early", inferColumnTypes="true")

    @dp.table
    def steady():
        return landed("steady", inferColumnTypes="true", maxFilesPerTrigger="1")

    @dp.table
    def slow():
        return landed("slow")

    @dp.materialized_view
    def taken():
        return spark.range(1)
"""


class Landing:
    """A folder that files come to, numbered rows one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def renamed(self, name: str) -> None:
        """As careful writers do: whole, under a hidden name first, with an older time."""
        hidden = self.folder / f".{name}.part"
        hidden.write_text(f'{{"n": {self.count}}}\n{{"n": {self.count + 1}}}\n')
        self.count += 2
        os.utime(hidden, (LONG_AGO, LONG_AGO))
        hidden.rename(self.folder / f"{name}.json")


def grow(file: Path) -> None:
    """As careless writers do: more of it now and then, a line in two parts."""
    with file.open("a") as lines:
        lines.write('"s"}\n{"n": ')


@pytest.mark.long
def test_rows_of_files_that_arrive_at_any_moment_are_there_once(
    spark_main: SparkSession, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    root = make_project({"transformations/a.py": SOURCE, "early/a.json": '{"n": 1}\n', "slow/a.json": '{"n": "s"}\n'})
    (root / "steady").mkdir()
    landing = Landing(root / "steady")
    landing.renamed("a")
    pipeline = Pipeline(root)

    # an update that ends before its flows run has made the tables, and their streams have no columns yet
    pipeline.session().sql("CREATE TABLE main.default.taken (id INT)")
    with pytest.raises(UpdateFailed, match="LDP-3007"):
        pipeline.run()
    pipeline.session().sql("DROP TABLE main.default.taken")
    (root / "early/b.json").write_text('{"n": "two", "m": 2}\n')
    assert [found for found in pipeline.plan().plan.datasets if found.problem] == []

    told: list[str] = []
    warned: list[str] = []

    def arrives(event: Event) -> None:
        flow, state = event.origin.get("flow_name"), event.details.get("update_progress", {}).get("state")
        if state == "SETTING_UP_TABLES":  # the graph is resolved, and no stream has begun
            (root / "early/c.json").write_text('{"n": 3, "m": "three", "k": true}\n')
            (root / "steady/text.json").write_text('{"n": "not a number"}\n')
            grow(root / "slow/a.json")
        elif flow == "slow" and "COMPLETED" in event.message:
            grow(root / "slow/a.json")
        elif flow == "steady" and len(told) < 3:  # it starts, it runs, after its batches
            told.append(event.message)
            landing.renamed(f"r{len(told)}")

    def hear(event: Event) -> None:
        warned.extend(event.details.get("planning_information", {}).get("changed_files", ()))

    pipeline.run(subscribers=[arrives, hear])
    assert warned == []
    pipeline.run(subscribers=[hear])
    assert warned == [f"{root}/slow/a.json"]

    def read(text: str) -> list[tuple[object, ...]]:
        return sorted((tuple(row) for row in pipeline.query(text).rows), key=str)

    # the first table was made anew with the types of all files; types of later ones do not fit, and are rescued
    assert read("SELECT n, m, k, _rescued_data IS NULL FROM early") == [
        ("1", None, None, True), ("3", None, True, False), ("two", 2, None, True)]
    assert read("SELECT typeof(n), count(n), count(DISTINCT n), max(n), count(_rescued_data), count(*) FROM steady GROUP BY 1") == [
        ("bigint", landing.count, landing.count, landing.count - 1, 1, landing.count + 1)]
    # of a file that is read while it is written nothing is left out in silence, and nothing is read twice
    assert read("SELECT n, _corrupt_record FROM slow") == [("s", None), (None, '"s"}'), (None, '{"n": ')]
    pipeline.run(full_refresh=["slow"])
    assert read("SELECT n, _corrupt_record FROM slow") == [("s", None), ("s", None), (None, '"s"}'), (None, '{"n": ')]


BROKEN = """
    from pyspark import pipelines as dp

    def landed(form, folder, **options):
        reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", form)
        return reader.options(**options).load(folder)

    @dp.table
    def zipped():
        return landed("json", "zipped in")

    @dp.table
    def zipped_passing():
        return landed("json", "zipped in", ignoreCorruptFiles="true")

    @dp.table
    def columns():
        return landed("parquet", "columns")

    @dp.table
    def strict():
        return landed("json", "strict", **{"cloudFiles.schemaEvolutionMode": "failOnNewColumns"})
"""


@pytest.mark.long
def test_a_stream_goes_on_when_the_file_that_it_failed_on_is_taken_away(
    spark_main: SparkSession, make_project: Callable[[Mapping[str, str]], Path]
) -> None:
    root = make_project({"transformations/a.py": BROKEN, "zipped in/empty.json": "", "strict/a.json": '{"n": 0}'})
    (root / "zipped in/a.json.gz").write_bytes(gzip.compress(b'{"n": 0}\n'))
    pipeline = Pipeline(root)
    pipeline.session().range(1).coalesce(1).write.parquet(str(root / "columns/a"))
    (root / "columns/empty.parquet").touch()  # as a writer leaves that was killed: refused, unless it is passed over
    (problem,) = pipeline.dry_run().problems
    assert (problem.code, problem.dataset) == ("LDP-2015", "columns")
    (root / "columns/empty.parquet").unlink()
    pipeline.run()

    (good,) = (root / "columns/a").glob("*.parquet")
    broken = {
        "zipped in/b c.json.gz": gzip.compress(random.Random(1).randbytes(5000).hex().encode() + b'\n{"n": 1}\n')[:3000],
        "columns/b.parquet": good.read_bytes()[:-7],
        "strict/b.json": b'{"n": 1, "new": 1}',
    }
    for name, content in broken.items():
        (root / name).write_bytes(content)
        os.utime(root / name, (LONG_AGO, LONG_AGO))
    with pytest.raises(UpdateFailed) as failed:
        pipeline.run()
    found = {problem.dataset: problem for problem in failed.value.problems}
    assert {name: problem.code for name, problem in found.items()} == {
        "zipped": "LDP-3010", "columns": "LDP-3010", "strict": "LDP-3009"}
    assert f"mend {root}/zipped in/b c.json.gz or take it away" in str(found["zipped"].hint)
    assert "ignoreCorruptFiles" in str(found["columns"].hint)
    assert "take the file away" in str(found["strict"].hint)

    (root / "zipped in/a.json.gz").rename(root / "kept.gz")  # one that was read already is nobody's loss
    for name in broken:
        (root / name).unlink()
    (root / "strict/c.json").write_text('{"n": 2}')
    events: list[Event] = []
    pipeline.run(subscribers=[events.append])
    told = {e.origin["flow_name"]: e.details["planning_information"]["files_taken_away"]
            for e in events if "files_taken_away" in e.details.get("planning_information", {})}
    assert told == {"zipped": [f"{root}/zipped in/b c.json.gz"], "columns": [f"{root}/columns/b.parquet"],
                    "strict": [f"{root}/strict/b.json"]}

    def read(text: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in pipeline.query(text).rows]

    assert read("SELECT (SELECT count(n) FROM zipped), (SELECT count(n) FROM zipped_passing), (SELECT count(*) FROM columns)"
                ) == [(1, 1, 1)]
    assert sorted(read("SELECT n FROM strict")) == [("0",), ("2",)]
