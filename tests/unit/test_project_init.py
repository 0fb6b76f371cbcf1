"""`ldp init`: a project that works as written."""

import ast

import nbformat
import pytest

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.project import choose_pipeline, init_project, load_project, source_files
from ldp_jupyter.project.init import sample_root


def test_empty_project(tmp_path):
    written = init_project(tmp_path / "my shop", None)
    assert [p.relative_to(tmp_path / "my shop").as_posix() for p in written] == [
        "databricks.yml",
        "transformations/first.py",
    ]
    project = load_project(tmp_path / "my shop")
    settings = choose_pipeline(project, None)
    assert (settings.name, project.target) == ("my_shop", "dev")
    (source,) = source_files(settings, project)
    ast.parse(source.read_text())


def test_bookstore(tmp_path):
    written = init_project(tmp_path, "bookstore")
    project = load_project(tmp_path)
    settings = choose_pipeline(project, None)
    assert (settings.name, settings.catalog, settings.schema) == ("bookstore", "main", "default")
    assert settings.configuration == {"dataset_path": str(tmp_path / "data")}
    assert settings.event_log.name == "bookstore_event_log"
    sources = source_files(settings, project)
    assert {p.name for p in sources} >= {"bronze.py", "orders.py", "customers.py", "books.py", "books.sql", "sales.sql"}
    assert set(sources) <= set(written)
    assert not any("explorations" in p.parts for p in sources)
    assert (tmp_path / "explorations" / "explore.ipynb") in written
    assert list((tmp_path / "data" / "kafka-raw-etl").glob("*.json"))
    for path in sources:
        assert path.read_bytes() == (sample_root("bookstore") / path.relative_to(tmp_path)).read_bytes()
        if path.suffix == ".py":
            ast.parse(path.read_text())
    assert choose_pipeline(load_project(tmp_path, target="prod"), None).configuration == {
        "dataset_path": "/Volumes/main/default/bookstore"
    }


def test_exploration_notebook_is_clean():
    notebook = nbformat.read(sample_root("bookstore") / "explorations" / "explore.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    for cell in code[1:]:
        ast.parse(cell.source)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "databricks.yml").write_text("mine")
    with pytest.raises(UsageProblem) as caught:
        init_project(tmp_path, "bookstore")
    assert (caught.value.code, "databricks.yml" in caught.value.message) == ("LDP-1001", True)
    assert [p.name for p in tmp_path.iterdir()] == ["databricks.yml"]
    assert (tmp_path / "databricks.yml").read_text() == "mine"


def test_unknown_sample(tmp_path):
    with pytest.raises(UsageProblem) as caught:
        init_project(tmp_path / "x", "bokstore")
    assert caught.value.hint == 'did you mean "bookstore"?'
    assert not (tmp_path / "x").exists()
