"""Problems as the event log has them, and the states that end an update."""

from __future__ import annotations

from types import SimpleNamespace

from core_samples import NAMESPACE

from ldp_jupyter.engine import UpdatePlan
from ldp_jupyter.engine.causes import causes_of
from ldp_jupyter.engine.emitter import Emitter
from ldp_jupyter.engine.work import Work
from ldp_jupyter.errors import LdpError
from ldp_jupyter.events import Event, EventBus, FlowStatus, errors_json
from ldp_jupyter.graph import Graph
from ldp_jupyter.locations import Location
from ldp_jupyter.state import Layout


def test_the_users_frames_stand_innermost_first() -> None:
    trace = 'File "/p/a.py", line 3, in outer\n    inner()\n  File "/p/b.py", line 9, in inner\n    raise E\nE: x'
    error = errors_json([LdpError("LDP-3001", "failed", user_traceback=f"  {trace}", location=Location(file="a.py", line=1))])
    (told,) = error["exceptions"]
    assert error["fatal"] is True
    assert (told["class_name"], told["message"]) == ("LDP-3001", "failed")
    assert [(e["file_name"], e["line_number"], e["method_name"]) for e in told["stack"]] == [
        ("/p/b.py", 9, "inner"), ("/p/a.py", 3, "outer")]  # fmt: skip


def test_without_frames_the_place_in_the_source_is_the_stack() -> None:
    placed = LdpError("LDP-2004", "unknown column", location=Location(file="t.sql", line=7))
    placed.causes = [("org.apache.spark.sql.AnalysisException", "[UNRESOLVED_COLUMN] x")]
    error = errors_json([placed, LdpError("LDP-2003", "unknown table")], fatal=False)
    assert error["fatal"] is False
    assert [e["class_name"] for e in error["exceptions"]] == [
        "LDP-2004", "org.apache.spark.sql.AnalysisException", "LDP-2003"]  # fmt: skip
    assert [[(s["file_name"], s["line_number"]) for s in e["stack"]] for e in error["exceptions"]] == [[("t.sql", 7)], [], []]


class _Java:
    """An exception of the JVM as py4j shows it."""

    def __init__(self, name: str, message: str, cause: _Java | None = None) -> None:
        self._name, self._message, self._cause = name, message, cause

    def getClass(self) -> _Java:  # noqa: N802
        return self

    def getName(self) -> str:  # noqa: N802
        return self._name

    def getMessage(self) -> str:  # noqa: N802
        return self._message

    def getCause(self) -> _Java | None:  # noqa: N802
        return self._cause


def test_causes_are_told_with_their_classes_and_repetitions_left_out() -> None:
    outer = RuntimeError("outer")
    outer.__cause__ = KeyError("inner")
    assert causes_of(outer) == [("RuntimeError", "outer"), ("KeyError", "'inner'")]
    error = Exception("of pyspark")
    error._origin = _Java("a.Outer", "same", _Java("b.Middle", " same ", _Java("c.Inner", "x" * 5000)))  # type: ignore[attr-defined]
    assert causes_of(error) == [("a.Outer", "same"), ("c.Inner", "x" * 1000)]


def test_stopping_is_told_once_and_not_after_the_end() -> None:
    bus, log = EventBus(), []

    def keep(event: Event) -> Event:
        log.append(event)
        return event

    bus.journal(keep)
    emitter = Emitter(bus, Graph("shop", NAMESPACE), "p", "update")
    work = Work(Graph("shop", NAMESPACE), None, None, Layout("", ""), None, emitter, UpdatePlan(), {}, "p")  # type: ignore[arg-type]
    work.stop()
    work.stop()
    assert [e.details["update_progress"]["state"] for e in log] == ["STOPPING"]
    late = Work(Graph("shop", NAMESPACE), None, None, Layout("", ""), None, emitter, UpdatePlan(), {}, "p")  # type: ignore[arg-type]
    bus.close()
    late.stop()
    assert len(log) == 1


def test_a_deprecated_name_is_told_with_the_logs_word() -> None:
    bus, log = EventBus(), []
    bus.subscribe(log.append)
    emitter = Emitter(bus, Graph("shop", NAMESPACE), "p", "update")
    emitter.deprecation("`create_table` is deprecated: use `table`", "a.py:3")
    emitter.deprecation("LIVE syntax: now STREAMING TABLE", "a.sql:1")
    bus.drain()
    assert [(e.level.value, e.details["deprecation"]["message"]) for e in log] == [
        ("WARN", "PYTHON_CREATE_TABLE"), ("WARN", "LIVE syntax: now STREAMING TABLE")]  # fmt: skip
    assert log[0].message == "`create_table` is deprecated: use `table` (a.py:3)."


def test_counts_of_a_batch_are_told_behind_the_state() -> None:
    bus, log = EventBus(), []
    bus.subscribe(log.append)
    emitter = Emitter(bus, Graph("shop", NAMESPACE), "p", "update")
    flow = SimpleNamespace(default=False, name="f", sink="out", target=None)
    planned = SimpleNamespace(flow=SimpleNamespace(flow=flow), node=None, key="f")
    rules = [{"name": "r", "dataset": "d", "passed_records": 1, "failed_records": 2}]
    for metrics, quality in (
        (None, None),
        ({"backlog_files": 1, "backlog_bytes": 9}, None),
        ({"backlog_files": 1200}, None),
        ({"num_output_rows": 1201}, {"dropped_records": 2, "expectations": rules}),
        ({"num_upserted_rows": 0, "num_deleted_rows": 3}, {"dropped_records": 0, "expectations": []}),
    ):
        emitter.progress(planned, FlowStatus.RUNNING, metrics=metrics, quality=quality)  # type: ignore[arg-type]
    bus.drain()
    assert [(e.level.value, e.message.removeprefix("Flow 'f' is RUNNING")) for e in log] == [
        ("INFO", "."),
        ("METRICS", ": 1 file waits."),
        ("METRICS", ": 1,200 files wait."),
        ("METRICS", ": 1,201 written, 2 dropped, 2 in violation of expectations."),
        ("METRICS", ": 0 upserted, 3 deleted."),
    ]
