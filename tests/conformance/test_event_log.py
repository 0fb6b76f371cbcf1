"""The event log of the sample's update: types, origins, levels and payloads, and the queries that users put to it.

Rules are the platform's: what each type of event holds, the states that an update and a flow pass through, counts that
add up over an update's events, and paths over the text of `details`.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ldp_jupyter import Pipeline, redaction
from ldp_jupyter.errors import UpdateFailed
from ldp_jupyter.project import dump_settings
from ldp_jupyter.project.samples import bookstore_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ldp_jupyter.events import Event, UpdateView

pytestmark = pytest.mark.spark
ROOT = Path(__file__).parents[2]
LOG = "main.default.bookstore_event_log"


@pytest.fixture(scope="module")
def updated(spark_main: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, UpdateView]:
    """The sample after its first update."""
    folder = tmp_path_factory.mktemp("bookstore")
    shutil.copy(ROOT / "databricks.yml", folder)
    shutil.copytree(ROOT / "transformations", folder / "transformations")
    bookstore_data.land(folder / "data", 1)
    pipeline = Pipeline(folder, settings={"api_token": "0123456789"})
    return pipeline, pipeline.run()


def told(view: UpdateView, event_type: str, **origin: str) -> list[Event]:
    found = [e for e in view.events if e.event_type == event_type]
    return [e for e in found if all(e.origin.get(k) == v for k, v in origin.items())]


def payload(event: Event) -> dict[str, Any]:
    (key,) = event.details
    assert key == event.event_type
    return event.details[key]


def without_none(value: Any) -> bool:
    if isinstance(value, dict):
        return all(v is not None for v in value.values())
    return True


# ---- what is written


def test_every_event_has_the_updates_origin_a_number_and_one_payload(updated: Any) -> None:
    pipeline, view = updated
    assert [e.sequence for e in view.events] == list(range(1, len(view.events) + 1))
    assert len({e.id for e in view.events}) == len(view.events)
    for event in view.events:
        assert without_none(payload(event))
        assert without_none(event.origin)
        assert {k: event.origin[k] for k in ("pipeline_id", "pipeline_name", "pipeline_type", "update_id")} == {
            "pipeline_id": pipeline.id, "pipeline_name": "bookstore", "pipeline_type": "WORKSPACE",
            "update_id": view.update_id}  # fmt: skip
    assert [e.event_type for e in view.events[:3]] == ["create_update", "user_action", "runtime_details"]
    assert pipeline.events(view.update_id) == view.events


def test_the_update_tells_its_request_its_settings_and_its_states(updated: Any) -> None:
    _, view = updated
    created = payload(view.events[0])
    assert (created["cause"], created["validate_only"], created["full_refresh"]) == ("USER_ACTION", False, False)
    assert (created["refresh_selection"], created["full_refresh_selection"], created["development"]) == ([], [], True)
    assert created["run_as"]
    assert created["config"]["configuration"]["api_token"] == "[redacted]"
    assert created["config"]["catalog"] == "main"
    assert payload(view.events[1])["action"] == "START"
    assert set(payload(view.events[2])) == {"ldp_jupyter", "spark", "delta", "python"}
    states = [payload(e)["state"] for e in told(view, "update_progress")]
    assert states == ["INITIALIZING", "SETTING_UP_TABLES", "RUNNING", "COMPLETED"]
    last = told(view, "update_progress")[-1]
    assert last.message == f"Update {view.update_id[:6]} is COMPLETED."


def test_definitions_hold_columns_rules_and_lineage(updated: Any) -> None:
    _, view = updated
    (orders,) = told(view, "dataset_definition", dataset_name="orders_silver")
    assert payload(orders)["dataset_type"] == "STREAMING_TABLE"
    assert payload(orders)["num_flows"] == 1
    assert payload(orders)["expectations"] == [{"name": "valid_quantity", "action": "drop"}]
    assert {"name": "quantity", "type": "int"} in payload(orders)["schema"]
    flows = {e.origin["flow_name"]: payload(e) for e in told(view, "flow_definition")}
    assert {name: flow["flow_type"] for name, flow in flows.items()} == {
        "bronze": "APPEND", "books_raw": "VIEW", "books_flow": "CHANGE", "current_books": "MATERIALIZED_VIEW",
        "country_lookup": "VIEW", "customers_changes": "VIEW", "customers_silver": "CHANGE", "orders_silver": "APPEND",
        "orders_quarantine": "APPEND", "books_sales": "APPEND"}  # fmt: skip
    sales = flows["books_sales"]
    assert (sales["output_dataset"], sales["language"], sales["once"]) == ("main.default.books_sales", "SQL", False)
    assert sales["input_datasets"] == [{"name": "main.default.orders_silver"}, {"name": "main.default.current_books"}]
    # a table's sources are found through the views between
    assert flows["books_flow"]["input_datasets"] == [{"name": "main.default.books_raw"}]
    assert flows["books_raw"]["input_datasets"] == [{"name": "main.default.bronze"}]
    assert "output_sink" not in sales


def test_a_flow_tells_its_states_its_backlog_and_its_counts(updated: Any) -> None:
    pipeline, view = updated
    progress = told(view, "flow_progress", flow_name="orders_silver")
    states = [state for state, _ in groupby(payload(e)["status"] for e in progress)]
    assert states == ["QUEUED", "STARTING", "RUNNING", "COMPLETED"]
    assert len({e.origin["flow_id"] for e in progress}) == 1
    started, counted = (e for e in progress if "metrics" in payload(e))
    bronze = Path(pipeline.layout.table(pipeline.namespace.qualify("bronze")))
    assert payload(started)["metrics"] == {
        "backlog_files": len(list(bronze.rglob("*.parquet"))),
        "backlog_bytes": sum(f.stat().st_size for f in bronze.rglob("*.parquet"))}  # fmt: skip
    assert payload(counted)["metrics"] == {"num_output_rows": 976}
    quality = payload(counted)["data_quality"]
    assert quality["dropped_records"] == 24
    assert quality["expectations"] == [
        {"name": "valid_quantity", "dataset": "orders_silver", "passed_records": 976, "failed_records": 24}]  # fmt: skip
    assert counted.origin["batch_id"] == 0
    assert counted.message == (
        "Flow 'orders_silver' is RUNNING: 976 written, 24 dropped, 24 in violation of expectations.")  # fmt: skip
    assert [(e.level.value, "metrics" in payload(e)) for e in progress] == [
        ("METRICS" if "metrics" in payload(e) else "INFO", "metrics" in payload(e)) for e in progress]  # fmt: skip
    files = payload(next(e for e in told(view, "flow_progress", flow_name="bronze") if "metrics" in payload(e)))["metrics"]
    landed = [f for f in (pipeline.project.root / "data" / "kafka-raw-etl").rglob("*") if f.is_file()]
    assert files == {"backlog_files": len(landed), "backlog_bytes": sum(f.stat().st_size for f in landed)}
    changes = [payload(e)["metrics"] for e in told(view, "flow_progress", flow_name="customers_silver")
               if "num_upserted_rows" in payload(e).get("metrics", {})]  # fmt: skip
    assert changes == [{"num_upserted_rows": 94, "num_deleted_rows": 0}]


def test_the_plan_of_a_view_names_its_sources_and_what_was_decided(updated: Any) -> None:
    _, view = updated
    (planned,) = told(view, "planning_information", flow_name="current_books")
    (technique,) = payload(planned)["technique_information"]
    assert (technique["maintenance_type"], technique["is_chosen"]) == ("MAINTENANCE_TYPE_COMPLETE_RECOMPUTE", True)
    assert technique["incrementalization_issues"]
    assert [t["table_name"] for t in payload(planned)["source_table_information"]] == ["main.default.books_silver"]
    assert planned.message == "Flow 'current_books' has been planned to be executed as COMPLETE_RECOMPUTE."


# ---- what users ask


QUERIES: dict[str, tuple[str, Callable[[Pipeline, UpdateView], list[tuple[Any, ...]]]]] = {
    "latest update": (
        "SELECT origin.update_id FROM {el} WHERE event_type = 'create_update' ORDER BY timestamp DESC LIMIT 1",
        lambda _, view: [(view.update_id,)],
    ),
    "data quality by dataset and rule": (
        """SELECT e.dataset, e.name, SUM(e.passed_records) ok, SUM(e.failed_records) bad
           FROM (SELECT explode(from_json(details:flow_progress:data_quality:expectations,
                   'array<struct<name string, dataset string, passed_records int, failed_records int>>')) e
                 FROM {el} WHERE event_type='flow_progress' AND origin.update_id = '{u}')
           GROUP BY ALL""",
        lambda _, view: [
            (name, rule.name, rule.passed, rule.failed)
            for name, dataset in view.datasets.items()
            for rule in dataset.expectations.values()
            if rule.passed + rule.failed
        ],
    ),
    "data quality as text": (
        """SELECT details:flow_progress:data_quality:expectations FROM {el}
           WHERE event_type='flow_progress' AND details:flow_progress:data_quality:expectations LIKE '%"valid_quantity"%'
             AND details:flow_progress:data_quality:dropped_records > 20""",
        lambda *_: [
            ('[{"name":"valid_quantity","dataset":"orders_silver","passed_records":976,"failed_records":24}]',)],
    ),
    "lineage": (
        """SELECT details:flow_definition.output_dataset AS out, details:flow_definition.input_datasets AS inputs
           FROM {el} WHERE event_type='flow_definition' AND origin.update_id='{u}'
             AND details:flow_definition.output_dataset LIKE '%books_%'""",
        lambda *_: [
            ("main.default.books_raw", '[{"name":"main.default.bronze"}]'),
            ("main.default.books_silver", '[{"name":"main.default.books_raw"}]'),
            ("main.default.books_sales",
             '[{"name":"main.default.orders_silver"},{"name":"main.default.current_books"}]'),
        ],
    ),
    "rows by flow": (
        """SELECT origin.flow_name, SUM(CAST(details:flow_progress.metrics.num_output_rows AS BIGINT)) AS n
           FROM {el} WHERE event_type='flow_progress' GROUP BY 1 HAVING n IS NOT NULL""",
        lambda _, view: [
            (flow.name, flow.rows_written)
            for dataset in view.datasets.values()
            for flow in dataset.flows.values()
            if flow.rows_written is not None
        ],
    ),
    "duration": (
        """SELECT origin.update_id, max(timestamp) FILTER (WHERE details:update_progress.state
             IN ('COMPLETED','FAILED','CANCELED')) >= min(timestamp) FILTER (WHERE event_type = 'create_update')
           FROM {el} GROUP BY 1""",
        lambda _, view: [(view.update_id, True)],
    ),
    "backlog": (
        """SELECT max(CAST(details:flow_progress.metrics.backlog_bytes AS DOUBLE)) > 1000 FROM {el}
           WHERE event_type='flow_progress' AND origin.flow_name = 'bronze'""",
        lambda *_: [(True,)],
    ),
    "cluster": (
        """SELECT timestamp, CAST(details:cluster_resources.avg_num_queued_tasks AS DOUBLE) FROM {el}
           WHERE event_type='cluster_resources'""",
        lambda *_: [],
    ),
    "autoscale": (
        "SELECT details:autoscale.requested_num_executors, origin.cluster_id FROM {el} WHERE event_type = 'autoscale'",
        lambda *_: [],
    ),
    "audit": (
        "SELECT details:user_action:action, details:user_action:user_name IS NOT NULL FROM {el} "
        "WHERE event_type='user_action'",
        lambda *_: [("START", True)],
    ),
    "runtime": (
        "SELECT details:runtime_details.dbr_version, details:runtime_details.spark LIKE '4.%' FROM {el} "
        "WHERE event_type='runtime_details'",
        lambda *_: [(None, True)],
    ),
    "refresh technique": (
        "SELECT message FROM {el} WHERE event_type='planning_information' AND message LIKE '%current_books%'",
        lambda *_: [("Flow 'current_books' has been planned to be executed as COMPLETE_RECOMPUTE.",)],
    ),
    "listing": (
        """SELECT details:operation_progress FROM {el} WHERE event_type='operation_progress'
           AND details:operation_progress.type IN ('AUTO_LOADER_LISTING','AUTO_LOADER_BACKFILL')""",
        lambda *_: [],
    ),
    "order": (
        "SELECT count(*), min(sequence.data_plane_id.seq_no), max(sequence.control_plane_seq_no) FROM {el}",
        lambda _, view: [(len(view.events), 1, len(view.events))],
    ),
    "errors": (
        "SELECT error.exceptions[0].message, error.exceptions[0].stack[0].line_number FROM {el} WHERE level = 'ERROR'",
        lambda *_: [],
    ),
    "by a table": ("SELECT count(*) FROM event_log(TABLE(main.default.orders_silver))", lambda _, view: [(len(view.events),)]),
    "by the pipeline's id": ("SELECT count(*) FROM event_log('{id}')", lambda _, view: [(len(view.events),)]),
    "by the pipeline's name": ("SELECT count(*) FROM event_log('bookstore')", lambda _, view: [(len(view.events),)]),
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_queries(updated: Any, name: str) -> None:
    pipeline, view = updated
    text, expected = QUERIES[name]
    query = text.format(el=LOG, u=view.update_id, id=pipeline.id)
    assert sorted(map(tuple, pipeline.query(query).rows), key=repr) == sorted(expected(pipeline, view), key=repr)


AS_WRITTEN = {
    "latest update": "SELECT origin.update_id FROM el WHERE event_type='create_update' ORDER BY timestamp DESC LIMIT 1;",
    "data quality": """
        SELECT e.dataset, e.name, SUM(e.passed_records) ok, SUM(e.failed_records) bad
        FROM (SELECT explode(from_json(details:flow_progress:data_quality:expectations,
                'array<struct<name string, dataset string, passed_records int, failed_records int>>')) e
              FROM el WHERE event_type='flow_progress' AND origin.update_id = :u)
        GROUP BY ALL;""",
    "rules as text": "SELECT details:flow_progress:data_quality:expectations FROM el WHERE event_type='flow_progress';",
    "lineage": """
        SELECT details:flow_definition.output_dataset AS out, details:flow_definition.input_datasets AS inputs
        FROM el WHERE event_type='flow_definition' AND origin.update_id=:u;""",
    "rows per flow": """
        SELECT origin.flow_name, SUM(CAST(details:flow_progress.metrics.num_output_rows AS BIGINT))
        FROM el WHERE event_type='flow_progress' GROUP BY 1;""",
    "backlog": """
        SELECT timestamp, CAST(details:flow_progress.metrics.backlog_bytes AS DOUBLE)
        FROM el WHERE event_type='flow_progress';""",
    "cluster": """
        SELECT timestamp, CAST(details:cluster_resources.avg_num_queued_tasks AS DOUBLE)
        FROM el WHERE event_type='cluster_resources';""",
    "audit": "SELECT timestamp, details:user_action:action, details:user_action:user_name FROM el WHERE event_type='user_action';",
    "runtime": "SELECT details:runtime_details.dbr_version FROM el WHERE event_type='runtime_details';",
    "technique": "SELECT timestamp, message FROM el WHERE event_type='planning_information';",
    "listing": """
        SELECT details:operation_progress FROM el WHERE event_type='operation_progress'
        AND details:operation_progress.type IN ('AUTO_LOADER_LISTING','AUTO_LOADER_BACKFILL');""",
}


def test_queries_as_users_have_them(updated: Any) -> None:
    """Letter by letter, with their semicolons, over a view of the log, the update's id as a parameter."""
    pipeline, view = updated
    session = pipeline.session()
    session.sql(f"CREATE OR REPLACE TEMPORARY VIEW el AS SELECT * FROM event_log('{pipeline.id}')")
    found = {
        name: [tuple(row) for row in session.sql(text, args={"u": view.update_id} if ":u" in text else None).collect()]
        for name, text in AS_WRITTEN.items()
    }
    progress, planned = told(view, "flow_progress"), told(view, "planning_information")
    definitions = [payload(e) for e in told(view, "flow_definition")]
    assert found["latest update"] == [(view.update_id,)]
    assert ("orders_silver", "valid_quantity", 976, 24) in found["data quality"]
    rules = [payload(e).get("data_quality", {}).get("expectations") for e in progress]
    assert [text and json.loads(text) for (text,) in found["rules as text"]] == rules
    assert {(out, len(json.loads(inputs))) for out, inputs in found["lineage"]} == {
        (flow["output_dataset"], len(flow["input_datasets"])) for flow in definitions}  # fmt: skip
    assert dict(found["rows per flow"])["orders_silver"] == 976
    waiting = [payload(e).get("metrics", {}).get("backlog_bytes") for e in progress]
    assert [size for _, size in found["backlog"]] == waiting
    assert [action for _, action, _ in found["audit"]] == ["START"]
    assert [message for _, message in found["technique"]] == [e.message for e in planned]
    assert {name: len(found[name]) for name in ("cluster", "runtime", "listing")} == {"cluster": 0, "runtime": 1, "listing": 0}


