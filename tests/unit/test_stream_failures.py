"""What is told of streams that something changed under, from texts as Spark and Delta give them."""

from __future__ import annotations

import pytest

from ldp_jupyter.engine.stream_failures import stream_problem


@pytest.mark.parametrize(
    "text",
    [
        "[STREAM_FAILED] Query terminated\n[STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA] Streaming stateful "
        "operator name does not match with the operator in state metadata.",
        "[STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE] Provided key schema does not match existing state key schema.",
        "[STATE_STORE_VALUE_SCHEMA_NOT_COMPATIBLE] Provided value schema does not match existing state value schema.",
        "[STATE_STORE_INVALID_CONFIG_AFTER_RESTART] Cannot change outputMode from Append to Update between restarts.",
    ],
)
def test_a_query_that_its_state_does_not_fit(text: str) -> None:
    problem = stream_problem(text, "sums", "sums", None, into_table=True)
    assert problem is not None
    assert (problem.code, problem.dataset, problem.hint) == ("LDP-3005", "sums", "run with --full-refresh sums")
    assert problem.detail == text
    sink = stream_problem(text, "to_sink", "to_sink", None, into_table=False)
    assert sink is not None
    assert sink.hint == "run with --reset-checkpoint to_sink"


@pytest.mark.parametrize("condition", ["DELTA_STREAMING_INCOMPATIBLE_SCHEMA_CHANGE_USE_SCHEMA_LOG", "DELTA_SCHEMA_CHANGED_WITH_VERSION"])
def test_a_source_whose_columns_changed(condition: str) -> None:
    problem = stream_problem(f"[{condition}] Streaming read is not supported", "copy", "copy", None, into_table=True)
    assert problem is not None
    assert (problem.code, problem.hint) == ("LDP-3005", "run with --full-refresh copy")


def test_a_change_feed_that_was_not_recorded() -> None:
    text = "[DELTA_MISSING_CHANGE_DATA] Error getting change data for range [0 , 1]"
    problem = stream_problem(text, "copy", "copy", None, into_table=True)
    assert problem is not None
    assert problem.code == "LDP-3001"
    assert "delta.enableChangeDataFeed" in (problem.hint or "")


def test_other_failures_are_left_to_others() -> None:
    assert stream_problem("[DIVIDE_BY_ZERO] Division by zero", "copy", "copy", None, into_table=True) is None
