"""Mistakes in settings, notebooks and between files; see `test_mistakes`."""

from __future__ import annotations

import json
import textwrap

from mistake import PYTHON, Mistake


def _bundle(what: str, text: str, code: str, says: str = "", hint: str = "", **files: str) -> Mistake:
    return Mistake(what, {"databricks.yml": textwrap.dedent(text).lstrip("\n"), **files}, code, says, hint)


def _notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "metadata": {}, "source": cell, "outputs": [], "execution_count": None} for cell in cells]
    return json.dumps({"cells": made, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5},
                      ensure_ascii=False)


MISTAKES = [
    _bundle("YAML that cannot be read", """
        bundle:
          name: shop
        resources:
          pipelines:
            shop:
              name: "shop
        «""", "LDP-1003"),
    _bundle("key of a pipeline mistyped", """
        bundle:
          name: shop
        resources:
          pipelines:
            shop:
              name: shop
              «catalogue: main
        """, "LDP-1004"),
    _bundle("value of a wrong type", """
        bundle:
          name: shop
        resources:
          pipelines:
            shop:
              name: shop
              configuration: «path
        """, "LDP-1003"),
    _bundle("variable that is not declared", """
        bundle:
          name: shop
        resources:
          pipelines:
            shop:
              name: shop
              catalog: «${var.catlog}
        variables:
          catalog:
            default: main
        """, "LDP-1006"),
    _bundle("library that is not there", """
        bundle:
          name: shop
        resources:
          pipelines:
            shop:
              name: shop
              libraries:
                - file:
                    path: «transformations/gone.sql
        """, "LDP-1003"),
    _bundle("library of a wrong kind", """
        bundle:
          name: shop
        resources:
          pipelines:
            shop:
              name: shop
              libraries:
                - «files:
                    path: transformations/base.sql
        """, "LDP-1004"),
    Mistake("key of open-source settings", {"spark-pipeline.yml": "name: shop\n«storages: .state\nlibraries:\n  - glob:\n      include: transformations/**\n"}, "LDP-1004"),
    Mistake("nothing declared", {"transformations/base.sql": "-- all of it is commented out\n", "spark-pipeline.yml": "name: shop\n"}, "LDP-2019"),
    Mistake("notebook that is no JSON", {"transformations/n.ipynb": '{"cells": [\n'}, "LDP-2001", at="transformations/n.ipynb"),
    Mistake("mistake in a notebook's cell", {"transformations/n.ipynb": _notebook(PYTHON, '@dp.materialized_view\ndef a():\n    return spark.read.table("custmers")\n')}, "LDP-2003",
            at="transformations/n.ipynb, cell 2, line 3"),
    Mistake("syntax in a notebook's cell", {"transformations/n.ipynb": _notebook(PYTHON, "def a(:\n    pass\n")}, "LDP-2001",
            at="transformations/n.ipynb, cell 2, line 1"),
    Mistake("table cell that assigns", {"notebooks/n.ipynb": _notebook('%%ldp_table a\ndf = spark.read.table("orders")\n')}, "LDP-2001", hint="end with `df`",
            at="notebooks/n.ipynb, cell 1, line 2"),
    Mistake("option of a table cell", {"notebooks/n.ipynb": _notebook('%%ldp_table a --coment x\nspark.read.table("orders")\n')}, "LDP-1001",
            at="notebooks/n.ipynb, cell 1, line 1"),
    Mistake("magic mistyped", {"notebooks/n.ipynb": _notebook("%%ldp_tabel a\nspark.range(1)\n") }, "LDP-2012", at="notebooks/n.ipynb, cell 1, line 1"),
    Mistake("exported notebook", {"transformations/n.py": "# Databricks notebook source\nimport dlt\n\n# COMMAND ----------\n\n# MAGIC %sql\n# MAGIC CREATE MATERIALIZED VIEW a AS SELECT * FROM «custmers\n"}, "LDP-2003"),
    Mistake("name declared in two files", {
        "transformations/z.py": PYTHON + "«@dp.materialized_view\ndef orders():\n    return spark.range(1)\n"}, "LDP-2006"),
    Mistake("exception in a helper", {
        "transformations/a.py": PYTHON + "import shop_reads\n\n@dp.materialized_view\ndef a():\n    return shop_reads.read(spark)\n",
        "transformations/shop_reads.py": 'def read(spark):\n    return «spark.read.table("custmers")\n'}, "LDP-2003"),
    Mistake("syntax of a helper", {
        "transformations/a.py": PYTHON + "import rules\n", "rules.py": "RULES = «{\n"}, "LDP-2001"),
]  # fmt: skip
