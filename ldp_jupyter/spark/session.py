"""The Spark session: one JVM per process, one session per pipeline in it, or a session that the user has running."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import LdpError
from ldp_jupyter.spark.bridge import EXTENSION
from ldp_jupyter.spark.settings import SessionSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from ldp_jupyter.spark.gateway import Jvm, Launch

__all__ = [
    "SessionSettings",
    "clone",
    "current",
    "forget",
    "get_session",
    "jvm",
    "jvm_log",
    "plan_launch",
    "start_with",
    "stop",
]

STARTING = "Starting Spark (about 5 s, once per kernel)"

_lock = threading.RLock()
_jvm: Jvm | None = None
_root: Any = None  # the session that the others come from; ours or the user's, never handed out
_companion = False  # whether the companion works in the sessions that come from it
_sessions: dict[tuple[object, ...], Any] = {}
_latest: Any = None


def get_session(settings: SessionSettings, say: Callable[[str], None] | None = None) -> SparkSession:
    """The session for these settings: the one that is there, or a new one; the first call starts Spark.

    Parameters:
        say: told what takes long; default: a line on stderr.

    Raises:
        LdpError: LDP-5001 no Java, LDP-5002 a JAR is missing, LDP-5003 the user's running session cannot be used,
            LDP-5004 the companion cannot be built, LDP-2011 a setting is refused.
    """
    global _latest  # noqa: PLW0603  (one JVM per process)
    say = say or _say
    with _lock:
        _forget_if_stopped()
        found = _sessions.get(settings.key)
        if found is None:
            if _root is None:
                _start_or_adopt(settings, say)
            found = _new_session(settings, say)
            _sessions[settings.key] = found
        _latest = found
        return found


def current() -> SparkSession | None:
    """The session handed out last, None when Spark does not run."""
    with _lock:
        _forget_if_stopped()
        return _latest


def jvm() -> Jvm | None:
    """The JVM that this process started; None before, and for a session of the user's own."""
    return _jvm


def clone(spark: SparkSession) -> SparkSession:
    """A session that begins as a copy of `spark`: settings, current schema, temporary views."""
    from ldp_jupyter.spark import bridge

    if _companion:
        return bridge.clone_session(spark)
    return type(spark)(spark.sparkContext, spark._jsparkSession.cloneSession())


def forget(spark: SparkSession) -> None:
    """Let go of a session that is not asked for again, so that the JVM can free it."""
    with _lock:
        for key in [key for key, session in _sessions.items() if session is spark]:
            del _sessions[key]


def stop() -> None:
    """End Spark and, when it is ours, its JVM."""
    global _jvm, _root, _latest  # noqa: PLW0603
    with _lock:
        jvm, root = _jvm, _root
        _jvm = _root = _latest = None
        _sessions.clear()
        if jvm is None:
            return
        if root is not None and jvm.alive:
            root.stop()
            jvm.gateway.shutdown()
        _disconnect()
        jvm.close()


def jvm_log() -> Path | None:
    """The file that holds what our JVM prints, None when none was started."""
    return _jvm.log if _jvm is not None else None


def plan_launch(
    confs: Mapping[str, str], cores: int | None, say: Callable[[str], None], *, much: bool = False
) -> Launch:
    """How a JVM of ours is started; fetches JARs and builds the companion where they are missing.

    Parameters:
        confs: what the pipeline asks for.
        cores: threads of Spark; None takes all.
        say: told what takes long.
        much: whether much data is waiting.

    Raises:
        LdpError: LDP-5001, LDP-5002 or LDP-5004.
    """
    from ldp_jupyter.spark.build import companion_jar
    from ldp_jupyter.spark.gateway import Launch
    from ldp_jupyter.spark.jars import delta_jars, missing_jars
    from ldp_jupyter.spark.java import find_java
    from ldp_jupyter.spark.settings import (
        JVM_OPTIONS,
        QUICK_OPTIONS,
        driver_memory,
        for_cluster,
        is_local,
        jvm_confs,
        merged,
        needs_submit,
        usable_cores,
    )

    java = find_java()
    if missing_jars():
        say("Fetching Delta (10 MB, once)")
    jars = delta_jars()
    companion = companion_jar(java, jars, say)
    everything = merged(jvm_confs(cores or usable_cores(), EXTENSION if companion else None), confs)
    if not is_local(everything["spark.master"]):
        everything = for_cluster(everything, confs, [*jars, *([companion] if companion else [])])
    options = [*(JVM_OPTIONS if much else QUICK_OPTIONS), *everything.get("spark.driver.extraJavaOptions", "").split()]
    return Launch(java, jars, everything, driver_memory(confs), companion, options, needs_submit(confs))


def start_with(launch: Launch, settings: SessionSettings) -> SparkSession:
    """Start a JVM in a given way, and give a session in it; no Spark may be running."""
    global _latest  # noqa: PLW0603
    with _lock:
        _start(launch)
        _latest = _sessions[settings.key] = _new_session(settings, _say)
        return _latest


