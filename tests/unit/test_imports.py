"""Imports go one way, and loading the extension imports little."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ldp_jupyter

PACKAGE = Path(ldp_jupyter.__file__).parent

# Each may import those before it, also inside functions. Imports for type checkers alone do not count.
ORDER = [
    "locations", "redaction", "errors", "names", "declarations", "events", "context", "absent", "pipelines", "sql", "project", "spark",
    "dbutils", "sources", "quality", "cdc", "graph", "state", "eventlog", "engine", "display", "pipeline", "jobs",
    "background", "cli", "kernel", "notation", "magics", "demo", "__init__", "__main__",
]  # fmt: skip

# Where one asks for something of a package behind it, and why.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("*", "__init__"): "the version stands in the package itself, which imports nothing",
}

HEAVY = ("pyspark", "py4j", "pandas", "numpy", "pyarrow", "IPython", "ipywidgets", "graphviz", "nbformat", "delta")


def sources() -> list[Path]:
    return [f for f in PACKAGE.rglob("*.py") if "samples" not in f.relative_to(PACKAGE).parts]


def owner(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and full name of each module imported at run time, wherever in the file."""
    found: list[tuple[int, str]] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                visit(other)
            return
        if isinstance(node, ast.Import):
            found.extend((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.extend((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found


def part_of(module: str) -> str | None:
    """The package or module of ours that an import reaches."""
    first, *rest = module.split(".")
    if first != "ldp_jupyter":
        return None
    second = rest[0] if rest else ""
    return second if (PACKAGE / second).is_dir() or (PACKAGE / f"{second}.py").is_file() else "__init__"


def test_every_part_has_its_place_in_the_order() -> None:
    parts = {owner(file) for file in sources()}
    assert parts <= set(ORDER), "put a new package into ORDER, behind all that it imports"


def test_imports_go_one_way() -> None:
    wrong, used = [], set()
    for file in sources():
        mine = owner(file)
        for line, module in imports(ast.parse(file.read_text(encoding="utf-8"))):
            other = part_of(module)
            if other is None or other == mine or ORDER.index(other) < ORDER.index(mine):
                continue
            exception = next((e for e in ((mine, other), ("*", other)) if e in EXCEPTIONS), None)
            if exception is None or (exception[0] == "*" and not module.endswith(".__version__")):
                wrong.append(f"{file.relative_to(PACKAGE)}:{line} {mine} imports {other}")
            else:
                used.add(exception)
    assert wrong == []
    assert used == set(EXCEPTIONS), "an exception that nobody needs any more"


def test_nothing_heavy_is_imported_at_the_top_of_a_module() -> None:
    found = []
    for file in sources():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                heavy = [m for _, m in imports(node) if m.split(".")[0] in HEAVY]
                found += [f"{file.relative_to(PACKAGE)}:{node.lineno} {m}" for m in heavy]
    assert found == []


def python(code: str, cache: Path) -> str:
    """Run code in a fresh process that keeps its bytecode, as installed packages do."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    environment |= {
        "PYTHONPYCACHEPREFIX": str(cache),
        "IPYTHONDIR": str(cache / "ipython"),
        "PYTHONPATH": str(PACKAGE.parent),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=cache, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytecode")


@pytest.mark.parametrize(
    "module", ["ldp_jupyter", "ldp_jupyter.magics", "ldp_jupyter.pipelines", "ldp_jupyter.cli", "ldp_jupyter.pipeline"]
)
def test_importing_a_module_imports_nothing_heavy(module: str, cache: Path) -> None:
    loaded = json.loads(python(f"import json, sys, {module}\nprint(json.dumps(sorted(sys.modules)))", cache))
    assert module in loaded
    assert [name for name in loaded if name.split(".")[0] in HEAVY] == []


LOAD = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
ip = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
before = set(sys.modules)
start = time.process_time()
ip.run_line_magic("load_ext", "ldp_jupyter")
spent = time.process_time() - start
assert "ldp_table" in ip.magics_manager.magics["cell"]
new = sorted(name for name in set(sys.modules) - before if not name.startswith("IPython."))
print(json.dumps([spent, new]))
"""


def test_loading_the_extension_is_quick_and_imports_nothing_heavy(cache: Path) -> None:
    runs = [json.loads(python(LOAD, cache)) for _ in range(3)]
    for _, loaded in runs:
        assert [name for name in loaded if name.split(".")[0] in HEAVY] == []
    assert min(spent for spent, _ in runs) < 0.1, "seconds of this process"
