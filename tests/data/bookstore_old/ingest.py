# Databricks notebook source
# MAGIC %md
# MAGIC # The Bookstore in the older spelling: `import dlt`, `dlt.read_stream`, views, `apply_changes`

# COMMAND ----------

import dlt
import pyspark.sql.functions as F

dataset_path = spark.conf.get("dataset_path")

# COMMAND ----------

@dlt.table(
    name="bronze",
    partition_cols=["topic", "year_month"],
    table_properties={"delta.appendOnly": "true", "pipelines.reset.allowed": "false"},
)
def process_bronze():
    schema = "key BINARY, value BINARY, topic STRING, partition LONG, offset LONG, timestamp LONG"
    return (
        spark.readStream.format("cloudFiles")
        .option("cloudFiles.format", "json")
        .schema(schema)
        .load(f"{dataset_path}/kafka-raw-etl")
        .withColumn("timestamp", (F.col("timestamp") / 1000).cast("timestamp"))
        .withColumn("year_month", F.date_format("timestamp", "yyyy-MM"))
    )


@dlt.view
def country_lookup():
    return spark.read.json(f"{dataset_path}/country_lookup").select("code", "country")

# COMMAND ----------

order_schema = """order_id STRING, order_timestamp TIMESTAMP, customer_id STRING, quantity INT, total DECIMAL(10,2),
    books ARRAY<STRUCT<book_id STRING, quantity INT, subtotal DECIMAL(10,2)>>"""
rules = {"orders_silver": "quantity > 0", "orders_quarantine": "NOT (quantity > 0) OR quantity IS NULL"}


def make(name, rule):
    @dlt.table(name=name)
    @dlt.expect_all_or_drop({"rule": rule})
    def orders():
        return (
            dlt.read_stream("bronze")
            .filter("topic = 'orders'")
            .select(F.from_json(F.col("value").cast("string"), order_schema).alias("v"))
            .select("v.*")
        )


for name, rule in rules.items():
    make(name, rule)

# COMMAND ----------

@dlt.view(name="customers_cleaned")
def customers():
    schema = """customer_id STRING, email STRING, first_name STRING, last_name STRING, city STRING, country_code STRING,
        row_status STRING, row_time TIMESTAMP"""
    changes = (
        spark.readStream.table("LIVE.bronze")
        .filter(F.col("topic") == "customers")
        .select(F.from_json(F.col("value").cast("string"), schema).alias("v"))
        .select("v.*")
    )
    lookup = dlt.read("country_lookup")
    return changes.join(F.broadcast(lookup), F.col("country_code") == F.col("code"), "left").drop("code")


dlt.create_target_table("customers_silver")
dlt.apply_changes(
    target="customers_silver",
    source="customers_cleaned",
    keys=["customer_id"],
    sequence_by=F.col("row_time"),
    apply_as_deletes=F.expr("row_status = 'delete'"),
    except_column_list=["row_status", "row_time"],
    stored_as_scd_type="1",
)

# COMMAND ----------

# MAGIC %sql
# MAGIC CREATE STREAMING LIVE VIEW books_raw AS
# MAGIC SELECT v.*, NOT (coalesce(v.title IS NOT NULL AND v.author IS NOT NULL AND v.price > 0, false)) AS is_quarantined
# MAGIC FROM (SELECT from_json(CAST(value AS STRING), 'book_id STRING, title STRING, author STRING, price DECIMAL(10,2), updated TIMESTAMP') AS v
# MAGIC       FROM STREAM(LIVE.bronze) WHERE topic = "books")
