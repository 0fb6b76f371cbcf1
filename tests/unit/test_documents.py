"""What documents say of commands, packages, files and variables is what the code has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ldp_jupyter"
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")]


def rows(document: str, heading: str) -> list[list[str]]:
    """Cells of the tables below a heading, up to the next heading of any level."""
    text = "\n" + (ROOT / document).read_text(encoding="utf-8")
    part = re.split(r"^#+ ", text.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line][1:]


def imports() -> dict[str, set[str]]:
    """Packages of the project that each of them imports, at any level of indentation."""
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(PACKAGE).parts
        if "samples" in parts or parts[0].startswith("__"):
            continue
        used = found.setdefault(parts[0].removesuffix(".py"), set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "ldp_jupyter":
                used.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ldp_jupyter."):
                used.add(str(node.module).split(".")[1])
            elif isinstance(node, ast.Import):
                used.update(a.name.split(".")[1] for a in node.names if a.name.startswith("ldp_jupyter."))
    return {package: {u for u in used if not u.startswith("__")} - {package} for package, used in found.items()}


def test_packages_import_only_from_those_above_them_in_the_architecture():
    order = [row[0].strip("`") for row in rows("docs/architecture.md", "## Packages")]
    found = imports()
    assert sorted(order) == sorted(found)
    wrong = [f"{p} imports {u}" for p, used in found.items() for u in used if order.index(u) > order.index(p)]
    assert wrong == []


def test_the_readme_lists_every_command():
    from ldp_jupyter.cli import ldp

    assert {row[0].strip("`") for row in rows("README.md", "## Commands")} == set(ldp.commands)


def test_every_benchmark_is_listed():
    listed = {row[0].strip("`") for row in rows("benchmarks/README.md", "# Benchmarks")}
    assert listed == {file.name for file in (ROOT / "benchmarks").glob("*.py")}


def test_variables_of_the_readme_are_those_of_the_code():
    code = "".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    named = {row[0].strip("`") for row in rows("README.md", "## Java, JARs and networks")}
    known = set(re.findall(r"\"(LDP_[A-Z_]*[A-Z])\"", code))
    assert known <= named
    assert all(name.split("<")[0] in code for name in named)


def test_the_architecture_lists_every_file_of_the_companion():
    text = " ".join(row[1] for row in rows("docs/architecture.md", "## The companion"))
    files = {file.stem for file in (PACKAGE / "spark" / "companion").glob("*.scala")}
    assert {name for name in re.findall(r"`(\w+)`", text) if name[0].isupper()} >= files
    assert files >= {name for name in re.findall(r"`([A-Z]\w+)`", text) if name.upper() != name}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        assert file.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}, target
