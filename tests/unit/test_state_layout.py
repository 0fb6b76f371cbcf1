"""Paths of a pipeline's storage."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from core_samples import NAMESPACE
from hypothesis import given
from hypothesis import strategies as st

from ldp_jupyter.names import Name
from ldp_jupyter.project import Project
from ldp_jupyter.spark.places import write_text
from ldp_jupyter.state import Layout
from ldp_jupyter.state.layout import safe

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    [".", "..", "a.b", "a", "b", "%41", "A", "a b", "a/b", "\u1f60", "\x1f60", "sink a", "`a`"]
)
NAMES = st.builds(Name, TEXT, TEXT, TEXT)
LAYOUT = Layout("/storage", "shop")


def test_where_things_lie() -> None:
    name = NAMESPACE.qualify("silver.orders")
    assert LAYOUT.table(name) == "/storage/warehouse/main/silver/orders"
    assert LAYOUT.table(name, private=True) == "/storage/private/main/silver/orders"
    assert LAYOUT.checkpoint(name, "0-ab", "main.silver.orders") == (
        "/storage/pipelines/shop/checkpoints/main.silver.orders/0-ab/main.silver.orders"
    )
    assert LAYOUT.checkpoint("events", "0", "f") == "/storage/pipelines/shop/checkpoints/sink%20events/0/f"
    assert LAYOUT.changes(name, "0-ab") == "/storage/pipelines/shop/changes/main.silver.orders/0-ab"
    assert str(LAYOUT.journal) == "/storage/pipelines/shop/journal.jsonl"
    assert str(LAYOUT.runs) == "/storage/pipelines/shop/runs"


def test_where_things_lie_in_another_file_system() -> None:
    project = Project(Path("/shop"), "plain", {}, None, None, "s3a://lake/ldp/")
    remote, name = Layout.of(project, "shop"), NAMESPACE.qualify("silver.orders")
    assert remote.remote
    assert remote.table(name, private=True) == "s3a://lake/ldp/private/main/silver/orders"
    assert remote.checkpoint(name, "0-ab", "f") == "s3a://lake/ldp/pipelines/shop/checkpoints/main.silver.orders/0-ab/f"
    assert str(remote.view(name)) == "s3a://lake/ldp/warehouse/main/silver/orders.view.json"
    assert str(remote.lives("events")[0]) == "s3a://lake/ldp/pipelines/shop/checkpoints/sink%20events"
    assert remote.name_at(remote.table(name)) == "main.silver.orders"
    assert [remote.name_at(f) for f in ("s3a://lake/other/main/silver/orders", "/lake/ldp/warehouse/a/b/c")] == [None, None]
    # notes stay here, in a folder for each storage
    assert remote.journal.parent == remote.memory.parent == remote.runs.parent == remote.home
    assert remote.home.is_relative_to("/shop/.ldp/elsewhere")
    other = Layout.of(dataclasses.replace(project, storage="s3a://lake/ldp2"), "shop")
    assert other.home != remote.home == Layout.of(dataclasses.replace(project, storage="s3a://lake/ldp"), "shop").home
    local = Layout.of(dataclasses.replace(project, storage="/storage/"), "shop")
    assert (local.remote, local) == (False, LAYOUT)


def test_the_name_of_the_table_in_a_folder() -> None:
    for name, private in ((NAMESPACE.qualify("silver.orders"), False), (Name("main", "my schema", "größe 100%"), True)):
        folder = LAYOUT.table(name, private=private)
        assert [LAYOUT.name_at(f) for f in (folder, f"file:{folder}", f"file://{folder}")] == [".".join(name.parts)] * 3
    for other in ("/storage/warehouse/main/silver", "/elsewhere/main/silver/orders", "s3://storage/warehouse/a/b/c"):
        assert LAYOUT.name_at(other) is None


def test_a_table_lies_under_its_own_letters_where_the_catalog_looks_for_it() -> None:
    assert LAYOUT.table(Name("main", "my schema", "größe 100%")) == "/storage/warehouse/main/my schema/größe 100%"


@given(TEXT, TEXT)
def test_distinct_texts_stay_distinct(one: str, other: str) -> None:
    assert (safe(one) == safe(other)) == (one == other)


@given(TEXT)
def test_a_text_is_one_harmless_segment(text: str) -> None:
    assert len(Path("x", safe(text)).parts) == 2
    assert safe(text) not in ("", ".", "..")


def test_plain_texts_stay_readable() -> None:
    assert safe("main.silver.orders-2") == "main.silver.orders-2"
    assert safe("größe") == "gr%C3%B6%C3%9Fe"


@given(NAMES, NAMES, st.booleans())
def test_distinct_names_have_distinct_folders(one: Name, other: Name, private: bool) -> None:
    same = one == other
    assert (LAYOUT.checkpoint(one, "0", "f") == LAYOUT.checkpoint(other, "0", "f")) == same
    assert (LAYOUT.changes(one, "0") == LAYOUT.changes(other, "0")) == same
    if one.unusable_part is None and other.unusable_part is None:
        assert (LAYOUT.table(one, private=private) == LAYOUT.table(other, private=private)) == same


@given(NAMES)
def test_a_table_lies_three_folders_below_the_warehouse(name: Name) -> None:
    if name.unusable_part is None:
        assert Path(LAYOUT.table(name)).relative_to("/storage/warehouse").parts == name.parts


@given(NAMES, TEXT, TEXT)
def test_a_sink_and_a_table_never_share_a_checkpoint(name: Name, sink: str, flow: str) -> None:
    assert LAYOUT.checkpoint(name, "0", flow) != LAYOUT.checkpoint(sink, "0", flow)


@given(TEXT, TEXT)
def test_distinct_pipelines_and_flows_have_distinct_folders(one: str, other: str) -> None:
    table = NAMESPACE.qualify("t")
    same = one == other
    assert (Layout("/s", one).home == Layout("/s", other).home) == same
    assert (LAYOUT.checkpoint(table, "0", one) == LAYOUT.checkpoint(table, "0", other)) == same


def test_generations_of_a_table_lie_in_its_lives() -> None:
    name = NAMESPACE.qualify("`a.b`")
    lives = [str(folder) for folder in LAYOUT.lives(name)]
    assert LAYOUT.checkpoint(name, "7", "f").startswith(f"{lives[0]}/7/")
    assert LAYOUT.changes(name, "7") == f"{lives[1]}/7"


def test_storage_ignores_itself_in_git_and_keeps_what_the_user_wrote(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / ".ldp"), "shop")
    layout.prepare()
    assert layout.home.is_dir()
    assert (tmp_path / ".ldp" / ".gitignore").read_text() == "*\n"
    (tmp_path / ".ldp" / ".gitignore").write_text("mine")
    layout.prepare()
    assert (tmp_path / ".ldp" / ".gitignore").read_text() == "mine"


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_text(file, "old")
    with file.open() as reader:
        write_text(file, "new and longer")
        assert reader.read() == "old"
    assert file.read_text() == "new and longer"
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]
