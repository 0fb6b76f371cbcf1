"""Orders: the valid ones, and the others set aside."""

from pyspark import pipelines as dp
from pyspark.sql import functions as F

ORDER = """
    order_id STRING, order_timestamp TIMESTAMP, customer_id STRING, quantity INT, total DECIMAL(10,2),
    books ARRAY<STRUCT<book_id: STRING, quantity: INT, subtotal: DECIMAL(10,2)>>
"""

VALID = "quantity > 0"
# The exact complement. A rule that is NULL counts as violated, so that NOT(quantity > 0) alone would lose the orders
# without a quantity in both tables.
INVALID = f"NOT({VALID}) OR quantity IS NULL"


def read_orders():
    """Orders out of the messages of their topic."""
    return (
        spark.readStream.table("bronze")
        .where("topic = 'orders'")
        .select(F.from_json(F.col("value").cast("string"), ORDER).alias("order"))
        .select("order.*")
    )


@dp.table(comment="Valid orders")
@dp.expect_or_drop("valid_quantity", VALID)
def orders_silver():
    return read_orders()


@dp.table(comment="Orders that orders_silver does not take: look at them, mend their source")
@dp.expect_or_drop("invalid_quantity", INVALID)
def orders_quarantine():
    return read_orders()
