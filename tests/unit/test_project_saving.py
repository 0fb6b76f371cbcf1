"""Saving settings: into the project's own file, which stays as its owner wrote it."""

import json

import pytest

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.project import choose_pipeline, load_project, save_settings

BUNDLE = """\
# The shop
bundle:
  name: shop

targets:
  dev:
    mode: development
    default: true
    resources:
      pipelines:
        shop:
          catalog: dev_catalog

resources:
  pipelines:
    shop:
      target: old_schema  # legacy word
      libraries:
        - glob:
            include: "transformations/**"
      configuration:
        rate: 1.10
"""


def save(root, **changes):
    project = load_project(root)
    return save_settings(project, choose_pipeline(project, None), {k.replace("__", "."): v for k, v in changes.items()})


def reload(root):
    return choose_pipeline(load_project(root), None)


def test_bundle_keeps_comments_and_order(tmp_path):
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    assert save(tmp_path, schema="gold", continuous="true", configuration__path="/x") == tmp_path / "databricks.yml"
    settings = reload(tmp_path)
    assert (settings.schema, settings.continuous) == ("gold", True)
    assert settings.configuration == {"rate": "1.10", "path": "/x"}
    text = (tmp_path / "databricks.yml").read_text()
    expected = BUNDLE.replace("old_schema ", "gold ").replace("rate: 1.10\n", "rate: 1.10\n        path: /x\n")
    assert [line.split("#")[0].rstrip() for line in text.splitlines() if "continuous" not in line] == [
        line.split("#")[0].rstrip() for line in expected.splitlines()
    ]
    assert "# The shop" in text
    assert "# legacy word" in text


def test_what_a_target_sets_is_refused(tmp_path):
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    for key, line in (("catalog", 12), ("development", 7)):
        with pytest.raises(UsageProblem) as caught:
            save(tmp_path, **{key: "true"})
        assert (caught.value.code, caught.value.location.line) == ("LDP-1001", line)
    assert (tmp_path / "databricks.yml").read_text() == BUNDLE


def test_unknown_key_and_wrong_value(tmp_path):
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    with pytest.raises(UsageProblem, match="LDP-1004"):
        save(tmp_path, shema="x")
    with pytest.raises(UsageProblem, match="true or false"):
        save(tmp_path, continuous="perhaps")
    with pytest.raises(UsageProblem, match="unknown variable"):
        save(tmp_path, schema="${var.nothing}")
    assert (tmp_path / "databricks.yml").read_text() == BUNDLE


def test_other_files(tmp_path):
    spark = tmp_path / "spark"
    spark.mkdir()
    (spark / "spark-pipeline.yml").write_text("name: x  # mine\ndatabase: a\n")
    save(spark, schema="b", configuration__k="v")
    assert (spark / "spark-pipeline.yml").read_text() == "name: x  # mine\ndatabase: b\nconfiguration:\n  k: v\n"
    platform = tmp_path / "platform"
    platform.mkdir()
    (platform / "x.pipeline.json").write_text(json.dumps({"name": "x", "catalog": "c", "photon": True}))
    save(platform, catalog="d")
    assert json.loads((platform / "x.pipeline.json").read_text()) == {"name": "x", "catalog": "d", "photon": True}


def test_plain_project_gets_a_file(tmp_path):
    before = reload(tmp_path)
    save(tmp_path, schema="gold", configuration__k="v")
    after = reload(tmp_path)
    assert load_project(tmp_path).kind == "bundle"
    assert (after.name, after.schema, after.catalog, after.configuration) == (before.name, "gold", "main", {"k": "v"})
