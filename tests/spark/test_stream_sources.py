"""Streams as pipelines write them: sources, state, and what is told when something changed under them."""

from __future__ import annotations

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed

pytestmark = pytest.mark.spark


@pytest.fixture
def make(spark_main, make_project):
    """A pipeline from file texts."""

    def pipeline(files):
        project = make_project(files)
        return Pipeline(project, settings={"root": str(project)})

    return pipeline


def rows(pipeline, table):
    return sorted((tuple(r) for r in pipeline.session().table(f"main.default.{table}").collect()), key=str)


def batches(pipeline, flow):
    """How many micro-batches a flow has started."""
    (folder,) = (pipeline.layout.home / "checkpoints").glob(f"*/*/main.default.{flow}/offsets")
    return sum(file.name.isdigit() for file in folder.iterdir())


def rewrite(pipeline, old, new, file="transformations/t.py"):
    path = pipeline.project.root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


KAFKA = "key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int"


def test_kafka_is_checked_without_connector_and_broker(make):
    checked = make({
        "transformations/a.sql": """
            CREATE OR REFRESH STREAMING TABLE from_sql AS SELECT *
            FROM STREAM read_kafka(bootstrapServers => 'nowhere:9092', subscribe => 'orders', `kafka.security.protocol` => 'SSL');
            CREATE OR REFRESH STREAMING TABLE from_function AS SELECT *
            FROM STREAM(read_kafka(bootstrapServers => 'nowhere:9092', subscribe => 'orders'));
            CREATE OR REFRESH MATERIALIZED VIEW batch AS SELECT count(*) AS n FROM read_kafka(bootstrapServers => 'nowhere:9092', subscribePattern => 'o.*');
            CREATE OR REFRESH STREAMING TABLE no_servers AS SELECT * FROM STREAM read_kafka(subscribe => 'orders');
        """,
        "transformations/b.py": """
            from pyspark import pipelines as dp

            def kafka():
                return spark.readStream.format("kafka").option("kafka.bootstrap.servers", "nowhere:9092")

            @dp.table
            def from_python():
                return kafka().option("subscribe", "orders").load()

            @dp.table
            def with_headers():
                return kafka().option("subscribe", "orders").option("includeHeaders", "true").load().select("headers.key")

            @dp.table
            def no_topic():
                return kafka().load()

            dp.create_sink("out", "kafka", {"kafka.bootstrap.servers": "nowhere:9092", "topic": "t"})

            dp.create_sink("anywhere", "kafka", {"kafka.bootstrap.servers": "nowhere:9092"})

            @dp.append_flow(target="out")
            def to_kafka():
                return spark.readStream.table("from_python").select("value")

            @dp.append_flow(target="out")
            def no_value():
                return spark.readStream.table("from_python").select("key")

            @dp.append_flow(target="out")
            def a_number():
                return spark.readStream.table("from_python").selectExpr("offset AS value")

            @dp.append_flow(target="anywhere")
            def to_no_topic():
                return spark.readStream.table("from_python").select("value")

            @dp.append_flow(target="anywhere")
            def to_a_topic():
                return spark.readStream.table("from_python").select("value", "topic")
        """,
    }).dry_run()  # fmt: skip
    columns = {
        node.name.table: ", ".join(f"{c.name} {c.type}" for c in node.columns) for node in checked.nodes.values() if node.columns
    }
    assert columns == {
        "from_sql": KAFKA, "from_function": KAFKA, "from_python": KAFKA, "with_headers": "key array<string>", "batch": "n bigint"}  # fmt: skip
    wrong = {"no_servers", "no_topic", "no_value", "a_number", "to_no_topic"}
    assert {(p.code, p.dataset) for p in checked.problems} == {("LDP-2015", name) for name in wrong}
    told = {p.dataset: p.message for p in checked.problems}
    assert "kafka.bootstrap.servers" in told["no_servers"]
    assert "subscribe" in told["no_topic"]
    assert told["no_value"] == 'Kafka takes a column "value" of text or bytes, which is not there'
    assert "the type long" in told["a_number"]
    assert "no topic" in told["to_no_topic"]


