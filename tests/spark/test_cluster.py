"""A Spark cluster of its own, a master and two workers: the Bookstore runs on it, its storage outside of the project."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ports import free_port, listens

from ldp_jupyter.project.samples import bookstore_data
from ldp_jupyter.spark.distribution import spark_home
from ldp_jupyter.spark.java import find_java

pytestmark = [pytest.mark.spark, pytest.mark.skipif(os.name == "nt", reason="shell scripts")]

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
import bookstore_oracle as oracle
from ldp_jupyter import Pipeline
from ldp_jupyter.engine.sizing import begin_small
from pyspark.sql.functions import udf

master, project, storage = sys.argv[1:]
settings = {
    "spark.master": master, "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.memory": "512m", "spark.executor.cores": "1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # they start in less time
}
pipeline = Pipeline(project, settings=settings, overrides={"storage": storage})
pipeline.run()
session = pipeline.session()
begin_small(session, {})
for name, rows in oracle.expected(f"{project}/data", 1).tables.items():
    got = session.table(f"main.default.{name}").select(*oracle.COLUMNS[name]).collect()
    assert oracle.comparable(got) == rows, name
where = session.range(8, numPartitions=8).select(udf(lambda _: __import__("os").environ["SPARK_EXECUTOR_DIRS"])("id"))
print(session.sparkContext.master, "executors with Python:", len({folder for (folder,) in where.collect()}))
"""


@pytest.fixture
def master(tmp_path):
    port = free_port()
    address = f"spark://127.0.0.1:{port}"
    environment = {
        **os.environ, "JAVA_HOME": str(Path(find_java().executable).parents[1]), "SPARK_HOME": str(spark_home()),
        "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    log = (tmp_path / "cluster.log").open("wb")

    def start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(spark_home() / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    host = ("--host", "127.0.0.1", "--webui-port", "0")
    parts = [start("master.Master", *host, "--port", str(port))]
    end = time.monotonic() + 60
    while not listens(port) and time.monotonic() < end:
        time.sleep(0.1)
    size = ("--cores", "1", "--memory", "1g")
    parts += [start("worker.Worker", *host, *size, "--work-dir", str(tmp_path / name), address) for name in "ab"]
    yield address
    for part in parts:
        os.killpg(part.pid, signal.SIGKILL)
        part.wait()
    log.close()


def run_program(text: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "LDP_ARCHIVE": "use"}
    done = subprocess.run([sys.executable, "-c", text, *arguments], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.mark.long
def test_the_bookstore_on_a_cluster(master, tmp_path):
    project, storage = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    shutil.copy(ROOT / "databricks.yml", project)
    for name in ("transformations", "notebooks"):
        shutil.copytree(ROOT / name, project / name)
    bookstore_data.land(project / "data", 1)
    said = run_program(PROGRAM, master, str(project), str(storage))
    assert said.splitlines()[-1] == f"{master} executors with Python: 2"
    assert (storage / "warehouse" / "main" / "default" / "books_silver" / "_delta_log").is_dir()
    assert not (project / ".ldp").exists()
