"""Secrets kept out of what is logged, saved and shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ldp_jupyter import redaction
from ldp_jupyter.dbutils import DbUtils
from ldp_jupyter.errors import LdpError
from ldp_jupyter.events import Event, EventBus
from ldp_jupyter.pipeline import Pipeline
from ldp_jupyter.project import dump_settings
from ldp_jupyter.redaction import HIDDEN, hidden, is_secret, remember, remember_settings, scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test remembers is forgotten after it."""
    monkeypatch.setattr(redaction, "_known", set())
    monkeypatch.setattr(redaction, "_pattern", None)


@pytest.mark.parametrize("name", [
    "password", "db.passwd", "jdbcPassword", "client_secret", "fs.azure.account.key.acme.dfs.core.windows.net", "api_key",
    "accessKey", "fs.s3a.access.key", "APIKEY", "key", "sas-token", "kafka.sasl.jaas.config", "credentials", "SECRET_SCOPE",
])  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", [
    "dataset_path", "primary_key", "join.key", "partitionKey", "keys", "keyspace", "monkey", "spark.sql.ansi.enabled",
    "pipelines.trigger.interval", "",
])  # fmt: skip
def test_names_of_other_settings(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(("name", "value", "shown"), [
    ("password", "hunter22", HIDDEN),
    ("password", "", ""),
    ("password", "{{secrets/kv/db}}", "{{secrets/kv/db}}"),
    ("url", "jdbc:postgresql://ann:hunter22@host/db", f"jdbc:postgresql://ann:{HIDDEN}@host/db"),
    ("url", "jdbc:x://host;user=ann;password=hunter22;ssl=true", f"jdbc:x://host;user=ann;password={HIDDEN};ssl=true"),
    ("conn", "AccountName=a;AccountKey=aGk=;x=1", f"AccountName=a;AccountKey={HIDDEN};x=1"),
    ("path", "s3://bucket/a@b/c", "s3://bucket/a@b/c"),
    ("clusters", [{"spark_conf": {"api.key": "k", "a": "b"}, "n": 2}], [{"spark_conf": {"api.key": HIDDEN, "a": "b"}, "n": 2}]),
    ("token", 5, HIDDEN),
    ("token", True, True),
])  # fmt: skip
def test_values_as_they_are_shown(name: str, value: object, shown: object) -> None:
    assert hidden(name, value) == shown


def test_a_secret_that_was_read_is_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LDP_SECRET_KV_DB", 'hun"ter<22')
    assert scrub('hun"ter<22') == 'hun"ter<22'
    assert DbUtils().secrets.get("kv", "db") == 'hun"ter<22'
    assert scrub('with hun"ter<22 in it') == f"with {HIDDEN} in it"
    assert scrub(json.dumps({"a": 'hun"ter<22'})) == f'{{"a": "{HIDDEN}"}}'
    assert scrub("<p>hun&quot;ter&lt;22</p>") == f"<p>{HIDDEN}</p>"
    problem = LdpError("LDP-3001", 'no login with hun"ter<22', hint='hun"ter<22', detail='hun"ter<22')
    assert (problem.message, str(problem.args[0]), problem.hint, problem.detail) == (
        f"no login with {HIDDEN}", f"no login with {HIDDEN}", HIDDEN, HIDDEN)  # fmt: skip
    assert 'hun"ter' not in str(problem) + json.dumps(problem.to_json())


def test_short_values_stay_since_they_are_words() -> None:
    remember("main")
    assert scrub("main.default.t") == "main.default.t"


def test_settings_that_are_nothing_but_secrets_are_remembered() -> None:
    remember_settings({"db_password": "hunter22", "my.api_key": "abcdefgh", "secret_scope": "kv-prod", "api_token": "{{secrets/kv/token}}"})
    assert scrub("hunter22 abcdefgh kv-prod {{secrets/kv/token}}") == f"{HIDDEN} {HIDDEN} kv-prod {{{{secrets/kv/token}}}}"


def test_events_are_stored_and_heard_without_secrets() -> None:
    remember("hunter22")
    stored: list[Event] = []
    heard: list[Event] = []
    bus = EventBus()
    bus.journal(lambda event: stored.append(event) or event)
    bus.subscribe(heard.append)
    bus.emit(Event("sink_definition", "to hunter22", {"sink_name": "s"}, {"sink_definition": {"options": ["hunter22", 3]}},
                   error={"fatal": True, "exceptions": [{"message": "hunter22"}]}))  # fmt: skip
    bus.drain()
    assert stored == heard
    assert "hunter22" not in stored[0].to_line()
    assert stored[0].details == {"sink_definition": {"options": [HIDDEN, 3]}}


def test_config_shows_no_secret(make_project: Callable[[Mapping[str, str]], Path]) -> None:
    root = make_project({"databricks.yml": """
        bundle: {name: shop}
        variables: {db_password: {default: hunter22}}
        resources:
          pipelines:
            shop:
              name: shop
              configuration: {url: "jdbc:x;pwd=${var.db_password}", api_key: abcdefgh, plain: "of hunter22", path: data}
              clusters: [{label: default, spark_conf: {fs.s3a.secret.key: zyxwvuts}}]
    """})  # fmt: skip
    pipeline = Pipeline(root)
    rows = dump_settings(pipeline.project, pipeline.settings)
    shown = {row.key: row.value for row in rows}
    assert shown["configuration.api_key"] == shown["var.db_password"] == HIDDEN
    assert shown["configuration.url"] == f"jdbc:x;pwd={HIDDEN}"
    assert shown["configuration.plain"] == f"of {HIDDEN}"
    assert shown["configuration.path"] == "data"
    text = json.dumps([row._asdict() for row in rows]) + json.dumps(pipeline._told_settings())
    assert not [secret for secret in ("hunter22", "abcdefgh", "zyxwvuts") if secret in text]


def test_references_to_secrets_in_settings(
    make_project: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LDP_SECRET_KV_DB", "hunter22")
    root = make_project({"databricks.yml": """
        bundle: {name: shop}
        resources:
          pipelines:
            shop:
              name: shop
              configuration: {db.password: "{{secrets/kv/db}}", other: "key={{secrets/kv/gone}}"}
    """})  # fmt: skip
    pipeline = Pipeline(root)
    given = pipeline.context().configuration
    assert (given["db.password"], given["other"]) == ("hunter22", "key={{secrets/kv/gone}}")
    assert scrub("hunter22") == HIDDEN
    assert pipeline._told_settings()["configuration"]["db.password"] == "{{secrets/kv/db}}"
    (note,) = pipeline._settings_without_effect()
    assert note.text == (
        'other: secret "kv/gone" is not set here (set the environment variable LDP_SECRET_KV_GONE)')  # fmt: skip
