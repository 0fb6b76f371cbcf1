"""Notebooks as sources: exported as `.py` or `.sql`, and `.ipynb` files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from core_samples import load, notebook, problems, tables

from ldp_jupyter.declarations import Action
from ldp_jupyter.sources import Cell, remove_finder
from ldp_jupyter.sources.cells import is_definition_cell, is_pipeline_cell, pipeline_names, python_text
from ldp_jupyter.sources.notebook import exported_cells, ipynb_cells, is_exported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Make = Callable[[Mapping[str, str]], Path]

TABLE = "import dlt\n@dlt.table\ndef {0}(): ...\n"


@pytest.fixture(autouse=True)
def _leave_nothing() -> Iterator[None]:
    yield
    remove_finder()


# ---- exported notebooks

EXPORTED = """\
# Databricks notebook source
# MAGIC %md
# MAGIC # Orders
# MAGIC It's about orders: CREATE TABLE nothing

# COMMAND ----------

# MAGIC %pip install something==1.2

# COMMAND ----------

import dlt

@dlt.table
def orders():
    ...

# COMMAND ----------

# MAGIC %sql
# MAGIC CREATE OR REFRESH MATERIALIZED VIEW totals AS
# MAGIC SELECT count(*) AS n
# MAGIC FROM orders

# COMMAND ----------

# DBTITLE 1,By day
# MAGIC %sql
# MAGIC CREATE MATERIALIZED VIEW by_day AS SELECT 1 AS a

# COMMAND ----------

# MAGIC %sh ls

# COMMAND ----------

@dlt.view
def late(): ...
"""


def test_a_python_notebook_exported_as_source(make_project: Make) -> None:
    root = make_project({"nb.py": EXPORTED})
    (declared,) = load(root, "nb.py")
    assert problems(declared) == []
    lines = EXPORTED.splitlines()
    for dataset, text in zip(
        declared.datasets,
        ["@dlt.table", "# MAGIC CREATE OR REFRESH MATERIALIZED VIEW totals AS",
         "# MAGIC CREATE MATERIALIZED VIEW by_day AS SELECT 1 AS a", "@dlt.view"],
        strict=True,
    ):  # fmt: skip
        assert dataset.location.file == "nb.py"
        assert lines[dataset.location.line - 1] == text, dataset.name
    assert tables(declared) == ["orders", "totals", "by_day", "late"]
    assert declared.notes == []


def test_an_sql_notebook_exported_as_source(make_project: Make) -> None:
    text = """\
-- Databricks notebook source
CREATE MATERIALIZED VIEW one AS SELECT 1 AS a;

-- COMMAND ----------

-- MAGIC %python
-- MAGIC import dlt
-- MAGIC @dlt.table
-- MAGIC def two():
-- MAGIC     return spark.read.table("one")

-- COMMAND ----------

-- MAGIC %md
-- MAGIC CREATE MATERIALIZED VIEW not_at_all AS SELECT 1

-- COMMAND ----------

-- a comment
CREATE MATERIALIZED VIEW three AS
SELECT * FROM two
"""
    root = make_project({"nb.sql": text})
    (declared,) = load(root, "nb.sql")
    assert problems(declared) == []
    assert [(d.name.table, d.location.line) for d in declared.datasets] == [("one", 2), ("two", 8), ("three", 20)]


def test_an_sql_notebook_without_magics_is_read_as_one_text(make_project: Make) -> None:
    text = "-- Databricks notebook source\nCREATE MATERIALIZED VIEW one AS SELECT 1 AS a\n\n-- COMMAND ----------\n\nCREATE MATERIALIZED VIEW two AS SELECT 1 AS a\n"
    root = make_project({"nb.sql": text})
    (declared,) = load(root, "nb.sql")
    assert (tables(declared), problems(declared)) == (["one", "two"], [])


def test_use_and_set_go_on_from_cell_to_cell(make_project: Make) -> None:
    text = """\
# Databricks notebook source
# MAGIC %sql
# MAGIC USE CATALOG prod;
# MAGIC SET spark.x = 1

# COMMAND ----------

# MAGIC %sql
# MAGIC CREATE MATERIALIZED VIEW one AS SELECT 1 AS a

