"""Loading projects: bundles, Spark's specs, settings files, plain folders."""

import json
import textwrap

import pytest

from ldp_jupyter.errors import UsageProblem
from ldp_jupyter.project import (
    SettingsProblems,
    bundle_resources,
    choose_pipeline,
    dump_settings,
    find_project,
    load_project,
)


@pytest.fixture
def project(tmp_path):
    """Writes files into a folder: a dict of path and text."""

    def write(files):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(text))
        return tmp_path

    return write


BUNDLE = """\
    bundle:
      name: shop
    include:
      - resources/*.yml
    variables:
      catalog:
        default: main_dev
      path:
        description: where data is
        default: ${workspace.file_path}/data
      owner: {}
    targets:
      dev:
        mode: development
        default: true
      prod:
        mode: production
        variables:
          catalog: main_prod
        resources:
          pipelines:
            shop:
              continuous: true
              configuration:
                level: high
    """

PIPELINE = """\
    resources:
      pipelines:
        shop:
          name: shop_pipeline
          catalog: ${var.catalog}
          target: sales_${bundle.target}
          root_path: ../src
          libraries:
            - glob:
                include: ../src/transformations/**
          configuration:
            path: ${var.path}
            rate: 1.10
            level: low
            strict: true
          event_log:
            name: shop_log
          photon: true
          clusters:
            - label: default
      jobs:
        nightly:
          tasks:
            - task_key: run
              pipeline_task:
                pipeline_id: ${resources.pipelines.shop.id}
              retry: "{{job.id}} of ${bundle.name}"
    """


def test_bundle_default_target(project):
    root = project({"databricks.yml": BUNDLE, "resources/shop.pipeline.yml": PIPELINE})
    loaded = load_project(root)
    shop = choose_pipeline(loaded, None)
    assert (loaded.kind, loaded.target, loaded.storage) == ("bundle", "dev", str(root / ".ldp"))
    assert (shop.key, shop.name, shop.catalog, shop.schema) == ("shop", "shop_pipeline", "main_dev", "sales_dev")
    assert shop.configuration == {"path": f"{root}/data", "rate": "1.10", "level": "low", "strict": "true"}
    assert shop.root == root / "src"
    assert (shop.libraries[0].base / shop.libraries[0].pattern).resolve() == root / "src" / "transformations" / "**"
    assert (shop.event_log.catalog, shop.event_log.schema, shop.event_log.name) == ("main_dev", "sales_dev", "shop_log")
    assert shop.development
    assert not shop.continuous
    assert shop.kept == {"photon": True, "clusters": [{"label": "default"}]}
    assert shop.origins["catalog"] == "resources/shop.pipeline.yml:5"
    assert shop.origins["configuration.rate"] == "resources/shop.pipeline.yml:13"
    assert loaded.variables == {"catalog": "main_dev", "path": f"{root}/data"}


def test_bundle_other_target_has_its_own_state_and_overrides(project):
    root = project({"databricks.yml": BUNDLE, "resources/shop.pipeline.yml": PIPELINE})
    loaded = load_project(root, target="prod")
    shop = choose_pipeline(loaded, "shop_pipeline")
    assert loaded.storage == str(root / ".ldp" / "targets" / "prod")
    assert (shop.catalog, shop.schema, shop.continuous, shop.development) == ("main_prod", "sales_prod", True, False)
    assert shop.configuration["level"] == "high"
    assert shop.configuration["rate"] == "1.10"
    assert shop.origins["configuration.level"] == "databricks.yml:25"
    assert shop.origins["development"] == "databricks.yml:17"


def test_command_line_wins(project, monkeypatch):
    root = project({"databricks.yml": BUNDLE, "resources/shop.pipeline.yml": PIPELINE})
    monkeypatch.setenv("BUNDLE_VAR_catalog", "from_environment")
    assert choose_pipeline(load_project(root, target="prod"), None).catalog == "from_environment"
    loaded = load_project(root, variables={"catalog": "mine"}, settings={"level": "top", "new": "1"})
    shop = choose_pipeline(loaded, None)
    assert shop.catalog == "mine"
    assert (shop.configuration["level"], shop.configuration["new"]) == ("top", "1")
    assert shop.origins["configuration.level"] == "--set"
    assert loaded.variable_origins["catalog"] == "--var"


def test_kernel_settings(project):
    root = project({"databricks.yml": BUNDLE, "resources/shop.pipeline.yml": PIPELINE})
    changed = load_project(
        root, overrides={"schema": "mine", "storage": "state", "continuous": "true", "configuration.level": "x"}
    )
    shop = choose_pipeline(changed, None)
    assert (shop.schema, shop.event_log.schema, shop.continuous) == ("mine", "mine", True)
    assert changed.storage == str(root / "state")
    assert shop.configuration["level"] == "x"
    assert load_project(root, overrides={"storage": "s3a://bucket/state"}).storage == "s3a://bucket/state"
    with pytest.raises(UsageProblem) as caught:
        load_project(root, overrides={"catalogue": "x"})
    assert (caught.value.code, caught.value.hint) == ("LDP-1004", 'did you mean "catalog"?')


