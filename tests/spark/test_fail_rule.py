"""A rule with FAIL: nothing of the failing batch lands, and the next update goes on where this one stopped."""

from __future__ import annotations

import json

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.errors import UpdateFailed

pytestmark = pytest.mark.spark

SOURCE = """
CREATE OR REFRESH STREAMING TABLE checked (CONSTRAINT positive EXPECT (n > 0) ON VIOLATION FAIL UPDATE)
AS SELECT * FROM STREAM read_files('${data}', format => 'json', schema => 'n INT');
CREATE OR REFRESH MATERIALIZED VIEW total AS SELECT sum(n) AS n FROM checked;
CREATE OR REFRESH MATERIALIZED VIEW apart AS SELECT 1 AS one;
"""


def test_mended_data_is_taken_by_the_next_update(spark_main, make_project):
    project = make_project({"transformations/a.sql": SOURCE, "data/1.json": '{"n": 1}\n{"n": 2}\n'})
    pipeline = Pipeline(project, settings={"data": str(project / "data")})
    pipeline.run()
    (project / "data" / "2.json").write_text('{"n": 3}\n{"n": -4}\n{"n": 5}\n')
    with pytest.raises(UpdateFailed) as caught:
        pipeline.run()
    (problem,) = caught.value.problems
    assert problem.code == "LDP-4001"
    assert json.loads(problem.hint.splitlines()[-1].removeprefix("row ")) == {"n": -4}
    assert problem.because == ["total"]
    assert sorted(delta_files.rows(delta_files.of(pipeline, "checked"))) == [(1,), (2,)]
    assert delta_files.rows(delta_files.of(pipeline, "total")) == [(3,)]
    last = pipeline.last_update()
    assert {name: d.status for name, d in last.datasets.items()} == {
        "checked": "FAILED", "total": "SKIPPED", "apart": "COMPLETED"}

    (project / "data" / "2.json").write_text('{"n": 3}\n{"n": 4}\n{"n": 5}\n')
    view = pipeline.run()
    assert view.datasets["checked"].rows_written == 3
    assert sorted(delta_files.rows(delta_files.of(pipeline, "checked"))) == [(1,), (2,), (3,), (4,), (5,)]
    assert delta_files.rows(delta_files.of(pipeline, "total")) == [(15,)]


def test_a_violated_view_keeps_its_old_rows(spark_main, make_project):
    project = make_project({"transformations/a.sql": """
        CREATE OR REFRESH MATERIALIZED VIEW v (CONSTRAINT small EXPECT (n < 10) ON VIOLATION FAIL UPDATE)
        AS SELECT ${n} AS n;
    """})
    Pipeline(project, settings={"n": "1"}).run()
    pipeline = Pipeline(project, settings={"n": "11"})
    with pytest.raises(UpdateFailed):
        pipeline.run()
    assert delta_files.rows(delta_files.of(pipeline, "v")) == [(1,)]
