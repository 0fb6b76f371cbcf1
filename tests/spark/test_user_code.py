"""Exceptions of user code: the user's own traceback, from the user's frame on; and what functions return."""

from __future__ import annotations

import pytest

from ldp_jupyter import Pipeline

pytestmark = pytest.mark.spark

HEAD = "from pyspark import pipelines as dp\nfrom pyspark.sql import functions as F\nfrom pyspark.sql.functions import *\n"

# Each file: its text below HEAD, the code, a part of the sentence, the line, parts of the traceback.
CASES = {
    "nested": ("import faulty_of_test\n\n@dp.table\ndef nested():\n    return faulty_of_test.outer({})\n",
               "LDP-2009", "KeyError: 'missing'", 5, ["in nested", "in outer", "in inner", "KeyError"]),
    "caused": ("@dp.table\ndef caused():\n    try:\n        int('x')\n    except ValueError as error:\n"
               "        raise RuntimeError('second') from error\n",
               "LDP-2009", "RuntimeError: second", 9, ["ValueError: invalid literal", "which led to", "RuntimeError"]),
    "module": ("import faulty_of_test\nfaulty_of_test.outer({})\n",
               "LDP-2002", "KeyError: 'missing'", 5, ["in <module>", "in inner"]),
    "leaves": ("import sys\nsys.exit(3)\n", "LDP-2002", "SystemExit: 3", 5, ["sys.exit"]),
    "nothing": ("@dp.table\ndef nothing():\n    spark.range(1)\n", "LDP-2010", "returned nothing", 4, []),
    "pandas": ("@dp.table\ndef pandas():\n    import pandas as pd\n    return pd.DataFrame({'a': [1]})\n",
               "LDP-2010", "returned a pandas DataFrame", 4, []),
    "a_list": ("@dp.table\ndef a_list():\n    return [1]\n", "LDP-2010", "list, not a Spark DataFrame", 4, []),
    "generator": ("@dp.table\ndef generator():\n    yield spark.range(1)\n", "LDP-2010", "generator", 4, []),
    "needs": ("@dp.table\ndef needs(day):\n    return spark.range(day)\n", "LDP-2009", "'day'", 4, []),
    "reads": ("frame = spark.read.table('nested')\n", "LDP-2003", 'unknown table "nested"', 4, []),
}  # fmt: skip


@pytest.fixture(scope="module")
def checked(spark_main, tmp_path_factory):
    root = tmp_path_factory.mktemp("user_code")
    (root / "transformations").mkdir()
    (root / "faulty_of_test.py").write_text(
        "def outer(d):\n    return inner(d)\n\n\ndef inner(d):\n    return d['missing']\n", encoding="utf-8")  # fmt: skip
    for name, (text, *_) in CASES.items():
        (root / "transformations" / f"{name}.py").write_text(HEAD + text, encoding="utf-8")
    (root / "transformations" / "udfs.py").write_text(HEAD + """
@udf("int")
def plus(x):
    return x + 1

@pandas_udf("long")
def pandas_plus(s):
    return s + 1

shorter = udf(lambda s: s[:1], "string")

@dp.materialized_view
def fitted():
    return spark.createDataFrame(((n, {"x": n}) for n in range(2)), "a float, b struct<x double>")

@dp.materialized_view
def unfit():
    return spark.createDataFrame([("x",)], "a float")

@dp.materialized_view
@dp.expect("positive", col("id") > lit(-1))
def udfs():
    @udf(returnType="int")
    def inner(x):
        return x + 2
    spark.range(1).display()
    display(spark.range(1))
    return spark.range(3).select(
        "id", plus("id").alias("p"), pandas_plus("id").alias("q"), inner(col("id")).alias("i"),
        shorter(col("id").cast("string")).alias("s"), sum("id").over(__import__("pyspark").sql.Window.partitionBy("id")).alias("t"))
""", encoding="utf-8")  # fmt: skip
    return Pipeline(root).dry_run()


@pytest.mark.parametrize("name", CASES)
def test_the_error_is_told_once_where_the_user_made_it(checked, name):
    _, code, message, line, parts = CASES[name]
    file = f"transformations/{name}.py"
    found = [p for p in checked.problems if file in f"{p.location} {p.user_traceback}"]
    (problem,) = found
    assert problem.code == code
    assert message in problem.message
    helper = name in ("nested", "module")  # the innermost frame of the user's
    assert str(problem.location).startswith("faulty_of_test.py:6" if helper else f"{file}:{line}")
    trace = problem.user_traceback or ""
    assert [part for part in parts if part not in trace] == []
    assert "/ldp_jupyter/" not in trace
    assert "site-packages" not in trace


def test_a_table_of_the_pipeline_read_at_the_top_gets_a_hint_and_no_plan(checked):
    (problem,) = [p for p in checked.problems if p.location.file == "transformations/reads.py"]
    assert "inside dataset functions only" in (problem.hint or "")
    assert "UnresolvedRelation" not in str(problem)


def test_functions_of_the_users_own_in_queries(checked):
    (node,) = [n for n in checked.nodes.values() if checked.shown(n.name) == "udfs"]
    assert [(c.name, c.type) for c in node.columns] == [
        ("id", "bigint"), ("p", "int"), ("q", "bigint"), ("i", "int"), ("s", "string"), ("t", "bigint"),
    ]  # fmt: skip


def test_plain_python_values_are_fitted_to_the_schema_as_spark_connect_does(checked):
    (node,) = [n for n in checked.nodes.values() if checked.shown(n.name) == "fitted"]
    assert [(c.name, c.type) for c in node.columns] == [("a", "float"), ("b", "struct<x:double>")]
    (problem,) = [p for p in checked.problems if p.dataset == "unfit"]
    assert "can not accept object 'x'" in problem.message
