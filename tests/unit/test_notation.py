"""Cells in the platform's notation: rewritten for IPython, and run in a shell. No kernel, no Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_kernel import TABLE, Shell, shell  # noqa: F401  (a fixture)

from ldp_jupyter import unload_ipython_extension
from ldp_jupyter.errors import LdpError, PipelineInvalid
from ldp_jupyter.sources.notation import notebook_name, rewrite

if TYPE_CHECKING:
    from pathlib import Path


def called(line: str, body: str) -> str:
    return f"get_ipython().run_cell_magic('ldp_cell', {line!r}, {body!r})\n"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("%sql\nSELECT 1\n", called("sql", "\nSELECT 1\n")),
        ("%sql SELECT 1\nAS a", called("sql", "SELECT 1\nAS a")),
        ("\n%SQL  select 1", called("sql", "\nselect 1\n")),
        ("%python\nx = 1", "\nx = 1"),
        ("%python x = 1\ny = 2", "x = 1\ny = 2"),
        ("%md # Title\n\ntext", called("md", "# Title\n\ntext")),
        ("%md\n# Title", called("md", "# Title")),
        ("%sh ls\npwd", called("sh ls", "pwd")),
        ("%fs ls /data", called("fs ls /data", "\n")),
        ("%scala\nval x = 1", called("scala", "val x = 1")),
        ("%r\nx <- 1", called("r", "x <- 1")),
        ("# Databricks notebook source\nx = 1", called("exported", "# Databricks notebook source\nx = 1")),
        ("# MAGIC %sql\n# MAGIC SELECT 1", called("exported", "# MAGIC %sql\n# MAGIC SELECT 1")),
        ("-- Databricks notebook source\nSELECT 1", called("exported", "-- Databricks notebook source\nSELECT 1")),
    ],
)
def test_what_a_cell_becomes(text: str, made: str) -> None:
    assert rewrite(text) == made


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "# a comment\nx = 1",
        "%%sql\nSELECT 1",
        "%%ldp_sql\nSELECT 1",
        "%ldp dry-run",
        "%pip install x\nimport x",
        "%load_ext a\n%ldp run",
        "%timeit f()",
        "%run -i script.py",
        "%run no_such_notebook",
        "%matplotlib inline",
        "%run",
        "",
        "print('%sql')",
    ],
)
def test_what_stays_ipythons(text: str) -> None:
    assert rewrite(text) == text


def test_one_line_of_an_sql_extension_stays_its_own() -> None:
    assert rewrite("%sql SELECT 1", ["sql"]) == "%sql SELECT 1"
    assert rewrite("%sql SELECT 1\nFROM t", ["sql"]).startswith("get_ipython()")


def test_run_of_a_notebook_and_of_a_script(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "exported.py").write_text("# Databricks notebook source\nx = 1\n", encoding="utf-8")
    assert rewrite("%run ./setup", folder=str(tmp_path)) == called("run ./setup", "\n")
    assert rewrite('%run "./setup" $a="1"\ny = x', folder=str(tmp_path)) == called('run "./setup" $a="1"', "\n") + "y = x"
    assert rewrite("%run exported.py", folder=str(tmp_path)) == called("run exported.py", "\n")
    assert rewrite("%run setup.py", folder=str(tmp_path)) == "%run setup.py", "a plain script is IPython's"


@pytest.mark.parametrize("words", ["./a/b", "'./a/b'", '"./a/b"', './a/b $x="1"', '"./a/b" $x="1"'])
def test_the_name_that_run_means(words: str) -> None:
    assert notebook_name(words) == "./a/b"


# ---- in a shell


def test_pipeline_sql_registers(shell: Shell) -> None:  # noqa: F811
    shown = shell.ok("%sql\nCREATE OR REFRESH MATERIALIZED VIEW one AS SELECT 1 AS a;\nCREATE MATERIALIZED VIEW two AS SELECT 2 AS b")
    assert "one" in shown
    datasets = shell.graph()["datasets"]
    assert [d["name"] for d in datasets] == ["one", "two"]
    assert [d["line"] for d in datasets] == [2, 3]
    shell.ok("%sql CREATE MATERIALIZED VIEW three AS SELECT 1 AS a")
    assert shell.names() == ["one", "two", "three"]


def test_what_is_wrong_with_it_has_the_line_of_the_cell(shell: Shell) -> None:  # noqa: F811
    shell.run("%sql\n\nCREATE MATERIALISED VIEW one AS SELECT 1")
    assert isinstance(shell.error, LdpError)
    assert str(shell.error.location).startswith("cell [1], line 3")
    shell.run("%sql INSERT INTO t VALUES (1)")
    assert isinstance(shell.error, LdpError)
    assert shell.error.code == "LDP-2012"
    assert str(shell.error.location).startswith("cell [2], line 1")


def test_python_below_its_mark_keeps_its_lines(shell: Shell) -> None:  # noqa: F811
    shell.ok("%python\n" + TABLE.format("t"))
    (dataset,) = shell.graph()["datasets"]
    assert (dataset["name"], dataset["line"]) == ("t", 3)


def test_markdown_is_shown_and_nothing_else(shell: Shell) -> None:  # noqa: F811
    assert "Markdown" in shell.ok("%md\n# Title with it's quotes")
    assert shell.names() == []


def test_cells_of_other_languages_say_so(shell: Shell) -> None:  # noqa: F811
    shell.run("%scala\nval x = 1")
    assert "%scala: cells of this language do not run here" in str(shell.error)


def test_run_shares_names_and_declares(shell: Shell, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "setup.py").write_text(
        "# Databricks notebook source\nword = 'shared'\n\n# COMMAND ----------\n\n" + TABLE.format("helper")
        + "\n# COMMAND ----------\n\n# MAGIC %md\n# MAGIC done\n", encoding="utf-8")  # fmt: skip
    shell.ok("%run ./helpers/setup\nsame = word")
    assert shell.ip.user_ns["same"] == "shared"
    (dataset,) = shell.graph()["datasets"]
    assert (dataset["name"], dataset["file"], dataset["line"]) == ("helper", "helpers/setup.py", 7)


def test_an_exported_notebook_pasted_into_a_cell(shell: Shell) -> None:  # noqa: F811
    shell.ok(
        "# Databricks notebook source\nimport dlt\n\n# COMMAND ----------\n\n@dlt.table\ndef one(): ...\n\n"
        "# COMMAND ----------\n\n# MAGIC %md\n# MAGIC # Title\n\n# COMMAND ----------\n\n# MAGIC %sql\n"
        "# MAGIC CREATE MATERIALIZED VIEW two AS SELECT * FROM one\n"
    )
    assert [(d["name"], d["line"]) for d in shell.graph()["datasets"]] == [("one", 6), ("two", 17)]


def test_its_errors_have_the_lines_of_the_cell(shell: Shell) -> None:  # noqa: F811
    shell.run(
        "# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\n1 / 0\n\n# COMMAND ----------\n\n# MAGIC %sql\n"
        "# MAGIC CREATE MATERIALISED VIEW x AS SELECT 1\n"
    )
    assert isinstance(shell.error, PipelineInvalid)
    places = [(p.code, str(p.location)) for p in shell.error.problems]
    assert places[0] == ("LDP-2002", "cell [1], line 6")
    assert len(places) == 2
    assert places[1][1].startswith("cell [1], line 11")
    assert shell.ip.user_ns["x"] == 1


def test_display_and_html_are_there_and_go(shell: Shell) -> None:  # noqa: F811
    assert "HTML" in shell.ok("displayHTML('<b>x</b>')")
    assert "42" in shell.ok("display(42)")
    unload_ipython_extension(shell.ip)
    shell.run("displayHTML('x')")
    assert isinstance(shell.error, NameError)
