"""What to do about Spark's errors: by their condition, and for text that cannot be parsed."""

from __future__ import annotations

import difflib
import re

_BY_CONDITION = {
    "AMBIGUOUS_REFERENCE": "say which table it comes from (alias.column), or rename one of the columns before the join",
    "MISSING_AGGREGATION": "put it into GROUP BY, or aggregate it",
    "MISSING_GROUP_BY": "add GROUP BY, or aggregate every column",
    "GROUP_BY_AGGREGATE": "aggregates stand in the SELECT list or in HAVING, not in GROUP BY",
    "INVALID_WHERE_CONDITION": "aggregates and windows are computed in a query inside, then filtered (HAVING, QUALIFY)",
    "NUM_COLUMNS_MISMATCH": "give both sides the same columns; unionByName and BY NAME match them by name",
    "INCOMPATIBLE_COLUMN_TYPE": "cast the column on one of the sides",
    "WRONG_NUM_ARGS": "see the function's parameters: DESCRIBE FUNCTION name",
    "DATATYPE_MISMATCH": "cast the argument to the type wanted",
    "CAST_INVALID_INPUT": "use try_cast",
    "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE": "cast it: to_timestamp(column), in the query that is read",
    "UNSUPPORTED_DATATYPE": "types are STRING, INT, BIGINT, DOUBLE, DECIMAL(9,2), BOOLEAN, DATE, TIMESTAMP, ...",
    "INVALID_EXTRACT": "take a field of a struct with a dot, an element of an array with [0]",
    "COLUMN_ALREADY_EXISTS": "rename one of the two columns",
    "NOT_A_PARTITIONED_TABLE": "declare partition columns, or leave PARTITION out",
    "UNBOUND_SQL_PARAMETER": "give it a value: in the configuration, or args= of spark.sql",
    "UNSUPPORTED_SUBQUERY": "compute it in a dataset of its own, and join",
    "UNABLE_TO_INFER_SCHEMA": "put a file with a record there, or give the columns as a schema",
    "FAILED_READ_FILE": "mend the file, or take it away; with the reader's option ignoreCorruptFiles it is passed over",
    "UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY": "the path of a Delta table has a slash: delta.`./folder`",
    "UNSUPPORTED_STREAMING": "declare a materialized view for it, or leave it out",
}
_KEYWORDS = ("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "JOIN", "LEFT", "INNER", "WITH")


def condition_hint(condition: str) -> str | None:
    """The advice for one of Spark's error conditions, its sub-conditions included."""
    return next((hint for key, hint in _BY_CONDITION.items() if condition.startswith(key)), None)


def syntax_hint(text: str, line: int | None = None, column: int | None = None) -> str:
    """What is likely wrong with SQL that cannot be parsed.

    Parameters:
        line, column: 1-based, where the parser stopped.
    """
    if re.search(r"\{\w[\w.]*\}", text):
        return "{name} is not filled in: in Python an f is missing before the text, in SQL a parameter is ${name}"
    if re.search(r",\s*FROM\b", text, re.IGNORECASE):
        return "there is a comma too many before FROM"
    before = text
    if line is not None:
        lines = text.splitlines(keepends=True)[:line]
        before = "".join(lines[:-1]) + (lines[-1][: (column or 1) - 1] if lines else "")
    words = re.findall(r"\w+", before)
    for word in reversed(words[-2:]):
        near = difflib.get_close_matches(word.upper(), _KEYWORDS, n=1, cutoff=0.7)
        if near and word.upper() not in _KEYWORDS:
            return f'did you mean "{near[0]}" instead of "{word}"?'
    plain = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|--[^\n]*", "", text)
    if plain.count("(") > plain.count(")"):
        return 'a "(" is never closed'
    return "what is wrong stands there or just before it"
