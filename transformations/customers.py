"""Customers: changes as they come, applied to one row for each customer (AUTO CDC, SCD type 1)."""

from pyspark import pipelines as dp
from pyspark.sql import functions as F

CUSTOMER = """
    customer_id STRING, email STRING, first_name STRING, last_name STRING, city STRING, country_code STRING,
    row_status STRING, row_time TIMESTAMP
"""


@dp.temporary_view(comment="Changes of customers, with the names of their countries")
def customers_changes():
    changes = (
        spark.readStream.table("bronze")
        .where("topic = 'customers'")
        .select(F.from_json(F.col("value").cast("string"), CUSTOMER).alias("customer"))
        .select("customer.*")
    )
    countries = F.broadcast(spark.read.table("country_lookup"))
    # Left: a delete brings the customer's id alone, and must not get lost for want of a country.
    return changes.join(countries, changes.country_code == countries.code, "left").drop("code")


dp.create_streaming_table("customers_silver", comment="Customers as they are now")

dp.create_auto_cdc_flow(
    target="customers_silver",
    source="customers_changes",
    keys=["customer_id"],
    # The newest change wins, in whatever order changes arrive.
    sequence_by="row_time",
    apply_as_deletes="row_status = 'delete'",
    except_column_list=["row_status", "row_time"],
)
