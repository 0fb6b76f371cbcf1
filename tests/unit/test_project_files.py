"""Which files a pipeline consists of."""

import json

import pytest

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.project import (
    SettingsProblems,
    choose_pipeline,
    load_project,
    notebook_files,
    source_elsewhere,
    source_files,
)

FILES = [
    ".ldp/warehouse/x.py",
    ".venv/pyvenv.cfg",
    ".venv/lib/a.py",
    "env/pyvenv.cfg",
    "env/lib/a.py",
    "explorations/explore.ipynb",
    "explorations/extra.sql",
    "notebooks/.ipynb_checkpoints/bookstore-checkpoint.ipynb",
    "notebooks/bookstore.ipynb",
    "notebooks/deep/more.ipynb",
    "notebooks/readme.md",
    "single.py",
    "src/nb.ipynb",
    "transformations/.hidden.py",
    "transformations/__pycache__/a.cpython-311.pyc",
    "transformations/__pycache__/a.py",
    "transformations/a.py",
    "transformations/deep/er/c.sql",
    "transformations/deep/b.sql",
    "transformations/deep/n.ipynb",
    "transformations/explorations/x.py",
    "transformations/notes.txt",
]


@pytest.fixture
def tree(tmp_path):
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path


def sources(root, *libraries):
    """Source files, relative, for libraries given as kind and path."""
    if libraries:
        entries = [{kind: {"include" if kind == "glob" else "path": path}} for kind, path in libraries]
        settings = {"resources": {"pipelines": {"p": {"libraries": entries}}}}
        (root / "databricks.yml").write_text(json.dumps(settings))
    project = load_project(root)
    found = source_files(choose_pipeline(project, None), project)
    assert found == sorted(found)
    return [path.relative_to(root).as_posix() for path in found]


ALL = [
    "transformations/a.py",
    "transformations/deep/b.sql",
    "transformations/deep/er/c.sql",
    "transformations/deep/n.ipynb",
]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("transformations/**", ALL),
        ("./transformations", ALL),
        ("transformations/", ALL),
        ("transformations/**/*", ALL),
        ("transformations/**/*.sql", ["transformations/deep/b.sql", "transformations/deep/er/c.sql"]),
        ("transformations/**.sql", ["transformations/deep/b.sql", "transformations/deep/er/c.sql"]),
        ("transformations/*", ["transformations/a.py"]),
        ("transformations/*/*.sql", ["transformations/deep/b.sql"]),
        ("transformations/**/{a,c}.*", ["transformations/a.py", "transformations/deep/er/c.sql"]),
        ("transformations/**/[!b].???", ["transformations/deep/er/c.sql"]),
        ("transformations/a.py", ["transformations/a.py"]),
        ("transformations/notes.txt", []),
        ("nowhere/**", []),
        ("**", sorted([*ALL, "notebooks/bookstore.ipynb", "notebooks/deep/more.ipynb", "single.py", "src/nb.ipynb"])),
        ("explorations/**", ["explorations/explore.ipynb", "explorations/extra.sql"]),
        ("explorations/extra.sql", ["explorations/extra.sql"]),
        ("transformations/explorations/*", ["transformations/explorations/x.py"]),
    ],
)
def test_glob(tree, pattern, expected):
    assert sources(tree, ("glob", pattern)) == expected


def test_default(tree):
    assert sources(tree) == ALL


def test_files_and_notebooks(tree):
    assert sources(
        tree,
        ("file", "single.py"),
        ("notebook", "src/nb"),
        ("notebook", "notebooks/bookstore.ipynb"),
        ("notebook", "transformations/a"),
    ) == ["notebooks/bookstore.ipynb", "single.py", "src/nb.ipynb", "transformations/a.py"]


def test_workspace_path_is_found_by_its_ending(tree):
    assert sources(tree, ("notebook", "/Repos/ana/shop/src/nb")) == ["src/nb.ipynb"]
    assert sources(tree, ("glob", "/Workspace/Users/ana/shop/transformations/**")) == ALL


def test_named_files_must_exist(tree):
    with pytest.raises(SettingsProblems) as caught:
        sources(tree, ("file", "nowhere.py"), ("notebook", "src/nothing"), ("file", "single.py"))
    assert [p.code for p in caught.value.problems] == ["LDP-1003", "LDP-1003"]
    assert "nowhere.py" in str(caught.value)
    assert str(caught.value.problems[0].location).startswith("databricks.yml:1:")


def test_same_file_counts_once(tree):
    assert sources(tree, ("glob", "transformations/a.py"), ("glob", "transformations/**")) == ALL


def test_notebooks_that_are_no_sources(tree):
    project = load_project(tree)
    settings = choose_pipeline(project, None)
    found = [path.relative_to(tree).as_posix() for path in notebook_files(settings, project)]
    assert found == ["notebooks/bookstore.ipynb", "notebooks/deep/more.ipynb"]
    sources(tree, ("notebook", "notebooks/bookstore"))
    project = load_project(tree)
    found = [path.relative_to(tree).as_posix() for path in notebook_files(choose_pipeline(project, None), project)]
    assert found == ["notebooks/deep/more.ipynb"]


def test_relative_to_the_file_that_holds_them(tree):
    (tree / "databricks.yml").write_text("include: [resources/*.yml]\n")
    (tree / "resources").mkdir()
    text = "resources: {pipelines: {p: {libraries: [{glob: {include: ../transformations/**}}]}}}\n"
    (tree / "resources" / "p.pipeline.yml").write_text(text)
    assert sources(tree) == ALL


def test_library_of_a_wrong_kind_is_a_problem(tree):
    with pytest.raises(UsageProblem) as caught:
        sources(tree, ("file", "src/nb.ipynb"))
    assert "must end with .py or .sql" in caught.value.message


def test_source_that_lies_elsewhere_is_found_for_hints(tree):
    project = load_project(tree)
    assert source_elsewhere(choose_pipeline(project, None), project) is None
    (tree / "transformations/a.py").write_text("import dlt\n")  # the settings name it
    (tree / "explorations/extra.sql").write_text("CREATE STREAMING TABLE t AS SELECT * FROM s")
    (tree / "setup.py").write_text("import setuptools\n")
    assert source_elsewhere(choose_pipeline(project, None), project) is None
    (tree / "src/nb.ipynb").write_text('{"source": ["from pyspark import pipelines as dp"]}')
    assert source_elsewhere(choose_pipeline(project, None), project) == tree / "src/nb.ipynb"
