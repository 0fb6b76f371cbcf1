"""Kafka as source and sink, against a real broker."""

from __future__ import annotations

import os

import pytest
from kafka_broker import Broker

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed
from ldp_jupyter.spark.connectors import provide

pytestmark = [pytest.mark.spark, pytest.mark.skipif(os.name == "nt", reason="groups of processes")]


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path / "kafka")
    broker.start()
    yield broker
    broker.stop()


def send(spark, servers, topic, *values):
    rows = spark.createDataFrame([(value.split(" ")[0], value) for value in values], "key STRING, value STRING")
    rows.write.format("kafka").option("kafka.bootstrap.servers", servers).option("topic", topic).save()


def received(spark, servers, topic):
    found = spark.read.format("kafka").option("kafka.bootstrap.servers", servers).option("subscribe", topic).load()
    return sorted(row[0] for row in found.selectExpr("CAST(value AS STRING)").collect())


def table(pipeline, name):
    return sorted(row[0] for row in pipeline.session().table(f"main.default.{name}").select("value").collect())


SOURCES = {
    "transformations/a.sql": """
        CREATE OR REFRESH STREAMING TABLE by_function AS SELECT CAST(value AS STRING) AS value, CAST(key AS STRING) AS key, topic, offset
        FROM STREAM read_kafka(bootstrapServers => '${servers}', subscribe => 'orders', startingOffsets => 'earliest',
                               `kafka.default.api.timeout.ms` => '3000', `kafka.request.timeout.ms` => '2000', `fetchOffset.numRetries` => '1');
        CREATE OR REFRESH MATERIALIZED VIEW whole AS SELECT count(*) AS value
        FROM read_kafka(bootstrapServers => '${servers}', subscribe => 'orders', `kafka.default.api.timeout.ms` => '3000',
                        `kafka.request.timeout.ms` => '2000', `fetchOffset.numRetries` => '1');
    """,
    "transformations/b.py": """
        from pyspark import pipelines as dp
        from pyspark.sql import functions as F

        SERVERS = spark.conf.get("servers")

        @dp.table
        @dp.expect_or_drop("no returns", "value NOT LIKE '%return%'")
        def by_format():
            reader = spark.readStream.format("kafka").option("kafka.bootstrap.servers", SERVERS).option("subscribe", "orders")
            reader = reader.option("kafka.default.api.timeout.ms", "3000").option("kafka.request.timeout.ms", "2000")
            reader = reader.option("fetchOffset.numRetries", "1")
            return reader.option("startingOffsets", "earliest").load().select(F.col("value").cast("string"))

        dp.create_sink("out", "kafka", {"kafka.bootstrap.servers": SERVERS, "topic": "kept", "kafka.max.block.ms": "4000"})

        @dp.append_flow(target="out")
        def to_kafka():
            return spark.readStream.table("by_format").selectExpr("upper(value) AS value")

        dp.create_sink("counts", "kafka", {"kafka.bootstrap.servers": SERVERS, "topic": "counts", "kafka.max.block.ms": "4000"})

        @dp.update_flow(target="counts")
        def count_them():
            rows = spark.readStream.table("by_function").groupBy("key").count()
            return rows.selectExpr("concat(key, ' ', count) AS value")
    """,
}


@pytest.mark.long
def test_each_message_once_through_news_silence_and_an_outage(broker, spark_main, make_project):
    project = make_project(SOURCES)
    pipeline = Pipeline(project, settings={"servers": broker.servers})
    spark = pipeline.session()
    provide(spark, "kafka")
    send(spark, broker.servers, "orders", "ann book", "bob lamp", "ann return")
    view = pipeline.run()
    assert view.datasets["by_format"].expectations["no returns"].failed == 1
    assert table(pipeline, "by_function") == ["ann book", "ann return", "bob lamp"]
    assert table(pipeline, "by_format") == ["ann book", "bob lamp"]
    assert table(pipeline, "whole") == [3]
    assert received(spark, broker.servers, "kept") == ["ANN BOOK", "BOB LAMP"]
    assert received(spark, broker.servers, "counts") == ["ann 2", "bob 1"]

    assert pipeline.run().datasets["by_function"].rows_written in (0, None)

    send(spark, broker.servers, "orders", "eve book")
    broker.stop()
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    failed = {error.dataset: (error.code, error.message) for error in caught.value.problems}
    assert {"by_function", "by_format", "whole"} <= set(failed)
    for code, message in failed.values():
        assert code == "LDP-3001"
        assert broker.servers in message or "imed out" in message, message
    broker.start()
    send(spark, broker.servers, "orders", "ann pen")
    pipeline.run()
    everything = ["ann book", "ann pen", "ann return", "bob lamp", "eve book"]
    assert table(pipeline, "by_function") == everything
    assert table(pipeline, "by_format") == [value for value in everything if "return" not in value]
    assert received(spark, broker.servers, "kept") == ["ANN BOOK", "ANN PEN", "BOB LAMP", "EVE BOOK"]
    assert received(spark, broker.servers, "counts") == ["ann 2", "ann 3", "bob 1", "eve 1"]
