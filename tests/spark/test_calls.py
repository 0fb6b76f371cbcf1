"""Calls into the JVM: what is asked for no argument, and what for no class, a second time."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from py4j.java_collections import ListConverter
from py4j.java_gateway import JavaPackage
from pyspark.sql import functions

from ldp_jupyter.declarations import Action, Expectation
from ldp_jupyter.quality import RuleSet
from ldp_jupyter.spark.calls import spare_calls
from ldp_jupyter.spark.expectations import Observations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark


@contextmanager
def messages(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What goes to the JVM meanwhile, without the news of objects that Python forgets."""
    client, sent = spark.sparkContext._gateway._gateway_client, []
    real = type(client).send_command

    def send_command(self: object, command: str, *args: object, **kwargs: object) -> object:
        if not command.startswith("m\n"):
            sent.append(command)
        return real(self, command, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(type(client), "send_command", send_command)
        yield sent


def test_a_class_is_asked_for_once(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    jvm = spark._jvm
    with messages(spark, monkeypatch) as sent:
        first = getattr(jvm, "java.util.BitSet")
        assert len(sent) == 1
        assert getattr(jvm, "java.util.BitSet") is first
        assert len(sent) == 1
        assert first(8).cardinality() == 0
        for _ in range(2):  # may come with a JAR
            assert isinstance(getattr(jvm, "no.such.Thing"), JavaPackage)
        assert len([command for command in sent if "no.such.Thing" in command]) == 2
    assert isinstance(jvm.java, JavaPackage)
    assert jvm.java.lang.Math.abs(-2) == 2


def test_texts_and_numbers_are_not_looked_into(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = ListConverter.can_convert
    monkeypatch.setattr(ListConverter, "can_convert", lambda self, value: asked.append(value) or real(self, value))
    texts = spark._jvm.java.lang.String
    assert texts.valueOf(7) == "7"
    assert spark._jvm.java.lang.Integer.parseInt("12") == 12
    assert functions.lit(None) is not None
    assert asked == []
    assert texts.join("-", ["a", "b"]) == "a-b"
    assert asked


def test_values_that_need_it_are_converted(spark: SparkSession) -> None:
    spare_calls(spark.sparkContext._gateway)  # again
    assert len(spark.sparkContext._gateway._gateway_client.converters) == 1
    jvm = spark._jvm
    assert jvm.java.util.ArrayList([1, "a", None]).size() == 3
    assert jvm.java.util.HashMap({"a": 1}).get("a") == 1
    assert jvm.java.util.TreeSet({3, 2}).first() == 2
    day, moment = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 1, 2, 3, 4)
    row = spark.range(1).select(functions.lit(day), functions.lit(moment), functions.lit(dt.timedelta(days=2))).first()
    assert tuple(row) == (day, moment, dt.timedelta(days=2))

    class Text(str):
        __slots__ = ()

    assert jvm.java.lang.String.valueOf(Text("x")) == "x"


def test_many_rules_are_put_on_rows_by_few_messages(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = RuleSet("t", tuple(Expectation(f"r{n}", f"id >= {n}", list(Action)[n % 2]) for n in range(20)), samples=2)
    frame, observed = spark.range(30), Observations()
    with messages(spark, monkeypatch) as sent:
        judged = rules.apply(frame, observed)
        assert len(sent) <= 2
    assert len(judged.collect()) == 11
    assert rules.counts(observed.values(judged)["ldp:t"])["dropped_records"] == 19
