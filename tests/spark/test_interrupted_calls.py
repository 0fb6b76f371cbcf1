"""An interrupt during a call into the JVM leaves the calls of other threads, and the next call, alone."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

pytestmark = [pytest.mark.spark, pytest.mark.skipif(os.name == "nt", reason="signals")]


@pytest.fixture
def interrupts():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_call_takes_no_other_connection_with_it(spark, interrupts):
    client = spark.sparkContext._gateway._gateway_client
    sleep = spark._jvm.java.lang.Thread.sleep
    seen: dict[str, object] = {}
    called, idle, end = threading.Event(), threading.Event(), threading.Event()

    def beside():
        spark._jvm.java.lang.System.nanoTime()
        before = client.get_thread_connection()
        called.set()
        sleep(1500)
        seen["same"] = client.get_thread_connection() is before
        seen["answer"] = spark._jvm.java.lang.Integer.parseInt("7")

    def waiting():  # a connection without a call: py4j sends the request to close over such a one
        spark._jvm.java.lang.System.nanoTime()
        idle.set()
        end.wait(30)
        seen["idle"] = spark._jvm.java.lang.Integer.parseInt("8")

    threads = [threading.Thread(target=beside), threading.Thread(target=waiting)]
    for thread in threads:
        thread.start()
    assert called.wait(30)
    assert idle.wait(30)

    def interrupt():
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            sleep(20_000)
        assert spark._jvm.java.lang.Integer.parseInt("5") == 5
    finally:
        end.set()
        for thread in threads:
            thread.join(30)
    assert seen == {"same": True, "answer": 7, "idle": 8}