# COMMAND ----------

import dlt
@dlt.table
def two(): ...
"""
    root = make_project({"nb.py": text})
    (declared,) = load(root, "nb.py")
    assert [str(d.name) for d in declared.datasets] == ["prod.default.one", "prod.default.two"]
    assert declared.flows[0].confs == {"spark.x": "1"}


def test_a_query_between_declarations_is_no_error_in_a_notebook(make_project: Make) -> None:
    text = "# Databricks notebook source\n# MAGIC %sql SELECT * FROM orders\n"
    (declared,) = load(make_project({"nb.py": text}), "nb.py")
    assert (declared.datasets, declared.problems) == ([], [])


def test_a_broken_cell_does_not_stop_the_cells_behind_it(make_project: Make) -> None:
    text = (
        "# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\ndef f(:\n\n# COMMAND ----------\n\n1 / 0\n\n# COMMAND ----------\n\n"
        + TABLE.format("t")
    )
    (declared,) = load(make_project({"nb.py": text}), "nb.py")
    assert tables(declared) == ["t"]
    assert problems(declared) == [("LDP-2001", "nb.py:6:7"), ("LDP-2002", "nb.py:10")]


def test_an_unknown_cell_language_is_told_as_not_checked(make_project: Make) -> None:
    text = "# Databricks notebook source\n# MAGIC %cobol\n# MAGIC ADD 1 TO X\n"
    (declared,) = load(make_project({"nb.py": text}), "nb.py")
    assert [str(n) for n in declared.notes] == ["cell magic %cobol at nb.py:1"]


@pytest.mark.parametrize(
    ("text", "exported"),
    [
        ("# Databricks notebook source\nx = 1", True),
        ("\ufeff# Databricks notebook source\nx = 1", True),
        ("\n\n-- Databricks notebook source", True),
        ("x = 1\n# COMMAND ----------\ny = 2", True),
        ("# MAGIC %sql", True),
        ("x = 1\n# a comment\n", False),
        ("# about COMMAND lines\nx = 1", False),
        ("", False),
    ],
)
def test_what_an_exported_notebook_looks_like(text: str, exported: bool) -> None:
    assert is_exported(text) is exported


def test_cells_keep_the_lines_of_the_file() -> None:
    cells = exported_cells(EXPORTED, "python")
    lines = EXPORTED.splitlines()
    assert [c.label for c in cells] == [f"command {i}" for i in range(1, 8)]
    for cell in cells:
        for offset, line in enumerate(cell.text.splitlines()):
            original = lines[cell.line - 1 + offset]
            assert line in ("", original) or original == f"# MAGIC {line}" or (
                # SQL stands in its columns of the file
                original == "# MAGIC " + line[8:] and not line[:8].strip()
            )


def test_a_comment_that_looks_like_magic_inside_code_stays_a_comment() -> None:
    (cell,) = exported_cells("x = 1\n# MAGIC %sql DROP TABLE t\ny = 2\n# COMMAND ----------\n", "python")
    assert cell.split()[0] == "python"
    assert [line for line in cell.text.splitlines() if line] == ["x = 1", "y = 2"]


# ---- %run


def test_run_shares_the_names_of_the_other_notebook(make_project: Make) -> None:
    root = make_project(
        {
            "nb.py": "# Databricks notebook source\n# MAGIC %run ./helpers/setup\n\n# COMMAND ----------\n\n"
            + TABLE.format("t")
            + "    \nassert name == 'x'\n",
            "helpers/setup.py": "# Databricks notebook source\nname = 'x'\n\n# COMMAND ----------\n\nimport dlt\n@dlt.view\ndef helper(): ...\n",
        }
    )
    (declared,) = load(root, "nb.py")
    assert problems(declared) == []
    assert tables(declared) == ["helper", "t"]
    assert str(declared.datasets[0].location) == "helpers/setup.py:7"


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("%run ./other.py", "nbs/other.py"),
        ("%run ./other", "nbs/other.ipynb"),
        ("%run other", "nbs/other.sql"),
        ('%run "../other"', "other.py"),
        ('%run ./other $param="x"', "nbs/other.py"),
    ],
)
def test_where_run_looks(make_project: Make, line: str, file: str) -> None:
    texts = {
        ".py": TABLE.format("t"),
        ".sql": "CREATE MATERIALIZED VIEW t AS SELECT 1 AS a",
        ".ipynb": notebook(TABLE.format("t")),
    }
    root = make_project({"nbs/nb.ipynb": notebook(line), file: texts["." + file.rsplit(".", 1)[1]]})
    (declared,) = load(root, "nbs/nb.ipynb")
    assert (tables(declared), problems(declared)) == (["t"], [])
    assert declared.datasets[0].location.file == file


def test_code_below_run_in_one_cell(make_project: Make) -> None:
    root = make_project(
        {"nb.ipynb": notebook("%run ./other\n" + TABLE.format("t") + "assert x == 1"), "other.py": "x = 1"}
    )
    (declared,) = load(root, "nb.ipynb")
    assert (tables(declared), problems(declared)) == (["t"], [])
    assert declared.datasets[0].location.line == 3


def test_run_of_nothing(make_project: Make) -> None:
    (declared,) = load(make_project({"a/nb.ipynb": notebook("%run ../no_such")}), "a/nb.ipynb")
    (problem,) = declared.problems
    assert (problem.code, problem.message) == ("LDP-2002", "%run ../no_such: no such notebook")
    assert ".py, .ipynb, .sql" in problem.hint
    assert str(problem.location) == "a/nb.ipynb, cell 1, line 1"


def test_a_notebook_that_runs_itself_ends(make_project: Make) -> None:
    (declared,) = load(make_project({"nb.ipynb": notebook("%run ./nb")}), "nb.ipynb")
    assert {p.code for p in declared.problems} == {"LDP-2002"}


# ---- .ipynb


def test_cells_of_an_ipynb_file(make_project: Make) -> None:
    root = make_project(
        {
            "nb.ipynb": notebook(
                "md:# Title\nCREATE TABLE nothing",
                "import dlt\n\n@dlt.table\ndef one(): ...",
                '%%ldp_table two --expect-or-drop ok="a > 0" --comment "said"\nspark.read.table("one")',
                "%%ldp_sql\n\nCREATE MATERIALIZED VIEW three AS\nSELECT 1 AS a;\nCREATE MATERIALIZED VIEW four AS SELECT 1 AS a",
                "%sql\nCREATE MATERIALIZED VIEW five AS SELECT 1 AS a",
                "%%sql\nSELECT * FROM five",
                "%md\nCREATE MATERIALIZED VIEW nothing AS SELECT 1",
                counts=[None, 7, 8, 9],
            )
        }
    )
    (declared,) = load(root, "nb.ipynb")
    assert problems(declared) == []
    assert [(d.name.table, str(d.location)) for d in declared.datasets] == [
        ("one", "nb.ipynb, cell [7], line 3"),
        ("two", "nb.ipynb, cell [8], line 2"),
        ("three", "nb.ipynb, cell [9], line 3"),
        ("four", "nb.ipynb, cell [9], line 5"),
        ("five", "nb.ipynb, cell 4, line 2"),
    ]
    two = declared.datasets[1]
    assert two.comment == "said"
    assert [(e.name, e.condition, e.action) for e in two.expectations] == [("ok", "a > 0", Action.DROP)]
    assert declared.datasets[0].location.snippet() == "@dlt.table"
    assert two.location.snippet() == 'spark.read.table("one")'


def test_cells_of_one_notebook_share_their_names(make_project: Make) -> None:
    root = make_project(
        {
            "nb.ipynb": notebook(
                "n = 20", "%%ldp_table t\nm = n + 1\nm", "import dlt\n@dlt.table\ndef u():\n    return n"
            )
        }
    )
    (declared,) = load(root, "nb.ipynb")
    assert [f.query.function() for f in declared.flows] == [21, 20]


def test_what_is_wrong_in_a_cell_is_told_at_its_line(make_project: Make) -> None:
    root = make_project(
        {
            "nb.ipynb": notebook(
                "x = 1\ny = (",
                "def f():\n    return 1 / 0\n\nf()",
                "%python\nx = 1\n1 / 0",
                "%%ldp_sql\nCREATE MATERIALIZED VIEW m AS SELECT 1 AS a;\nCREATE OR REPLACE FLOW f AS INSERT INTO t SELECT 1",
                "%%ldp_table t\nx = 1",
                "%%ldp_table t --expct a=b\nx",
                "%%ldp_table t\nx = (",
            )
        }
    )
    (declared,) = load(root, "nb.ipynb")
    assert [(code, place.removeprefix("nb.ipynb, ")) for code, place in problems(declared)] == [
        ("LDP-2001", "cell 1, line 2"),
        ("LDP-2002", "cell 2, line 2"),
        ("LDP-2002", "cell 3, line 3"),
        ("LDP-2011", "cell 4, line 3"),
        ("LDP-2001", "cell 5, line 2"),
        ("LDP-1001", "cell 6, line 1"),
        ("LDP-2001", "cell 7, line 2"),
    ]
    assert declared.problems[1].location.snippet() == "return 1 / 0"


@pytest.mark.parametrize(
    "magic",
    [
        "%pip install x",
        "%load_ext ldp_jupyter",
        "%ldp ls",
        "!ls -l",
        "%matplotlib inline",
        "%config x=1",
        "%%time",
        "%%capture out",
    ],
)
def test_magics_above_code_do_not_hide_it(make_project: Make, magic: str) -> None:
    root = make_project({"nb.ipynb": notebook(f"{magic}\n{TABLE.format('t')}")})
    (declared,) = load(root, "nb.ipynb")
    assert (tables(declared), problems(declared)) == (["t"], [])
    assert declared.datasets[0].location.line == 3


def test_magics_between_code_are_left_out_and_lines_that_only_look_like_them_are_not() -> None:
    assert python_text("x = 1\n%pip install y\n  !ls\nz = 2") == "x = 1\n\n\nz = 2"
    for text in ("x = (10\n  %3)", "s = '''\n%sql\n!x\n'''"):
        assert python_text(text) == text


def test_source_that_ends_the_notebook(make_project: Make) -> None:
    root = make_project({"nb.ipynb": notebook(TABLE.format("t"), "dbutils.notebook.exit('done')", TABLE.format("u"))})
    (declared,) = load(root, "nb.ipynb")
    assert (tables(declared), declared.problems) == (["t"], [])


def test_the_default_language_of_a_notebook(make_project: Make) -> None:
    view = "CREATE MATERIALIZED VIEW {0} AS SELECT 1 AS a"
    sql = notebook(
        view.format("one"),
        "%python\n" + TABLE.format("two"),
        **{"application/vnd.databricks.v1+notebook": {"language": "sql"}},
    )
    root = make_project({"nb.ipynb": sql})
    (declared,) = load(root, "nb.ipynb")
    assert (tables(declared), problems(declared)) == (["one", "two"], [])
    assert [d.location.line for d in declared.datasets] == [1, 3]


def test_a_file_that_is_no_notebook(make_project: Make) -> None:
    root = make_project({"a.ipynb": "{", "b.ipynb": "[1]", "c.ipynb": '{"a": 1}'})
    for declared in load(root, "a.ipynb", "b.ipynb", "c.ipynb"):
        (problem,) = declared.problems
        assert (problem.code, problem.message.split(":")[0]) == ("LDP-2001", f"{declared.unit.shown} is not a notebook")
        assert problem.location.file == declared.unit.shown


def test_labels_ids_and_languages_of_cells(make_project: Make) -> None:
    root = make_project({"nb.ipynb": notebook("a", "md:b", "c", counts=[3])})
    assert [(c.text, c.label, c.id, c.language, c.line) for c in ipynb_cells(root / "nb.ipynb")] == [
        ("a", "cell [3]", "c0", "python", 1), ("c", "cell 2", "c2", "python", 1),
    ]  # fmt: skip
    content = json.loads(notebook("x"))
    content["cells"][0]["source"] = "one\ntwo"
    (root / "s.ipynb").write_text(json.dumps(content), encoding="utf-8-sig")
    assert ipynb_cells(root / "s.ipynb")[0].text == "one\ntwo"


# ---- working notebooks: only what declares runs


def test_of_a_working_notebook_only_declarations_and_what_they_may_need_run(make_project: Make) -> None:
    root = make_project(
        {
            "work.ipynb": notebook(
                "import dlt\nLIMIT = 5",
                "frame = spark.read.table('x').limit(5)\nframe.show()",
                "def helper():\n    return LIMIT",
                "@dlt.table\ndef t():\n    return helper()",
                "raise RuntimeError('explored in vain')",
                "%%ldp_sql\nCREATE MATERIALIZED VIEW m AS SELECT 1 AS a",
                "%sql SELECT * FROM m",
                "%%sql\nCREATE MATERIALIZED VIEW n AS SELECT 1 AS a",
                "dlt.read('t')",
            ),
            "explore.ipynb": notebook("import pandas", "raise RuntimeError"),
            "broken.ipynb": "{",
        }
    )
    declared = load(root, notebooks=["work.ipynb", "explore.ipynb", "broken.ipynb"])
    assert [d.unit.shown for d in declared] == ["work.ipynb"]
    assert (tables(declared[0]), problems(declared[0])) == (["t", "m", "n"], [])
    assert declared[0].flows[0].query.function() == 5


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("from pyspark import pipelines as sdp", "@sdp.table\ndef t(): ..."),
        ("import dlt as live", "@live.view\ndef t(): ..."),
        ("import databricks.pipelines as p", "@p.table\ndef t(): ..."),
        ("from databricks import pipelines", "pipelines.create_streaming_table('t')"),
        ("from dlt import table as tabelle", "@tabelle\ndef t(): ..."),
        ("from pyspark.pipelines import materialized_view", "@materialized_view(name='t')\ndef f(): ..."),
        ("%pip install x\nimport dlt as d", "@d.table\ndef t(): ..."),
    ],
)
def test_however_a_working_notebook_imports_the_module(make_project: Make, head: str, body: str) -> None:
    declared = load(make_project({"nb.ipynb": notebook(head, "1 / 0", body)}), notebooks=["nb.ipynb"])
    assert [(tables(d), problems(d)) for d in declared] == [(["t"], [])]


def test_reading_a_pipelines_table_declares_nothing() -> None:
    cells = [
        Cell("import dlt\nfrom dlt import read", 1, "a"),
        Cell("dlt.read('t').show()", 1, "b"),
        Cell("read('t')", 1, "c"),
    ]
    names = pipeline_names(cells)
    assert [is_pipeline_cell(cell, names) for cell in cells] == [False, False, False]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("import os\nfrom a import b", True),
        ("x = 1\ny: int = 2\nz = [1, {'a': x}]", True),
        ("def f():\n    return 1 / 0\n\nclass C: ...", True),
        ('"""only a text"""', True),
        ("x = f()", False),
        ("print(1)", False),
        ("for i in range(3): ...", False),
        ("x = (", False),
        ("", False),
        ("%sql SELECT 1", False),
    ],
)
def test_cells_that_are_safe_to_run(text: str, safe: bool) -> None:
    assert is_definition_cell(Cell(text, 1, "a")) is safe


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("x = 1", ("python", "", "x = 1", 0)),
        ("%sql\nSELECT 1", ("sql", "", "SELECT 1", 1)),
        ("%sql SELECT 1\nFROM t", ("sql", "", "SELECT 1\nFROM t", 0)),
        ("\n\n%sql\nSELECT 1", ("sql", "", "SELECT 1", 3)),
        ("%%SQL\nSELECT 1", ("sql", "", "SELECT 1", 1)),
        ("%python\nx", ("python", "", "x", 1)),
        ("%md # Title\ntext", ("text", "# Title", "text", 1)),
        ("%run ./a $x=1", ("run", "./a $x=1", "", 0)),
        ("%%ldp_table t -c x\ny", ("ldp_table", "t -c x", "y", 1)),
        ("%%ldp_sql\nSELECT 1", ("sql", "", "SELECT 1", 1)),
        ("%%cobol a\nb", ("cobol", "a", "b", 1)),
        ("%pip install x", ("skip", "", "", 0)),
        ("x % y", ("python", "", "x % y", 0)),
        ("% x", ("python", "", "% x", 0)),
    ],
)
def test_what_a_cell_is(text: str, meant: tuple[str, str, str, int]) -> None:
    assert Cell(text, 1, "a").split() == meant
