"""Two kills of updates, at fixed moments: `kills.py` tries any number at random ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import kills

pytestmark = [pytest.mark.crash, pytest.mark.spark]


@pytest.mark.parametrize(
    ("name", "kind", "moment", "pause"),
    [
        ("bookstore", "first", "'books_flow' is RUNNING", 1.0),  # change data is applied
        ("accounts", "full", "RESETTING", 0.25),  # tables are emptied one after another, a sink begins anew
    ],
)
def test_after_a_kill_the_next_update_gives_the_rows_of_an_undisturbed_run(spark_main, tmp_path, name, kind, moment, pause):
    subject = kills.SUBJECTS[name]
    project = subject.make(tmp_path / name)
    options = kills.prepare(subject, project, kind, lambda **options: kills.run_here(project, **options))
    right = subject.tables(project) if kind == "full" else subject.right(project, kind)
    assert kills.run_killed(subject, project, moment, pause, **options).startswith("killed")
    kills.run_here(project)
    kills.check(subject, project, kind, right)