def test_what_a_plan_shows_of_streams(make):
    checked = make({"transformations/a.sql": """
        CREATE TEMPORARY VIEW s AS SELECT * FROM STREAM read_files('${root}/transformations', format => 'text');
        CREATE MATERIALIZED VIEW m AS SELECT 'x' AS value;
        CREATE STREAMING TABLE less AS SELECT value FROM STREAM s EXCEPT SELECT value FROM m;
        CREATE STREAMING TABLE both AS SELECT value FROM STREAM s INTERSECT ALL SELECT value FROM m;
        CREATE STREAMING TABLE fine AS SELECT s.value, n FROM STREAM s LEFT JOIN (SELECT value, count(*) AS n FROM m GROUP BY value) m ON s.value = m.value;
        CREATE STREAMING TABLE fine_too AS SELECT s.value FROM STREAM s JOIN (SELECT value FROM m EXCEPT SELECT 'y') m ON s.value = m.value;
    """}).dry_run()  # fmt: skip
    found = {p.dataset: (p.code, p.message, p.hint) for p in checked.problems}
    assert set(found) == {"less", "both"}, "a batch within a stream may do what a stream may not"
    assert found["less"][:2] == ("LDP-2015", "the stream cannot run: EXCEPT over a stream")
    assert "LEFT ANTI JOIN" in found["less"][2]
    assert "INTERSECT" in found["both"][1]


SOURCES = """
    from pyspark import pipelines as dp
    from pyspark.sql import functions as F

    @dp.table
    def appended():
        return spark.readStream.option("skipChangeCommits", "true").table("outside")

    dp.create_streaming_table("customers")
    dp.create_auto_cdc_flow(target="customers", source="outside", keys=["id"], sequence_by="version", apply_as_deletes=F.expr("name IS NULL"))

    @dp.table
    def changes():
        feed = spark.readStream.option("readChangeFeed", "true").table("customers")
        return feed.select("id", "name", "_change_type")
"""


def test_tables_that_change_as_sources(make):
    pipeline = make({"transformations/t.py": SOURCES})
    session = pipeline.session()
    session.sql("CREATE TABLE outside (id INT, name STRING, version INT) USING delta")
    session.sql("INSERT INTO outside VALUES (1, 'ann', 1), (2, 'bob', 1)")
    pipeline.run()
    assert rows(pipeline, "changes") == [(1, "ann", "insert"), (2, "bob", "insert")]
    session.sql("INSERT INTO outside VALUES (1, 'anna', 2), (3, 'cid', 2)")
    pipeline.run()
    new = [(1, "ann", "update_preimage"), (1, "anna", "update_postimage"), (3, "cid", "insert")]
    assert rows(pipeline, "changes") == sorted([(1, "ann", "insert"), (2, "bob", "insert"), *new]), "no row of other keys"
    before = {flow: batches(pipeline, flow) for flow in ("appended", "customers", "changes")}
    idle = pipeline.run()
    assert {flow: batches(pipeline, flow) for flow in before} == before
    assert {d.rows_written for d in idle.datasets.values()} == {None}
    session.sql("UPDATE outside SET name = 'x' WHERE id = 2")
    session.sql("INSERT INTO outside VALUES (4, 'dan', 3)")
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    (problem,) = caught.value.problems
    assert (problem.code, problem.dataset) == ("LDP-3004", "customers")
    assert problem.message == '"customers" reads "outside" as a stream, which was changed, not only appended to (version 3)'
    assert rows(pipeline, "appended") == [(1, "ann", 1), (1, "anna", 2), (2, "bob", 1), (3, "cid", 2), (4, "dan", 3)]


