"""transformations/orders.py with a rule that stops the update."""

from pyspark import pipelines as dp
from pyspark.sql import functions as F

ORDER = """
    order_id STRING, order_timestamp TIMESTAMP, customer_id STRING, quantity INT, total DECIMAL(10,2),
    books ARRAY<STRUCT<book_id: STRING, quantity: INT, subtotal: DECIMAL(10,2)>>
"""


@dp.table(comment="Orders")
@dp.expect_or_fail("valid_quantity", "quantity > 0")
def orders_silver():
    return (
        spark.readStream.table("bronze")
        .where("topic = 'orders'")
        .select(F.from_json(F.col("value").cast("string"), ORDER).alias("order"))
        .select("order.*")
    )
