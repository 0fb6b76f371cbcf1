"""What tests of change capture share: a target on disk, and applying batches to it."""

from pathlib import Path

import delta_files

from ldp_jupyter.cdc import ChangeTarget, apply_batch, output_schema
from ldp_jupyter.spark.tables import create_table


class Target:
    """A target with its storage in a folder of its own."""

    def __init__(self, spark, folder, name="t"):
        self.spark = spark
        self.place = ChangeTarget(name, str(folder / "target"), str(folder / "changes"))
        self.counts = []
        self.names = []

    def create(self, schema):
        self.names = schema.names
        properties = {"delta.columnMapping.mode": "name"} if any(" " in name for name in schema.names) else {}
        create_table(self.spark, self.place.target_path, schema, [], [], properties, None)
        return self

    def apply(self, spec, batch_df, number, flow="f"):
        """Apply one batch; the first one makes the table, if it is not there. Returns the target's rows, sorted."""
        if not self.names:
            self.create(output_schema(spec, batch_df))
        self.counts.append(apply_batch(
            self.spark, spec, batch_df, number, flow_name=flow, flow_id=f"id of {flow}", target=self.place))
        return self.rows()

    def read(self):
        return self.spark.read.format("delta").load(self.place.target_path)

    def stored(self):
        return self.spark.read.format("delta").load(self.place.changes_path)

    def rows(self):
        return sorted(delta_files.rows(Path(self.place.target_path)), key=repr)
