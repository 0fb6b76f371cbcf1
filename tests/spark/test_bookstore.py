"""The sample, compared row by row with an independent calculation, after each of three landings."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.project.samples import bookstore_data

sys.path.insert(0, str(Path(__file__).parents[1]))
import bookstore_oracle as oracle
import delta_files

pytestmark = pytest.mark.spark
ROOT = Path(__file__).parents[2]
VARIANTS = ROOT / "tests" / "data" / "bookstore"


def bookstore(folder: Path) -> Path:
    """A copy of the sample."""
    shutil.copy(ROOT / "databricks.yml", folder)
    for name in ("transformations", "notebooks"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def rows(pipeline: Pipeline, table: str) -> list[tuple]:
    return oracle.comparable(delta_files.rows(delta_files.of(pipeline, table), oracle.COLUMNS[table]))


def test_three_landings_give_what_plain_python_gives(spark_main, tmp_path):
    pipeline = Pipeline(bookstore(tmp_path))
    for landing in (1, 2, 3):
        bookstore_data.land(tmp_path / "data", landing)
        view = pipeline.run()
        want = oracle.expected(tmp_path / "data", landing)
        for table in oracle.COLUMNS:
            assert rows(pipeline, table) == want.tables[table], f"{table} after landing {landing}"
        assert delta_files.count(delta_files.of(pipeline, "bronze")) == want.bronze_rows
        for name, counts in want.updates[-1].items():
            dataset = view.datasets[name]
            assert {r.name: (r.passed, r.failed) for r in dataset.expectations.values()} == counts.rules, name
            if dataset.flows:
                assert (dataset.rows_written, dataset.rows_dropped) in ((counts.written, counts.dropped), (None, None))

    # nothing new: nothing is written, and nothing is counted
    versions = {t["name"]: t["version"] for t in pipeline.tables()}
    view = pipeline.run()
    assert {t["name"]: t["version"] for t in pipeline.tables()} == versions
    assert all(d.rows_written is None and d.rows_upserted is None for d in view.datasets.values())
    assert {d.refresh for d in view.datasets.values() if d.kind == "materialized_view"} == {"NO_OP"}

    # a full refresh of everything leaves bronze alone and gives the same tables; books_sales meets today's prices
    view = pipeline.run(full_refresh_all=True)
    want = oracle.expected(tmp_path / "data", [[1, 2, 3]])
    for table in oracle.COLUMNS:
        assert rows(pipeline, table) == want.tables[table], f"{table} after a full refresh"
    assert view.datasets["bronze"].rows_written is None
    assert {t["name"]: t["version"] for t in pipeline.tables()}["bronze"] == versions["bronze"]

    # the log holds every update, exactly
    log = "main.default.bookstore_event_log"
    counted = pipeline.query(f"""
        SELECT e.dataset, e.name, sum(e.passed_records) AS ok, sum(e.failed_records) AS bad
        FROM (SELECT explode(from_json(details:flow_progress:data_quality:expectations,
                'array<struct<name string, dataset string, passed_records int, failed_records int>>')) AS e
              FROM {log} WHERE event_type = 'flow_progress' AND origin.update_id = '{view.update_id}')
        GROUP BY ALL
    """)
    assert {(r[0], r[1]): (r[2], r[3]) for r in counted.rows} == {
        (name, rule): value for name, c in want.updates[-1].items() for rule, value in c.rules.items()}
    assert pipeline.query(f"SELECT count(DISTINCT origin.update_id) FROM {log}").rows == [(5,)]
    assert pipeline.query(f"SELECT count(*) FROM event_log('{pipeline.id}')").rows == [(len(pipeline.events()),)]
    assert (Path(pipeline.layout.table(pipeline.event_log)) / "_delta_log").is_dir()


def variant(tmp_path: Path, *names: str) -> Pipeline:
    """Bronze and books of the sample, with these sources for the others."""
    project = bookstore(tmp_path)
    shutil.rmtree(project / "notebooks")
    for file in (project / "transformations").iterdir():
        if file.name not in ("bronze.py", "books.py"):
            file.unlink()
    for name in names:
        shutil.copy(VARIANTS / name, project / "transformations")
    bookstore_data.land(tmp_path / "data", 1)
    return Pipeline(project)


def test_other_forms_of_orders_and_books(spark_main, tmp_path):
    """A rule that warns keeps all rows and counts; APPLY CHANGES gives the same history as AUTO CDC."""
    pipeline = variant(tmp_path, "orders_warn.py", "books_apply_changes.sql")
    orders = pipeline.run().datasets["orders_silver"]
    assert (orders.rows_written, orders.rows_dropped) == (1000, 0)
    assert [(r.passed, r.failed) for r in orders.expectations.values()] == [(976, 24)]
    assert rows(pipeline, "books_silver") == oracle.expected(tmp_path / "data", 1).tables["books_silver"]


def test_fail_writes_nothing_names_rule_and_row_and_goes_on_after_the_data_is_mended(spark_main, tmp_path):
    from ldp_jupyter.errors import UpdateFailed

    pipeline = variant(tmp_path, "orders_fail.py")
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    (problem,) = caught.value.problems
    assert problem.code == "LDP-4001"
    assert "valid_quantity" in problem.message
    assert "quantity > 0" in problem.hint
    assert '"order_id"' in problem.hint
    assert str(problem.location).startswith("transformations/orders_fail.py:")
    assert delta_files.count(delta_files.of(pipeline, "orders_silver")) == 0
    assert delta_files.count(delta_files.of(pipeline, "bronze")) > 1000

    mend(tmp_path / "data")
    shutil.rmtree(tmp_path / ".ldp")  # bronze holds the bad rows for ever: a new storage, the mended files
    view = pipeline.run()
    assert view.datasets["orders_silver"].rows_written == 1000


def mend(data: Path) -> None:
    """Give every order a quantity that is valid."""
    import base64
    import json

    for file in (data / "kafka-raw-etl").glob("orders-*.json"):
        lines = []
        for line in file.read_text().splitlines():
            message = json.loads(line)
            value = json.loads(base64.b64decode(message["value"]))
            if not (value.get("quantity") or 0) > 0:
                value["quantity"] = 1
                message["value"] = base64.b64encode(json.dumps(value).encode()).decode()
            lines.append(json.dumps(message))
        file.write_text("\n".join(lines) + "\n")


@pytest.mark.long
def test_the_older_spelling_gives_the_same_tables(spark_main, tmp_path):
    """`import dlt`, LIVE, exported notebooks, loops: other words for the same pipeline."""
    project = bookstore(tmp_path)
    shutil.rmtree(project / "notebooks")
    shutil.rmtree(project / "transformations")
    shutil.copytree(VARIANTS.parent / "bookstore_old", project / "transformations")
    pipeline = Pipeline(project)
    bookstore_data.land(tmp_path / "data", 1)
    pipeline.run()
    want = oracle.expected(tmp_path / "data", 1)
    for table in oracle.COLUMNS:
        assert rows(pipeline, table) == want.tables[table], table
