"""One update of a pipeline at a time."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from core_samples import problem_of

from ldp_jupyter.state import Layout, UpdateLock
from ldp_jupyter.state.lock import described, running_holder

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLD = """
import sys
from ldp_jupyter.state import Layout, UpdateLock
with UpdateLock(Layout(sys.argv[1], "shop")):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(str(tmp_path), "shop")
    made.prepare()
    return made


@contextmanager
def held_by_another_process(layout: Layout) -> Iterator[subprocess.Popen[str]]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, layout.storage], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        try:
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            if holder.poll() is None:
                holder.stdin.close()
                holder.wait(10)


def enter(layout: Layout) -> None:
    with UpdateLock(layout):
        pass


def test_the_second_process_is_told_who_holds_it(layout: Layout) -> None:
    assert running_holder(layout) is None
    with held_by_another_process(layout) as holder:
        problem = problem_of(lambda: enter(layout))
        owner = running_holder(layout)
        assert owner is not None
        assert problem.message.endswith(f"is running in {described(owner)}")
    assert running_holder(layout) is None
    assert problem.code == "LDP-3003"
    assert problem.message.startswith(f'an update of "shop" is running in process {holder.pid} on ')
    assert " UTC" in problem.message
    assert f"`kill {holder.pid}`" in problem.hint
    assert holder.returncode == 0
    enter(layout)


def test_the_lock_of_a_killed_process_is_free(layout: Layout) -> None:
    with held_by_another_process(layout) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(10)
        assert json.loads(layout.lock.with_suffix(".json").read_text())["pid"] == holder.pid
        assert running_holder(layout) is None
        with UpdateLock(layout):
            assert json.loads(layout.lock.with_suffix(".json").read_text())["pid"] == os.getpid()


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="this system does not tell command lines")
def test_what_a_killed_holder_left_running_is_ended_and_nothing_else(layout: Layout) -> None:
    folder = layout.home / "private"
    waits = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]

    def started(argument: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*waits, argument], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    def take_over(python: int, jvm: int) -> None:
        owner = {"pid": python, "host": socket.gethostname(), "since": "", "jvm": {"pid": jvm, "folder": str(folder)}}
        layout.lock.with_suffix(".json").write_text(json.dumps(owner))
        enter(layout)

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with started(f"@{folder}/java.args") as left, started("@/elsewhere/java.args") as other:
        take_over(gone.pid, other.pid)  # another process has its number
        take_over(os.getpid(), left.pid)  # its Python lives
        assert (left.poll(), other.poll()) == (None, None)
        take_over(gone.pid, left.pid)
        assert left.wait(10) == -signal.SIGKILL
        assert other.poll() is None
        other.kill()


def test_another_pipeline_of_the_same_storage_is_free(layout: Layout) -> None:
    other = Layout(layout.storage, "other")
    other.prepare()
    with held_by_another_process(layout):
        enter(other)


def test_two_threads_of_one_process(layout: Layout) -> None:
    problems = []
    with UpdateLock(layout):
        thread = threading.Thread(target=lambda: problems.append(problem_of(lambda: enter(layout))))
        thread.start()
        thread.join()
    (problem,) = problems
    assert problem.code == "LDP-3003"
    assert problem.hint.startswith("%ldp stop ends it")  # not by killing the kernel that asks
    enter(layout)


def test_a_holder_that_is_not_known_yet(layout: Layout) -> None:
    with UpdateLock(layout):
        layout.lock.with_suffix(".json").unlink()
        problem = problem_of(lambda: enter(layout))
    assert (problem.message, problem.hint) == ('an update of "shop" is running in another process', "wait for it")


def test_it_is_free_after_an_exception_and_leaves_no_owner(layout: Layout) -> None:
    with pytest.raises(RuntimeError), UpdateLock(layout):
        raise RuntimeError
    assert not layout.lock.with_suffix(".json").exists()
    enter(layout)


def test_it_is_free_after_the_owner_could_not_be_written(layout: Layout) -> None:
    owner = layout.lock.with_suffix(".json")
    owner.mkdir()
    for _ in range(2):
        with pytest.raises(OSError, match="directory"):
            enter(layout)
    assert [file.name for file in layout.home.iterdir() if file.suffix == ".tmp"] == []
    owner.rmdir()
    enter(layout)