# ---- failures, stops, secrets


SECRETS = ("hunter-of-22", "secret+token/42", "opensesame", "jdbc-pass-1")
FAILING = {
    "data/1.json": '{"n": 1}\n{"n": 9}\n',
    "transformations/t.py": """
        from pyspark import pipelines as dp
        from pyspark.sql import functions as F

        @dp.table
        @dp.expect("small", "n < 5")
        def landed():
            return spark.readStream.schema("n INT").json(spark.conf.get("data"))

        @dp.materialized_view
        def broken():
            password = dbutils.secrets.get("kv", "login")

            @F.udf("int")
            def fails(value):
                raise ValueError("no login with " + password)

            return spark.read.table("landed").select(fails("n").alias("n"))

        @dp.materialized_view
        def after():
            return spark.read.table("broken")

        dp.create_sink("out", "delta", {"path": spark.conf.get("out"), "my.password": spark.conf.get("db.password")})

        @dp.append_flow(target="out", spark_conf={"my.access.key": "opensesame"})
        def to_out():
            return spark.readStream.table("landed")

        @dp.on_event_hook
        def hears(event):
            if event["event_type"] == "user_action":
                raise ValueError("hook with " + spark.conf.get("db.password"))
    """,
}


@pytest.fixture(scope="module")
def failed(spark_main: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pipeline, UpdateFailed]]:
    """An update in which secrets are used and a flow fails."""
    root = tmp_path_factory.mktemp("failing")
    for name, text in FAILING.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(textwrap.dedent(text).lstrip("\n"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_known", set())
        patch.setattr(redaction, "_pattern", None)
        patch.setenv("LDP_SECRET_KV_LOGIN", SECRETS[0])
        patch.setenv("LDP_SECRET_KV_DB", SECRETS[1])
        settings = {
            "db.password": "{{secrets/kv/db}}",
            "jdbc_url": f"jdbc:x://h;password={SECRETS[3]};a=b",
            "data": str(root / "data"),
            "out": str(root / "out"),
        }
        pipeline = Pipeline(root, settings=settings)
        with pytest.raises(UpdateFailed) as caught:
            pipeline.run()
        pipeline.flush_events()
        yield pipeline, caught.value


def test_a_failed_flow_tells_class_message_causes_and_the_users_frames(failed: Any) -> None:
    pipeline, _ = failed
    events = pipeline.events()
    (event,) = [e for e in events if e.error and e.origin.get("flow_name") == "broken"]
    assert (event.level.value, event.details["flow_progress"]["status"]) == ("ERROR", "FAILED")
    first, *causes = event.error["exceptions"]
    assert event.error["fatal"] is True
    assert (first["class_name"], "no login with [redacted]" in first["message"]) == ("LDP-3001", True)
    assert any(cause["class_name"].startswith("org.apache.spark.") for cause in causes)
    frame = first["stack"][0]
    lines = (pipeline.project.root / "transformations" / "t.py").read_text().splitlines()
    assert (frame["method_name"], frame["file_name"].endswith("transformations/t.py")) == ("fails", True)
    assert "no login with" in lines[frame["line_number"] - 1]
    ended = events[-1] if events[-1].event_type == "update_progress" else events[-2]
    assert (ended.details["update_progress"]["state"], ended.error["exceptions"][0]) == ("FAILED", first)
    (skipped,) = [e for e in events if e.details.get("flow_progress", {}).get("status") == "SKIPPED"]
    assert (skipped.level.value, skipped.origin["flow_name"]) == ("WARN", "after")
    query = "SELECT origin.flow_name, error.exceptions[0].stack[0].line_number FROM event_log('{}') WHERE level = 'ERROR'"
    rows = pipeline.query(query.format(pipeline.id)).rows
    assert ("broken", frame["line_number"]) in [tuple(row) for row in rows]


def test_no_secret_is_in_the_state_of_an_update_that_used_some(failed: Any) -> None:
    pipeline, failure = failed
    events = pipeline.events()
    (sink,) = [e for e in events if e.event_type == "sink_definition"]
    assert sink.details["sink_definition"]["options"]["my.password"] == "[redacted]"
    (flow,) = [e for e in events if e.event_type == "flow_definition" and e.origin["flow_name"] == "to_out"]
    assert flow.details["flow_definition"]["spark_conf"] == [{"key": "my.access.key", "value": "[redacted]"}]
    hooks = [e.message for e in events if e.event_type == "hook_progress"]
    assert hooks == ["Event hook 'hears' is ENABLED.", "Event hook 'hears' is FAILED: ValueError: hook with [redacted]"]
    files = [f for f in Path(pipeline.layout.storage).rglob("*") if f.is_file()]
    assert {"journal.jsonl", "memory.json", "report.html", "update.json"} <= {f.name for f in files}
    assert [(f.name, s) for f in files for s in SECRETS if s.encode() in f.read_bytes()] == []
    shown = f"{failure}{[p.to_json() for p in failure.problems]}{dump_settings(pipeline.project, pipeline.settings)}"
    assert [s for s in SECRETS if s in shown] == []
