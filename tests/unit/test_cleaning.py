"""What is deleted, in which order, and what is left when that is cut short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from core_samples import NAMESPACE

from ldp_jupyter.engine.cleaning import Cleaning, clean_all, clean_datasets
from ldp_jupyter.errors import LdpError
from ldp_jupyter.state import Layout, Memory, UpdateLock

LOG = NAMESPACE.qualify("log")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Two tables with checkpoints, a view, an event log."""
    made = Layout(str(tmp_path / ".ldp"), "shop")
    made.prepare()
    for name in ("a", "b", "log"):
        (Path(made.table(NAMESPACE.qualify(name))) / "_delta_log").mkdir(parents=True)
    for name in ("a", "b"):
        (Path(made.checkpoint(NAMESPACE.qualify(name), "0", "f")) / "offsets").mkdir(parents=True)
        Memory(made).set(f"main.default.{name}", "view", {})
    made.view(NAMESPACE.qualify("v")).write_text("{}")
    made.journal.write_text("")
    return made


def table(layout: Layout, name: str) -> dict[str, Any]:
    return {"name": name, "kind": "streaming_table", "rows": 3, "path": layout.table(NAMESPACE.qualify(name))}


def some(layout: Layout, *names: str) -> Cleaning:
    tables = [(NAMESPACE.qualify(name), table(layout, name)) for name in names if name != "v"]
    views = [NAMESPACE.qualify("v")] if "v" in names else []
    return clean_datasets(layout, "shop", tables, views, {"a": ["b", "c"]})


def left(layout: Layout) -> set[str]:
    return {str(p.relative_to(layout.root)) for p in layout.root.rglob("*") if p.is_dir() and not any(p.iterdir())} | {
        str(p.relative_to(layout.root)) for p in layout.root.rglob("*.json")
    }


def test_some_datasets_go_with_all_that_belongs_to_them(layout: Layout) -> None:
    cleaning = some(layout, "a", "v")
    assert cleaning.warnings == [
        "`a` is read by `b`, `c`: what reads it as a stream must be fully refreshed afterwards"
    ]
    assert some(layout, "a", "b").warnings[0].startswith("`a` is read by `c`:")
    told: list[str] = []
    cleaning.after = lambda: told.append("after")
    before = cleaning.to_json()
    cleaning.delete()
    assert left(layout) == {
        "warehouse/main/default/b/_delta_log", "warehouse/main/default/log/_delta_log",
        "pipelines/shop/checkpoints/main.default.b/0/f/offsets", "pipelines/shop/memory.json"}  # fmt: skip
    assert Memory(layout).datasets() == ["main.default.b"]
    assert told == ["after"]
    assert (before["deleted"], cleaning.to_json()) == (False, {**before, "deleted": True})
    assert [(i["name"], i["kind"], i["rows"]) for i in before["items"]] == [
        ("a", "streaming_table", 3), ("main.default.v", "view", None)]  # fmt: skip


def test_all_that_a_pipeline_keeps(layout: Layout) -> None:
    other = Layout(layout.storage, "other")
    other.prepare()
    cleaning = clean_all(layout, "shop", [table(layout, "a")], [NAMESPACE.qualify("v"), NAMESPACE.qualify("w")], LOG)
    assert [(i.name, i.kind) for i in cleaning.items] == [
        ("a", "streaming_table"), ("main.default.v", "view"), ("main.default.log", "event log"),
        ("checkpoints, journal, reports", "state")]  # fmt: skip
    cleaning.delete()
    assert left(layout) == {"warehouse/main/default/b/_delta_log", "pipelines/other"}, "another pipeline's stays"


def test_nothing_goes_while_an_update_runs(layout: Layout) -> None:
    before = left(layout)
    with UpdateLock(layout), pytest.raises(LdpError) as caught:
        some(layout, "a").delete()
    assert caught.value.code == "LDP-3003"
    assert left(layout) - {"pipelines/shop/lock.json"} == before


def test_tables_go_before_what_stands_beside_them(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut short after each renaming, no table is left without its checkpoints, and none in part."""
    moved: list[str] = []
    rename = Path.rename

    def counted(path: Path, target: Path) -> Path:
        moved.append(str(path.relative_to(layout.root)))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", counted)
    some(layout, "a").delete()
    assert moved == ["warehouse/main/default/a", "pipelines/shop/checkpoints/main.default.a"]
    moved.clear()
    clean_all(layout, "shop", [table(layout, "b")], [], LOG).delete()
    assert moved == ["warehouse/main/default/b", "warehouse/main/default/log", "pipelines/shop"]


def test_nothing_to_delete(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / ".ldp"), "shop")
    cleaning = clean_all(layout, "shop", [], [], LOG)
    cleaning.delete()
    assert (cleaning.items, cleaning.deleted, layout.root.exists()) == ([], False, False)
