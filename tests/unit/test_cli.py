"""The command line: exit statuses, JSON alone on stdout, did-you-mean. What needs no Spark."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ldp_jupyter import Pipeline, __version__
from ldp_jupyter.cli import ldp, main
from ldp_jupyter.cli.look import _without_rows
from ldp_jupyter.sources import remove_finder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Make = Callable[[Mapping[str, str]], Path]

GOOD = {
    "transformations/a.py": """
        print("loading a.py")
        import dlt

        @dlt.table(comment="all orders")
        @dlt.expect_or_drop("positive", "quantity > 0")
        def orders():
            raise AssertionError("nobody may evaluate this")
        """,
    "transformations/b.sql": "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM orders;",
}
BAD = {"transformations/a.py": "import dlt\ndlt.append_flow(target='nothing')(dict)\nx = (\n"}

BUNDLE = "bundle: {name: b}\nresources: {pipelines: {shop: {name: shop, catalog: prod, libraries: [{glob: {include: transformations/**}}]}}}\n"


class Ldp:
    """Runs the program in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""
        self.status: Any = None

    def __call__(self, *words: str) -> Ldp:
        stdout = sys.stdout
        try:
            main(list(words))
            self.status = 0
        except SystemExit as left:
            self.status = left.code
        assert sys.stdout is stdout
        self.out, self.err = self._capsys.readouterr()
        return self

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ldp]:
    monkeypatch.chdir(tmp_path)
    yield Ldp(capsys)
    remove_finder()


def test_ls_lists_what_is_declared_and_evaluates_nothing(run: Ldp, make_project: Make) -> None:
    make_project(GOOD)
    listed = run("ls", "--format", "json")
    assert listed.status == 0
    assert list(listed.json) == ["pipeline", "ok", "datasets", "flows", "sinks", "errors", "warnings", "not_checked"]
    assert (listed.json["ok"], listed.json["errors"]) == (True, [])
    orders, totals = listed.json["datasets"]
    assert orders == {
        "name": "orders", "full_name": "main.default.orders", "kind": "table", "inputs": None, "external_inputs": [],
        "expectations": [{"name": "positive", "condition": "quantity > 0", "action": "drop"}], "comment": "all orders",
        "file": "transformations/a.py", "line": 4, "cell": None,
    }  # fmt: skip
    assert (totals["kind"], totals["line"]) == ("materialized_view", 1)


def test_json_stands_alone_on_stdout_and_what_source_prints_goes_to_stderr(run: Ldp, make_project: Make) -> None:
    make_project(GOOD)
    listed = run("ls", "--format", "json")
    assert listed.json["pipeline"]
    assert listed.err == "loading a.py\n"


def test_ls_of_an_invalid_pipeline_lists_and_ends_with_1(run: Ldp, make_project: Make) -> None:
    make_project(BAD)
    listed = run("ls", "--format", "json")
    assert listed.status == 1
    assert listed.json["ok"] is False
    (error,) = listed.json["errors"]
    assert (error["code"], error["file"], error["line"]) == ("LDP-2001", "transformations/a.py", 3)
    assert {"code", "message", "hint", "dataset", "file", "line"} <= set(error)
    text = run("ls")
    assert (text.status, "LDP-2001" in text.out) == (1, True)


def test_ls_as_text(run: Ldp, make_project: Make) -> None:
    make_project(GOOD)
    listed = run("ls")
    assert listed.status == 0
    assert "orders" in listed.out
    assert "totals" in listed.out


