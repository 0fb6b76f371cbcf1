"""Options of Auto Loader that have no effect here are told, those that have one or ask for what happens anyway are not."""

from __future__ import annotations

import pytest

from ldp_jupyter.declarations import Location, SqlQuery
from ldp_jupyter.errors import LdpError
from ldp_jupyter.graph.notices import Notices


def told(text: str) -> list[str]:
    notices = Notices()
    notices.sql(SqlQuery(text, Location("a.sql", 1, 1)))
    return [note.text for note in notices.all()]


def told_of_python(**options: str) -> list[str]:
    notices = Notices()
    for key, value in options.items():
        notices.option(f"cloudFiles.{key.replace('__', '.')}", value)
    return [note.text for note in notices.all()]


@pytest.mark.parametrize(
    "options",
    [
        {"schemaEvolutionMode": "addNewColumns"},
        {"schemaEvolutionMode": "rescue"},
        {"includeExistingFiles": "false"},
        {"allowOverwrites": "true"},
        {"format": "orc", "schemaEvolutionMode": "rescue"},
        {"format": "xml"},
        {"maxBytesPerTrigger": "1g", "databricks__serviceCredential": "x"},
        {"useNotifications": "false"},
        {"cleanSource": "OFF"},
        {"cleanSource": "MOVE", "cleanSource__retentionDuration": "0 seconds"},
        {"format": "json", "rescuedDataColumn": "odd"},
    ],
)
def test_nothing_to_tell(options: dict[str, str]) -> None:
    assert told_of_python(**options) == []


def test_what_has_no_effect() -> None:
    assert told_of_python(backfillInterval="1 day", schemaLocation="/x") == [
        "Auto Loader's backfillInterval, schemaLocation have no effect"]
    assert told_of_python(maxBytesPerTrigger="1g", maxFilesPerTrigger="1") == [
        "Auto Loader's maxBytesPerTrigger beside maxFilesPerTrigger has no effect"]
    assert told_of_python(cleanSource="MOVE") == told_of_python(cleanSource="DELETE", cleanSource__retentionDuration="0") == [
        "Auto Loader's cleanSource has no effect"]
    assert told_of_python(schemaEvolutionMode="addNewColumnsWithTypeWidening") == [
        "Auto Loader's schemaEvolutionMode has no effect"]


def test_nothing_to_tell_in_sql() -> None:
    assert told("SELECT * FROM STREAM read_files('x', format => 'xml', rowTag => 'r', rescuedDataColumn => 'odd')") == []


def test_options_of_the_vendor_s_readers() -> None:
    notices = Notices()
    for key, value in {"skipRows": "0", "header": "true", "readerCaseSensitive": "true"}.items():
        notices.option(key, value)
    assert notices.all() == []
    notices.option("skipRows", 2)
    notices.option("badRecordsPath", "/x")
    assert [note.text for note in notices.all()] == ["the options skipRows, badRecordsPath have no effect"]
    assert told("SELECT * FROM STREAM read_files('x', format => 'csv', skipRows => 2)") == [
        "the option skipRows has no effect"]


def test_an_option_without_its_prefix() -> None:
    notices = Notices()
    notices.option("schemaHints", "a INT")
    assert notices.all() == [], "another reader than Auto Loader's"
    notices.option("cloudFiles.format", "json")
    (note,) = notices.all()
    assert (note.kind, note.hint) == ("local_only", 'write .option("cloudFiles.NAME", ...)')


@pytest.mark.parametrize(("name", "near"), [("schemaHint", "schemaHints"), ("maxFilePerTrigger", "maxFilesPerTrigger")])
def test_a_misspelt_option(name: str, near: str) -> None:
    with pytest.raises(LdpError, match="Auto Loader has no option") as wrong:
        told_of_python(**{name: "1"})
    assert (wrong.value.code, wrong.value.hint) == ("LDP-2011", f'did you mean "{near}"?')
    with pytest.raises(LdpError, match="read_files has no parameter"):
        told(f"SELECT * FROM read_files('x', {name} => 1)")


def test_moving_at_once_in_a_map() -> None:
    moving = "SELECT * FROM cloud_files('x', 'json', map('cloudFiles.cleanSource', 'MOVE'{}))"
    assert told(moving.format("")) == ["Auto Loader's cleanSource has no effect"]
    assert told(moving.format(", 'cloudFiles.cleanSource.retentionDuration', '0 days'")) == []
