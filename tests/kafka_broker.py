"""A Kafka broker of its own: Apache Kafka's server as one process, on a free port, ended with the test."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from ports import free_port, listens

from ldp_jupyter.spark.distribution import spark_jars
from ldp_jupyter.spark.jars import Jar, find_jars
from ldp_jupyter.spark.java import find_java

if TYPE_CHECKING:
    from pathlib import Path

# What a broker needs beside the JARs that Spark brings.
JARS = (
    Jar("com.dynatrace.hash4j", "hash4j", "0.22.0",
        "23028a3fd006e530bf495f551083208187cafd8f80624d048eba56442f16a50e"),
    Jar("com.fasterxml.jackson.datatype", "jackson-datatype-jdk8", "2.21.2",
        "e581bbf3fc5622d16b57366dd41e10fc56921fb202879de2ef487f87dd9b30e7"),
    Jar("com.github.ben-manes.caffeine", "caffeine", "3.2.0",
        "ec411dfdf0c03f25218648ce89861630b71680e5858a9a7278ebac8e55cab3d7"),
    Jar("com.google.re2j", "re2j", "1.8",
        "7b52c72156dd7f98b3237a5b35c1d34fba381b21048c89208913ad80a45dfbd7"),
    Jar("com.typesafe.scala-logging", "scala-logging_2.13", "3.9.6",
        "0ad0c3f4d89d538b3b6c300158555e266aa69cf1b5f6522aba8b5bad238eb994"),
    Jar("com.yammer.metrics", "metrics-core", "2.2.0",
        "6b7a14a6f34c10f8683f7b5e2f39df0f07b58c7dff0e468ebbc713905c46979c"),
    Jar("commons-logging", "commons-logging", "1.3.5",
        "6d7a744e4027649fbb50895df9497d109f98c766a637062fe8d2eabbb3140ba4"),
    Jar("commons-validator", "commons-validator", "1.10.1",
        "ed74711a78d793ca37f6075e4a1e93d107233dfd20d0bb17e32bad88d38e56aa"),
    Jar("net.sf.jopt-simple", "jopt-simple", "5.0.4",
        "df26cc58f235f477db07f753ba5a3ab243ebe5789d9f89ecf68dd62ea9a66c28"),
    Jar("net.sourceforge.argparse4j", "argparse4j", "0.7.0",
        "65ceb669d88f63306c680f8088bbf765bbca72d288a61a03703000076c3d3f56"),
    Jar("org.apache.kafka", "kafka-clients", "4.3.1",
        "52501b7b47510c66f898871adaf6d2968ab7246561d44ced43643a8a587f0b36"),
    Jar("org.apache.kafka", "kafka-coordinator-common", "4.3.1",
        "66a86b8c89718216ffa72fe4e44b9d1bdf3472e4cb9200c36a0742a25febbdba"),
    Jar("org.apache.kafka", "kafka-group-coordinator", "4.3.1",
        "4ab56d002e1624185c874199e9e0ffb243dbeb9f68b4d0cadf48ce2f617a1126"),
    Jar("org.apache.kafka", "kafka-group-coordinator-api", "4.3.1",
        "d81bc1a3739ff6c9b21815baae00022306342a16d3d94e6a2621201b9980a30d"),
    Jar("org.apache.kafka", "kafka-metadata", "4.3.1",
        "4d73a96c6474a4ebdd67a1cee14da1a94cfd6bb9e6e252685ba5667d8ab7f898"),
    Jar("org.apache.kafka", "kafka-raft", "4.3.1",
        "46abbf89806dd22d848e997cdfb1431524cab4ec88e38a7d2806e20b24a70609"),
    Jar("org.apache.kafka", "kafka-server", "4.3.1",
        "01d736599ec3b0cdbb0480c15219170b28cdae189785e7f0c6f1f26e528eaebc"),
    Jar("org.apache.kafka", "kafka-server-common", "4.3.1",
        "d7c719f749579a399011f0df7414de8a78f10f074a6122caa550fdb141351575"),
    Jar("org.apache.kafka", "kafka-share-coordinator", "4.3.1",
        "8ceeed7346127e652ea5c650b217890aaff14919f967d27fadce420745bd3066"),
    Jar("org.apache.kafka", "kafka-storage", "4.3.1",
        "97e3facddd2914a58f28ec91ef35f8da69963eab3651196e97f487924f6dac98"),
    Jar("org.apache.kafka", "kafka-storage-api", "4.3.1",
        "bc2b22639fa554494461d101d599e01bae840d97c4f46e18fdf3d2fe41a47098"),
    Jar("org.apache.kafka", "kafka-tools-api", "4.3.1",
        "dcf6785742e0c8ab11a0fc09c62f1192e11e997dc629669a8db82aa40d933c31"),
    Jar("org.apache.kafka", "kafka-transaction-coordinator", "4.3.1",
        "c64aaa2a88d8fd382c4800204872917686e542043c7916c9e8797d939d8eb313"),
    Jar("org.apache.kafka", "kafka_2.13", "4.3.1",
        "b098abef5ff878e76f60cd6c559b9baa5663ccb1b55f2837558b22c329d32423"),
    Jar("org.bitbucket.b_c", "jose4j", "0.9.6",
        "7314af50cde9c99e8eaf43eee617a23edcc6bb43036221064355094999d837ef"),
    Jar("org.hdrhistogram", "HdrHistogram", "2.2.2",
        "22d1d4316c4ec13a68b559e98c8256d69071593731da96136640f864fa14fad8"),
    Jar("org.pcollections", "pcollections", "4.0.2",
        "2bbeef5797a241300c4f7513cd546239629ed7deda4fc0c31df90bb95f5f13ef"),
)
FROM_SPARK = ("slf4j-api-", "log4j-api-", "log4j-core-", "log4j-slf4j2-impl-", "scala-library-", "jackson-annotations-",
              "jackson-core-2", "jackson-databind-", "lz4-java-", "snappy-java-", "zstd-jni-")  # fmt: skip
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{control}
controller.listener.names=CONTROLLER
log.dirs={data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
num.partitions=2
group.initial.rebalance.delay.ms=0
"""


class Broker:
    """A broker and controller in one; `start` again after `stop` goes on with the same topics on the same port."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        self.servers = f"127.0.0.1:{self.port}"
        self._folder = folder
        self._settings = folder / "server.properties"
        self._settings.write_text(PROPERTIES.format(port=self.port, control=free_port(), data=folder / "data"), encoding="utf-8")
        jars = [*find_jars(JARS), *(jar for jar in spark_jars() if jar.name.startswith(FROM_SPARK))]
        self._java = [str(find_java().executable), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                      os.pathsep.join(map(str, jars))]  # fmt: skip
        format_ = [*self._java, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", str(self._settings)]
        subprocess.run(format_, check=True, capture_output=True)

    def start(self) -> None:
        with (self._folder / "broker.log").open("ab") as log:
            command = [*self._java, "kafka.Kafka", str(self._settings)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 90
        while not listens(self.port):
            assert self._process.poll() is None, (self._folder / "broker.log").read_text()[-3000:]
            assert time.monotonic() < end, "the broker does not answer"
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