def test_jobs_refer_to_pipelines(project):
    root = project({"databricks.yml": BUNDLE, "resources/shop.pipeline.yml": PIPELINE})
    loaded = load_project(root)
    task = bundle_resources(loaded, "jobs")["nightly"].plain()["tasks"][0]
    assert (
        task["pipeline_task"]["pipeline_id"] == loaded.pipelines["shop"].id == load_project(root).pipelines["shop"].id
    )
    assert task["retry"] == "{{job.id}} of shop"
    assert load_project(root, target="prod").pipelines["shop"].id != loaded.pipelines["shop"].id


def test_unknown_keys_all_at_once_with_places(project):
    root = project(
        {
            "databricks.yml": """\
            resources:
              pipelines:
                a:
                  catalogue: main
                  libraries:
                    - globs: {include: x}
                  event_log: {nme: log}
                b:
                  contnuous: true
            """,
        }
    )
    with pytest.raises(SettingsProblems) as caught:
        load_project(root)
    unknown = [p for p in caught.value.problems if p.code == "LDP-1004"]
    assert [(str(p.location), p.hint) for p in unknown] == [
        ("databricks.yml:4:7", 'did you mean "catalog"?'),
        ("databricks.yml:6:11", 'did you mean "glob"?'),
        ("databricks.yml:7:19", 'did you mean "name"?'),
        ("databricks.yml:9:7", 'did you mean "continuous"?'),
    ]
    assert caught.value.exit_status == 2
    assert str(caught.value).count("LDP-1004") == 4
    assert "catalogue: main" in str(caught.value)


ALL_KEYS = """\
    id, name, catalog, schema, storage, configuration, parameters, libraries, root_path, continuous, trigger, development,
    edition, channel, photon, serverless, clusters, environment, event_log, notifications, filters, restart_window,
    deployment, run_as, tags, budget_policy_id, usage_policy_id, parent_path, gateway_definition, ingestion_definition,
    dry_run, expected_last_modified, allow_duplicate_names, permissions, lifecycle, cascade_on_destroy
    """


def test_every_key_of_the_platform_is_known(project):
    values = {key.strip(): None for key in ALL_KEYS.replace("\n", "").split(",")}
    root = project({"all.pipeline.json": json.dumps(values)})
    assert choose_pipeline(load_project(root), None).name == "all"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("bundle: [1\nname: 2\n", "databricks.yml:2:5"),
        ("bundle:\n\tname: x\n", "databricks.yml:2:1"),
        ("bundle: {name: x}\nbundle: {name: y}\n", "databricks.yml:2:1"),
        ("- 1\n", "databricks.yml:1:1"),
    ],
)
def test_bad_yaml(project, text, place):
    root = project({"databricks.yml": ""})
    (root / "databricks.yml").write_text(text)
    with pytest.raises(UsageProblem) as caught:
        load_project(root)
    assert (caught.value.code, str(caught.value.location)) == ("LDP-1003", place)


def test_wrong_types(project):
    root = project(
        {
            "databricks.yml": """\
            resources:
              pipelines:
                a:
                  continuous: perhaps
                  configuration: [x]
                  libraries:
                    - file: {path: folder}
                    - notebook:
                  notifications:
                    - alerts: [on-update-failed]
            """,
        }
    )
    with pytest.raises(SettingsProblems) as caught:
        load_project(root)
    assert [(p.code, p.location.line) for p in caught.value.problems] == [
        ("LDP-1003", line) for line in (4, 5, 7, 8, 10)
    ]


def test_references_to_nothing(project):
    root = project(
        {
            "databricks.yml": """\
            variables:
              catalog: {default: x}
              empty: {}
            resources:
              pipelines:
                a:
                  catalog: ${var.catalogue}
                  schema: ${var.empty}
                  name: ${bundle.nme}
                  configuration:
                    sql: ${dataset_path}
                    secret: "{{secrets/scope/key}}"
            """,
        }
    )
    with pytest.raises(SettingsProblems) as caught:
        load_project(root)
    found = [(p.code, p.location.line, p.hint) for p in caught.value.problems]
    assert [f[:2] for f in found] == [("LDP-1006", 7), ("LDP-1006", 8), ("LDP-1006", 9)]
    assert found[0][2] == 'did you mean "catalog"?'
    assert "--var empty" in found[1][2]
    assert found[2][2] == 'did you mean "name"?'


