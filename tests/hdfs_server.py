"""HDFS of its own: Hadoop's name node and one data node as two processes, on free ports, ended with the test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

from ports import free_port, listens

from ldp_jupyter.spark.distribution import spark_jars
from ldp_jupyter.spark.jars import Jar, find_jars
from ldp_jupyter.spark.java import find_java

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The servers; the rest comes with Spark, whose Hadoop has this version.
JARS = (
    Jar("org.apache.hadoop", "hadoop-client-minicluster", "3.5.0",
        "06772d24529e59939915979b3edba204d367750ef7dc5120411f35221dd4818c"),
)
FROM_SPARK = ("hadoop-client-", "slf4j-api-", "jcl-over-slf4j-", "log4j-")
SETTINGS = {
    "dfs.replication": "1",
    "dfs.permissions.enabled": "false",
    "dfs.datanode.address": "127.0.0.1:0",
    "dfs.datanode.http.address": "127.0.0.1:0",
    "dfs.datanode.ipc.address": "127.0.0.1:0",
    "dfs.namenode.safemode.threshold-pct": "0",
    "dfs.namenode.datanode.registration.ip-hostname-check": "false",  # there may be no name for 127.0.0.1
}


class Hdfs:
    """A file system, empty at first; `address` is its URI."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        port = free_port()
        self.address = f"hdfs://127.0.0.1:{port}"
        self._web = f"127.0.0.1:{free_port()}"
        settings = {**SETTINGS, "dfs.namenode.http-address": self._web, "fs.defaultFS": self.address, "hadoop.tmp.dir": str(folder / "data")}
        lines = "".join(f"<property><name>{k}</name><value>{v}</value></property>" for k, v in settings.items())
        for name in ("core-site.xml", "hdfs-site.xml"):
            (folder / name).write_text(f"<configuration>{lines}</configuration>", encoding="utf-8")
        jars = [*find_jars(JARS), *(jar for jar in spark_jars() if jar.name.startswith(FROM_SPARK))]
        java = [str(find_java().executable), "-Xmx192m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                os.pathsep.join(map(str, [folder, *jars]))]  # fmt: skip
        name_node = [*java, "org.apache.hadoop.hdfs.server.namenode.NameNode"]
        subprocess.run([*name_node, "-format"], check=True, capture_output=True)
        self._log = (folder / "servers.log").open("wb")
        self._servers = [self._start(name_node)]
        self._until(lambda: listens(port))
        self._servers.append(self._start([*java, "org.apache.hadoop.hdfs.server.datanode.DataNode"]))
        self._until(self._has_a_data_node)

    def _until(self, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + 90
        while not ready():
            assert all(server.poll() is None for server in self._servers), "HDFS has ended"
            assert time.monotonic() < end, "HDFS does not answer"
            time.sleep(0.1)

    def _has_a_data_node(self) -> bool:
        query = "qry=Hadoop:service=NameNode,name=FSNamesystemState"
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{self._web}/jmx?{query}", timeout=10) as answer:
            return bool(json.load(answer)["beans"][0]["NumLiveDataNodes"])
        return False

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True
        )

    def stop(self) -> None:
        for server in self._servers:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        self._log.close()
