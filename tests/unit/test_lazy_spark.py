"""The predefined `spark`, before there is a Spark."""

from __future__ import annotations

from typing import Any

import pytest
from core_samples import context, here, problem_of

from ldp_jupyter.context import using
from ldp_jupyter.spark import lazy
from ldp_jupyter.spark.lazy import LazySpark


class Conf:
    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def get(self, key: str, default: Any) -> Any:
        return self.values.get(key, default)

    def set(self, key: str, value: str) -> None:
        self.values[key] = value


class Session:
    """As much of a session as these tests look at."""

    version = "4.2.0"

    def __init__(self) -> None:
        self.conf = Conf({"spark.x": "from spark"})

    def range(self, n: int) -> str:
        return f"range {n}"


@pytest.fixture(autouse=True)
def _no_spark_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy, "_running", lambda: None)


def test_configuration_needs_no_session() -> None:
    spark = LazySpark()
    with using(context(configuration={"a": "1"}, confs={"b": "2", "a": "set in the source"})):
        assert spark.conf.get("a") == "set in the source"
        assert spark.conf.get("b") == "2"
        assert spark.conf.get("c", "default") == "default"
        assert spark.conf.get("c", None) is None


def test_a_key_without_a_value() -> None:
    with using(context(configuration={"source_path": "/x"})):
        line = here() + 1
        problem = problem_of(lambda: LazySpark().conf.get("source_pth"))
    assert (problem.code, problem.hint) == ("LDP-2022", 'did you mean "source_path"?')
    assert (problem.location.file, problem.location.line) == (__file__, line)


def test_settings_of_spark_are_asked_of_spark() -> None:
    with using(context(get_session=Session)):
        assert LazySpark().conf.get("spark.x") == "from spark"
        assert LazySpark().conf.get("spark.y", "default") == "default"


def test_what_source_sets_holds_for_what_it_declares() -> None:
    made = context()
    with using(made):
        LazySpark().conf.set("my.flag", True)
        LazySpark().conf.set("my.number", 5)
        assert LazySpark().conf.get("my.flag") == "true"
        LazySpark().conf.unset("my.number")
    assert made.confs == {"my.flag": "true"}


def test_settings_of_spark_reach_a_session_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    session, made = Session(), None
    monkeypatch.setattr(lazy, "_running", lambda: session)
    made = context(get_session=lambda: session)
    with using(made):
        LazySpark().conf.set("spark.sql.shuffle.partitions", 7)
    assert session.conf.values["spark.sql.shuffle.partitions"] == made.confs["spark.sql.shuffle.partitions"] == "7"


def test_it_is_the_session_of_whoever_runs() -> None:
    spark = LazySpark(lambda: "the kernel's session")
    with using(context(get_session=Session)):
        assert spark.range(3) == "range 3"
    one, two = Session(), Session()
    with using(context(get_session=lambda: one)):
        spark.mine = 1
        with using(context(get_session=lambda: two)):
            spark.mine = 2
    assert (one.mine, two.mine) == (1, 2)


def test_outside_of_a_pipeline_the_kernels_session_is_asked() -> None:
    assert LazySpark(Session).range(2) == "range 2"
    assert problem_of(lambda: LazySpark().range(2)).code == "LDP-2012"


def test_looking_at_it_starts_nothing() -> None:
    import pyspark
    from pyspark.sql import SparkSession

    spark = LazySpark()
    with using(context()):
        assert repr(spark) == "<SparkSession: starts on first use>"
        assert spark.version == pyspark.__version__
        assert isinstance(spark, SparkSession)
        assert "readStream" in dir(spark)
        for name in ("_repr_html_", "_ipython_display_", "_repr_mimebundle_"):
            assert not hasattr(spark, name)
