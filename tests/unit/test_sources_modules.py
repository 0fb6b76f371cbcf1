"""Helper modules of pipeline source."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from core_samples import load, problems, tables

from ldp_jupyter.sources import modules, remove_finder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Make = Callable[[Mapping[str, str]], Path]

SOURCE = "import dlt\nimport helper_of_test\n@dlt.table(comment=helper_of_test.WORD)\ndef t(): ...\n"


@pytest.fixture(autouse=True)
def _leave_nothing(tmp_path: Path) -> Iterator[None]:
    before = list(sys.path)
    yield
    remove_finder()
    assert sys.path == before
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def write(path: Path, text: str, age: int) -> None:
    """Write a file and give it a time of its own: tests are quicker than clocks."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))


def comment(root: Path, *names: str) -> str | None:
    loaded = load(root, *(names or ("a.py",)))
    assert [problems(d) for d in loaded] == [[]] * len(loaded)
    return loaded[0].datasets[0].comment


@pytest.mark.parametrize(
    "helper", ["helper_of_test.py", "transformations/helper_of_test.py", "transformations/helper_of_test/__init__.py"]
)
def test_helpers_in_the_root_and_beside_the_source_are_found(make_project: Make, helper: str) -> None:
    root = make_project({"transformations/a.py": SOURCE, helper: "WORD = 'found'"})
    assert comment(root, "transformations/a.py") == "found"


def test_a_helper_that_changed_is_read_again(make_project: Make) -> None:
    root = make_project({"a.py": SOURCE})
    write(root / "helper_of_test.py", "WORD = 'old'", 0)
    assert comment(root) == "old"
    first = sys.modules["helper_of_test"]
    assert comment(root) == "old"
    assert sys.modules["helper_of_test"] is first, "unchanged, it is not read again"
    write(root / "helper_of_test.py", "WORD = 'new'", 1)
    assert comment(root) == "new"


def test_a_change_of_the_same_length_and_one_within_the_same_second(make_project: Make) -> None:
    root = make_project({"a.py": SOURCE})
    write(root / "helper_of_test.py", "WORD = 'one'", 0)
    assert comment(root) == "one"
    write(root / "helper_of_test.py", "WORD = 'two'", 1)
    assert comment(root) == "two"
    write(root / "helper_of_test.py", "WORD = 'three'", 1)
    assert comment(root) == "three"


def test_a_value_taken_over_by_another_helper_is_read_again_as_well(make_project: Make) -> None:
    root = make_project({"a.py": SOURCE, "helper_of_test.py": "from inner_of_test import WORD"})
    write(root / "inner_of_test.py", "WORD = 'old'", 0)
    assert comment(root) == "old"
    write(root / "inner_of_test.py", "WORD = 'new'", 1)
    assert comment(root) == "new"


def test_a_helper_that_is_gone_is_missed(make_project: Make) -> None:
    root = make_project({"a.py": SOURCE})
    write(root / "helper_of_test.py", "WORD = 'old'", 0)
    assert comment(root) == "old"
    (root / "helper_of_test.py").unlink()
    (declared,) = load(root, "a.py")
    assert [p.message.split(":")[0] for p in declared.problems] == ["ModuleNotFoundError"]


def test_a_helper_mended_after_a_syntax_error_is_read(make_project: Make) -> None:
    root = make_project({"a.py": SOURCE})
    write(root / "helper_of_test.py", "x = 1\nWORD = (", 0)
    (declared,) = load(root, "a.py")
    assert problems(declared) == [("LDP-2001", "helper_of_test.py:2:8")]
    write(root / "helper_of_test.py", "WORD = 'mended'", 1)
    assert comment(root) == "mended"


def test_helpers_may_declare(make_project: Make) -> None:
    root = make_project(
        {
            "a.py": "from helper_of_test import make\nmake('one')\nmake('two')\n",
            "helper_of_test.py": "import dlt\ndef make(name):\n    @dlt.table(name=name)\n    def t(): ...\n",
        }
    )
    (declared,) = load(root, "a.py")
    assert tables(declared) == ["one", "two"]
    assert str(declared.datasets[0].location) == "helper_of_test.py:3"


