"""The Bookstore against the same work written by hand in Structured Streaming and MERGE.

``python benchmarks/bookstore.py [--rounds 5] [--orders 1000]``: fresh processes in turn, the same session settings, medians.
Times count from a session that is there: first update, second landing, an update with nothing new; for ours also the warm dry run.
The hand-written flows run one after another, as people write them; they check and count nothing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ldp_jupyter.project.samples import bookstore_data

ROOT = Path(__file__).parents[1]
STEPS = ("first", "second", "nothing new")


def ours(folder: Path, orders: int) -> dict[str, float]:
    from ldp_jupyter import Pipeline

    shutil.copy(ROOT / "databricks.yml", folder)
    for name in ("transformations", "notebooks"):
        shutil.copytree(ROOT / name, folder / name)
    pipeline = Pipeline(folder, say=lambda _: None)
    pipeline.session().range(1).count()
    times = {}
    for number, step in enumerate(STEPS, 1):
        if number < 3:
            bookstore_data.land(folder / "data", number, orders=orders)
        times[step] = timed(pipeline.run)
    times["dry run"] = min(timed(pipeline.dry_run) for _ in range(3))
    return times


def hand(folder: Path, orders: int) -> dict[str, float]:
    from ldp_jupyter.spark.session import SessionSettings, get_session

    spark = get_session(SessionSettings(str(folder / "unused")), lambda _: None)
    spark.range(1).count()
    job = HandWritten(spark, folder)
    times = {}
    for number, step in enumerate(STEPS, 1):
        if number < 3:
            bookstore_data.land(folder / "data", number, orders=orders)
        times[step] = timed(job.update)
    return times


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class HandWritten:
    """Nine tables by hand."""

    def __init__(self, spark, folder: Path) -> None:
        self.spark = spark
        self.data = str(folder / "data")
        self.out = str(folder / "out")
        self.checkpoints = str(folder / "checkpoints")

    def update(self) -> None:
        from pyspark.sql import functions as F

        spark, out = self.spark, self.out
        raw = (spark.readStream.format("json").option("recursiveFileLookup", "true")
               .schema("key BINARY, value BINARY, topic STRING, partition LONG, offset LONG, timestamp LONG")
               .load(f"{self.data}/kafka-raw-etl")
               .withColumn("timestamp", F.timestamp_millis("timestamp"))
               .withColumn("year_month", F.date_format("timestamp", "yyyy-MM")))
        self.append(raw, "bronze", ["topic", "year_month"])
        order = ("order_id STRING, order_timestamp TIMESTAMP, customer_id STRING, quantity INT, total DECIMAL(10,2), "
                 "books ARRAY<STRUCT<book_id: STRING, quantity: INT, subtotal: DECIMAL(10,2)>>")
        orders = self.topic("orders", order)
        self.append(orders.where("quantity > 0"), "orders_silver")
        self.append(self.topic("orders", order).where("NOT(quantity > 0) OR quantity IS NULL"), "orders_quarantine")
        countries = spark.read.schema("code STRING, country STRING").json(f"{self.data}/country_lookup")
        customers = self.topic("customers", "customer_id STRING, email STRING, first_name STRING, last_name STRING, city STRING, "
                                            "country_code STRING, row_status STRING, row_time TIMESTAMP")
        customers = customers.join(F.broadcast(countries), customers.country_code == countries.code, "left").drop("code")
        self.batches(customers, "customers_silver", self.merge_customers)
        books = self.topic("books", "book_id STRING, title STRING, author STRING, price DECIMAL(10,2), updated TIMESTAMP")
        self.batches(books, "books_silver", self.merge_books)
        self.overwrite(self.table("books_silver").where("end_at IS NULL").drop("start_at", "end_at"), "current_books")
        sales = (spark.readStream.format("delta").load(f"{out}/orders_silver").withColumn("book", F.explode("books"))
                 .join(self.table("current_books"), F.col("book.book_id") == F.col("book_id"))
                 .where("book.subtotal = book.quantity * price")
                 .selectExpr("order_id", "order_timestamp", "customer_id", "book_id", "title", "author",
                             "book.quantity AS quantity", "book.subtotal AS subtotal"))
        self.append(sales, "books_sales")
        self.overwrite(self.table("orders_silver").join(self.table("customers_silver").where("NOT deleted"), "customer_id")
                       .groupBy("country", F.to_date("order_timestamp").alias("order_date"))
                       .agg(F.count("order_id").alias("orders_count"), F.sum("quantity").alias("books_count")), "countries_stats")
        self.overwrite(self.table("books_sales")
                       .groupBy(F.coalesce("author", F.lit("unknown")).alias("author"),
                                F.window("order_timestamp", "5 minutes", "5 minutes", "2 minutes").alias("w"))
                       .agg(F.countDistinct("order_id").alias("orders_count"), F.sum("quantity").alias("books_count"),
                            F.sum("subtotal").alias("amount")), "authors_stats")

    def table(self, name: str):
        return self.spark.read.format("delta").load(f"{self.out}/{name}")

    def topic(self, name: str, schema: str):
        from pyspark.sql import functions as F

        return (self.spark.readStream.format("delta").load(f"{self.out}/bronze").where(F.col("topic") == name)
                .select(F.from_json(F.col("value").cast("string"), schema).alias("v")).select("v.*"))

    def append(self, frame, name: str, partitions=()) -> None:
        (frame.writeStream.format("delta").option("checkpointLocation", f"{self.checkpoints}/{name}").partitionBy(*partitions)
         .trigger(availableNow=True).start(f"{self.out}/{name}").awaitTermination())

    def batches(self, frame, name: str, merge) -> None:
        (frame.writeStream.foreachBatch(merge).option("checkpointLocation", f"{self.checkpoints}/{name}")
         .trigger(availableNow=True).start().awaitTermination())

    def overwrite(self, frame, name: str) -> None:
        frame.write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(f"{self.out}/{name}")

    def target(self, name: str, schema: str):
        from delta.tables import DeltaTable

        return (DeltaTable.createIfNotExists(self.spark).location(f"{self.out}/{name}")
                .addColumns(self.spark.createDataFrame([], schema).schema).execute())

    def merge_customers(self, batch, _batch_id) -> None:
        """The newest change of each key; a deleted row stays as a mark, so that a late change cannot bring it back."""
        from pyspark.sql import Window
        from pyspark.sql import functions as F

        newest = (batch.withColumn("n", F.row_number().over(Window.partitionBy("customer_id").orderBy(F.desc("row_time"))))
                  .where("n = 1").drop("n").withColumn("deleted", F.col("row_status") == "delete").drop("row_status"))
        target = self.target("customers_silver", "customer_id STRING, email STRING, first_name STRING, last_name STRING, city STRING, "
                                                 "country_code STRING, row_time TIMESTAMP, country STRING, deleted BOOLEAN")
        (target.alias("t").merge(newest.alias("s"), "t.customer_id = s.customer_id")
         .whenMatchedUpdateAll("s.row_time >= t.row_time").whenNotMatchedInsertAll().execute())

    def merge_books(self, batch, _batch_id) -> None:
        """Intervals of the keys of the batch, computed again from what is stored and what came."""
        from pyspark.sql import Window
        from pyspark.sql import functions as F

        target = self.target("books_silver", "book_id STRING, title STRING, author STRING, price DECIMAL(10,2), "
                                             "start_at TIMESTAMP, end_at TIMESTAMP")
        keys = batch.select("book_id").distinct()
        known = target.toDF().join(keys, "book_id", "left_semi").drop("end_at")
        versions = known.unionByName(batch.withColumnRenamed("updated", "start_at")).dropDuplicates(["book_id", "start_at"])
        rows = versions.withColumn("end_at", F.lead("start_at").over(Window.partitionBy("book_id").orderBy("start_at")))
        (target.alias("t").merge(rows.alias("s"), "t.book_id = s.book_id AND t.start_at = s.start_at")
         .whenMatchedUpdateAll("NOT (t.end_at <=> s.end_at)").whenNotMatchedInsertAll().execute())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--contestant", choices=["ours", "hand"])
    given = parser.parse_args()
    if given.contestant:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            print(json.dumps({"ours": ours, "hand": hand}[given.contestant](Path(folder), given.orders)))
        return
    times: dict[str, list[dict[str, float]]] = {"ours": [], "hand": []}
    for _ in range(given.rounds):
        for contestant, found in times.items():
            done = subprocess.run([sys.executable, __file__, "--contestant", contestant, "--orders", str(given.orders)],
                                  capture_output=True, text=True, check=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
            print(contestant, {k: round(v, 2) for k, v in found[-1].items()}, flush=True)
    for step in STEPS:
        mine, theirs = (statistics.median(t[step] for t in times[c]) for c in ("ours", "hand"))
        print(f"{step:12} ours {mine:6.2f} s   by hand {theirs:6.2f} s   ratio {mine / theirs:.2f}")
    print(f"dry run, warm: {statistics.median(t['dry run'] for t in times['ours']):.2f} s")


if __name__ == "__main__":
    main()
