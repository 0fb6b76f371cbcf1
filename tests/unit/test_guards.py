"""Functions of pyspark that need a JVM start it, when a pipeline's source calls them first of all."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALLS = ["F.col('x')", "F.expr('x')", "F.lit(1)", "F.udf('int')(lambda x: x)", "F.current_timestamp()", "F.struct('a')",
         "F.sum('x')", "F.when(F.col('x'), 1)", "Window.partitionBy('x')", "SparkSession.builder.getOrCreate().range(1)",
         "StructType.fromDDL('a INT')"]
SCRIPT = """
import sys
from ldp_jupyter.context import Context, set_standing
from ldp_jupyter.names import Namespace
from ldp_jupyter.sources import install_finder

class Started(Exception):
    pass

def start():
    raise Started

install_finder()
set_standing(Context(Namespace("main", "default"), {}, start))
from pyspark.sql import SparkSession, Window, functions as F
from pyspark.sql.types import StructType
assert isinstance(SparkSession.builder.getOrCreate(), SparkSession)
assert isinstance(SparkSession.getActiveSession(), SparkSession)  # none of these starts anything yet
assert isinstance(SparkSession.active(), SparkSession)
for call in sys.argv[1:]:
    try:
        eval(call)
        print("nothing", call)
    except Started:
        print("starts", call)
"""


@pytest.fixture(scope="module")
def outcomes():
    done = subprocess.run([sys.executable, "-c", SCRIPT, *CALLS], capture_output=True, text=True, check=True)
    return dict(reversed(line.split(" ", 1)) for line in done.stdout.splitlines())


@pytest.mark.parametrize("call", CALLS)
def test_it_starts_spark(outcomes, call):
    assert outcomes[call] == "starts"
