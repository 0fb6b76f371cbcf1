-- Every version that a book ever had, with the time in which it held (AUTO CDC, SCD type 2).
CREATE OR REFRESH STREAMING TABLE books_silver
COMMENT "History of books: a version holds from __START_AT until __END_AT"
TBLPROPERTIES ("bookstore.source" = "${dataset_path}/kafka-raw-etl");

CREATE FLOW books_flow AS AUTO CDC INTO books_silver
FROM STREAM(books_raw)
KEYS (book_id)
SEQUENCE BY updated
COLUMNS * EXCEPT (updated)
STORED AS SCD TYPE 2;

-- A table that AUTO CDC writes is changed, not only appended to: it is read as a batch, not as a stream.
CREATE OR REFRESH MATERIALIZED VIEW current_books
COMMENT "Books as they are now"
AS SELECT book_id, title, author, price, is_quarantined
FROM books_silver
WHERE __END_AT IS NULL;