def test_other_dollar_braces_stay(project):
    root = project({"databricks.yml": "resources: {pipelines: {a: {configuration: {x: '${dataset_path}/y'}}}}\n"})
    assert choose_pipeline(load_project(root), None).configuration == {"x": "${dataset_path}/y"}


def test_circle_of_variables(project):
    root = project(
        {
            "databricks.yml": """\
            variables:
              a: {default: "${var.b}"}
              b: {default: "x${var.a}"}
            """,
        }
    )
    with pytest.raises(UsageProblem) as caught:
        load_project(root)
    assert "var.b -> var.a -> var.b" in str(caught.value)


def test_a_reference_within_a_reference(project):
    root = project(
        {
            "databricks.yml": """\
            bundle: {name: shop}
            variables:
              dev_schema: {default: trial}
              dev_continuous: {type: bool, default: true}
            targets:
              dev: {default: true}
            resources:
              pipelines:
                p:
                  schema: ${var.${bundle.target}_schema}_1
                  continuous: ${var.${bundle.target}_continuous}
                  configuration: {other: "${var.${bundle.target}"}
            """,
        }
    )
    pipeline = load_project(root).pipelines["p"]
    assert (pipeline.schema, pipeline.continuous) == ("trial_1", True)
    assert pipeline.configuration == {"other": "${var.dev"}


def test_complex_variable_and_anchors(project):
    root = project(
        {
            "databricks.yml": """\
            variables:
              conf:
                type: complex
                default: {a: "1", deep: {b: "2"}}
            x: &shared
              schema: gold
              continuous: true
            resources:
              pipelines:
                p:
                  <<: *shared
                  continuous: false
                  configuration: ${var.conf}
                q:
                  configuration: {only: "v${var.conf.deep.b}"}
            """,
        }
    )
    with pytest.raises(UsageProblem) as caught:  # a mapping is no value of a configuration
        load_project(root)
    assert "deep" in caught.value.message
    (root / "databricks.yml").write_text((root / "databricks.yml").read_text().replace(', deep: {b: "2"}', ""))
    with pytest.raises(UsageProblem, match=r"var.conf.deep.b"):
        load_project(root)
    (root / "databricks.yml").write_text((root / "databricks.yml").read_text().replace("conf.deep.b", "conf.a"))
    loaded = load_project(root)
    assert loaded.pipelines["p"].configuration == {"a": "1"}
    assert (loaded.pipelines["p"].schema, loaded.pipelines["p"].continuous) == ("gold", False)
    assert loaded.pipelines["q"].configuration == {"only": "v1"}
    assert any("unknown key" in str(note) and '"x"' in str(note) for note in loaded.notes)


def test_targets(project):
    root = project({"databricks.yml": "targets: {dev: {}, prod: {}}\n"})
    with pytest.raises(UsageProblem, match="no target is the default"):
        load_project(root)
    with pytest.raises(UsageProblem) as caught:
        load_project(root, target="prd")
    assert (caught.value.code, caught.value.hint) == ("LDP-1006", 'did you mean "prod"?')
    assert load_project(root, target="dev").storage == str(root / ".ldp" / "targets" / "dev")
    root = project({"databricks.yml": "targets: {dev: {mode: developmet}}\n"})
    with pytest.raises(UsageProblem, match="developmet"):
        load_project(root)


def test_choosing_among_pipelines(project):
    root = project({"databricks.yml": "resources: {pipelines: {one: {name: first}, two: {}}}\n"})
    loaded = load_project(root)
    with pytest.raises(UsageProblem) as caught:
        choose_pipeline(loaded, None)
    assert caught.value.code == "LDP-1005"
    assert "one, two" in caught.value.message
    assert choose_pipeline(loaded, "first").key == "one"
    assert choose_pipeline(loaded, "two").name == "two"
    with pytest.raises(UsageProblem) as caught:
        choose_pipeline(loaded, "frst")
    assert (caught.value.code, caught.value.hint) == ("LDP-1006", 'did you mean "first"?')


def test_same_resource_twice_and_missing_include(project):
    root = project(
        {
            "databricks.yml": "include: [b.yml, c.yml]\nresources: {pipelines: {a: {}}}\n",
            "b.yml": "resources:\n  pipelines:\n    a: {}\n",
        }
    )
    with pytest.raises(SettingsProblems) as caught:
        load_project(root)
    assert [str(p.location) for p in caught.value.problems] == ["b.yml:3:5", "databricks.yml:1:18"]


