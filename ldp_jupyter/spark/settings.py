"""Settings of Spark: what every session here has, and what a pipeline asks for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
_GIB = 1024**3

# With one compiler alone, Java keeps 48 MB for compiled code. Spark fills that after some dozens of queries; from
# then on Java throws code away and compiles it again, or compiles nothing more.
JVM_OPTIONS = ("-XX:ReservedCodeCacheSize=240m", "-XX:+UseSerialGC")
# Java's quick compiler alone: a first update of little data takes two thirds of the CPU. Its code runs at less than
# half the speed, which counts from some million rows on.
QUICK_OPTIONS = ("-XX:TieredStopAtLevel=1", *JVM_OPTIONS)


@dataclass(frozen=True)
class SessionSettings:
    """What a session is for.

    Parameters:
        warehouse: folder or URI that holds the tables.
        catalog: current and default catalog.
        schema: current schema.
        confs: Spark settings on top of ours; those of the JVM count only for the session that starts it.
        cores: threads of Spark; None takes all. Counts only when the JVM starts.
        much: much data is waiting, so that Java's slow compiler pays. Counts only when the JVM starts.
    """

    warehouse: str
    catalog: str = "main"
    schema: str = "default"
    confs: Mapping[str, str] = field(default_factory=dict)
    cores: int | None = None
    much: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for settings that may share a session."""
        return (self.warehouse, self.catalog.lower(), self.schema.lower(), tuple(sorted(self.confs.items())))


# Settings of a query, in every session, also in one that a user started.
QUERY_CONFS: dict[str, str] = {
    # What the platform's pipelines of the field were written for.
    "spark.sql.ansi.enabled": "false",
    "spark.sql.ansi.relationPrecedence": "false",
    "spark.sql.ansi.doubleQuotedIdentifiers": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.sources.default": "delta",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.databricks.delta.allowArbitraryProperties.enabled": "true",
    # A table's state is computed by one task: the default of fifty is made for clusters.
    "spark.databricks.delta.snapshotPartitions": "1",
    # Outside UTC Delta replays a table's whole log after each commit, to compare it with what the checksum says: two
    # jobs more for a batch. Only what was committed here goes into the checksum, as it was committed.
    "spark.databricks.delta.allFilesInCrc.verificationMode.forceOnNonUTC.enabled": "false",
    "spark.sql.streaming.numRecentProgressUpdates": "100000",
    "spark.sql.streaming.forceDeleteTempCheckpointLocation": "true",
}


# Files of this machine without a process for each that is made or renamed.
LOCAL_FILES: dict[str, str] = {
    "spark.hadoop.fs.file.impl": "org.apache.spark.sql.ldp.LocalFiles",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.spark.sql.ldp.LocalFileContext",
}


def jvm_confs(cores: int, companion: str | None) -> dict[str, str]:
    """Settings that a JVM of ours starts with; its folders for temporary files come with its launch.

    Parameters:
        companion: class name of the companion's extension, when there is one.
    """
    extensions = DELTA_EXTENSION if companion is None else f"{DELTA_EXTENSION},{companion}"
    return {
        "spark.master": f"local[{cores}]",
        "spark.app.name": "ldp_jupyter",
        "spark.submit.deployMode": "client",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Each query's plan is written out for the user interface too: the short form of it costs less.
        "spark.sql.ui.explainMode": "simple",
        # A stopped task waits so long for its Python to end by itself: an interrupt should not.
        "spark.python.task.killTimeout": "200ms",
        # Kept for a user interface that is off: without limits they grow with every micro-batch.
        "spark.ui.retainedJobs": "100",
        "spark.ui.retainedStages": "100",
        "spark.ui.retainedTasks": "1000",
        "spark.sql.ui.retainedExecutions": "20",
        "spark.default.parallelism": str(cores),
        "spark.sql.shuffle.partitions": str(cores),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.extensions": extensions,
        "spark.sql.catalog.spark_catalog": DELTA_CATALOG,
        # The log store that keeps two processes on one local folder from losing commits.
        "spark.delta.logStore.file.impl": "io.delta.storage.HDFSLogStore",
        **({} if companion is None else LOCAL_FILES),
        **QUERY_CONFS,
    }


def merged(base: Mapping[str, str], confs: Mapping[str, str]) -> dict[str, str]:
    """`base` with what `confs` says about the JVM; extensions add up."""
    found = dict(base)
    for key, value in confs.items():
        if key == "spark.sql.extensions":
            names = dict.fromkeys([*found.get(key, "").split(","), *value.split(",")])
            found[key] = ",".join(name.strip() for name in names if name.strip())
        elif is_jvm_setting(key):
            found[key] = value
    return found


def is_local(master: str) -> bool:
    """Whether Spark does its work in the driver's JVM alone, and not in executors elsewhere."""
    return master == "local" or master.startswith("local[")


def for_cluster(confs: Mapping[str, str], given: Mapping[str, str], jars: Sequence[Path]) -> dict[str, str]:
    """Settings for a master that has executors of its own.

    Parameters:
        confs: those of `jvm_confs` and `merged`.
        given: what the pipeline asks for: it stays.
        jars: what is on the driver's class path beyond Spark; executors fetch it from the driver.
    """
    # Executors must reach the driver, and the cluster's cores count, not this machine's. They fetch the companion by
    # Hadoop's own classes for files, before they have it.
    own = ("spark.driver.host", "spark.driver.bindAddress", "spark.default.parallelism", *LOCAL_FILES)
    found = {key: value for key, value in confs.items() if key not in own or key in given}
    names = [jar.as_uri() for jar in jars] + [name for name in given.get("spark.jars", "").split(",") if name.strip()]
    return {**found, "spark.jars": ",".join(names)}


_STATIC_SQL = (
    "spark.sql.extensions", "spark.sql.warehouse.dir", "spark.sql.catalogImplementation", "spark.sql.ui.",
    "spark.sql.streaming.streamingQueryListeners", "spark.sql.queryExecutionListeners", "spark.sql.cache.serializer",
)


def is_jvm_setting(key: str) -> bool:
    """Whether a setting belongs to the JVM, and not to a session in it."""
    if key.startswith(_STATIC_SQL):
        return True
    return key.startswith("spark.") and not key.startswith(("spark.sql.", "spark.databricks.", "spark.ldp."))


def driver_memory(confs: Mapping[str, str]) -> str:
    """Heap of the JVM: `spark.driver.memory`, else half of the machine's memory, from 1 to 4 GB."""
    given = confs.get("spark.driver.memory")
    if given:
        return given
    half = memory_bytes() // 2
    return f"{max(1024, min(4096, half // (1024 * 1024)))}m"


def memory_bytes() -> int:
    """Memory that this process may use: the machine's, or less in a container. 8 GB where nobody tells."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        total = 8 * _GIB
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(file, encoding="ascii") as limit:
                total = min(total, int(limit.read()))
        except (OSError, ValueError):
            continue
    return total


def usable_cores() -> int:
    """Cores that this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:
        return max(1, os.cpu_count() or 1)


def needs_submit(confs: Mapping[str, str]) -> bool:
    """Whether Spark's own submit program must start the JVM: it resolves packages and reads the user's defaults."""
    if any(key.startswith(("spark.jars", "spark.files", "spark.submit.pyFiles", "spark.archives")) for key in confs):
        return True
    folder = os.environ.get("SPARK_CONF_DIR")
    return bool(folder) and os.path.isfile(os.path.join(folder or "", "spark-defaults.conf"))
