"""Which versions of outside tables the flows of an update read."""

from __future__ import annotations

from ldp_jupyter.engine.inputs import FixedVersions
from ldp_jupyter.spark.bridge import BatchInputs, TableInput


def reads(*tables: TableInput) -> BatchInputs:
    return BatchInputs("fingerprint", deterministic=True, reasons=[], tables=list(tables))


def table(path: str, version: int, *, life: str = "id", pinned: bool = False) -> TableInput:
    return TableInput(path, life, version, pinned)


def test_the_first_reader_fixes_the_version_for_all() -> None:
    fixed = FixedVersions([])
    assert fixed.of(reads(table("file:/w/a", 3))) == {"file:/w/a": 3}
    assert fixed.of(reads(table("file:/w/a", 5), table("file:/w/b", 1))) == {"file:/w/a": 3, "file:/w/b": 1}


def test_own_tables_and_versions_that_a_query_asks_for_are_not_fixed() -> None:
    fixed = FixedVersions(["/w/own table"])
    assert fixed.of(reads(table("file:/w/own%20table", 3), table("file:/w/a", 2, pinned=True))) == {}
    assert fixed.of(reads(table("file:/w/a", 5))) == {"file:/w/a": 5}


def test_a_table_that_was_made_anew_has_versions_of_its_own() -> None:
    fixed = FixedVersions([])
    fixed.of(reads(table("file:/w/a", 7)))
    assert fixed.of(reads(table("file:/w/a", 0, life="other"))) == {"file:/w/a": 0}


def test_the_next_round_of_a_continuous_update_begins_anew() -> None:
    fixed = FixedVersions([])
    fixed.of(reads(table("file:/w/a", 3)))
    fixed.forget()
    assert fixed.of(reads(table("file:/w/a", 5))) == {"file:/w/a": 5}
