"""Real output for the codes that a dry run gives, for `docs/errors.md`; tests/conformance compares them."""

# ruff: noqa: E501

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    "LDP-1003": """\
LDP-1003 databricks.yml is not valid YAML: found unexpected end of stream
  databricks.yml:7:1
  see the line and the one before it: indentation, a quote or bracket that is not closed, a missing colon""",
    "LDP-1004": """\
LDP-1004 unknown key "catalogue" in pipeline "shop"
  databricks.yml:7:7   catalogue: main
  did you mean "catalog"?""",
    "LDP-1006": """\
LDP-1006 unknown variable "catlog"
  databricks.yml:7:16   catalog: ${var.catlog}
  did you mean "catalog"?""",
    "LDP-2001": """\
LDP-2001 expected a clause of AUTO CDC, found "SEQUENSE" in dataset "a"
  transformations/a.sql:2:70   CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order_id) SEQUENSE BY placed_at
  did you mean "SEQUENCE"?""",
    "LDP-2002": """\
LDP-2002 AttributeError: module 'pyspark.pipelines' has no attribute 'materialised_view'
  transformations/a.py:5   @dp.materialised_view
  did you mean "materialized_view"?""",
    "LDP-2003": """\
LDP-2003 unknown table "custmers" in dataset "a"
  transformations/a.sql:1:45   CREATE MATERIALIZED VIEW a AS SELECT * FROM custmers
  did you mean "customers"?""",
    "LDP-2004": """\
LDP-2004 unknown column "quantitty" in dataset "a"
  transformations/a.sql:1:38   CREATE MATERIALIZED VIEW a AS SELECT quantitty FROM orders
  did you mean "quantity"?""",
    "LDP-2005": """\
LDP-2005 datasets depend on each other in a circle: a -> a in dataset "a"
  transformations/a.sql:1:45   CREATE MATERIALIZED VIEW a AS SELECT * FROM a
  break the circle at one of these reads""",
    "LDP-2006": """\
LDP-2006 expectation "ok" stands twice on dataset "a"
  transformations/a.sql:2:1   CONSTRAINT ok EXPECT (price > 0)) AS SELECT * FROM orders
  rename or remove one of the two""",
    "LDP-2007": """\
LDP-2007 a batch query writes the streaming table "a"
  transformations/a.sql:1:29   CREATE STREAMING TABLE a AS SELECT * FROM orders
  read a source as a stream (STREAM t, spark.readStream), or declare a materialized view""",
    "LDP-2008": """\
LDP-2008 the materialized view "a" has a streaming query
  transformations/a.sql:1:31   CREATE MATERIALIZED VIEW a AS SELECT * FROM STREAM(orders)
  read its sources without STREAM, or declare a streaming table""",
    "LDP-2009": """\
LDP-2009 TypeError: a() missing 1 required positional argument: 'day' in dataset "a"
  transformations/a.py:5   @dp.materialized_view
  a dataset function takes no arguments: bind a value by a default, def f(day=...)""",
    "LDP-2010": """\
LDP-2010 the function returned nothing, not a Spark DataFrame in dataset "a"
  transformations/a.py:5   @dp.materialized_view
  return the DataFrame""",
    "LDP-2011": """\
LDP-2011 ON VIOLATION DELETE ROW is unknown in dataset "a"
  transformations/a.sql:1:65   CREATE MATERIALIZED VIEW a (CONSTRAINT ok EXPECT (quantity > 0) ON VIOLATION DELETE ROW) AS SELECT * FROM orders
  accepted: ON VIOLATION DROP ROW, ON VIOLATION FAIL UPDATE""",
    "LDP-2012": """\
LDP-2012 CREATE TABLE is not allowed in pipeline source in dataset "a"
  transformations/a.sql:1:1   CREATE TABLE a AS SELECT * FROM orders
  for an incremental query CREATE OR REFRESH STREAMING TABLE, for a batch query MATERIALIZED VIEW""",
    "LDP-2013": """\
LDP-2013 flow "f" writes to "ordres", which is not declared
  transformations/a.sql:1:1   CREATE FLOW f AS INSERT INTO ordres BY NAME SELECT * FROM STREAM(orders)
  did you mean "orders"?""",
    "LDP-2014": """\
LDP-2014 no flow writes the streaming table "a"
  transformations/a.sql:1:1   CREATE STREAMING TABLE a
  add an append flow, an AUTO CDC flow or a query""",
    "LDP-2015": """\
LDP-2015 Reference `customer_id` is ambiguous, could be: [`c`.`customer_id`, `o`.`customer_id`] in dataset "a"
  transformations/a.sql:2:8   SELECT customer_id FROM orders o JOIN customers c ON o.customer_id = c.customer_id
  say which table it comes from (alias.column), or rename one of the columns before the join""",
    "LDP-2016": """\
LDP-2016 expectation "ok": unknown column "quantitty" in dataset "a"
  transformations/a.sql:1:29   CREATE MATERIALIZED VIEW a (CONSTRAINT ok EXPECT (quantitty > 0)) AS SELECT * FROM orders
  did you mean "quantity"?""",
    "LDP-2017": """\
LDP-2017 unknown column "order" in keys in dataset "a"
  transformations/a.sql:2:1   CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order) SEQUENCE BY placed_at
  did you mean "order_id"?""",
    "LDP-2018": """\
LDP-2018 the streaming view "recent" is read as a batch in dataset "a"
  transformations/a.sql:2:45   CREATE MATERIALIZED VIEW a AS SELECT * FROM recent
  read it as a stream: STREAM(recent) or spark.readStream.table("recent")""",
    "LDP-2019": """\
LDP-2019 pipeline "shop" declares nothing
  put sources into transformations/, or run cells that declare datasets""",
    "LDP-2020": """\
LDP-2020 the query of "a" gives column "quantity", which its schema does not declare
  transformations/a.sql:1:1   CREATE MATERIALIZED VIEW a (order_id INT, quantty INT) AS SELECT order_id, quantity FROM orders
  did you mean "quantty"?""",
    "LDP-2021": """\
LDP-2021 "a.b.c.d" has more than three parts
  transformations/a.sql:1:26   CREATE MATERIALIZED VIEW a.b.c.d AS SELECT * FROM orders
  a name is table, schema.table or catalog.schema.table""",
    "LDP-2022": """\
LDP-2022 parameter ${dta} has no value in dataset "a"
  transformations/a.sql:1:62   CREATE STREAMING TABLE a AS SELECT * FROM STREAM read_files('${dta}', format => 'json')
  did you mean "data"?""",
    "LDP-2026": """\
LDP-2026 collect(): the platform forbids it in a dataset function
  transformations/a.py:6   names = [r.id for r in spark.range(3).collect()]
  return the DataFrame; it is computed when the flow runs""",
    "LDP-2027": """\
LDP-2027 a table cannot have a column named "count(1)" in dataset "a"
  transformations/a.sql:1:31   CREATE MATERIALIZED VIEW a AS SELECT count(*) FROM orders
  give it an alias of letters, digits and _, or set the table property delta.columnMapping.mode = name""",
}
