"""What tests of change capture share: a target on disk, and applying batches to it."""

from ldp_jupyter.cdc import ChangeTarget, apply_batch, output_schema


class Target:
    """A target with its storage in a folder of its own."""

    def __init__(self, spark, folder, name="t"):
        self.spark = spark
        self.place = ChangeTarget(name, str(folder / "target"), str(folder / "changes"))
        self.counts = []

    def create(self, schema):
        writer = self.spark.createDataFrame([], schema).write.format("delta")
        if any(" " in name for name in schema.names):
            writer = writer.option("delta.columnMapping.mode", "name")
        writer.save(self.place.target_path)
        return self

    def apply(self, spec, batch_df, number, flow="f"):
        """Apply one batch; the first one makes the table. Returns the target's rows, sorted."""
        if not self.counts:
            self.create(output_schema(spec, batch_df))
        self.counts.append(apply_batch(
            self.spark, spec, batch_df, number, flow_name=flow, flow_id=f"id of {flow}", target=self.place))
        return self.rows()

    def read(self):
        return self.spark.read.format("delta").load(self.place.target_path)

    def stored(self):
        return self.spark.read.format("delta").load(self.place.changes_path)

    def rows(self):
        return sorted((tuple(row) for row in self.read().collect()), key=repr)


def applied(spark, folder, spec, *batches):
    """The target's rows after all batches, which are DataFrames."""
    target = Target(spark, folder)
    for number, batch in enumerate(batches):
        target.apply(spec, batch, number)
    return target.rows()
