"""Noise of Spark's Python side: what the error that is raised says anyway is not printed beside it."""

from __future__ import annotations

import logging

# Loggers of pyspark that print a JSON stack trace for each error in a query.
_QUERY_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
# What py4j logs with a traceback, on the root logger, and then raises.
_TOLD_BY_THE_ERROR = ("KeyboardInterrupt while sending command.", "Exception while sending command.")


class _SaidTwice(logging.Filter):
    """Drops records of py4j whose exception is raised as well."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg not in _TOLD_BY_THE_ERROR


_FILTER = _SaidTwice()


def quiet() -> None:
    """Silence the doublets; needs pyspark, so it is called when a session starts. Calling it again changes nothing."""
    from pyspark.logger import PySparkLogger

    for name in _QUERY_LOGGERS:
        # pyspark calls these with keywords that only its own logger class takes: make them the way it does.
        logger = PySparkLogger.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
    root = logging.getLogger()
    if _FILTER not in root.filters:
        root.addFilter(_FILTER)
