"""Ctrl-C during an update: it ends CANCELED, soon, with nothing half written; the next update goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.crash]

SOURCE = """
CREATE OR REFRESH MATERIALIZED VIEW slow AS
SELECT sum(a.id * b.id) AS n FROM range(${size}) a CROSS JOIN range(${size}) b;
CREATE OR REFRESH MATERIALIZED VIEW after_it AS SELECT n + 1 AS n FROM slow;
"""


@pytest.mark.long
def test_an_interrupt_cancels_the_update(make_project):
    project = make_project({"transformations/a.sql": SOURCE})
    command = [sys.executable, "-m", "ldp_jupyter", "run", "--project", str(project)]
    process = subprocess.Popen(
        [*command, "--set", "size=3000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # ignored, and so in children too, in what a shell runs in the background
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  (one thread here)
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if "slow" in line and "RUNNING" in line:
            break
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    # two seconds are the aim on a quiet machine; this one only refuses to wait for the query
    assert time.monotonic() - started < 20
    journal = (project / ".ldp" / "pipelines" / project.name / "journal.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in journal]
    assert events[-1]["details"] == {"update_progress": {"state": "CANCELED", "cancellation_cause": "USER_ACTION"}}
    stopped = [e["origin"]["dataset_name"] for e in events if e["details"].get("flow_progress", {}).get("status") == "STOPPED"]
    assert stopped == ["slow", "after_it"] or stopped == ["after_it", "slow"]
    assert not (project / ".ldp" / "warehouse" / "main" / "default" / "slow" / "_delta_log").exists()

    done = subprocess.run([*command, "--set", "size=10", "--format", "json"], capture_output=True, text=True, check=True)
    assert {d["name"]: d["rows_written"] for d in json.loads(done.stdout)["datasets"]} == {"slow": 1, "after_it": 1}