def test_ls_of_files_gives_one_object_for_each_read_on_its_own(run: Ldp, make_project: Make) -> None:
    make_project(
        {
            **GOOD,
            "other/c.py": "import helper_of_cli_test\nimport dlt\ndlt.append_flow(target='orders', name='f')(dict)\ndlt.table(dict, name=helper_of_cli_test.NAME)\n",
            "other/helper_of_cli_test.py": "NAME = 'from_helper'",
            "other/broken.sql": "CREATE MATERIALIZED",
        }
    )
    listed = run("ls", "transformations/a.py", "other/c.py", "other/broken.sql", "--format", "json")
    first, second, third = listed.json
    assert [o["file"] for o in listed.json] == ["transformations/a.py", "other/c.py", "other/broken.sql"]
    assert [d["name"] for d in first["datasets"]] == ["orders"]
    assert ([d["name"] for d in second["datasets"]], second["errors"]) == (["from_helper"], [])
    assert "columns" not in second["datasets"][0]
    assert [e["code"] for e in third["errors"]] == ["LDP-2001"]
    assert (listed.status, run("ls", "transformations/a.py", "other/c.py").status) == (1, 0)
    text = run("ls", "transformations/a.py", "other/broken.sql").out.splitlines()
    assert text[0] == "transformations/a.py: orders (table)"
    assert text[1] == "other/broken.sql: nothing"
    assert text[2].startswith("  LDP-2001 ")


def test_ls_warns_of_what_is_not_here_and_lists_all_the_same(run: Ldp, make_project: Make) -> None:
    make_project({"transformations/a.py": "import dlt\nimport no_such_library\n@dlt.table\ndef t(): ...\n"})
    for arguments in (("ls",), ("ls", "transformations/a.py")):
        listed = run(*arguments, "--format", "json")
        answer = listed.json[0] if len(arguments) > 1 else listed.json
        assert ([d["name"] for d in answer["datasets"]], answer["errors"], listed.status) == (["t"], [], 0)
        assert answer["warnings"] == [
            "LDP-2002 ModuleNotFoundError: No module named 'no_such_library' at transformations/a.py:2"
        ]
        assert "no_such_library" in run(*arguments).out


def test_ls_lists_no_view_that_nobody_declared(run: Ldp, make_project: Make) -> None:
    text = (
        "CREATE STREAMING TABLE t;\nCREATE FLOW f AS AUTO CDC INTO t FROM (SELECT * FROM STREAM s) KEYS (id) SEQUENCE BY at;\n"
    )
    make_project({"transformations/a.sql": text})
    assert [d["name"] for d in run("ls", "--format", "json").json["datasets"]] == ["t"]


def test_ls_of_a_file_that_is_not_there(run: Ldp, make_project: Make) -> None:
    make_project(GOOD)
    listed = run("ls", "no.py", "--format", "json")
    assert (listed.status, listed.out) == (2, "")
    assert listed.err == "LDP-1001 no such file: no.py\n"


