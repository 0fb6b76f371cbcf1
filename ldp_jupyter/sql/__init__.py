"""Pipeline SQL: split into statements, heads read into declarations; queries stay text for Spark's own parser."""

from ldp_jupyter.sql.reader import read_sql
from ldp_jupyter.sql.scope import SqlScope
from ldp_jupyter.sql.text import Statement, position, split_statements, strip_comments, substitute

__all__ = ["SqlScope", "Statement", "position", "read_sql", "split_statements", "strip_comments", "substitute"]
