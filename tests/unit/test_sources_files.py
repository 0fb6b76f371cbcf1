"""Plain `.py` and `.sql` sources."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from core_samples import load, problems, tables

from ldp_jupyter.declarations import Kind
from ldp_jupyter.names import Namespace
from ldp_jupyter.sources import remove_finder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Make = Callable[[Mapping[str, str]], Path]


@pytest.fixture(autouse=True)
def _leave_nothing(tmp_path: Path) -> Iterator[None]:
    yield
    remove_finder()
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


TABLE = "import dlt\n@dlt.table\ndef {0}():\n    return spark.read.table('x')\n"


def test_one_declarations_per_file_in_the_order_given(make_project: Make) -> None:
    root = make_project({"b.py": TABLE.format("one"), "a.py": TABLE.format("two")})
    first, second = load(root, "b.py", "a.py")
    assert (tables(first), tables(second)) == (["one"], ["two"])
    assert (first.unit.key, first.unit.shown, first.unit.language) == (str(root / "b.py"), "b.py", "PYTHON")
    place = first.datasets[0].location
    assert (place.file, place.line, place.path) == ("b.py", 2, str(root / "b.py"))
    assert place.snippet() == "@dlt.table"


@pytest.mark.parametrize("name", ["01 load-orders.v2.py", "2024.py", "class.py", "transformations/größe.py", "a.b.py"])
def test_any_file_name_will_do(make_project: Make, name: str) -> None:
    root = make_project({name: TABLE.format("t")})
    (declared,) = load(root, name)
    assert (tables(declared), declared.unit.shown, problems(declared)) == (["t"], name, [])


@pytest.mark.parametrize(
    "head",
    [
        "import dlt",
        "from pyspark import pipelines as dlt",
        "import databricks.pipelines as dlt",
        "from databricks import pipelines as dlt",
        "import pyspark.pipelines as dlt",
        "from dlt import *\nimport dlt",
        "",
    ],
)
def test_every_way_to_import_the_module_and_none(make_project: Make, head: str) -> None:
    root = make_project({"a.py": f"{head}\n\n@dlt.table\ndef t(): ...\n"})
    (declared,) = load(root, "a.py")
    assert (tables(declared), problems(declared)) == (["t"], [])
    told = [(note.kind, str(note.location)) for note in declared.notes]
    assert told == ([] if head else [("local_only", "a.py:1:2")])


def test_functions_imported_by_name(make_project: Make) -> None:
    root = make_project({"a.py": "from dlt import table, expect\n@table\n@expect('r', 'a')\ndef t(): ...\n"})
    (declared,) = load(root, "a.py")
    assert tables(declared) == ["t"]
    assert declared.datasets[0].expectations[0].location.line == 3


def test_what_source_finds_predefined(make_project: Make) -> None:
    root = make_project(
        {
            "a.py": """
            display("x"); displayHTML("<b>"); dbutils.widgets.text("w", "v")
            assert __name__ == "__main__"
            assert dlt is dp

            @dp.table(name=dbutils.widgets.get("w"), comment=__file__)
            def f(): ...
            """
        }
    )
    (declared,) = load(root, "a.py")
    assert (tables(declared), problems(declared)) == (["v"], [])
    assert declared.datasets[0].comment == str(root / "a.py")


def test_a_syntax_error_in_one_file_while_the_others_load(make_project: Make) -> None:
    root = make_project(
        {"a.py": TABLE.format("one"), "b.py": "x = 1\ndef f(:\n    pass\n", "c.py": TABLE.format("two")}
    )
    first, broken, third = load(root, "a.py", "b.py", "c.py")
    assert (tables(first), tables(third)) == (["one"], ["two"])
    assert broken.datasets == []
    (problem,) = broken.problems
    assert (problem.code, str(problem.location)) == ("LDP-2001", "b.py:2:7")
    assert problem.message == "Python syntax: invalid syntax"
    assert problem.location.snippet() == "def f(:"


def test_an_exception_is_told_by_the_users_own_frames(make_project: Make) -> None:
    root = make_project(
        {"a.py": "import dlt\n@dlt.table\ndef before(): ...\n\ndef divide(n):\n    return 1 / n\n\ndivide(0)\n"}
    )
    (declared,) = load(root, "a.py")
    assert tables(declared) == ["before"], "what was declared before the exception is declared"
    (problem,) = declared.problems
    assert (problem.code, str(problem.location)) == ("LDP-2002", "a.py:6")
    assert problem.message == "ZeroDivisionError: division by zero"
    told = problem.user_traceback.splitlines()
    assert told[0] == f'  File "{root / "a.py"}", line 8, in <module>'
    assert told[1:4] == ["    divide(0)", f'  File "{root / "a.py"}", line 6, in divide', "    return 1 / n"]
    assert told[-1] == "ZeroDivisionError: division by zero"
    assert "ldp_jupyter" not in problem.user_traceback


def test_an_exception_below_a_library_is_told_where_the_user_called_it(make_project: Make) -> None:
    root = make_project({"a.py": "import json\n\njson.loads('{')\n"})
    (problem,) = load(root, "a.py")[0].problems
    assert str(problem.location) == "a.py:3"
    assert "json/decoder.py" not in problem.user_traceback


def test_a_missing_module_says_what_to_do(make_project: Make) -> None:
    root = make_project({"a.py": "import no_such_module_anywhere\n"})
    (problem,) = load(root, "a.py")[0].problems
    assert (problem.code, str(problem.location)) == ("LDP-2002", "a.py:1")
    assert problem.hint == "install no_such_module_anywhere, or put its folder below the project root"


@pytest.mark.parametrize("leave", ["import sys; sys.exit(3)", "raise SystemExit", "exit_ = quit; exit_()"])
def test_source_that_leaves_the_process_does_not(make_project: Make, leave: str) -> None:
    root = make_project({"a.py": leave, "b.py": TABLE.format("t")})
    first, second = load(root, "a.py", "b.py")
    assert [p.code for p in first.problems] == ["LDP-2002"]
    assert tables(second) == ["t"]


def test_a_wrong_declaration_is_told_at_its_place(make_project: Make) -> None:
    root = make_project({"a.py": "import dlt\n\n@dlt.table(coment='x')\ndef t(): ...\n"})
    (problem,) = load(root, "a.py")[0].problems
    assert (problem.code, str(problem.location), problem.hint) == ("LDP-2011", "a.py:3", 'did you mean "comment"?')


@pytest.mark.parametrize("text", ["", "# all\n# of it\n# import dlt\n", '"""\nimport dlt\n"""\n', "\n\n"])
def test_a_file_that_holds_nothing_declares_nothing(make_project: Make, text: str) -> None:
    root = make_project({"a.py": text})
    (declared,) = load(root, "a.py")
    assert (declared.datasets, declared.problems, declared.notes) == ([], [], [])


@pytest.mark.parametrize("text", ["", "-- all\n-- CREATE MATERIALIZED VIEW m AS SELECT 1;\n", "/* CREATE x */", ";;"])
def test_an_sql_file_that_holds_nothing_declares_nothing(make_project: Make, text: str) -> None:
    root = make_project({"a.sql": text})
    (declared,) = load(root, "a.sql")
    assert (declared.datasets, declared.problems) == ([], [])


def test_a_byte_order_mark_does_not_matter(make_project: Make) -> None:
    root = make_project({})
    (root / "a.py").write_text(TABLE.format("t"), encoding="utf-8-sig")
    (root / "b.sql").write_text("CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", encoding="utf-8-sig")
    first, second = load(root, "a.py", "b.sql")
    assert (tables(first), tables(second)) == (["t"], ["m"])
    assert problems(first) + problems(second) == []


def test_an_sql_file(make_project: Make) -> None:
    root = make_project(
        {
            "gold.sql": """
            CREATE OR REFRESH STREAMING TABLE orders AS SELECT * FROM STREAM raw;

            CREATE MATERIALIZED VIEW totals AS
            SELECT count(*) AS n FROM orders;
            """
        }
    )
    (declared,) = load(root, "gold.sql")
    assert declared.unit.language == "SQL"
    assert [(d.name.table, d.kind, d.location.line) for d in declared.datasets] == [
        ("orders", Kind.STREAMING_TABLE, 1), ("totals", Kind.MATERIALIZED_VIEW, 3),
    ]  # fmt: skip


def test_use_holds_for_the_rest_of_its_file_only(make_project: Make) -> None:
    view = "CREATE MATERIALIZED VIEW {0} AS SELECT 1 AS a;\n"
    root = make_project(
        {
            "a.sql": view.format("one") + "USE CATALOG prod;\nUSE SCHEMA gold;\n" + view.format("two"),
            "b.sql": view.format("three"),
            "c.py": TABLE.format("four"),
        }
    )
    first, second, third = load(root, "a.sql", "b.sql", "c.py")
    assert [str(d.name) for d in first.datasets] == ["main.default.one", "prod.gold.two"]
    assert [str(d.name) for d in second.datasets + third.datasets] == ["main.default.three", "main.default.four"]
    assert [f.namespace for f in first.flows] == [Namespace("main", "default"), Namespace("prod", "gold")]


def test_set_holds_for_the_flows_behind_it_in_its_file(make_project: Make) -> None:
    view = "CREATE MATERIALIZED VIEW {0} AS SELECT 1 AS a;\n"
    root = make_project(
        {"a.sql": "SET spark.sql.ansi.enabled = true;\n" + view.format("one"), "b.sql": view.format("two")}
    )
    first, second = load(root, "a.sql", "b.sql")
    assert first.flows[0].confs == {"spark.sql.ansi.enabled": "true"}
    assert second.flows[0].confs == {}


def test_configuration_is_read_without_spark(make_project: Make) -> None:
    root = make_project(
        {
            "a.py": """
            import dlt
            path = spark.conf.get("source_path")
            days = int(spark.conf.get("days", "7"))
            nothing = spark.conf.get("not.there", None)

            @dlt.table(comment=f"{path} {days} {nothing}")
            def t(): ...
            """
        }
    )
    (declared,) = load(root, "a.py", configuration={"source_path": "/data"})
    assert problems(declared) == []
    assert declared.datasets[0].comment == "/data 7 None"


def test_configuration_that_is_missing_is_told_with_the_nearest_key(make_project: Make) -> None:
    root = make_project({"a.py": "#\nx = spark.conf.get('sourcepath')\n", "b.py": "y = spark.conf.get('zzz')\n"})
    first, second = load(root, "a.py", "b.py", configuration={"source_path": "/data"})
    (problem,) = first.problems
    assert (problem.code, str(problem.location)) == ("LDP-2022", "a.py:2")
    assert problem.message == 'configuration "sourcepath" has no value'
    assert problem.hint == 'did you mean "source_path"?'
    assert "--set zzz=value" in second.problems[0].hint


def test_globals_of_one_file_are_not_those_of_another(make_project: Make) -> None:
    root = make_project({"a.py": "shared = 1\n", "b.py": "print(shared)\n"})
    _, second = load(root, "a.py", "b.py")
    assert [p.message for p in second.problems] == ["NameError: name 'shared' is not defined"]


def test_what_source_prints_is_its_own_affair(make_project: Make, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_project({"a.py": "print('loading')\n"})
    load(root, "a.py")
    assert capsys.readouterr().out == "loading\n"


def test_functions_keep_the_globals_of_their_file(make_project: Make) -> None:
    root = make_project(
        {"a.py": "import dlt\nn = 20\n@dlt.table\ndef t():\n    return n + extra()\n\ndef extra():\n    return 1\n"}
    )
    (declared,) = load(root, "a.py")
    query: Any = declared.flows[0].query
    assert query.function() == 21


def test_loading_twice_declares_the_same_again(make_project: Make) -> None:
    root = make_project({"a.py": TABLE.format("t"), "b.sql": "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a"})
    assert [tables(d) for d in load(root, "a.py", "b.sql")] == [tables(d) for d in load(root, "a.py", "b.sql")]