STATE = """
    from pyspark import pipelines as dp
    from pyspark.sql import functions as F

    def events():
        return spark.readStream.table("events").withWatermark("at", "10 minutes")

    @dp.table
    def windows():
        counted = events().groupBy(F.window("at", "5 minutes")).count()
        return counted.select(F.date_format("window.start", "HH:mm").alias("start"), "count")

    @dp.table
    def first_ones():
        return spark.readStream.table("events").dropDuplicates(["id"]).select("id")

    @dp.table
    def unanswered():
        a, b = events().alias("a"), spark.readStream.table("answers").withWatermark("then", "10 minutes").alias("b")
        return a.join(b, F.expr("id = event AND then BETWEEN at AND at + INTERVAL 5 MINUTES"), "left_outer").select("id", "event")
"""


@pytest.mark.long
def test_state_over_updates(make):
    pipeline = make({"transformations/t.py": STATE})
    session = pipeline.session()
    session.sql("CREATE TABLE events (id INT, at TIMESTAMP) USING delta")
    session.sql("CREATE TABLE answers (event INT, then TIMESTAMP) USING delta")

    def arrive(events, answers=""):
        for table, values in (("events", events), ("answers", answers)):
            if values:
                pairs = (pair.split("@") for pair in values.split())
                session.sql(f"INSERT INTO {table} VALUES " + ", ".join(f"({i}, TIMESTAMP'2024-01-01 {t}')" for i, t in pairs))

    arrive("1@10:00 2@10:01 1@10:02", "1@10:01")
    pipeline.run()
    assert rows(pipeline, "windows") == [], "the watermark has not passed the window"
    assert rows(pipeline, "first_ones") == [(1,), (2,)]
    assert rows(pipeline, "unanswered") == [(1, 1)]

    arrive("1@10:30", "9@10:30")
    pipeline.run()
    assert rows(pipeline, "windows") == [("10:00", 3)], "what the watermark lets out comes in the same update"
    assert rows(pipeline, "first_ones") == [(1,), (2,)]
    assert rows(pipeline, "unanswered") == [(1, 1), (1, None), (2, None)]

    before = {flow: batches(pipeline, flow) for flow in ("windows", "first_ones", "unanswered")}
    pipeline.run()
    assert {flow: batches(pipeline, flow) for flow in before} == before, "nothing new starts no query"

    rewrite(pipeline, 'dropDuplicates(["id"])', 'dropDuplicates(["at"])')
    arrive("1@10:30 3@10:31")
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run(refresh=["first_ones"])
    (problem,) = caught.value.problems
    assert (problem.code, problem.dataset) == ("LDP-3005", "first_ones")
    assert problem.hint == "run with --full-refresh first_ones"
    pipeline.run(full_refresh=["first_ones"])
    assert rows(pipeline, "first_ones") == [(1,), (1,), (1,), (2,), (3,)]


CUSTOM = """
    from pyspark import pipelines as dp
    from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition, SimpleDataSourceStreamReader

    class Numbers(DataSource):
        @classmethod
        def name(cls):
            return "numbers"

        def schema(self):
            return "n INT"

        def reader(self, schema):
            return Reader(int(self.options.get("count", 3)))

        def simpleStreamReader(self, schema):
            return StreamReader()

    class Reader(DataSourceReader):
        def __init__(self, count):
            self.count = count

        def read(self, partition):
            yield from ((n,) for n in range(self.count))

    class StreamReader(SimpleDataSourceStreamReader):
        def initialOffset(self):
            return {"at": 0}

        def read(self, start):
            end = min(start["at"] + 2, 2)
            return self.readBetweenOffsets(start, {"at": end}), {"at": end}

        def readBetweenOffsets(self, start, end):
            return iter([(n,) for n in range(start["at"], end["at"])])

        def commit(self, end):
            pass

    spark.dataSource.register(Numbers)

    @dp.materialized_view
    def batch():
        return spark.read.format("numbers").option("count", 4).load()

    @dp.table
    def stream():
        return spark.readStream.format("numbers").load()
"""


def test_data_sources_in_python(make):
    pipeline = make({"transformations/t.py": CUSTOM})
    pipeline.run()
    pipeline.run()
    assert rows(pipeline, "batch") == [(0,), (1,), (2,), (3,)]
    assert rows(pipeline, "stream") == [(0,), (1,)]
