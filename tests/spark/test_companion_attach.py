"""The companion in a JVM that was started without it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.spark

PROGRAM = """
    import sys
    from pyspark.sql import SparkSession
    from ldp_jupyter.spark import bridge
    from ldp_jupyter.spark.build import companion_jar
    from ldp_jupyter.spark.jars import delta_jars
    from ldp_jupyter.spark.java import find_java

    java, jars = find_java(), delta_jars()
    spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
             .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
             .config("spark.sql.shuffle.partitions", "1").config("spark.databricks.delta.snapshotPartitions", "1")
             .config("spark.driver.extraClassPath", ":".join(map(str, jars)))
             .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
             .config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
             .config("spark.sql.adaptive.enabled", "false")
             .config("spark.sql.warehouse.dir", sys.argv[1] + "/own")
             .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
             .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog").getOrCreate())
    spark.range(3).write.format("delta").saveAsTable("mine")
    session = bridge.attach(spark, str(companion_jar(java, jars)))
    bridge.prepare_session(session, sys.argv[1] + "/warehouse", "main", "default")
    session.sql("CREATE TABLE t USING delta AS SELECT 1 AS id, '{\\"a\\": 5}' AS d")
    assert session.sql("SELECT id, d:a FROM main.default.t").collect()[0][1] == "5"
    assert bridge.clone_session(session).table("t").count() == 1
    assert session.table("spark_catalog.default.mine").count() == 3
    assert spark.table("mine").count() == 3
    assert [r.parts for r in bridge.parse(session, "SELECT * FROM a.b").references] == [("a", "b")]
    open(sys.argv[1] + "/x.json", "w").write('{"a": 1}')
    reader = session.readStream.format("cloudFiles").option("cloudFiles.format", "json")
    assert reader.schema("a INT").load(sys.argv[1]).isStreaming
    again = bridge.attach(spark, str(companion_jar(java, jars)))
    assert again.sql("SELECT d:a FROM (SELECT '{}' d)").count() == 1
    print("all well")
"""


@pytest.mark.long
def test_attached_session_has_everything_and_leaves_the_users_alone(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    run = subprocess.run([sys.executable, str(program), str(tmp_path)], capture_output=True, text=True, check=False, timeout=170)
    assert run.stdout.strip().endswith("all well"), run.stderr[-3000:]
