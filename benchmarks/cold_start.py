"""Process start to the first rows of a Delta table: our session against an untuned one, in turn, medians of five.

Run: python benchmarks/cold_start.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS = """
import os, sys
from ldp_jupyter.spark.session import SessionSettings, get_session
spark = get_session(SessionSettings(os.environ["WAREHOUSE"]), lambda text: None)
print(spark.read.format("delta").load(os.environ["TABLE"]).where("id > 10").count())
"""
# What delta-spark's own documentation has people write, with the same JARs already on disk.
UNTUNED = """
import os
from pyspark.sql import SparkSession
spark = (SparkSession.builder.appName("untuned").master("local[*]")
    .config("spark.driver.extraClassPath", os.environ["JARS"])
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog").getOrCreate())
print(spark.read.format("delta").load(os.environ["TABLE"]).where("id > 10").count())
"""
MAKE = """
import os
from ldp_jupyter.spark.session import SessionSettings, get_session
spark = get_session(SessionSettings(os.environ["WAREHOUSE"]), lambda text: None)
spark.range(1000).write.format("delta").save(os.environ["TABLE"])
"""


def seconds(code: str, environment: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as here:
        begin = time.perf_counter()
        run = subprocess.run([sys.executable, "-c", code], env=environment, cwd=here, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, check=False)
        end = time.perf_counter()
    if run.returncode != 0:
        sys.exit(run.stderr)
    return end - begin


def main() -> None:
    from ldp_jupyter.spark.jars import delta_jars
    from ldp_jupyter.spark.prepare import prepare

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    prepare(lambda text: print(text, file=sys.stderr))
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "TABLE": f"{folder}/table", "WAREHOUSE": f"{folder}/warehouse", "LDP_ARCHIVE": "use",
            "JARS": os.pathsep.join(str(jar) for jar in delta_jars()),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        seconds(MAKE, environment)
        ours, untuned = [], []
        for number in range(rounds):
            untuned.append(seconds(UNTUNED, environment))
            ours.append(seconds(OURS, environment))
            print(f"round {number + 1}: untuned {untuned[-1]:.1f} s, ours {ours[-1]:.1f} s", file=sys.stderr)
    a, b = statistics.median(ours), statistics.median(untuned)
    print(f"Cold start to the first Delta read: {a:.1f} s against {b:.1f} s untuned, {b / a:.1f} times as fast "
          f"(medians of {rounds}, in turn).")


if __name__ == "__main__":
    main()
