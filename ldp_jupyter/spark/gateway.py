"""Starting the JVM: by a command of our own, so that its noise goes to a file and Ctrl-C stays with Python.

pyspark's own launcher runs a shell script and a first JVM only to compose the command line, about a second; the
second one inherits stderr, which a notebook shows in the cell.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.cache import cache_dir, keep_newest
from ldp_jupyter.spark.distribution import spark_home, spark_jars
from ldp_jupyter.spark.java import argument_file, class_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ldp_jupyter.spark.java import Java

_LOGS_KEPT = 10
_FOLDER_PREFIX = "ldp-spark-"

# Parts of the JDK that Spark 4.2 reaches into.
_OPENED = (
    "java.base/java.lang", "java.base/java.lang.invoke", "java.base/java.lang.reflect", "java.base/java.io",
    "java.base/java.net", "java.base/java.nio", "java.base/java.util", "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic", "java.base/jdk.internal.ref", "java.base/sun.nio.ch",
    "java.base/sun.nio.cs", "java.base/sun.security.action", "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
    # for JARs that come later, see Connectors.scala
    "java.base/jdk.internal.loader",
)


@dataclass
class Launch:
    """How to start the JVM.

    Parameters:
        jars: what comes on top of Spark's own JARs.
        companion: the companion's JAR; last on the class path, so that the archive fits whatever it holds.
        confs: Spark settings from the start.
        memory: size of the heap, as Java writes it.
        options: further options of Java.
        submit: start through Spark's submit program, which resolves packages and reads defaults.
    """

    java: Java
    jars: Sequence[Path]
    confs: Mapping[str, str]
    memory: str
    companion: Path | None = None
    options: Sequence[str] = ()
    submit: bool = False

    def arguments(self, folder: Path) -> list[str]:
        """All arguments of Java."""
        found = [f"-Xmx{self.memory}", "-XX:+IgnoreUnrecognizedVMOptions"]
        found += [f"--add-opens={part}=ALL-UNNAMED" for part in _OPENED]
        if self.java.major >= 24:
            found += ["--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED"]
        found += [
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-Dio.netty.allocator.type=pooled",
            "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE",
            f"-Djava.io.tmpdir={folder / 'tmp'}",
            f"-Dlog4j2.configurationFile={(Path(__file__).parent / 'log4j2.properties').as_uri()}",
        ]
        level = os.environ.get("LDP_SPARK_LOG")
        if level:
            found.append(f"-Dldp.log.level={level.lower()}")
        found += self.options
        # The class-data archive fits as long as the path begins with what it was made with.
        last = [self.companion] if self.companion else []
        found += ["-cp", class_path([*spark_jars(), *self.jars, *last, *_hadoop_conf()])]
        # Nothing of Spark's lands in the project or in the folder where the process was started.
        confs = {"spark.local.dir": str(folder / "local"), "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
                 **self.confs}
        if self.submit:
            found.append("org.apache.spark.deploy.SparkSubmit")
            for key, value in confs.items():
                found += ["--conf", f"{key}={value}"]
            found.append("pyspark-shell")
        else:
            found += [f"-D{key}={value}" for key, value in confs.items()]
            found.append("org.apache.spark.api.python.PythonGatewayServer")
        return found


class Jvm:
    """A JVM with Spark on its class path, and the gateway to it.

    Parameters:
        gateway: py4j's connection, as pyspark uses it.
        log: the file that holds what the JVM prints.
        folder: its private folder for temporary files.
    """

    def __init__(self, process: subprocess.Popen[bytes], gateway: Any, log: Path, folder: Path) -> None:
        self.process = process
        self.gateway = gateway
        self.log = log
        self.folder = folder
        self._owner = os.getpid()
        atexit.register(self._leave)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End the JVM and wait for it; its temporary files go."""
        atexit.unregister(self._leave)
        self._end_of_input()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_of_input(self) -> None:
        # The JVM ends by itself when its standard input does, also when Python dies.
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def _leave(self) -> None:
        if os.getpid() != self._owner:  # a child that was forked off and ends
            return
        self._end_of_input()
        shutil.rmtree(self.folder, ignore_errors=True)


