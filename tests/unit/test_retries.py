"""Which failures are tried again, and when; the scheduler does so with flows that only note that they ran."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from test_scheduler import Update

from ldp_jupyter.engine import Retries
from ldp_jupyter.engine.failures import Canceled
from ldp_jupyter.engine.retries import can_heal
from ldp_jupyter.errors import LdpError, UsageProblem

QUICK = Retries(flow=2, shortest=0.01, longest=0.02)


def lost(number: int) -> LdpError:
    return LdpError("LDP-3001", f"flow t{number} lost its executor", heals=True)


def spark_error(kind: str = "SparkException") -> BaseException:
    made: BaseException = type(kind, (Exception,), {"__module__": "pyspark.errors.exceptions.captured"})()
    return made


def retrying(update: Update) -> list[str]:
    return [e.message for e in update.view.events if "RETRYING" in e.message]


@pytest.mark.parametrize(
    ("error", "text", "heals"),
    [
        (spark_error(), "Job aborted due to stage failure: ExecutorLostFailure", True),
        (spark_error(), "java.lang.OutOfMemoryError: Java heap space", True),
        (spark_error(), "[FAILED_READ_FILE.FILE_NOT_EXIST] SQLSTATE: KD001", True),
        (spark_error(), "[CAST_INVALID_INPUT] The value 'x' SQLSTATE: 22018", False),
        (spark_error(), "[USER_RAISED_EXCEPTION] no SQLSTATE: P0001", False),
        (spark_error(), "[DIVIDE_BY_ZERO] SQLSTATE: 22012 [TASK_WRITE_FAILED] SQLSTATE: 58030", False),
        (spark_error(), "[STREAM_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA] SQLSTATE: 42K03", False),
        (spark_error(), "Traceback (most recent call last):\n  File\nValueError: no", False),
        (spark_error(), "Traceback (most recent call last):\n  File\nConnectionError: no", True),
        (spark_error(), "Traceback (most recent call last):\n  File\nrequests.exceptions.ConnectTimeout: no", False),
        (ConnectionResetError(), "", True),
        (TimeoutError(), "", True),
        (PermissionError(), "", False),
        (ValueError(), "", False),
        (KeyError(), "SQLSTATE: KD001", False),
    ],
)
def test_what_can_heal(error: BaseException, text: str, heals: bool) -> None:
    assert can_heal(error, text) is heals


def test_development_never_tries_again_and_production_as_it_is_set() -> None:
    assert Retries.of({"pipelines.maxFlowRetryAttempts": "7"}, production=False) == Retries()
    usual = Retries.of({}, production=True)
    assert (usual.flow, usual.update) == (2, 5)
    given = Retries.of(
        {
            "pipelines.maxFlowRetryAttempts": "0",
            "spark.sql.pipelines.execution.maxFlowRetryAttempts": "9",
            "pipelines.numUpdateRetryAttempts": "1",
            "spark.sql.pipelines.execution.watchdog.minRetryTime": "200ms",
            "spark.sql.pipelines.execution.watchdog.maxRetryTime": "1 min",
        },
        production=True,
    )
    assert given == Retries(0, 1, 0.2, 60.0)
    for key, value in (("pipelines.maxFlowRetryAttempts", "many"), ("spark.sql.pipelines.execution.watchdog.minRetryTime", "soon")):
        with pytest.raises(UsageProblem, match=key):
            Retries.of({key: value}, production=True)


def test_each_pause_is_twice_the_last_up_to_the_longest() -> None:
    retries = Retries(9, 9, 5.0, 30.0)
    assert [retries.pause(n) for n in (1, 2, 3, 4, 99)] == [5, 10, 20, 30, 30]


def test_an_update_is_worth_a_further_try_only_where_all_may_heal() -> None:
    lasting = LdpError("LDP-4001", "violated")
    assert Retries.worth_another_update([lost(1), lost(2)])
    assert not Retries.worth_another_update([lost(1), lasting])
    assert not Retries.worth_another_update([])


def test_a_flow_is_tried_until_it_succeeds_and_then_its_readers_run() -> None:
    update = Update({0: set(), 1: {0}})
    update.work.retries = QUICK
    failures = iter([lost(0), lost(0)])
    update.run(lambda n: next(failures, None) if n == 0 else None)
    assert [n for what, n in update.log if what == "start"] == [0, 0, 0, 1]
    assert update.scheduler.problems == []
    assert retrying(update) == [
        "Flow 't0' is RETRYING: attempt 2 of 3 in 0.01 s. flow t0 lost its executor",
        "Flow 't0' is RETRYING: attempt 3 of 3 in 0.02 s. flow t0 lost its executor",
    ]
    assert update.view.errors == []


def test_attempts_end() -> None:
    update = Update({0: set(), 1: {0}})
    update.work.retries = QUICK
    update.run(lambda n: lost(n))
    assert [n for what, n in update.log if what == "start"] == [0, 0, 0]
    (problem,) = update.scheduler.problems
    assert problem.because == ["t1"]


@pytest.mark.parametrize("retries", [Retries(), QUICK])
def test_what_does_not_heal_is_not_tried_again_and_in_development_nothing_is(retries: Retries) -> None:
    update = Update({0: set()})
    update.work.retries = retries
    update.run(lambda _: LdpError("LDP-4001", "violated", heals=False) if retries.flow else lost(0))
    assert len(update.log) == 2
    assert len(update.scheduler.problems) == 1
    assert retrying(update) == []


def test_others_run_while_one_waits_for_its_further_try() -> None:
    update = Update({0: set(), 1: set(), 2: {1}}, 1)
    update.work.retries = Retries(flow=1, shortest=0.2)
    failures = iter([lost(0)])
    update.run(lambda n: next(failures, None) if n == 0 else None)
    assert [n for what, n in update.log if what == "start"] == [0, 1, 2, 0]


def test_stopping_ends_the_wait_for_a_further_try() -> None:
    update = Update({0: set(), 1: {0}})
    update.work.retries = Retries(flow=1, shortest=3600)
    begun = time.monotonic()

    def stop(event: Any) -> None:
        if "RETRYING" in event.message:
            threading.Timer(0.05, update.work.stop).start()

    update.bus.subscribe(stop)
    with pytest.raises(Canceled):
        update.run(lambda n: lost(n))
    update.bus.drain()
    assert time.monotonic() - begun < 5
    assert update.status() == {"t0": "STOPPED", "t1": "STOPPED"}
