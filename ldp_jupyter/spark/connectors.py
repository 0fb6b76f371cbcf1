"""Connectors: JARs of sources and sinks that Spark does not bring, fetched when an update first needs them.

A dry run needs none: the companion knows the columns of such a source. Whoever has the JARs on the class path already,
by `spark.jars.packages` say, keeps their own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldp_jupyter.spark.jars import Jar, find_jars

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPARK = "4.2.0"  # the minor version counts, as for the companion


@dataclass(frozen=True)
class Connector:
    """What a format needs.

    Parameters:
        provider: a class by which one sees whether it is there.
        jars: with all that Spark itself lacks of what they need.
    """

    provider: str
    jars: Sequence[Jar]


CONNECTORS = {
    "kafka": Connector(
        "org.apache.spark.sql.kafka010.KafkaSourceProvider",
        (
            Jar("org.apache.spark", "spark-sql-kafka-0-10_2.13", _SPARK,
                "64539c45e5d39f7ddb747312c239f38f5208d08c1a0ddf7d70beb2fbd9373705"),
            Jar("org.apache.spark", "spark-token-provider-kafka-0-10_2.13", _SPARK,
                "641c7947afc8aa1189e433b7c2d305293993c8691bc1c2062d6d4f513b12518c"),
            Jar("org.apache.kafka", "kafka-clients", "3.9.2",
                "014b4ef36884478a932641818b080c36a8f8e2e92dc771e800c9d2694f4f83d8"),
            Jar("org.apache.commons", "commons-pool2", "2.13.1",
                "f77a5060d6936a9144023584232f9de3f2248f1abfe156e9d31795f18770674f"),
        ),
    ),
}

_lock = threading.Lock()


def provide(spark: Any, source: str) -> None:
    """Bring the connector of a format into the JVM; nothing to do for formats without one, or where it is there.

    Parameters:
        source: name of the format, in any letter case.

    Raises:
        LdpError: LDP-5002 when its JARs cannot be fetched.
    """
    from ldp_jupyter.spark import bridge

    connector = CONNECTORS.get(source.lower())
    if connector is None:
        return
    with _lock:
        if not bridge.has_class(spark, connector.provider):
            bridge.add_jars(spark, [str(path) for path in find_jars(connector.jars)])
