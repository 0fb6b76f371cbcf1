"""Options of Auto Loader that have no effect here are told, those that have one or ask for what happens anyway are not."""

from __future__ import annotations

import pytest

from ldp_jupyter.declarations import Location, SqlQuery
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
        {"allowOverwrites": "false"},
        {"useNotifications": "false"},
        {"cleanSource": "OFF"},
        {"cleanSource": "MOVE", "cleanSource__retentionDuration": "0 seconds"},
        {"format": "json", "rescuedDataColumn": "odd"},
    ],
)
def test_nothing_to_tell(options: dict[str, str]) -> None:
    assert told_of_python(**options) == []


def test_what_has_no_effect() -> None:
    assert told_of_python(allowOverwrites="true", schemaLocation="/x") == [
        "Auto Loader's allowOverwrites, schemaLocation have no effect"]
    assert told_of_python(cleanSource="MOVE") == told_of_python(cleanSource="DELETE", cleanSource__retentionDuration="0") == [
        "Auto Loader's cleanSource has no effect"]
    assert told_of_python(schemaEvolutionMode="addNewColumnsWithTypeWidening") == [
        "Auto Loader's schemaEvolutionMode has no effect"]


def test_formats_of_which_nothing_is_rescued() -> None:
    assert told_of_python(format="orc", schemaEvolutionMode="rescue") == [
        "Auto Loader rescues nothing of orc files: new columns are left out"]
    assert told("SELECT * FROM STREAM read_files('x', format => 'xml', rescuedDataColumn => 'odd')") == [
        "Auto Loader rescues nothing of xml files: new columns are left out"]
    assert told("SELECT * FROM STREAM read_files('x', format => 'json', rescuedDataColumn => 'odd')") == []


def test_moving_at_once_in_a_map() -> None:
    moving = "SELECT * FROM cloud_files('x', 'json', map('cloudFiles.cleanSource', 'MOVE'{}))"
    assert told(moving.format("")) == ["Auto Loader's cleanSource has no effect"]
    assert told(moving.format(", 'cloudFiles.cleanSource.retentionDuration', '0 days'")) == []
