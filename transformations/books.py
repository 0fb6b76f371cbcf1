"""Books as they arrive, each version judged by three rules."""

from pyspark import pipelines as dp
from pyspark.sql import functions as F

BOOK = "book_id STRING, title STRING, author STRING, price DECIMAL(10,2), updated TIMESTAMP"

RULES = {
    "has_title": "title IS NOT NULL",
    "has_author": "author IS NOT NULL",
    "valid_price": "price > 0",
}
# True when any rule is violated; a rule that is NULL counts as violated.
QUARANTINE = "NOT(" + " AND ".join(f"coalesce({rule}, false)" for rule in RULES.values()) + ")"


@dp.temporary_view(comment="Versions of books; those that violate a rule are marked")
@dp.expect_all(RULES)
def books_raw():
    return (
        spark.readStream.table("bronze")
        .where("topic = 'books'")
        .select(F.from_json(F.col("value").cast("string"), BOOK).alias("book"))
        .select("book.*")
        .withColumn("is_quarantined", F.expr(QUARANTINE))
    )
