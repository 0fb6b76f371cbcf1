"""What makes updates fail from outside: when the cause is gone, the next update gives the rows of an undisturbed one.

The tests share a project: each lands files, disturbs an update, takes the cause away, and compares all tables.
"""

from __future__ import annotations

import json
import random
import sys
import textwrap
from collections import Counter
from pathlib import Path

import delta_files
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))
from causes import FailingJobs, read_only, small_files

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import LdpError, UpdateFailed

pytestmark = pytest.mark.spark

SOURCE = """
    from pathlib import Path

    from pyspark import pipelines as dp
    from pyspark.sql import functions as F

    DATA = spark.conf.get("data")
    poison = Path(f"{DATA}/poison")

    @F.udf("bigint")
    def checked(id):
        if poison.exists() and str(id) in poison.read_text().split():
            raise RuntimeError(f"broken at {id}")
        return id

    @dp.table
    def raw():
        stream = spark.readStream.schema("id BIGINT, kind STRING").option("maxFilesPerTrigger", 1)
        return stream.json(f"{DATA}/raw").withColumn("id", checked("id"))

    dp.create_streaming_table("latest")
    dp.create_auto_cdc_flow(target="latest", source="raw", keys=["kind"], sequence_by="id")

    @dp.materialized_view
    def kinds():
        return spark.read.table("raw").groupBy("kind").agg(F.count("*").alias("n"))

    def next_stock(latest):
        version = (latest or 0) + 1
        file = Path(f"{DATA}/stock/{version}.json")
        return (spark.read.schema("kind STRING, pieces BIGINT").json(str(file)), version) if file.exists() else None

    dp.create_streaming_table("stock")
    dp.create_auto_cdc_from_snapshot_flow(target="stock", source=next_stock, keys=["kind"])
"""


class Shop:
    """The pipeline, its files and what they make right."""

    def __init__(self, project: Path) -> None:
        self.data = project / "data"
        for name in ("raw", "stock"):
            (self.data / name).mkdir(parents=True)
        self.stock: list[dict[str, object]] = []
        self.take_stock(1, a=1, b=2)
        self.pipeline = Pipeline(project, settings={"data": str(self.data)})
        self.landed = 0

    def land(self, files: int = 1) -> int:
        """Land so many files; gives the first id of the last one."""
        for _ in range(files):
            self.landed += 1
            rows = [{"id": 10 * self.landed + place, "kind": "abcd"[place + self.landed % 2]} for place in range(3)]
            self.file().write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return 10 * self.landed

    def take_stock(self, version: int, **pieces: int) -> None:
        self.stock = [{"kind": kind, "pieces": number} for kind, number in pieces.items()]
        (self.data / "stock" / f"{version}.json").write_text("".join(f"{json.dumps(row)}\n" for row in self.stock))

    def file(self) -> Path:
        """The last one."""
        return self.data / "raw" / f"{self.landed}.json"

    def poison(self, *ids: int) -> None:
        (self.data / "poison").write_text(" ".join(map(str, ids)))

    def table(self, name: str) -> Path:
        return delta_files.of(self.pipeline, name)

    def fail(self) -> list[LdpError]:
        with pytest.raises(UpdateFailed) as caught:
            self.pipeline.run()
        return caught.value.problems

    def fails(self) -> LdpError:
        (problem,) = self.fail()
        return problem

    def next_update_is_right(self) -> None:
        self.pipeline.run()
        files = (self.data / "raw").glob("*.json")
        rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        got = {name: sorted(delta_files.rows(self.table(name))) for name in ("raw", "latest", "kinds", "stock")}
        assert got["raw"] == sorted((row["id"], row["kind"]) for row in rows)
        latest = {row["kind"]: row["id"] for row in sorted(rows, key=lambda row: row["id"])}
        assert got["latest"] == sorted((newest, kind) for kind, newest in latest.items())
        assert got["kinds"] == sorted(Counter(row["kind"] for row in rows).items())
        assert got["stock"] == [tuple(row.values()) for row in self.stock]


@pytest.fixture(scope="module")
def shop(spark_main, tmp_path_factory) -> Shop:
    project = tmp_path_factory.mktemp("shop")
    (project / "transformations").mkdir()
    (project / "transformations" / "shop.py").write_text(textwrap.dedent(SOURCE))
    made = Shop(project)
    made.land()
    made.pipeline.run()
    return made


@pytest.mark.long
def test_jobs_that_fail_from_a_random_one_on(shop):
    rng = random.Random(11)
    for _ in range(2):
        shop.land()
        with FailingJobs(shop.pipeline.session().sparkContext, rng.randrange(8)):
            assert {problem.code for problem in shop.fail()} == {"LDP-3001"}
    shop.next_update_is_right()


def damage(home: Path) -> None:
    """What a crash of the machine may leave of files of ours."""
    (home / "memory.json").write_text('{"format": 1, "datas')
    with (home / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"event_type": "flow_pro')
    (home / "lock.json").write_text("{")
    for update in (home / "runs").glob("*/update.json"):
        update.write_text("")


def test_a_full_disk_and_damaged_files(shop):
    shop.land()
    for fits in (10, 900):
        with small_files(fits):
            problems = shop.fail()
        assert {(p.code, p.hint) for p in problems} == {("LDP-5006", "make room there, then run again: nothing is lost")}
    damage(shop.pipeline.layout.home)
    shop.next_update_is_right()
    events = shop.pipeline.events()
    assert [e.sequence for e in events] == list(range(1, len(events) + 1))


def test_tables_that_cannot_be_written(shop):
    """What was changed is stored already: the tables follow later, though no change comes any more."""
    shop.land()
    shop.take_stock(2, b=5, c=1)
    with read_only(shop.table("latest")), read_only(shop.table("stock")):
        problems = shop.fail()
    assert {(p.code, p.dataset) for p in problems} == {("LDP-5006", "latest"), ("LDP-5006", "stock")}
    assert {p.hint for p in problems} == {"let this user write there, then run again: nothing is lost"}
    shop.next_update_is_right()


def test_a_row_that_fails_and_a_file_that_goes_after_it_was_listed(shop, tmp_path):
    bad = shop.land() + 1
    shop.poison(bad)
    problem = shop.fails()  # the batch of the file is planned
    assert (problem.code, problem.message) == ("LDP-3001", f'flow "raw" failed: RuntimeError: broken at {bad}')
    shop.poison()
    file = shop.file()
    file.rename(tmp_path / "away")
    problem = shop.fails()
    assert f"raw/{file.name}" in problem.message
    assert "put it back" in problem.hint
    (tmp_path / "away").rename(file)
    shop.next_update_is_right()