def _start_or_adopt(settings: SessionSettings, say: Callable[[str], None]) -> None:
    global _root, _companion
    from ldp_jupyter.spark import adopt, archive

    theirs = adopt.running_session() if _jvm is None else None
    if theirs is not None:
        _root, _companion = adopt.adopted(theirs, say)
        return
    if _jvm is not None:  # the user stopped the session: its JVM can make another one
        _open_context()
        return
    launch = plan_launch(settings.confs, settings.cores, say, much=settings.much)
    say(STARTING)
    ready = archive.options_for(launch.java, launch.jars)
    _start(replace(launch, options=[*launch.options, *ready]))
    if not ready:
        archive.make_in_background(launch)


def _start(launch: Launch) -> None:
    global _jvm, _companion  # noqa: PLW0603
    from ldp_jupyter.spark.gateway import private_folder, start_jvm

    _disconnect()
    _jvm = start_jvm(launch, private_folder())
    _companion = EXTENSION in launch.confs["spark.sql.extensions"]
    _open_context()


def _open_context() -> None:
    """A Spark context in our JVM; its settings are properties of the JVM."""
    global _root  # noqa: PLW0603  (one JVM per process)
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    from ldp_jupyter.spark.log import quiet

    assert _jvm is not None
    quiet()
    # Workers run the same Python, whatever `python3` is on PATH; machines of a cluster may have it elsewhere.
    os.environ["PYSPARK_PYTHON"] = _jvm.gateway.jvm.System.getProperty("spark.pyspark.python") or sys.executable
    with _keeping_interrupts():
        context = SparkContext(gateway=_jvm.gateway)
    _root = SparkSession(context)


@contextlib.contextmanager
def _keeping_interrupts() -> Iterator[None]:
    """Undo pyspark's handler of Ctrl-C: it calls the JVM over a connection that may be in the middle of a call."""
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None
    try:
        yield
    finally:
        if main and before is not None:
            signal.signal(signal.SIGINT, before)


def _new_session(settings: SessionSettings, say: Callable[[str], None]) -> Any:
    """A session of its own for these settings, in the JVM that runs."""
    from py4j.protocol import Py4JJavaError
    from pyspark.sql import SparkSession

    from ldp_jupyter.spark import bridge
    from ldp_jupyter.spark.places import is_remote, unreachable
    from ldp_jupyter.spark.settings import QUERY_CONFS

    ours = _jvm is not None
    # A clone sees the temporary views that the user made in a session of their own.
    made = _root._jsparkSession.newSession() if ours else _root._jsparkSession.cloneSession()
    spark = SparkSession(_root.sparkContext, made)
    if not ours:
        for key, value in QUERY_CONFS.items():
            spark.conf.set(key, value)
    for key, value in settings.confs.items():
        _configure(spark, key, value, say)
    if _companion:
        try:
            bridge.prepare_session(spark, settings.warehouse, settings.catalog, settings.schema)
        except Py4JJavaError as error:  # it looks what catalogs there are
            if not is_remote(settings.warehouse):
                raise
            raise unreachable(error, settings.warehouse) from None
    if ours and not _sessions:
        _make_default(spark)
        if _companion and not _python_sources():
            bridge.without_python_sources(spark)
    return spark


def _python_sources() -> bool:
    """Whether a package is installed that brings a data source of Spark: such packages begin with this word."""
    import pkgutil

    return any(module.name.startswith("pyspark_") for module in pkgutil.iter_modules())


def _configure(spark: Any, key: str, value: str, say: Callable[[str], None]) -> None:
    from ldp_jupyter.spark.settings import is_jvm_setting

    if is_jvm_setting(key):
        if key.startswith("spark.hadoop."):
            spark.conf.set(key[len("spark.hadoop."):], value)
        elif key != "spark.sql.extensions" and spark.sparkContext.getConf().get(key) != value:
            say(f"{key} counts from the next start of Spark on: it belongs to the JVM, which runs already")
        return
    try:
        spark.conf.set(key, value)
    except Exception as error:
        first = str(error).strip().splitlines()[0]
        raise LdpError("LDP-2011", f"Spark refuses the setting {key}={value}: {first}", detail=str(error)) from None


def _make_default(spark: Any) -> None:
    """Let `SparkSession.builder.getOrCreate()` and functions without a session find this one."""
    from pyspark.sql import SparkSession

    SparkSession._instantiatedSession = spark
    SparkSession._activeSession = spark
    in_jvm = SparkSession._get_j_spark_session_class(spark._jvm)
    in_jvm.setDefaultSession(spark._jsparkSession)
    in_jvm.setActiveSession(spark._jsparkSession)


def _forget_if_stopped() -> None:
    """Drop what belongs to a Spark context that was stopped, or to a JVM that died."""
    global _jvm, _root, _latest  # noqa: PLW0603
    died = _jvm is not None and not _jvm.alive
    if _root is not None and (died or _root.sparkContext._jsc is None):
        _root = _latest = None
        _sessions.clear()
    if died and _jvm is not None:
        _disconnect()
        _jvm.close()
        _jvm = None


def _disconnect() -> None:
    """Make pyspark forget a JVM that is gone or no longer wanted."""
    if "pyspark" not in sys.modules:  # imported while the JVM starts, not before
        return
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    SparkContext._gateway = None
    SparkContext._jvm = None
    SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = None
    SparkSession._activeSession = None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  (the only place; callers give their own)
