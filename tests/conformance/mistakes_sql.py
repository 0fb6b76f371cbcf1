"""Mistakes in SQL sources and in what surrounds them; see `test_mistakes`."""

from __future__ import annotations

from mistake import Mistake, sql

MISTAKES = [
    # tables
    sql("typo in a table", "CREATE MATERIALIZED VIEW a AS SELECT * FROM «custmers", "LDP-2003"),
    sql("typo in a stream", "CREATE STREAMING TABLE a AS SELECT * FROM STREAM(«ordrs)", "LDP-2003"),
    sql("typo behind LIVE", "CREATE MATERIALIZED VIEW a AS SELECT * FROM «LIVE.custmers", "LDP-2003"),
    sql("typo in a joined table", """
        CREATE MATERIALIZED VIEW a AS
        SELECT o.order_id FROM orders o
        JOIN «costumers c ON c.customer_id = o.customer_id""", "LDP-2003"),
    sql("table in another schema", "CREATE MATERIALIZED VIEW a AS SELECT * FROM «silver.customers", "LDP-2003"),
    sql("table that nobody has", "CREATE MATERIALIZED VIEW a AS SELECT * FROM «raw.sensor_events", "LDP-2003"),
    sql("table in a subquery", """
        CREATE MATERIALIZED VIEW a AS SELECT * FROM customers
        WHERE customer_id IN (SELECT customer_id FROM «order)""", "LDP-2003"),
    sql("name of a WITH mistyped", """
        CREATE MATERIALIZED VIEW a AS
        WITH recent AS (SELECT * FROM orders)
        SELECT * FROM «recnt""", "LDP-2003"),
    # columns
    sql("typo in a column", "CREATE MATERIALIZED VIEW a AS SELECT «quantitty FROM orders", "LDP-2004"),
    sql("typo behind an alias", "CREATE MATERIALIZED VIEW a AS\nSELECT o.order_id,\n  «o.quantitty FROM orders o", "LDP-2004"),
    sql("alias that is not there", "CREATE MATERIALIZED VIEW a AS SELECT «c.order_id FROM orders o", "LDP-2004"),
    sql("column in two tables", """
        CREATE MATERIALIZED VIEW a AS
        SELECT «customer_id FROM orders o JOIN customers c ON o.customer_id = c.customer_id""", "LDP-2015"),
    sql("column without GROUP BY", "CREATE MATERIALIZED VIEW a AS «SELECT status, count(*) AS n FROM orders GROUP BY customer_id", "LDP-2015"),
    sql("column without a name", "CREATE MATERIALIZED VIEW a AS «SELECT count(*) FROM orders", "LDP-2027"),
    sql("partition column", "«CREATE MATERIALIZED VIEW a PARTITIONED BY (statuss) AS SELECT * FROM orders", "LDP-2004"),
    sql("clustering column", "«CREATE MATERIALIZED VIEW a CLUSTER BY (order) AS SELECT * FROM orders", "LDP-2004"),
    sql("columns of a UNION", "CREATE MATERIALIZED VIEW a AS «SELECT order_id FROM orders UNION ALL SELECT customer_id, name FROM customers", "LDP-2015"),
    # functions and types
    sql("typo in a function", "CREATE MATERIALIZED VIEW a AS SELECT «uper(name) AS name FROM customers", "LDP-2015"),
    sql("function of the vendor", "CREATE MATERIALIZED VIEW a AS SELECT «ai_query('m', name) AS answer FROM customers", "LDP-2015"),
    sql("number of arguments", "CREATE MATERIALIZED VIEW a AS SELECT «date_add(placed_at) AS d FROM orders", "LDP-2015"),
    sql("type of an argument", "CREATE MATERIALIZED VIEW a AS SELECT «sum(array(quantity)) AS s FROM orders", "LDP-2015"),
    sql("watermark on a text", "CREATE STREAMING TABLE a AS SELECT * FROM STREAM(orders) «WATERMARK status DELAY OF INTERVAL 1 HOUR", "LDP-2015"),
    # streams and batches
    sql("batch query in a streaming table", "CREATE STREAMING TABLE a AS «SELECT * FROM orders", "LDP-2007"),
    sql("stream in a materialized view", "CREATE MATERIALIZED VIEW a AS «SELECT * FROM STREAM(orders)", "LDP-2008"),
    sql("stream in a view", "CREATE VIEW a AS «SELECT * FROM STREAM(orders)", "LDP-2008"),
    sql("stream view read as a batch", """
        CREATE TEMPORARY VIEW recent AS SELECT * FROM STREAM(orders);
        CREATE MATERIALIZED VIEW a AS SELECT * FROM «recent""", "LDP-2018"),
    sql("batch view read as a stream", """
        CREATE TEMPORARY VIEW known AS SELECT * FROM customers;
        CREATE STREAMING TABLE a AS SELECT * FROM STREAM(«known)""", "LDP-2018"),
    sql("order in a stream", "CREATE STREAMING TABLE a AS «SELECT * FROM STREAM(orders) ORDER BY order_id", "LDP-2015"),
    sql("outer join of streams", """
        CREATE STREAMING TABLE a AS «SELECT o.order_id FROM STREAM(orders) o
        LEFT JOIN STREAM(orders) p ON o.order_id = p.order_id""", "LDP-2015"),
    sql("table without a flow", "«CREATE STREAMING TABLE a", "LDP-2014"),
    sql("flow into a typo", "«CREATE FLOW f AS INSERT INTO ordres BY NAME SELECT * FROM STREAM(orders)", "LDP-2013"),
    sql("flow into a materialized view", "«CREATE FLOW f AS INSERT INTO customers BY NAME SELECT * FROM STREAM(orders)", "LDP-2013"),
    sql("once flow of a stream", """
        CREATE STREAMING TABLE a;
        CREATE FLOW g AS INSERT INTO a BY NAME SELECT * FROM STREAM(orders);
        «CREATE FLOW f AS INSERT INTO ONCE a BY NAME SELECT * FROM STREAM(orders)""", "LDP-2008"),
    # change capture
    sql("CDC key that is not there", """
        CREATE STREAMING TABLE a;
        «CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order) SEQUENCE BY placed_at""", "LDP-2017"),
    sql("CDC sequence that is not there", """
        CREATE STREAMING TABLE a;
        «CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order_id) SEQUENCE BY placed""", "LDP-2017"),
    sql("CDC delete condition", """
        CREATE STREAMING TABLE a;
        «CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order_id)
        APPLY AS DELETE WHEN operation = 'DELETE' SEQUENCE BY placed_at""", "LDP-2017"),
    sql("CDC except column", """
        CREATE STREAMING TABLE a;
        «CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order_id)
        SEQUENCE BY placed_at COLUMNS * EXCEPT (state)""", "LDP-2017"),
    sql("CDC without keys", """
        CREATE STREAMING TABLE a;
        CREATE FLOW f AS AUTO CDC INTO a «FROM STREAM(orders) SEQUENCE BY placed_at""", "LDP-2017"),
    sql("CDC without a sequence", """
        CREATE STREAMING TABLE a;
        CREATE FLOW f AS AUTO CDC INTO a «FROM STREAM(orders) KEYS (order_id)""", "LDP-2017"),
    sql("CDC type", """
        CREATE STREAMING TABLE a;
        CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order_id) SEQUENCE BY placed_at STORED AS SCD TYPE «3""",
        "LDP-2017"),
    sql("CDC truncates with history", """
        CREATE STREAMING TABLE a;
        CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order_id) «APPLY AS TRUNCATE WHEN status = 'T'
        SEQUENCE BY placed_at STORED AS SCD TYPE 2""", "LDP-2017"),
    sql("CDC clause mistyped", """
        CREATE STREAMING TABLE a;
        CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order_id) «SEQUENSE BY placed_at""", "LDP-2001"),
    sql("CDC source mistyped", """
        CREATE STREAMING TABLE a;
        «CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(ordrs) KEYS (order_id) SEQUENCE BY placed_at""", "LDP-2003"),
    sql("CDC and an append flow", """
        CREATE STREAMING TABLE a;
        CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(orders) KEYS (order_id) SEQUENCE BY placed_at;
        «CREATE FLOW g AS INSERT INTO a BY NAME SELECT * FROM STREAM(orders)""", "LDP-2017"),
    sql("CDC into a materialized view", "«CREATE FLOW f AS AUTO CDC INTO customers FROM STREAM(orders) KEYS (order_id) SEQUENCE BY placed_at", "LDP-2013"),
    # rules
    sql("column in a rule", "CREATE MATERIALIZED VIEW a («CONSTRAINT ok EXPECT (quantitty > 0)) AS SELECT * FROM orders", "LDP-2016"),
    sql("rule that cannot be parsed", "CREATE MATERIALIZED VIEW a («CONSTRAINT ok EXPECT (quantity > > 0)) AS SELECT * FROM orders", "LDP-2016"),
    sql("rule that is no condition", "CREATE MATERIALIZED VIEW a («CONSTRAINT ok EXPECT (quantity)) AS SELECT * FROM orders", "LDP-2016"),
    sql("aggregate in a rule", "CREATE MATERIALIZED VIEW a («CONSTRAINT ok EXPECT (count(*) > 0)) AS SELECT * FROM orders", "LDP-2016"),
    sql("subquery in a rule", "CREATE MATERIALIZED VIEW a («CONSTRAINT ok EXPECT (customer_id IN (SELECT customer_id FROM customers))) AS SELECT * FROM orders", "LDP-2016"),
    sql("rule twice", """
        CREATE MATERIALIZED VIEW a (CONSTRAINT ok EXPECT (quantity > 0),
        «CONSTRAINT ok EXPECT (price > 0)) AS SELECT * FROM orders""", "LDP-2006"),
    sql("action of a rule", "CREATE MATERIALIZED VIEW a (CONSTRAINT ok EXPECT (quantity > 0) «ON VIOLATION DELETE ROW) AS SELECT * FROM orders", "LDP-2011"),
    sql("rule outside of the parentheses", "CREATE MATERIALIZED VIEW a «CONSTRAINT ok EXPECT (quantity > 0) AS SELECT * FROM orders", "LDP-2001"),
    # syntax
    sql("typo in CREATE", "CREATE «STREAMIN TABLE a AS SELECT * FROM STREAM(orders)", "LDP-2001"),
    sql("typo in FROM", "CREATE MATERIALIZED VIEW a AS SELECT * FORM «orders", "LDP-2001", hint='did you mean "FROM"'),
    sql("query without its end", "CREATE MATERIALIZED VIEW a AS SELECT order_id, FROM orders WHERE«", "LDP-2001", hint="comma too many"),
    sql("missing semicolon", """
        CREATE MATERIALIZED VIEW a AS SELECT * FROM orders
        «CREATE MATERIALIZED VIEW b AS SELECT * FROM customers""", "LDP-2001"),
    sql("parenthesis never closed", "CREATE MATERIALIZED VIEW a AS SELECT count( FROM «orders", "LDP-2001", hint="never closed"),
    sql("text never closed", "CREATE MATERIALIZED VIEW a AS SELECT * FROM orders WHERE status = «'new", "LDP-2001"),
    sql("unknown clause", "CREATE MATERIALIZED VIEW a «COMENT 'x' AS SELECT * FROM orders", "LDP-2001"),
    sql("materialized view without a query", "CREATE MATERIALIZED VIEW a«", "LDP-2001"),
    sql("quoted name", "CREATE MATERIALIZED VIEW «'a' AS SELECT * FROM orders", "LDP-2001"),
    # statements that are none of a pipeline's
    sql("managed table", "«CREATE TABLE a AS SELECT * FROM orders", "LDP-2012"),
    sql("insert", "«INSERT INTO customers VALUES (2, 'Bo', 'y')", "LDP-2012"),
    sql("drop", "«DROP TABLE IF EXISTS customers", "LDP-2012"),
    sql("merge", "«MERGE INTO customers USING orders ON true WHEN MATCHED THEN DELETE", "LDP-2012"),
    sql("query alone", "«SELECT * FROM orders", "LDP-2012"),
    # files, parameters, names
    sql("folder that is not there", "CREATE STREAMING TABLE a AS «SELECT * FROM STREAM read_files('/data/nowhere', format => 'json')", "LDP-2024"),
    sql("format mistyped", "CREATE STREAMING TABLE a AS «SELECT * FROM STREAM read_files('${data}', format => 'jsn')", "LDP-2015"),
    sql("parameter of read_files mistyped", "CREATE STREAMING TABLE a AS SELECT * FROM STREAM read_files('${data}',\n  «formt => 'json')", "LDP-2011", hint='"format"'),
    sql("parameter without a value", "CREATE STREAMING TABLE a AS SELECT * FROM STREAM read_files('«${dta}', format => 'json')", "LDP-2022"),
    sql("named parameter without a value", "CREATE MATERIALIZED VIEW a AS SELECT * FROM orders WHERE quantity > «:minimum", "LDP-2022"),
    sql("name of four parts", "CREATE MATERIALIZED VIEW «a.b.c.d AS SELECT * FROM orders", "LDP-2021"),
    Mistake("name declared twice", {"transformations/z.sql": "«CREATE MATERIALIZED VIEW customers AS SELECT 1 AS id"}, "LDP-2006"),
    sql("flow declared twice", """
        CREATE STREAMING TABLE a;
        CREATE FLOW f AS INSERT INTO a BY NAME SELECT * FROM STREAM(orders);
        «CREATE FLOW f AS INSERT INTO a BY NAME SELECT * FROM STREAM(orders)""", "LDP-2006"),
    sql("table that reads itself", "CREATE MATERIALIZED VIEW a AS SELECT * FROM «a", "LDP-2005"),
    sql("circle", """
        CREATE MATERIALIZED VIEW a AS SELECT * FROM b;
        CREATE MATERIALIZED VIEW b AS SELECT * FROM «a""", "LDP-2005"),
    sql("column of the declared list missing", """
        «CREATE MATERIALIZED VIEW a (order_id INT, quantty INT) AS SELECT order_id, quantity FROM orders""", "LDP-2020"),
    sql("declared type", "«CREATE MATERIALIZED VIEW a (order_id INT, status INT) AS SELECT order_id, status FROM orders", "LDP-2020"),
    sql("declared type mistyped", "«CREATE MATERIALIZED VIEW a (order_id INTT) AS SELECT order_id FROM orders", "LDP-2001"),
    sql("flows of different types", """
        CREATE STREAMING TABLE a;
        CREATE FLOW f AS INSERT INTO a BY NAME SELECT order_id AS id FROM STREAM(orders);
        «CREATE FLOW g AS INSERT INTO a BY NAME SELECT placed_at AS id FROM STREAM(orders)""", "LDP-2020"),
    sql("property without quotes", "CREATE MATERIALIZED VIEW a TBLPROPERTIES ('quality' = «gold) AS SELECT * FROM orders", "LDP-2011"),
    sql("unknown Delta property", "«CREATE MATERIALIZED VIEW a TBLPROPERTIES ('delta.enableChangeDataFed' = 'true') AS SELECT * FROM orders", "LDP-2011"),
]  # fmt: skip
