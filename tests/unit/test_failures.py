"""What made a flow fail, told from the texts that Spark gives."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from core_samples import NAMESPACE, declaring

from ldp_jupyter import pipelines as dp
from ldp_jupyter.engine.failures import _cause, _python_traceback, flow_problem, set_up_problem
from ldp_jupyter.errors import LdpError
from ldp_jupyter.graph import Graph, Node, declared_graph
from ldp_jupyter.locations import Location
from ldp_jupyter.quality.rules import MARK
from ldp_jupyter.sources import failures

STREAM = (
    "[STREAM_FAILED] Query [id = b2d9faa9, runId = 5dd606e1] terminated with exception: {0}\n"
    "=== Streaming Query ===\nIdentifier: t [id = b2d9faa9, runId = 5dd606e1]\nCurrent Committed Offsets: {{}}\n\n"
    "Logical Plan:\n~WriteToMicroBatchDataSourceV1 DeltaSink[/wh/t], [checkpointLocation=/c], Append\n\n"
    "org.apache.spark.sql.streaming.StreamingQueryException: {0}\norg.apache.spark.SparkException: {0}\n{1}"
)
BATCH = (
    "An error occurred while calling z:org.apache.spark.sql.ldp.TableCommits.replace.\n"
    ": org.apache.spark.SparkException: {0}\n"
    "\tat org.apache.spark.sql.errors.QueryExecutionErrors$.x(QueryExecutionErrors.scala:843)\n"
    "Caused by: {1}\n\tat java.base/java.lang.Thread.run(Thread.java:840)\n\t... 1 more\n\n"
    "org.apache.spark.SparkException: {0}\n{1}"
)
WRITE = "[TASK_WRITE_FAILED] Task failed while writing rows to file:/wh/t. SQLSTATE: 58030"
CAST = (
    "org.apache.spark.SparkNumberFormatException: [CAST_INVALID_INPUT] The value 'x' of the type \"STRING\" cannot be cast "
    'to "INT" because it is malformed. SQLSTATE: 22018\n== SQL (line 1, position 1) ==\nCAST(s AS INT) AS i\n^^^^^^^^^^^^^^'
)
UDF = (
    "org.apache.spark.api.python.PythonException: [PYTHON_EXCEPTION] An exception was thrown from the Python worker: "
    'Traceback (most recent call last):\n  File "/home/me/ldp_jupyter_demo/transformations/a.py", line 7, in broken\n'
    "    return 10 // (n - 2)\nZeroDivisionError: integer division or modulo by zero\n SQLSTATE: 38000"
)
PROXY = (
    "[FOREACH_BATCH_USER_FUNCTION_ERROR] An error occurred in the user provided function in foreach batch sink. Reason: "
    "An exception was raised by the Python Proxy. Return Message: Traceback (most recent call last):\n"
    f'  File "{sys.prefix}/lib/python3/site-packages/py4j/clientserver.py", line 644, in _call_proxy\n'
    "    return_value = getattr(self.pool[obj_id], method)(*params)\n"
    '  File "/home/me/p/a.py", line 39, in sink\n    raise OutOfStock("the sink is full")\n'
    "a.OutOfStock: the sink is full\n SQLSTATE: 39000"
)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            STREAM.format(WRITE, CAST),
            'The value \'x\' of the type "STRING" cannot be cast to "INT" because it is malformed.',
        ),
        (
            BATCH.format(WRITE, CAST),
            'The value \'x\' of the type "STRING" cannot be cast to "INT" because it is malformed.',
        ),
        (STREAM.format(WRITE, UDF), "ZeroDivisionError: integer division or modulo by zero"),
        (BATCH.format(WRITE, UDF), "ZeroDivisionError: integer division or modulo by zero"),
        (STREAM.format(PROXY, ""), "a.OutOfStock: the sink is full"),
        (
            BATCH.format(
                WRITE, "org.apache.spark.SparkRuntimeException: [USER_RAISED_EXCEPTION] my own words SQLSTATE: P0001"
            ),
            "my own words",
        ),
        (
            BATCH.format(
                "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file file:///d/1.json.  SQLSTATE: KD001",
                "java.lang.RuntimeException: file:/d/1.json is not a Parquet file",
            ),
            "Encountered error while reading file file:///d/1.json. file:/d/1.json is not a Parquet file",
        ),
        (
            "An error occurred while calling o12.collect.\n: java.lang.OutOfMemoryError: Java heap space\n\tat x.Y(Z.java:1)\n"
            "java.lang.OutOfMemoryError: Java heap space",
            "OutOfMemoryError: Java heap space",
        ),
        (
            "[TABLE_OR_VIEW_NOT_FOUND] The table `a` cannot be found. SQLSTATE: 42P01; line 1 pos 14;\n'Project [*]\n+- 'X",
            "The table `a` cannot be found.",
        ),
        ("something went wrong\nsecond line", "something went wrong second line"),
    ],
)
def test_the_innermost_message_that_says_something(text: str, cause: str) -> None:
    assert _cause(text) == cause


def test_the_users_part_of_a_traceback_from_a_worker() -> None:
    assert _python_traceback(STREAM.format(PROXY, "")) == (
        '  File "/home/me/p/a.py", line 39, in sink\n    raise OutOfStock("the sink is full")\na.OutOfStock: the sink is full'
    )
    assert _python_traceback(UDF).splitlines()[0].endswith("line 7, in broken")
    assert _python_traceback(CAST) is None


# ---- problems of flows


def one_table() -> tuple[Graph, Node]:
    with declaring() as declared:
        dp.table(dp.expect_or_fail("positive", "n > 0")(dp.expect_or_fail("known", "k")(dict)), name="silver.orders")
    graph = declared_graph("shop", NAMESPACE, [declared])
    return graph, graph.nodes[NAMESPACE.qualify("silver.orders")]


def problem_for(text: str | BaseException, node: bool = True) -> LdpError:
    graph, table = one_table()
    error = RuntimeError(text) if isinstance(text, str) else text
    return flow_problem(error, graph, table if node else None, None, "the_flow")


def test_any_other_failure_names_the_flow() -> None:
    problem = problem_for(STREAM.format(WRITE, UDF))
    assert (problem.code, problem.dataset) == ("LDP-3001", "silver.orders")
    assert problem.message == 'flow "the_flow" failed: ZeroDivisionError: integer division or modulo by zero'
    assert problem.user_traceback.endswith("ZeroDivisionError: integer division or modulo by zero")
    assert "[STREAM_FAILED]" in problem.detail
    assert problem_for("x", node=False).dataset == "the_flow"


def test_a_violated_rule() -> None:
    told = f'{MARK}"silver.orders"\u0002positive\u0002{{"n":-4}}\u0003'
    problem = problem_for(
        BATCH.format(WRITE, f"org.apache.spark.SparkRuntimeException: [USER_RAISED_EXCEPTION] {told}")
    )
    assert problem.code == "LDP-4001"
    assert problem.message == 'expectation positive of "silver.orders" was violated; nothing of the batch was written'
    assert problem.hint == 'rule positive: n > 0\nrow {"n":-4}'
    assert problem.location.file == __file__


@pytest.mark.parametrize(
    "text",
    [
        "[DELTA_SOURCE_TABLE_IGNORE_CHANGES] Detected a data update (for example WRITE) in the source table at version 3.",
        "[DELTA_SOURCE_IGNORE_DELETE] Detected deleted data (for example x) from streaming source at version 3.",
        "[DIFFERENT_DELTA_TABLE_READ_BY_STREAMING_SOURCE] The streaming query was reading from an unexpected Delta table",
    ],
)
def test_a_source_that_was_not_only_appended_to(text: str) -> None:
    problem = problem_for(STREAM.format(text, ""))
    assert problem.code == "LDP-3004"
    assert problem.message.startswith(
        '"silver.orders" reads a table as a stream, which was changed, not only appended to'
    )
    assert "--full-refresh silver.orders" in problem.hint


def test_a_sink_has_no_table_that_could_be_refreshed() -> None:
    text = "[DELTA_SOURCE_IGNORE_DELETE] Detected deleted data (for example x) from streaming source at version 3."
    assert problem_for(STREAM.format(text, ""), node=False).hint.startswith("run with --reset-checkpoint the_flow, or")


@pytest.mark.parametrize(
    ("told", "hint"),
    [
        ("java.io.IOException: No space left on device", "make room there, then run again: nothing is lost"),
        ("java.nio.file.FileSystemException: /wh/t: Read-only file system", "let this user write there, then run again"),
        ("java.io.FileNotFoundException: /wh/t/x (Permission denied)", "let this user write there, then run again"),
        (OSError(28, "No space left on device", "/tmp/x"), "make room there"),
    ],
)
def test_storage_that_cannot_be_written_says_that_nothing_is_lost(told: str | OSError, hint: str) -> None:
    problem = problem_for(BATCH.format(WRITE, told) if isinstance(told, str) else told)
    assert problem.code == "LDP-5006"
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    "told",
    [
        "java.lang.IllegalStateException: Failed to read log file /c/offsets/3. Incomplete log file",
        "org.apache.spark.SparkException: [CHECKPOINT_FILE_CHECKSUM_VERIFICATION_FAILED] Checksum verification failed",
    ],
)
def test_a_damaged_checkpoint_says_how_to_begin_anew(told: str) -> None:
    table, sink = (problem_for(STREAM.format("x", told), node=node) for node in (True, False))
    assert (table.code, sink.code) == ("LDP-5006", "LDP-5006")
    assert "run with --full-refresh silver.orders, or with --reset-checkpoint the_flow" in table.hint
    assert "full-refresh" not in sink.hint
    assert "run with --reset-checkpoint the_flow" in sink.hint


@pytest.mark.parametrize("python", ["", UDF + "\n"])
def test_a_file_that_cannot_be_read_is_named_with_what_to_do(python: str) -> None:
    told = (
        "org.apache.spark.SparkException: [FAILED_READ_FILE.NO_HINT] Encountered error while reading file "
        "file:///in/a%20b.json.gz.  SQLSTATE: KD001\njava.io.EOFException: Unexpected end of input stream"
    )
    problem = problem_for(STREAM.format(WRITE, python + told))
    assert problem.code == "LDP-3010"
    assert problem.message.endswith("a%20b.json.gz. Unexpected end of input stream")
    assert problem.hint.startswith("mend /in/a b.json.gz or take it away, and run again; ")
    assert "ignoreCorruptFiles" in problem.hint


def test_a_file_that_went_is_put_back() -> None:
    told = (
        "org.apache.spark.SparkFileNotFoundException: [FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error while reading "
        "file file:///in/2.json. File does not exist. SQLSTATE: KD001"
    )
    problem = problem_for(STREAM.format(WRITE, told))
    assert problem.code == "LDP-3001"
    assert "/in/2.json" in problem.message
    assert "put it back and run again" in problem.hint


def test_files_that_user_code_must_not_read_are_no_storage_of_ours() -> None:
    udf = UDF.replace("ZeroDivisionError: integer division or modulo by zero", "PermissionError: [Errno 13] Permission denied")
    assert problem_for(BATCH.format(WRITE, udf)).code == "LDP-3001"
    assert problem_for(PermissionError(13, "Permission denied", "/etc/shadow")).code == "LDP-3001"


def test_the_version_that_changed_is_told() -> None:
    text = "[DELTA_SOURCE_TABLE_IGNORE_CHANGES] Detected a data update in the source table at version 3."
    assert problem_for(text).message.endswith("(version 3)")


def test_our_own_error_passes() -> None:
    ours = LdpError("LDP-2010", "no frame", location=Location("a.py", 1))
    problem = problem_for(ours)
    assert problem is ours
    assert (problem.code, problem.dataset, str(problem.location)) == ("LDP-2010", "silver.orders", "a.py:1")


def test_causes_of_a_java_error_are_read_to_the_innermost() -> None:
    class Java:
        def __init__(self, text: str, cause: Java | None = None) -> None:
            self.text, self.cause = text, cause

        def toString(self) -> str:  # noqa: N802
            return self.text

        def getCause(self) -> Java | None:  # noqa: N802
            return self.cause

    error: Any = RuntimeError("An error occurred while calling o1.save.")
    error.java_exception = Java("org.apache.spark.SparkException: " + WRITE, Java(CAST))
    assert problem_for(error).message.startswith("flow \"the_flow\" failed: The value 'x'")


# ---- exceptions of user code


def test_frames_of_libraries_and_of_this_package_are_not_the_users() -> None:
    assert failures.is_user_frame("/home/me/p/a.py")
    assert failures.is_user_frame("/home/me/ldp_jupyter_demo/a.py")
    assert not failures.is_user_frame(failures.__file__)
    assert not failures.is_user_frame(pytest.__file__)
    assert not failures.is_user_frame(__import__("json").__file__)
    assert not failures.is_user_frame("<frozen importlib._bootstrap>")


def test_an_exception_without_words_is_told_by_its_name() -> None:
    problem = failures.source_problem(KeyError(), "LDP-2009", dataset="t", location=Location("a.py", 3))
    assert (problem.message, problem.dataset, str(problem.location)) == ("KeyError: KeyError", "t", "a.py:3")


@pytest.mark.parametrize(("before", "now", "told"), [(2, 3, "has 3 sources now and had 2"), (2, 1, "has 1 source now and had 2")])
def test_sources_of_a_stream_that_were_added_or_removed(before: int, now: int, told: str) -> None:
    """As in open-source Spark's suite of what happens to a failed flow: it stops at once, however often it may be tried."""
    assertion = (
        f"java.lang.AssertionError: assertion failed: There are [{before}] sources in the checkpoint offsets and now there "
        f"are [{now}] sources requested by the query. Cannot continue."
    )
    error: BaseException = type("StreamingQueryException", (Exception,), {"__module__": "pyspark.errors.exceptions.captured"})(
        STREAM.format("assertion failed", assertion)
    )
    graph, node = one_table()
    problem = flow_problem(error, graph, node, None, "t")
    assert (problem.code, problem.dataset, problem.heals) == ("LDP-3005", graph.shown(node.name), False)
    assert told in problem.message
    assert "--reset-checkpoint t" in problem.hint
    into_sink = flow_problem(error, graph, None, None, "to_outside")
    assert "--full-refresh" not in into_sink.hint
    other = type(error)(STREAM.format("assertion failed", "java.lang.AssertionError: assertion failed: something else"))
    assert (flow_problem(other, graph, node, None, "t").code, flow_problem(other, graph, node, None, "t").heals) == ("LDP-3001", True)


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("java.io.IOException: No space left on device", "LDP-5006", "make room there, then run again: nothing is lost"),
        ("java.io.IOException: File too large", "LDP-5006", "make room there, then run again: nothing is lost"),
        ("/wh/t/_delta_log: Operation not permitted", "LDP-5006", "let this user write there, then run again: nothing is lost"),
        ("something else", "LDP-3001", None),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_set_up(text: str, code: str, hint: str | None) -> None:
    problem = set_up_problem(RuntimeError(text), "orders", None)
    assert (problem.code, problem.hint, problem.dataset) == (code, hint, "orders")


def test_a_table_that_cannot_be_set_up_tells_what_java_said() -> None:
    error = type("Py4JJavaError", (Exception,), {"java_exception": None})(BATCH.format("[A_B_C_D_E] Not so. SQLSTATE: 1", CAST))
    error.java_exception = type("Java", (), {"toString": lambda self: "java.lang.X", "getCause": lambda self: None})()
    problem = set_up_problem(error, "orders", None)
    assert problem.message.startswith('table "orders" cannot be set up: The value')


def test_a_table_that_cannot_be_set_up_for_a_reason_of_ours() -> None:
    ours = LdpError("LDP-3007", "it is another's")
    assert set_up_problem(ours, "orders", None) is ours
    assert ours.dataset == "orders"