def test_a_project_from_elsewhere(run: Ldp, make_project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_project(GOOD)
    monkeypatch.chdir("/")
    assert [d["name"] for d in run("ls", "--project", str(root), "--format", "json").json["datasets"]] == [
        "orders",
        "totals",
    ]
    monkeypatch.chdir(root / "transformations")
    make_project({"databricks.yml": BUNDLE})
    assert [d["name"] for d in run("ls", "--format", "json").json["datasets"]] == ["orders", "totals"]


def test_configuration_for_one_command(run: Ldp, make_project: Make) -> None:
    make_project(
        {
            "transformations/a.py": "import dlt\ndlt.table(dict, name=spark.conf.get('name'), comment=spark.conf.get('b'))\n"
        }
    )
    assert run("ls", "--format", "json").status == 1
    listed = run("ls", "--set", "name=orders", "--set", "b=x=y", "--format", "json")
    assert [(d["name"], d["comment"]) for d in listed.json["datasets"]] == [("orders", "x=y")]


def test_status_without_a_command(run: Ldp, make_project: Make) -> None:
    root = make_project(GOOD)
    assert run().status == 0
    assert run.out.startswith(f"{root.name} · local .ldp\nNo update yet.")
    told = {"pipeline": root.name, "where": "local .ldp", "running": None, "last_update": None}
    assert run("status", "--format", "json").json == told


def test_what_there_is_before_the_first_update(run: Ldp, make_project: Make) -> None:
    make_project(GOOD)
    assert run("events", "--format", "json").json == []
    assert run("expectations", "--format", "json").json == []
    assert "No update yet" in run("expectations").out


def test_why_a_declared_dataset_cannot_be_shown(make_project: Make) -> None:
    pipeline = Pipeline(make_project({**GOOD, "transformations/c.sql": "CREATE TEMPORARY VIEW some AS SELECT * FROM orders;"}))

    def told(name: str) -> str | None:
        problem = _without_rows(pipeline, pipeline.namespace.qualify(name))
        return problem and problem.message

    assert told("some") == '"some" is a temporary view, which keeps no rows'
    assert told("orders") == '"orders" has no rows yet'
    assert told("nothing") is None
    Path(pipeline.layout.table(pipeline.namespace.qualify("orders"))).mkdir(parents=True)
    assert told("orders") is None


def test_settings_with_their_origins(run: Ldp, make_project: Make) -> None:
    make_project({**GOOD, "databricks.yml": BUNDLE})
    rows = {row["key"]: row for row in run("config", "--format", "json").json}
    assert rows["catalog"]["value"] == "prod"
    assert "databricks.yml" in rows["catalog"]["origin"]
    assert "catalog" in run("config").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lss"], 'LDP-1001 unknown command "lss"\n  did you mean "ls"?'),
        (["dryrun"], 'did you mean "dry-run"?'),
        (["xyzzy"], "commands: "),
        (["help", "dryrun"], 'did you mean "dry-run"?'),
        (["ls", "--fromat", "json"], "--format"),
        (["ls", "--format", "yaml"], "'yaml' is not one of 'text', 'json'"),
        (["run", "--refesh", "a"], "--refresh"),
        (["ls", "--set", "x"], "LDP-1001 --set wants key=value, got 'x'"),
        (["ls", "--var", "=x"], "LDP-1001 --var wants key=value, got '=x'"),
        (["ls", "--project", "no/such"], "'no/such' does not exist"),
        (["ls", "--pipeline", "nothing"], "LDP-1006"),
        (["ls", "--target", "nothing"], "LDP-1006"),
        (["query"], "Missing argument 'SQL'"),
        (["config", "catalog=x"], "use %ldp config there"),
        (["cells", "save"], "%ldp cells save"),
        (["init"], "Missing argument 'DIRECTORY'"),
    ],
)
def test_a_wrong_command_ends_with_2_and_says_what_would_be_right(
    run: Ldp, make_project: Make, words: list[str], said: str
) -> None:
    make_project(GOOD)
    run(*words)
    assert (run.status, run.out) == (2, "")
    assert said in run.err
    assert "Traceback" not in run.err


def test_settings_that_cannot_be_read_end_with_2(run: Ldp, make_project: Make) -> None:
    make_project({"databricks.yml": "bundle: ["})
    run("ls", "--format", "json")
    assert (run.status, run.out) == (2, "")
    assert run.err.startswith("LDP-1003 databricks.yml")


def test_help_and_version_go_to_stdout(run: Ldp) -> None:
    assert run("--version").status == 0
    assert __version__ in run.out
    for words in (["--help"], ["-h"], ["help"]):
        assert run(*words).status == 0
        assert "dry-run" in run.out
        assert run.err == ""
    for words in (["run", "--help"], ["help", "run"]):
        assert run(*words).status == 0
        assert "--full-refresh" in run.out
        assert run.err == ""


def test_every_command_has_help_and_the_common_options_where_it_reads_a_project(run: Ldp) -> None:
    for name, command in ldp.commands.items():
        assert command.get_short_help_str(200), name
        options = {option for p in command.params for option in p.opts}
        if name not in ("init", "doctor", "help", "stop"):
            assert {"--project", "--pipeline", "--target", "--set", "--var"} <= options, name
        assert all(getattr(p, "help", "") or p.param_type_name == "argument" for p in command.params), name


def test_an_interrupt_ends_with_130(run: Ldp, make_project: Make) -> None:
    make_project({"transformations/a.py": "raise KeyboardInterrupt\n"})
    run("ls")
    assert (run.status, run.out, run.err) == (130, "", "\ninterrupted\n")


def test_a_new_project(run: Ldp, tmp_path: Path) -> None:
    assert run("init", "shop").status == 0
    assert run.out.startswith("Made shop with ")
    assert run("ls", "--project", "shop", "--format", "json").status == 0
    assert run.json["datasets"]
