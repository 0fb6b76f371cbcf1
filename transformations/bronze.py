"""What arrives: an export of three Kafka topics, kept as it came, and a list of countries."""

from pyspark import pipelines as dp
from pyspark.sql import functions as F

# Settings of the pipeline: `configuration` in databricks.yml.
dataset_path = spark.conf.get("dataset_path")


@dp.table(
    comment="Messages of all topics as they arrived",
    partition_cols=["topic", "year_month"],
    table_properties={
        # Nobody may change what arrived ...
        "delta.appendOnly": "true",
        # ... and a full refresh keeps it too: Kafka may no longer hold the old messages.
        "pipelines.reset.allowed": "false",
    },
)
def bronze():
    # Auto Loader takes each file once, however often the pipeline runs, also those of sub-folders such as books-updates.
    return (
        spark.readStream.format("cloudFiles")
        .option("cloudFiles.format", "json")
        .schema("key BINARY, value BINARY, topic STRING, partition LONG, offset LONG, timestamp LONG")
        .load(f"{dataset_path}/kafka-raw-etl")
        .withColumn("timestamp", F.timestamp_millis("timestamp"))
        .withColumn("year_month", F.date_format("timestamp", "yyyy-MM"))
    )


@dp.temporary_view(comment="Names of countries by their codes")
def country_lookup():
    return spark.read.format("json").schema("code STRING, country STRING").load(f"{dataset_path}/country_lookup")