def test_path_entries_of_one_source_do_not_change_what_another_imports(make_project: Make) -> None:
    root = make_project(
        {
            "a.py": "import sys\nsys.path.append('lib')\nsys.path.insert(0, 'front')\n",
            "b.py": "import sys\nassert 'lib' not in sys.path and 'front' not in sys.path\n",
        }
    )
    assert [problems(d) for d in load(root, "a.py", "b.py")] == [[], []]


def test_a_source_may_append_the_folder_of_its_helper(make_project: Make) -> None:
    root = make_project(
        {
            "a.py": "import sys, os\nsys.path.append(os.path.join(os.path.dirname(__file__), 'lib'))\n" + SOURCE,
            "lib/helper_of_test.py": "WORD = 'from lib'",
        }
    )
    assert comment(root) == "from lib"


def test_loading_writes_no_bytecode(make_project: Make) -> None:
    root = make_project({"a.py": SOURCE, "helper_of_test.py": "WORD = 'x'"})
    before = sys.dont_write_bytecode
    assert comment(root) == "x"
    assert sys.dont_write_bytecode is before
    assert not list(root.rglob("__pycache__"))


def test_modules_from_elsewhere_are_left_alone(make_project: Make, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere / "library_of_test.py", "WORD = 'old'", 0)
    root = make_project({"a.py": "import sys\nsys.path.append(r'%s')\nimport library_of_test\n" % elsewhere})
    try:
        load(root, "a.py")
        library = sys.modules["library_of_test"]
        write(elsewhere / "library_of_test.py", "WORD = 'new'", 1)
        load(root, "a.py")
        assert sys.modules["library_of_test"] is library
    finally:
        sys.modules.pop("library_of_test", None)


def test_what_is_forgotten_is_told(make_project: Make) -> None:
    root = make_project({"a.py": SOURCE})
    write(root / "helper_of_test.py", "WORD = 'old'", 0)
    load(root, "a.py")
    assert modules.forget_changed(root) == []
    write(root / "helper_of_test.py", "WORD = 'new'", 1)
    assert modules.forget_changed(root) == ["helper_of_test"]
    assert "helper_of_test" not in sys.modules
    assert modules.forget_changed(root) == []


def test_star_imports_from_a_folder_that_the_source_appends_are_read_again(make_project: Make) -> None:
    text = (
        "import sys, os\nsys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../shared'))\n"
        "from common_of_test.names import *\n@dlt.table(comment=WORD)\ndef t(): ...\n"
    )
    helper = "import dlt\nfrom pyspark.sql.functions import *\nWORD = '{}'\n"
    root = make_project({"transformations/a.py": text, "shared/common_of_test/__init__.py": ""})
    write(root / "shared/common_of_test/names.py", helper.format("old"), 0)
    assert comment(root, "transformations/a.py") == "old"
    write(root / "shared/common_of_test/names.py", helper.format("new"), 1)
    assert comment(root, "transformations/a.py") == "new"


def test_a_namespace_package_of_helpers_is_read_again(make_project: Make) -> None:
    root = make_project({"a.py": "import dlt\nfrom tools_of_test.inner import WORD\n@dlt.table(comment=WORD)\ndef t(): ...\n"})
    (root / "tools_of_test").mkdir()
    write(root / "tools_of_test/inner.py", "WORD = 'old'", 0)
    assert comment(root) == "old"
    write(root / "tools_of_test/inner.py", "WORD = 'new'", 1)
    assert comment(root) == "new"


def test_the_folder_of_the_source_comes_before_the_root(make_project: Make) -> None:
    root = make_project({"t/a.py": SOURCE, "t/helper_of_test.py": "WORD = 'beside'", "helper_of_test.py": "WORD = 'root'"})
    assert comment(root, "t/a.py") == "beside"


def test_a_helper_of_one_project_is_not_found_by_another(make_project: Make) -> None:
    root = make_project({
        "one/transformations/a.py": SOURCE,
        "one/helper_of_test.py": "WORD = 'one'",
        "two/transformations/a.py": SOURCE,
        "two/helper_of_test.py": "WORD = 'two'",
    })  # fmt: skip
    assert comment(root / "one", "transformations/a.py") == "one"
    assert comment(root / "two", "transformations/a.py") == "two"
    assert comment(root / "one", "transformations/a.py") == "one"
