"""Keys of a bundle that a misspelling would leave without effect, and parameters of a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ldp_jupyter.errors import LdpError
from ldp_jupyter.project import choose_pipeline, load_project

if TYPE_CHECKING:
    from pathlib import Path

BUNDLE = """\
bundle: {name: shop}
variables:
  catalog: {default: main, description: where tables go}
targets:
  dev:
    mode: development
    presets: {name_prefix: x_}
    variables: {catalog: devcat}
resources:
  pipelines:
    p: {name: p, catalog: "${var.catalog}", parameters: {day: 1}, configuration: {day: 2, other: 3}}
"""


def bundle(folder: Path, text: str = BUNDLE) -> Path:
    (folder / "databricks.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("right", "wrong", "message", "hint"),
    [
        ("mode:", "mod:", 'unknown key "mod" in target "dev"', "mode"),
        ("    variables:", "    varibles:", 'unknown key "varibles" in target "dev"', "variables"),
        ("name_prefix", "nam_prefix", 'unknown key "nam_prefix" in presets of target "dev"', "name_prefix"),
        ("description", "descripton", 'unknown key "descripton" in variable "catalog"', "description"),
    ],
)
def test_a_misspelt_key_is_an_error(tmp_path: Path, right: str, wrong: str, message: str, hint: str) -> None:
    with pytest.raises(LdpError, match=message) as caught:
        load_project(bundle(tmp_path, BUNDLE.replace(right, wrong)))
    assert (caught.value.code, caught.value.hint) == ("LDP-1004", f'did you mean "{hint}"?')


def test_the_bundle_as_it_should_be(tmp_path: Path) -> None:
    settings = choose_pipeline(load_project(bundle(tmp_path)), None)
    assert (settings.catalog, dict(settings.parameters)) == ("devcat", {"day": "1"})


def test_a_value_given_for_one_command_goes_to_the_parameter_of_that_name(tmp_path: Path) -> None:
    project = load_project(bundle(tmp_path), settings={"day": "9", "other": "8", "new": "7"})
    settings = choose_pipeline(project, None)
    assert dict(settings.parameters) == {"day": "9"}
    assert dict(settings.configuration) == {"day": "2", "other": "8", "new": "7"}
    assert (settings.origins["parameters.day"], settings.origins["configuration.new"]) == ("--set", "--set")
