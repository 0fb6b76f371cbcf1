"""What the start of a JVM leaves behind: its log, and no more of older ones than a few."""

from __future__ import annotations

import os

from ldp_jupyter.spark import gateway


def test_logs_of_processes_that_are_there_stay_when_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setenv("LDP_CACHE", str(tmp_path))
    folder = tmp_path / "logs"
    folder.mkdir()
    gone = 2**22 + 1  # above the largest id of a process
    logs = [folder / f"spark-20260101-0000{n:02}-{gone}.log" for n in range(20)]
    own = folder / f"spark-20250101-000000-{os.getpid()}.log"
    for age, log in enumerate([*reversed(logs), own]):
        log.write_text("")
        os.utime(log, (10_000 - age, 10_000 - age))
    new = gateway._log_file()
    assert not new.exists()
    assert own.exists()
    assert sorted(log.name for log in folder.iterdir() if log != own) == [log.name for log in logs[-9:]]


def test_a_jvm_can_write_any_name_of_a_file_where_the_locale_is_ascii():
    assert gateway._with_all_letters({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}) == {"LC_ALL": "C.UTF-8"}
    assert gateway._with_all_letters({"LC_ALL": "de_DE.UTF-8"}) == {}
    assert gateway._with_all_letters({"LANG": "C"}) == {}  # Python has set LC_CTYPE itself
