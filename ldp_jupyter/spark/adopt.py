"""A Spark session that the user has running already: used when it can do Delta, else refused with the reason."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ldp_jupyter.errors import LdpError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HINT = "stop it and restart the kernel: a session with Delta is then started for you"


def running_session() -> Any:
    """The user's session, None when there is none.

    Raises:
        LdpError: LDP-5003 for a Spark Connect session: plans, which the pipeline needs, are not in reach there.
    """
    if _connected():
        raise LdpError("LDP-5003", "the running Spark session is a Spark Connect session",
                       hint="pipelines need a classic session; unset SPARK_REMOTE and SPARK_CONNECT_MODE_ENABLED, "
                            "restart the kernel, and a session is started for you")
    if "pyspark" not in sys.modules:
        return None
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is None or context._jsc is None:
        return None
    from pyspark.sql import SparkSession

    known = SparkSession._instantiatedSession
    return known if known is not None and known.sparkContext is context else SparkSession(context)


def adopted(spark: Any, say: Callable[[str], None]) -> tuple[Any, bool]:
    """A session beside the user's own that has Delta, and whether it has the companion; the user's stays as it is.

    Raises:
        LdpError: LDP-5003 with the reason why it cannot be.
    """
    import pyspark

    from ldp_jupyter.spark.calls import spare_calls
    from ldp_jupyter.spark.interrupts import keep_to_the_call
    from ldp_jupyter.spark.log import quiet

    if spark.version.split(".")[:2] != pyspark.__version__.split(".")[:2]:
        raise LdpError("LDP-5003", hint=_HINT,
                       message=f"the running session is Spark {spark.version}, this is made for {pyspark.__version__}")
    if not _loadable(spark, "io.delta.sql.DeltaSparkSessionExtension"):
        raise LdpError("LDP-5003", "the running Spark session has no Delta: its JVM started without the Delta JARs",
                       hint=f"{_HINT}; or start yours with delta.configure_spark_with_delta_pip(builder)")
    quiet()
    keep_to_the_call(spark.sparkContext._gateway)
    spare_calls(spark.sparkContext._gateway)
    session = _with_delta(spark)
    from ldp_jupyter.spark.bridge import EXTENSION, attach

    if EXTENSION in (session.conf.get("spark.sql.extensions", "") or ""):
        return session, True
    jar = _companion(say)
    if jar is None:
        return session, False
    try:
        return attach(session, str(jar)), True
    except RuntimeError as error:
        raise LdpError("LDP-5003", f"the running Spark session cannot be used: {error}", hint=_HINT) from None


def _connected() -> bool:
    module = sys.modules.get("pyspark.sql.connect.session")
    if module is None:
        return False
    return bool(module.SparkSession.getActiveSession() or module.SparkSession._default_session)


def _loadable(spark: Any, name: str) -> bool:
    from py4j.protocol import Py4JJavaError

    loader = spark._jvm.java.lang.Thread.currentThread().getContextClassLoader()
    try:
        loader.loadClass(name)
    except Py4JJavaError:
        return False
    return True


def _with_delta(spark: Any) -> Any:
    """The session itself when Delta is configured in it, else one beside it in which it is."""
    from pyspark.sql import SparkSession

    from ldp_jupyter.spark.settings import DELTA_CATALOG, DELTA_EXTENSION

    if DELTA_EXTENSION in (spark.conf.get("spark.sql.extensions", "") or ""):
        return spark
    # Sessions share their extensions with those made from them, and build their parser from them when first used.
    extension = getattr(spark._jvm, DELTA_EXTENSION)()
    extension.apply(spark._jsparkSession.extensions())
    made = SparkSession(spark.sparkContext, spark._jsparkSession.cloneSession())
    made.conf.set("spark.sql.catalog.spark_catalog", DELTA_CATALOG)
    return made


def _companion(say: Callable[[str], None]) -> Path | None:
    from ldp_jupyter.spark.build import companion_jar
    from ldp_jupyter.spark.jars import delta_jars
    from ldp_jupyter.spark.java import find_java

    return companion_jar(find_java(), delta_jars(), say)
