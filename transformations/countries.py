"""Orders by country and day."""

from pyspark import pipelines as dp
from pyspark.sql import functions as F


@dp.materialized_view(comment="Orders by country and day, of the customers who are customers now")
def countries_stats():
    orders = spark.read.table("orders_silver")
    customers = spark.read.table("customers_silver")
    return (
        orders.join(customers, "customer_id")
        .groupBy("country", F.to_date("order_timestamp").alias("order_date"))
        .agg(F.count("order_id").alias("orders_count"), F.sum("quantity").alias("books_count"))
    )
