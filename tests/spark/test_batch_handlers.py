"""What a handler of micro-batches finds: the pipeline's configuration, and the batch's own session, also in a kernel."""

from __future__ import annotations

import delta_files
import pytest

from ldp_jupyter import Pipeline
from ldp_jupyter.context import Context, set_standing
from ldp_jupyter.names import Namespace

pytestmark = pytest.mark.spark

SOURCE = """
    from pyspark import pipelines as dp

    @dp.foreach_batch_sink
    def keep(batch, number):
        batch.createOrReplaceTempView("arrived")
        rows = spark.sql(f"SELECT id, '{spark.conf.get('said')}' AS said FROM arrived")
        rows.write.format("delta").mode("append").save(spark.conf.get("root") + "/kept")

    @dp.append_flow(target="keep")
    def to_keep():
        return spark.readStream.schema("id INT").json(spark.conf.get("root") + "/in")
"""


def test_spark_is_the_session_of_the_batch_with_the_pipelines_configuration(spark, make_project):
    root = make_project({"transformations/t.py": SOURCE, "in/1.json": '{"id": 1}\n'})
    set_standing(Context(Namespace("main", "default"), {}, lambda: spark))  # as in a kernel
    try:
        Pipeline(root, settings={"root": str(root), "said": "yes"}).run()
    finally:
        set_standing(None)
    assert delta_files.rows(root / "kept", ["id", "said"]) == [(1, "yes")]