def test_spark_pipeline(project):
    root = project(
        {
            "spark-pipeline.yml": """\
            name: spark_shop
            storage: file:///data/state
            catalog: spark_catalog
            database: sales
            configuration:
              spark.sql.shuffle.partitions: 4
            libraries:
              - glob:
                  include: transformations/**
            """,
        }
    )
    loaded = load_project(root)
    shop = choose_pipeline(loaded, None)
    assert (loaded.kind, loaded.storage, loaded.target) == ("spark-pipeline", "/data/state", None)
    assert (shop.name, shop.catalog, shop.schema) == ("spark_shop", "spark_catalog", "sales")
    assert shop.configuration == {"spark.sql.shuffle.partitions": "4"}


def test_spark_pipeline_knows_few_keys(project):
    root = project({"spark-pipeline.yml": "name: x\nphoton: true\ndatbase: y\nschema: a\ndatabase: b\n"})
    with pytest.raises(SettingsProblems) as caught:
        load_project(root)
    assert [(p.code, p.location.line) for p in caught.value.problems] == [
        ("LDP-1004", 2),
        ("LDP-1004", 3),
        ("LDP-1003", 5),
    ]


def test_settings_json_of_another_workspace(project):
    settings = {
        "pipeline_id": "1-2-3",
        "spec": {
            "name": "shop",
            "catalog": "main",
            "schema": "sales",
            "root_path": "/Workspace/Users/ana@example.com/shop",
            "libraries": [{"glob": {"include": "/Workspace/Users/ana@example.com/shop/transformations/**"}}],
            "configuration": {"path": "/Volumes/x"},
        },
    }
    root = project({"shop.pipeline.json": json.dumps(settings, indent="\t"), "transformations/a.sql": "SELECT 1"})
    loaded = load_project(root)
    shop = choose_pipeline(loaded, "shop")
    assert (loaded.kind, shop.root, shop.schema) == ("settings", root, "sales")
    assert shop.libraries[0].base / shop.libraries[0].pattern == root / "transformations/**"
    assert shop.origins["schema"] == "shop.pipeline.json:6"


def test_bad_json(project):
    root = project({"a.pipeline.json": '{\n  "name": "x",\n}\n'})
    with pytest.raises(UsageProblem) as caught:
        load_project(root)
    assert (caught.value.code, str(caught.value.location)) == ("LDP-1003", "a.pipeline.json:3:1")


def test_nothing_there(tmp_path):
    root = tmp_path / "my shop"
    root.mkdir()
    loaded = load_project(root)
    shop = choose_pipeline(loaded, None)
    assert (loaded.kind, loaded.root, loaded.file, loaded.target) == ("plain", root, None, None)
    assert (shop.name, shop.catalog, shop.schema) == ("my shop", "main", "default")
    assert [library.pattern for library in shop.libraries] == ["transformations/**"]
    with pytest.raises(UsageProblem, match="unknown target"):
        load_project(root, target="prod")
    with pytest.raises(UsageProblem, match="unknown variable"):
        load_project(root, variables={"x": "y"})


def test_listing(project):
    root = project({"databricks.yml": BUNDLE, "resources/shop.pipeline.yml": PIPELINE})
    loaded = load_project(root, settings={"level": "top"})
    rows = {row.key: row for row in dump_settings(loaded, choose_pipeline(loaded, None))}
    assert rows["target"].value == "dev"
    assert rows["configuration.level"][1:] == ("top", "--set")
    assert rows["catalog"][1:] == ("main_dev", "resources/shop.pipeline.yml:5")
    assert rows["photon"][1:] == ("true", "resources/shop.pipeline.yml:18, no effect here")
    assert rows["var.path"].origin == "databricks.yml:10"
    assert rows["continuous"][1:] == ("false", "default")


class TestFind:
    def test_upward(self, project):
        root = project({"databricks.yml": "", "a/b/c.txt": ""})
        assert find_project(root / "a" / "b") == root
        assert find_project(root / "a" / "b" / "c.txt") == root

    def test_folders_mark_a_project(self, project):
        root = project({"x/transformations/a.sql": "", "y/.ldp/x": "", "z/w/x": ""})
        assert find_project(root / "x" / "transformations") == root / "x"
        assert find_project(root / "y") == root / "y"
        assert find_project(root / "z" / "w") == root / "z" / "w"

    def test_nested_project_is_its_own(self, project):
        root = project({"databricks.yml": "resources: {pipelines: {a: {}}}", "other/transformations/a.sql": ""})
        assert find_project(root / "other") == root / "other"

    def test_folder_of_a_bundles_pipeline_belongs_to_the_bundle(self, project):
        files = {"databricks.yml": BUNDLE, "resources/shop.pipeline.yml": PIPELINE, "src/transformations/a.sql": ""}
        root = project(files)
        assert find_project(root / "src") == root

    def test_common_name_of_another_tool(self, project):
        root = project({"pipeline.json": '{"steps": []}'})
        assert load_project(root).kind == "plain"
