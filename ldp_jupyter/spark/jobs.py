"""Groups of Spark jobs, by which they can be canceled together."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession


@contextlib.contextmanager
def job_group(session: SparkSession, group: str, description: str) -> Iterator[Callable[[], None]]:
    """Jobs that this thread starts in the block are of the group; gives what cancels them, from any thread.

    Jobs of streaming queries are not: a query is stopped by itself.
    """
    context = session.sparkContext
    context.setJobGroup(group, description, interruptOnCancel=True)
    try:
        yield lambda: context._jsc.sc().cancelJobGroupAndFutureJobs(group)
    finally:
        context._jsc.clearJobGroup()


@contextlib.contextmanager
def canceled_by_interrupt(session: SparkSession, description: str) -> Iterator[None]:
    """An interrupt of the block cancels the jobs that it started: Python leaves them, Spark would go on with them."""
    with job_group(session, str(uuid.uuid4()), description) as cancel:
        try:
            yield
        except KeyboardInterrupt:
            cancel()
            raise
