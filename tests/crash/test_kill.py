"""Two kills of updates, at fixed moments: `kills.py` tries any number at random ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import kills

from ldp_jupyter.project.samples import bookstore_data

pytestmark = [pytest.mark.crash, pytest.mark.spark]


def test_first_update_killed_while_change_data_is_applied(spark_main, tmp_path):
    project = kills.make(tmp_path)
    bookstore_data.land(project / "data", 1)
    assert kills.run_killed(project, 44, 1.0).startswith("killed")
    kills.run_whole(project)
    want = kills.oracle.expected(project / "data", 1).tables
    got = kills.tables(project)
    for name, rows in want.items():
        assert got[name] == rows, name


def test_full_refresh_killed_between_two_tables(spark_main, tmp_path):
    project = kills.make(tmp_path)
    bookstore_data.land(project / "data", 1)
    kills.run_whole(project)
    # the event of RESETTING is the last before tables are emptied one after another
    assert kills.run_killed(project, 25, 0.25, "--full-refresh-all").startswith("killed")
    kills.run_whole(project)
    want = kills.oracle.expected(project / "data", 1).tables
    got = kills.tables(project)
    for name, rows in want.items():
        assert got[name] == rows, name
