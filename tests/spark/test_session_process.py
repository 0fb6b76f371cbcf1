"""Starting and ending Spark, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from ldp_jupyter.spark import archive
from ldp_jupyter.spark.cache import cache_dir
from ldp_jupyter.spark.jars import delta_jars
from ldp_jupyter.spark.java import find_java
from ldp_jupyter.spark.settings import DELTA_CATALOG, DELTA_EXTENSION

pytestmark = [pytest.mark.spark, pytest.mark.skipif(os.name == "nt", reason="signals")]

ROOT = Path(__file__).parents[2]
BEGIN = """
import os, sys
from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark import session
from ldp_jupyter.spark.session import SessionSettings, get_session
settings = SessionSettings(warehouse=os.path.abspath(os.environ["WAREHOUSE"]))
"""
DELTA = os.pathsep.join(str(jar) for jar in delta_jars())


@pytest.fixture
def start(tmp_path):
    """Start a program in an empty folder; `PRIVATE` is where temporary files go."""
    folder = tmp_path / "here"
    folder.mkdir()
    (tmp_path / "private").mkdir()

    def begin(code: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", BEGIN + textwrap.dedent(code)], cwd=folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "private"), "LDP_ARCHIVE": "use",
                 "WAREHOUSE": str(tmp_path / "warehouse"), **environment},
        )

    return begin


@pytest.fixture
def run(start):
    def to_end(code: str, **environment: str) -> tuple[str, str]:
        process = start(code, **environment)
        out, err = process.communicate(timeout=180)
        assert process.returncode == 0, err
        return out, err

    return to_end


def gone(process: int) -> bool:
    for _ in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{process}/stat").exists() and ") Z " in Path(f"/proc/{process}/stat").read_text():
            return True
        time.sleep(0.05)
    return False


def test_a_start_says_one_line_and_leaves_nothing(run, tmp_path):
    """Also with an archive that is rubbish: the JVM goes without."""
    cache = tmp_path / "cache"
    (cache / "archive").mkdir(parents=True)
    for name in ("jars", "companion"):
        (cache / name).symlink_to(cache_dir() / name)
    jars = [cache / "jars" / jar.name for jar in delta_jars()]
    rubbish = cache / "archive" / archive.archive_file(find_java(), jars).name
    rubbish.write_bytes(b"not an archive" * 200_000)

    out, err = run(
        """
        spark = get_session(settings)
        print(spark.range(5).count(), session._jvm.process.pid, session.jvm_log())
        print((session._jvm.folder / "java.args").read_text().count("SharedArchiveFile"))
        """,
        LDP_CACHE=str(cache),
    )
    first, second = out.splitlines()
    count, jvm, log = first.split()
    assert (count, second) == ("5", "1")
    assert err == "Starting Spark (about 5 s, once per kernel)\n"
    assert gone(int(jvm))
    assert list((tmp_path / "here").iterdir()) == []
    assert not (tmp_path / "warehouse").exists()
    assert list((tmp_path / "private").glob("ldp-spark-*")) == []
    assert Path(log).parent == cache / "logs"


@pytest.mark.long
def test_a_fresh_machine_is_prepared_and_its_first_start_is_quick(run, tmp_path):
    """The archive's JVM begins without the companion, as no other does: nothing may need its classes that early."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("jars", "companion"):
        (cache / name).symlink_to(cache_dir() / name)
    made = subprocess.run(
        [sys.executable, "-m", "ldp_jupyter.spark.prepare"], cwd=tmp_path, text=True, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=600, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LDP_CACHE": str(cache), "LDP_ARCHIVE": "auto"},
    )
    assert made.returncode == 0, made.stderr
    [file] = (cache / "archive").glob("spark-*.jsa")
    assert made.stderr.splitlines()[1:] == ["Making the class-data archive (about a minute, once)",
                                            f"class-data archive: {file}"]
    out, _ = run(
        f"""
        spark = get_session(settings)
        print(spark.range(5).count(), (session._jvm.folder / "java.args").read_text().count("SharedArchiveFile={file}"))
        """,
        LDP_CACHE=str(cache),
    )
    assert out == "5 1\n"


@pytest.mark.long
def test_an_interrupt_reaches_python_alone_and_spark_comes_back_after_a_stop_and_after_a_death(start):
    process = start(
        """
        import signal, threading, time
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs in the background
        spark = get_session(settings, lambda text: None)

        def tell():
            while not spark.sparkContext.statusTracker().getActiveJobsIds():
                time.sleep(0.05)
            print("ready", flush=True)

        threading.Thread(target=tell, daemon=True).start()
        try:
            spark.range(10**12).selectExpr("sum(sqrt(id))").collect()
        except KeyboardInterrupt:
            spark.sparkContext.cancelAllJobs()
            print(spark.range(3).count())
        spark.stop()
        assert session.current() is None
        again = get_session(settings, print)
        print(again.range(4).count(), again.conf.get("spark.sql.ansi.enabled"))
        os.kill(session._jvm.process.pid, signal.SIGKILL)
        session._jvm.process.wait()
        print(get_session(settings, print).range(6).count())
        """
    )
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert out.splitlines() == ["3", "4 false", "Starting Spark (about 5 s, once per kernel)", "6"], err
    assert (err, process.returncode) == ("", 0)


THEIRS = """
from pyspark.sql import SparkSession
theirs = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
          .config("spark.driver.extraClassPath", os.environ["JARS"])
          # little is done here: without what makes Spark quick for much data
          .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
          .config("spark.sql.shuffle.partitions", "1").config("spark.sql.adaptive.enabled", "false")
          .config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
          .config("spark.databricks.delta.snapshotPartitions", "1"))
for line in os.environ["CONFS"].split():
    theirs = theirs.config(*line.split("="))
theirs = theirs.getOrCreate()
theirs.range(2).createOrReplaceTempView("two")
"""


@pytest.mark.parametrize(
    "confs",
    [f"spark.sql.extensions={DELTA_EXTENSION} spark.sql.catalog.spark_catalog={DELTA_CATALOG}", ""],
    ids=["configured", "only on the class path"],
)
@pytest.mark.long
def test_session_of_the_user_with_delta_is_used_and_left_as_it_is(run, confs):
    out, _ = run(
        THEIRS
        + textwrap.dedent("""
        spark = get_session(settings, print)
        assert spark.sparkContext is theirs.sparkContext and spark is not theirs
        spark.sql("CREATE SCHEMA IF NOT EXISTS main.default")
        spark.sql("CREATE TABLE main.default.t AS SELECT * FROM two")
        spark.sql("UPDATE main.default.t SET id = id + 10")
        print(sorted(row.id for row in spark.table("t").collect()))
        print(theirs.conf.get("spark.sql.ansi.enabled"), spark.conf.get("spark.sql.ansi.enabled"),
              theirs.conf.get("spark.ldp.warehouse", "none"), SparkSession.getActiveSession().version)
        """),
        JARS=DELTA, CONFS=confs,
    )
    assert out.splitlines() == ["[10, 11]", "true false none 4.2.0"]


def test_session_of_the_user_without_delta_is_refused(run):
    out, _ = run(
        THEIRS
        + textwrap.dedent("""
        try:
            get_session(settings, print)
        except LdpError as error:
            print(error.code, error.message)
            print(error.hint)
        """),
        JARS="", CONFS="",
    )
    assert "LDP-5003 the running Spark session has no Delta" in out
    assert "restart the kernel" in out
