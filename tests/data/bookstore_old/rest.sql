-- Databricks notebook source
CREATE OR REFRESH STREAMING LIVE TABLE books_silver

-- COMMAND ----------

APPLY CHANGES INTO LIVE.books_silver
  FROM STREAM(LIVE.books_raw)
  KEYS (book_id)
  SEQUENCE BY updated
  COLUMNS * EXCEPT (updated)
  STORED AS SCD TYPE 2

-- COMMAND ----------

CREATE LIVE TABLE current_books
AS SELECT book_id, title, author, price, is_quarantined FROM LIVE.books_silver WHERE `__END_AT` IS NULL;

CREATE OR REFRESH STREAMING TABLE main.default.books_sales
(
  CONSTRAINT valid_subtotal EXPECT (b.book.subtotal = b.book.quantity * c.price) ON VIOLATION DROP ROW,
  CONSTRAINT valid_price EXPECT (c.price > 0) ON VIOLATION FAIL UPDATE,
  CONSTRAINT usual_quantity EXPECT (b.book.quantity <= 5)
)
AS
SELECT b.order_id, b.order_timestamp, b.customer_id, c.book_id, c.title, c.author,
       b.book.quantity AS quantity, b.book.subtotal AS subtotal
FROM (SELECT *, explode(books) AS book FROM STREAM(orders_silver)) b
INNER JOIN LIVE.current_books c ON b.book.book_id = c.book_id;

CREATE OR REFRESH LIVE TABLE authors_stats
COMMENT "by author"
SELECT coalesce(author, "unknown") AS author, window.start AS window_start, window.end AS window_end,
  count(DISTINCT order_id) AS orders_count, sum(quantity) AS books_count, sum(subtotal) AS amount
FROM LIVE.books_sales
GROUP BY coalesce(author, "unknown"), window(order_timestamp, '5 minutes', '5 minutes', '2 minutes')

-- COMMAND ----------

CREATE OR REFRESH MATERIALIZED VIEW countries_stats AS
WITH per_day AS (
  SELECT c.country, CAST(o.order_timestamp AS DATE) AS order_date, o.order_id, o.quantity
  FROM main.default.orders_silver o JOIN default.customers_silver c USING (customer_id)
)
SELECT country, order_date, count(order_id) AS orders_count, sum(quantity) AS books_count FROM per_day GROUP BY ALL
