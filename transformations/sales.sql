-- One row for each line of an order. A stream joined with a table: each new order meets the books as they are in this
-- update; a price that changes later does not change what was sold.
CREATE OR REFRESH STREAMING TABLE books_sales (
  -- Rules may use the aliases of the query. Lines that do not add up are dropped,
  CONSTRAINT valid_subtotal EXPECT (b.book.subtotal = b.book.quantity * c.price) ON VIOLATION DROP ROW,
  -- a price of nothing stops the update: something is wrong with the books,
  CONSTRAINT valid_price EXPECT (c.price > 0) ON VIOLATION FAIL UPDATE,
  -- and many books of one kind are only counted.
  CONSTRAINT usual_quantity EXPECT (b.book.quantity <= 5)
)
COMMENT "Books sold, by order"
AS SELECT
  o.order_id,
  o.order_timestamp,
  o.customer_id,
  c.book_id,
  c.title,
  c.author,
  b.book.quantity AS quantity,
  b.book.subtotal AS subtotal
FROM STREAM(orders_silver) AS o
JOIN LATERAL explode(o.books) AS b(book)
INNER JOIN current_books AS c ON b.book.book_id = c.book_id;

-- Sales in windows of five minutes that begin two minutes past: 10:02 to 10:07, 10:07 to 10:12, ...
-- `AS` before the query may be left out, and texts may stand in double quotes.
CREATE OR REFRESH MATERIALIZED VIEW authors_stats
COMMENT "Sales by author and five minutes"
SELECT
  coalesce(author, "unknown") AS author,
  window.start AS window_start,
  window.end AS window_end,
  count(DISTINCT order_id) AS orders_count,
  sum(quantity) AS books_count,
  sum(subtotal) AS amount
FROM books_sales
GROUP BY coalesce(author, "unknown"), window(order_timestamp, "5 minutes", "5 minutes", "2 minutes");
