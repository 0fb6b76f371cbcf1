"""Notebooks run as CI runs them: nbconvert, a fresh kernel, exit status and saved outputs."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

pytestmark = [pytest.mark.kernel, pytest.mark.spark]

GOOD = [
    "%load_ext ldp_jupyter",
    "import sys\nassert 'pyspark' not in sys.modules, 'loading the extension imports pyspark'",
    # a plain cell with decorators: the form that runs on the platform as it is
    "from pyspark import pipelines as dp\nfrom pyspark.sql import functions as F\n\n"
    "@dp.table(comment='numbers as they land')\ndef landed():\n"
    "    return (spark.readStream.format('cloudFiles').option('cloudFiles.format', 'json').schema('n INT')"
    ".load(spark.conf.get('data')))",
    "%%ldp_table positive --expect-or-drop above=\"n > 0\"\nspark.readStream.table('landed')",
    "%%ldp_sql\nCREATE OR REFRESH MATERIALIZED VIEW total AS SELECT sum(n) AS n, count(*) AS rows FROM positive",
    "%ldp dry-run",
    "%ldp run",
    "%ldp tables --format json",
    "%%sql\nSELECT * FROM main.default.total",
    # a cell run again replaces its dataset; the old rule is gone
    "%%ldp_table positive --expect above=\"n > 0\"\nspark.readStream.table('landed')",
    "%ldp ls --format json",
    "spark.table('main.default.total').collect()",
    # statements that a workspace takes; a cell for each would be the same
    "import os\nfor text in ['CREATE TABLE mine DEEP CLONE total', 'CREATE TABLE empty LIKE total', 'ANALYZE TABLE mine COMPUTE STATISTICS',\n"
    "             f\"COPY INTO empty FROM '{os.getcwd()}/data' FILEFORMAT = JSON VALIDATE 2 ROWS\",\n"
    "             'SHOW CREATE TABLE total', 'DESCRIBE TABLE EXTENDED mine AS JSON', 'SELECT n * 10 AS tens FROM total@v0']:\n"
    "    get_ipython().run_cell_magic('sql', '', text)",
    "for text in ['SELECT * FROM totl', 'SELECT nn FROM total', 'SELEC 1', 'DELETE FROM total']:\n"
    "    try:\n        get_ipython().run_cell_magic('sql', '', text)\n"
    "    except Exception as error:\n        print(str(error).splitlines()[0])",
    "%%sql\nCREATE TABLE few AS SELECT 7 AS a; -- one; and another\nSELECT a, ';' AS semi FROM few;\nDROP TABLE few; SELECT 8 AS last",
]


def write(folder: Path, cells: list[str], name: str = "n.ipynb") -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / name
    nbformat.write(notebook, path)
    return path


def convert(path: Path, to: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--execute", "--to", to, "--output", f"out.{to}", path.name],
        cwd=path.parent, capture_output=True, text=True, check=False, timeout=400)


@pytest.fixture
def project(make_project):
    return make_project({
        "data/1.json": '{"n": 1}\n{"n": -2}\n{"n": 3}\n',
        "databricks.yml": """
            bundle: {name: numbers}
            resources:
              pipelines:
                numbers:
                  name: numbers
                  catalog: main
                  schema: default
                  configuration: {data: "${workspace.file_path}/data"}
        """,
    })


def test_a_notebook_registers_checks_runs_and_keeps_its_outputs(project):
    done = convert(write(project, GOOD), "notebook")
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(project / "out.notebook.ipynb", 4).cells

    def html(index: int) -> str:
        return "".join(str(o.get("data", {}).get("text/html", "")) for o in cells[index].outputs)

    def stream(index: int) -> str:
        return "".join(o.get("text", "") for o in cells[index].outputs if o.get("name") == "stdout")

    assert "positive" in html(3)
    assert "save before deploying" in html(3)
    assert "save before deploying" not in html(2)
    pages = BeautifulSoup(html(6), "html.parser")
    picture = pages.find("img")
    assert "positive" in picture["alt"]
    svg = base64.b64decode(picture["src"].split("base64,")[1]).decode()
    assert "2 rows" in svg
    assert "1 dropped" in svg
    assert not pages.find_all(["script", "style", "svg"])
    assert {t["name"]: t["rows"] for t in json.loads(stream(7))} == {"landed": 3, "positive": 2, "total": 1}
    assert re.sub(r"\s+", " ", BeautifulSoup(html(8), "html.parser").get_text(" ")).find("4 2") >= 0
    listed = {d["name"]: d for d in json.loads(stream(10))["datasets"]}
    assert set(listed) == {"landed", "positive", "total"}
    assert listed["positive"]["expectations"] == [{"name": "above", "condition": "n > 0", "action": "warn"}]
    assert cells[11].outputs[0]["data"]["text/plain"] == "[Row(n=4, rows=2)]"
    shown = [BeautifulSoup(str(o["data"]["text/html"]), "html.parser").get_text(" ") for o in cells[12].outputs]
    assert len(shown) == 7
    assert "num_copied_files" in shown[0]
    assert "1 NULL -2 NULL 2 rows" in re.sub(r"\s+", " ", shown[3])
    assert "CREATE MATERIALIZED VIEW main.default.total" in shown[4]
    assert "table_name" in shown[5]
    assert "40" in shown[6]
    assert stream(13).splitlines() == [
        'LDP-2003 unknown table "totl"', 'LDP-2004 unknown column "nn"', "LDP-2001 SQL syntax: Syntax error at or near 'SELEC'.",
        "LDP-2015 DELETE of main.default.total is refused: a pipeline manages this table. Change or remove it in the pipeline's "
        "source; `ldp clean` deletes what the source has no more"]
    several = [re.sub(r"\s+", " ", BeautifulSoup(str(o["data"]["text/html"]), "html.parser").get_text(" ")) for o in cells[14].outputs]
    assert [text.split(" 1 row")[0].split()[-1] for text in several] == [";", "8"]
    assert "7 ;" in several[0]


@pytest.mark.long
def test_a_failing_update_fails_nbconvert_and_leaves_its_report(project):
    cells = [
        "%load_ext ldp_jupyter",
        "%%ldp_sql\nCREATE OR REFRESH STREAMING TABLE checked (CONSTRAINT above EXPECT (n > 0) ON VIOLATION FAIL UPDATE)\n"
        "AS SELECT * FROM STREAM read_files('${data}', format => 'json', schema => 'n INT')",
        "%ldp run",
        "raise SystemError('not reached')",
    ]
    done = convert(write(project, cells), "html")
    assert done.returncode != 0
    assert "LDP-4001" in done.stderr
    assert "above" in done.stderr
    assert '{"n":-2}' in done.stderr
    assert "not reached" not in done.stderr.split("LDP-4001")[1]
    assert "site-packages" not in done.stderr.split("LDP-4001", 1)[1].split("LDP-4001")[0]
    (report,) = (project / ".ldp").glob("pipelines/numbers/runs/*/report.html")
    assert "above" in report.read_text()


def test_a_wrong_pipeline_fails_the_dry_run_cell_with_every_error(project):
    cells = [
        "%load_ext ldp_jupyter",
        "%%ldp_sql\nCREATE OR REFRESH MATERIALIZED VIEW one AS SELECT 1 AS id;\n\n"
        "CREATE OR REFRESH MATERIALIZED VIEW two AS SELECT * FROM onne",
        "%%ldp_table three\ndf = spark.read.table('one').select('idd')\ndf",
        "%ldp dry-run",
    ]
    done = convert(write(project, cells), "html")
    assert done.returncode != 0
    assert 'LDP-2003 unknown table "onne"' in done.stderr
    assert "cell [2], line 4" in done.stderr
    assert 'did you mean "one"?' in done.stderr
    assert 'LDP-2004 unknown column "idd"' in done.stderr
    assert "cell [3], line 2" in done.stderr