def private_folder() -> Path:
    """A new folder for temporary files of this process; folders of processes that are gone are removed."""
    base = Path(tempfile.gettempdir())
    for old in base.glob(f"{_FOLDER_PREFIX}*-*"):
        owner = old.name[len(_FOLDER_PREFIX):].split("-")[0]
        if owner.isdigit() and not is_alive(int(owner)):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-"))
    for name in ("tmp", "local"):
        (folder / name).mkdir()
    return folder


def start_jvm(launch: Launch, folder: Path) -> Jvm:
    """Start the JVM and connect to it.

    Raises:
        LdpError: LDP-5001 when it does not come up, with what it printed.
    """
    log = _log_file()
    connection = folder / "connection"
    arguments = folder / "java.args"
    arguments.write_text(argument_file(launch.arguments(folder)), encoding="utf-8")
    environment = {
        **os.environ, "_PYSPARK_DRIVER_CONN_INFO_PATH": str(connection), "SPARK_HOME": str(spark_home()),
        "SPARK_SCALA_VERSION": "2.13", "SPARK_CONNECT_MODE": "0", "PYSPARK_PYTHON": sys.executable,
        **_with_all_letters(os.environ),
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(launch.java.executable), f"@{arguments}"], stdin=subprocess.PIPE, stdout=out, stderr=out,
            env=environment,
            # A session of its own: Ctrl-C in a terminal goes to the whole foreground group.
            start_new_session=True,
        )
    try:
        # Imported while the JVM starts.
        from pyspark.java_gateway import launch_gateway

        port, secret = _connection(process, connection)
        gateway = _connect(launch_gateway, port, secret)
    except BaseException as error:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _NotUp):
            output = log.read_text(encoding="utf-8", errors="replace").strip()
            first = output.splitlines()[0] if output else "it ends at once"
            raise LdpError("LDP-5001", f"{launch.java} does not start Spark: {first}",
                           hint=f"the whole output is in {log}", detail=output) from None
        raise
    connection.unlink()
    return Jvm(process, gateway, log, folder)


def _with_all_letters(environment: Mapping[str, str]) -> dict[str, str]:
    """A locale in which Java can write any name of a file, where `LC_ALL` says ASCII.

    Python uses UTF-8 then, and tells processes that it starts only where `LC_ALL` is not set.
    """
    return {"LC_ALL": "C.UTF-8"} if environment.get("LC_ALL") in ("C", "POSIX") else {}


class _NotUp(Exception):  # noqa: N818  (never leaves this file)
    pass


def _connection(process: subprocess.Popen[bytes], file: Path) -> tuple[int, str]:
    """Port and secret, once the JVM has written them (by a rename, so they are whole)."""
    while not file.exists():
        if process.poll() is not None:
            raise _NotUp
        time.sleep(0.005)
    data = file.read_bytes()
    port, length = struct.unpack_from("!ii", data)
    return port, data[8:8 + length].decode()


def _connect(launch_gateway: Any, port: int, secret: str) -> Any:
    """The way in which pyspark takes over a JVM that is there; its variables must not reach later child processes."""
    from ldp_jupyter.spark.calls import spare_calls
    from ldp_jupyter.spark.interrupts import keep_to_the_call

    given = {"PYSPARK_GATEWAY_PORT": str(port), "PYSPARK_GATEWAY_SECRET": secret}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        gateway = launch_gateway()
        keep_to_the_call(gateway)
        spare_calls(gateway)
        return gateway
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _hadoop_conf() -> list[Path]:
    folder = os.environ.get("HADOOP_CONF_DIR")
    return [Path(folder)] if folder and Path(folder).is_dir() else []


def _log_file() -> Path:
    """A new file for the output of a JVM; the oldest ones go, save those of processes that are still there."""

    def in_use(log: Path) -> bool:
        owner = log.stem.rpartition("-")[2]
        return owner.isdigit() and is_alive(int(owner))

    folder = cache_dir() / "logs"
    folder.mkdir(exist_ok=True)
    keep_newest(folder, "spark-*.log", _LOGS_KEPT - 1, in_use)
    return folder / f"spark-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"


def is_alive(process: int) -> bool:
    """Whether a process of this machine runs."""
    if os.name == "nt":  # there a signal of 0 ends the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no number of a process
        return True
    return True
