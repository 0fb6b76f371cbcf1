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
