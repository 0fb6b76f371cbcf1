"""What a source asks for while it is read, and this machine lacks: told once, and the source declares all the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from core_samples import context, load, problems, tables

from ldp_jupyter.absent import Absent
from ldp_jupyter.context import using
from ldp_jupyter.errors import LdpError
from ldp_jupyter.sources import load_alone, remove_finder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ldp_jupyter.declarations import Declarations

    Make = Callable[[Mapping[str, str]], Path]


@pytest.fixture(autouse=True)
def _leave_nothing(tmp_path: Path) -> Iterator[None]:
    before, finders = list(sys.path), list(sys.meta_path)
    yield
    remove_finder()
    assert (sys.path, sys.meta_path) == (before, finders)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def one(make: Make, text: str, **more: str) -> Declarations:
    files = {"a.py": text} | {name.replace("__", "/") + ".py": content for name, content in more.items()}
    (declared,) = load(make(files), "a.py")
    return declared


def lacking(declared: Declarations) -> list[str]:
    assert all(problem.lacking for problem in declared.problems), [str(p) for p in declared.problems]
    return [problem.message for problem in declared.problems]


def test_a_module_that_is_not_installed(make_project: Make) -> None:
    declared = one(
        make_project,
        "import dlt\nimport no_such_library\nfrom no_such_library.deep.down import thing as other\n"
        "client = no_such_library.Client(url='x').connect()[0]\n"
        "@dlt.table\ndef first(): return client\n"
        "@dlt.table\n@other.retry\ndef second(): ...\n",
    )
    assert lacking(declared) == ["ModuleNotFoundError: No module named 'no_such_library'"]
    assert str(declared.problems[0].location) == "a.py:2"
    assert tables(declared) == ["first", "second"]
    assert not [name for name in sys.modules if name.startswith("no_such_library")]


def test_a_module_that_a_helper_asks_for(make_project: Make) -> None:
    declared = one(
        make_project,
        "import dlt\nfrom helper_of_test import WORD, Settings\n"
        "@dlt.table(name=Settings(name='t').name, comment=WORD)\ndef f(): ...\n",
        helper_of_test="from no_such_library import Base\nclass Settings(Base):\n    pass\nWORD = 'w'\n",
    )
    assert lacking(declared) == ["ModuleNotFoundError: No module named 'no_such_library'"]
    assert (tables(declared), declared.datasets[0].comment) == (["t"], "w")


def test_a_source_that_does_without_a_module_is_not_told(make_project: Make) -> None:
    declared = one(
        make_project,
        "import dlt\ntry:\n    import no_such_library\n    name = 'with'\nexcept ImportError:\n    name = 'without'\n"
        "@dlt.table(name=name)\ndef f(): ...\n",
    )
    assert (lacking(declared), tables(declared)) == ([], ["without"])


def test_two_sources_that_lack_the_same_are_told_both(make_project: Make) -> None:
    text = "import dlt, no_such_library\n@dlt.table\ndef t(): ...\n"
    root = make_project({"a.py": text, "b.py": text})
    assert [len(d.problems) for d in load(root, "a.py", "b.py")] == [1, 1]


def test_a_secret_that_is_not_set(make_project: Make) -> None:
    declared = one(
        make_project,
        "import dlt\n"
        "def options():\n    return {'user': dbutils.secrets.get('kv', 'user')}\n"
        "more = {'a': 1}\nsettings = options()\nmore.update(settings)\n"
        "password = dbutils.secrets.get('kv', 'password')\nline = f'password={password};' + password\n"
        "@dlt.table\ndef t(): ...\n",
    )
    assert [(p.code, p.hint) for p in declared.problems] == [
        ("LDP-2025", "set the environment variable LDP_SECRET_KV_USER"),
        ("LDP-2025", "set the environment variable LDP_SECRET_KV_PASSWORD"),
    ]
    assert tables(declared) == ["t"]


def test_files_and_folders_that_are_not_there(make_project: Make) -> None:
    declared = one(
        make_project,
        "import json, dlt\n"
        "with open('/no/such/schema.json') as file:\n    columns = json.load(file)\n"
        "for entry in dbutils.fs.ls('/no/such/folder'):\n    raise ValueError(entry)\n"
        "names = [column['name'] for column in columns]\n"
        "@dlt.table(comment='c')\ndef t(): ...\n",
    )
    assert [problem.code for problem in declared.problems] == ["LDP-2002", "LDP-2002"]
    assert "/no/such/schema.json" in declared.problems[0].message
    assert "/no/such/folder" in declared.problems[1].message
    assert (len(lacking(declared)), tables(declared)) == (2, ["t"])


def test_rules_that_cannot_be_read_leave_the_dataset(make_project: Make) -> None:
    declared = one(
        make_project,
        "import dlt, json\n"
        "def rules(of):\n    return json.load(open('/no/such/rules.json'))[of]\n"
        "@dlt.table(name='t')\n@dlt.expect('kept', 'a > 0')\n@dlt.expect_all(rules('t'))\ndef f(): ...\n",
    )
    (dataset,) = declared.datasets
    assert [rule.name for rule in dataset.expectations] == ["kept"]
    assert len(lacking(declared)) == 1


def test_a_parameter_that_is_lacking_is_left_open(make_project: Make) -> None:
    declared = one(
        make_project,
        "import dlt\nschema = open('/no/such.sql').read()\n@dlt.table(schema=schema, comment='c')\ndef t(): ...\n",
    )
    (dataset,) = declared.datasets
    assert (dataset.options.schema, dataset.comment, len(lacking(declared))) == (None, "c", 1)


def test_what_is_wrong_for_another_reason_stays_an_error(make_project: Make) -> None:
    declared = one(make_project, "import dlt\nimport no_such_library\nx = 1 / 0\n@dlt.table\ndef t(): ...\n")
    assert [(p.code, p.lacking) for p in declared.problems] == [("LDP-2002", True), ("LDP-2002", False)]
    assert declared.problems[1].message.startswith("ZeroDivisionError")
    assert tables(declared) == []


def test_future_statements_hold_for_what_is_run_again_and_ours_never(make_project: Make) -> None:
    body = "import dlt\nimport no_such_library\ndef f(x: int): ...\n@dlt.table(name=str(f.__annotations__['x']))\ndef t(): ...\n"
    assert tables(one(make_project, "from __future__ import annotations\n" + body)) == ["int"]
    assert tables(one(make_project, body.replace("str(f.__annotations__['x'])", "f.__annotations__['x'].__name__"))) == ["int"]


def test_a_stand_in_is_refused_while_a_dataset_is_evaluated() -> None:
    problem = LdpError("LDP-2025", "secret is not set")
    value = Absent(problem)
    assert (list(value), len(value), bool(value), value.any.thing(1)["x"] + 2) == ([], 0, False, value)
    resolver: Any = object()
    with using(context(resolver=resolver)):
        for use in (lambda: value.any, lambda: value(), lambda: list(value), lambda: f"{value}", lambda: value + 1):
            with pytest.raises(LdpError) as raised:
                use()
            assert raised.value is problem


def test_files_read_on_their_own_have_their_own_helpers(make_project: Make) -> None:
    files = {}
    for name in ("one", "two"):
        files[f"{name}/config.py"] = f"NAME = '{name}'"
        files[f"{name}/transformations/t.py"] = "import dlt\nfrom config import NAME\n@dlt.table(name=NAME)\ndef f(): ...\n"
    root = make_project(files)
    loaded = [load_alone(root / name / "transformations/t.py", context(root=root), root) for name in ("one", "two")]
    assert [(tables(d), problems(d)) for d in loaded] == [(["one"], []), (["two"], [])]
    assert "config" not in sys.modules


def test_folders_of_one_pipeline_may_each_have_a_module_of_one_name(make_project: Make) -> None:
    text = "import dlt\nfrom helper_of_test import NAME\n@dlt.table(name=NAME)\ndef f(): ...\n"
    files = {f"{n}/helper_of_test.py": f"NAME = '{n}'" for n in ("one", "two")}
    root = make_project({**files, "one/t.py": text, "two/t.py": text, "three/t.py": text})
    first, second, third = load(root, "one/t.py", "two/t.py", "three/t.py")
    assert (tables(first), tables(second)) == (["one"], ["two"])
    assert lacking(third) == ["ModuleNotFoundError: No module named 'helper_of_test'"]


def test_settings_and_use_of_a_source_start_nothing_and_end_with_it(make_project: Make) -> None:
    def no_session() -> Any:
        raise AssertionError("Spark is not needed")

    root = make_project(
        {
            "a.py": "import dlt\nfrom pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
            "spark.conf.set('spark.sql.shuffle.partitions', 3)\nspark.sql('USE CATALOG other'); spark.sql('use schema silver;')\n"
            "spark.sql('SET my.key = v')\nassert spark.conf.get('my.key') == 'v'\n"
            "assert spark.conf.get('spark.databricks.some.flag', 'unset') == 'unset'\n"
            "@dlt.table\ndef t(): ...\n",
            "b.py": "import dlt\nassert spark.conf.get('my.key', None) is None\n@dlt.table\ndef u(): ...\n",
        }
    )
    first, second = load(root, "a.py", "b.py", get_session=no_session)
    assert (problems(first), problems(second)) == ([], [])
    assert [str(d.name) for d in (*first.datasets, *second.datasets)] == ["other.silver.t", "main.default.u"]
    assert dict(first.flows[0].confs) == {"spark.sql.shuffle.partitions": "3", "my.key": "v"}
    assert dict(second.flows[0].confs) == {}


def test_statements_of_a_python_notebook_that_declare_nothing_are_passed_over(make_project: Make) -> None:
    declared = one(
        make_project,
        "# Databricks notebook source\nimport dlt\n\n# COMMAND ----------\n\n"
        "# MAGIC %sql\n# MAGIC CREATE TABLE IF NOT EXISTS rules (name STRING);\n# MAGIC INSERT INTO rules VALUES ('a')\n\n"
        "# COMMAND ----------\n\n@dlt.table\ndef t(): ...\n\n# COMMAND ----------\n\n"
        "# MAGIC %sql\n# MAGIC CREATE MATERIALIZED VIEW m AS SELECT 1 AS a\n",
    )
    assert (tables(declared), declared.problems) == (["t", "m"], [])
    assert [str(note.location) for note in declared.notes if note.text.startswith("not run")] == ["a.py:7:9", "a.py:8:9"]
