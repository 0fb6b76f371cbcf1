-- transformations/books.sql in the old spelling.
CREATE OR REFRESH STREAMING LIVE TABLE books_silver
COMMENT "History of books: a version holds from __START_AT until __END_AT";

APPLY CHANGES INTO LIVE.books_silver
FROM STREAM(LIVE.books_raw)
KEYS (book_id)
SEQUENCE BY updated
COLUMNS * EXCEPT (updated)
STORED AS SCD TYPE 2;

CREATE OR REFRESH LIVE TABLE current_books
COMMENT "Books as they are now"
AS SELECT book_id, title, author, price, is_quarantined
FROM LIVE.books_silver
WHERE __END_AT IS NULL;
