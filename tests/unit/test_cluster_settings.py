"""What Spark is started with where its work is done by executors elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from ldp_jupyter.spark.settings import for_cluster, is_local, jvm_confs, merged

JARS = [Path("/cache/delta.jar"), Path("/cache/companion 1.jar")]


def started_with(given: dict[str, str]) -> dict[str, str]:
    return for_cluster(merged(jvm_confs(2, "companion.Extension"), given), given, JARS)


@pytest.mark.parametrize(
    ("master", "local"),
    [("local", True), ("local[2]", True), ("local[*]", True), ("local-cluster[2,1,512]", False), ("spark://h:7077", False), ("yarn", False)],
)  # fmt: skip
def test_which_masters_have_executors(master: str, local: bool) -> None:
    assert is_local(master) == local


def test_executors_fetch_what_the_driver_has_and_reach_it_at_its_own_address() -> None:
    confs = started_with({"spark.master": "spark://h:7077", "spark.executor.memory": "2g"})
    assert confs["spark.master"] == "spark://h:7077"
    assert confs["spark.executor.memory"] == "2g"
    assert confs["spark.jars"] == "file:///cache/delta.jar,file:///cache/companion%201.jar"
    assert not {"spark.driver.host", "spark.driver.bindAddress", "spark.default.parallelism"} & set(confs)
    assert "spark.hadoop.fs.file.impl" in jvm_confs(2, "companion.Extension")
    assert not [key for key in [*confs, *jvm_confs(2, None)] if key.startswith("spark.hadoop.fs.")], "classes of the companion"


def test_what_the_user_says_stays() -> None:
    given = {"spark.master": "yarn", "spark.driver.host": "10.0.0.1", "spark.jars": "/a.jar,/b.jar"}
    confs = started_with(given)
    assert confs["spark.driver.host"] == "10.0.0.1"
    assert confs["spark.jars"].split(",")[-2:] == ["/a.jar", "/b.jar"]
